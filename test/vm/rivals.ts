/**
 * Three directors of the same real servers at the same time, ldirectord, keepalived and haagent: boxes 0 to 2, each with an address of its
 * own for the service; boxes 3 to 5 are the servers `s1` to `s3`, box 6 has the clients. What befalls a server befalls it for all three.
 */
import { Agent } from "../features/agent.ts";
import type { Box } from "../features/site.ts";
import { Site } from "../features/site.ts";
import type { Balanced, DirectorKind } from "../lab/directors.ts";
import { configuration, DIRECTORS, RivalDirector } from "../lab/directors.ts";
import type { Child } from "../lab/process.ts";
import { now, run, sleep, until } from "../lab/process.ts";
import { Backend, Caller, START_MS } from "./actors.ts";

/** A table as it was from a moment on: the weights of servers, by service. */
export interface Moment {
  readonly at: number;
  readonly weights: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** Between two looks at a table; milliseconds. */
const WATCH_EVERY = 10;
/** How long a rival that does not do what it should is waited for; milliseconds. */
export const PATIENCE = 12_000;
/** Of one request; milliseconds. */
const REQUEST_MS = 1000;

/** The address of a server. */
export const server = (at: number): string => `10.77.1.${at + 4}`;
export const SERVERS = [server(0), server(1), server(2)];
/** Where a director's services are; all but the first are never called. */
export const vip = (kind: DirectorKind, which = 0): string =>
  `10.77.1.${101 + DIRECTORS.indexOf(kind) + 10 * which}`;

/** A service of a director, described without where it is: that follows from its place in the list. */
export type Wanted = Omit<Balanced, "address">;

/** One of the three, with what it did to its table since it was started. */
export class Contender {
  readonly kind: DirectorKind;
  readonly box: Box;
  readonly moments: Moment[] = [];
  /** What was asked of its service, and what came of it. */
  readonly answers: { readonly at: number; readonly answer: string }[] = [];
  /** Of its services. */
  #ports: readonly number[] = [];
  #watch: Child | null = null;
  #rival: RivalDirector | null = null;
  #agent: Agent | null = null;

  constructor(kind: DirectorKind, box: Box) {
    this.kind = kind;
    this.box = box;
  }

  get agent(): Agent {
    if (this.#agent === null) throw new Error(`${this.kind} is no agent, or not started`);
    return this.#agent;
  }

  get said(): string[] {
    return [...(this.#rival?.lines ?? this.#agent?.lines ?? [])];
  }

  #text(services: readonly Wanted[]): string {
    const here = services.map((one, which) => ({ ...one, address: vip(this.kind, which) }));
    return configuration(this.kind, here);
  }

  async start(services: readonly Wanted[]): Promise<void> {
    const { namespace } = this.box;
    await namespace.run(["ipvsadm", "-C"]);
    this.moments.length = 0;
    this.#ports = services.map(({ port }) => port);
    const script = new URL("./table-watch.ts", import.meta.url).pathname;
    this.#watch = namespace.spawn([process.execPath, "--smol", script, String(WATCH_EVERY)], {
      onLine: (line) => {
        // The script's own lines.
        if (line.startsWith("{")) this.moments.push(JSON.parse(line) as Moment);
      },
    });
    await this.#watch.says("ready", START_MS);
    const text = this.#text(services);
    if (this.kind === "haagent") {
      this.#agent = await Agent.create(namespace, text);
      await this.#agent.launch().says("agent.ready", START_MS);
    } else {
      this.#rival = new RivalDirector(this.kind, namespace);
      this.#rival.start(text);
    }
  }

  /** Gives a new file, changed by hand, which may be refused. */
  async reload(services: readonly Wanted[], spoil: (text: string) => string = (text) => text): Promise<void> {
    const text = spoil(this.#text(services));
    if (this.#rival !== null) this.#rival.reload(text);
    else {
      await this.agent.write(text);
      await this.agent.command("reload");
    }
  }

  /** What a service is called in a table. */
  key(which = 0): string {
    return `tcp ${vip(this.kind, which)} ${this.#ports[which]}`;
  }

  /** The weights now of a service's servers, by address. */
  weights(which = 0): Readonly<Record<string, number>> {
    return this.moments.at(-1)?.weights[this.key(which)] ?? {};
  }

  /** The weights of servers in the order of their addresses, `-` for one that is not there. */
  list(which = 0): string {
    const here = this.weights(which);
    return SERVERS.map((each) => here[each] ?? "-").join();
  }

  /** Milliseconds from `from` until the weights of some servers were as `wanted`; null: not within `limit`. */
  async becomes(
    wanted: (weights: Readonly<Record<string, number>>) => boolean,
    from: number,
    limit: number,
    which = 0,
  ): Promise<number | null> {
    const key = this.key(which);
    const found = (): Moment | undefined =>
      this.moments.find(({ at, weights }, index) => {
        const until = this.moments[index + 1]?.at ?? Infinity;
        return until > from && at <= from + limit && wanted(weights[key] ?? {});
      });
    while (now() - from < limit && found() === undefined) await sleep(WATCH_EVERY);
    const moment = found();
    return moment === undefined ? null : Math.max(0, moment.at - from);
  }

  /** For how many milliseconds since `from` the first service had nobody with a weight. */
  emptyFor(from: number): number {
    const later = this.moments.filter(({ at }) => at >= from);
    return later.reduce((sum, { at, weights }, index) => {
      const empty = Object.values(weights[this.key()] ?? {}).every((weight) => weight === 0);
      return sum + (empty ? (later[index + 1]?.at ?? now()) - at : 0);
    }, 0);
  }

  /** TCP connections opened in its namespace since the kernel made it: its probes. */
  async probes(): Promise<number> {
    const text = await this.box.namespace.run(["cat", "/proc/net/snmp"]);
    // A process in the namespace reads its own counters.
    const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith("Tcp:"));
    return Number(values.split(" ")[names.split(" ").indexOf("ActiveOpens")] ?? 0);
  }

  async close(): Promise<void> {
    await this.#watch?.end("SIGKILL");
    await this.#rival?.close();
    await this.#agent?.close();
    this.#watch = null;
    this.#rival = null;
    this.#agent = null;
    await this.box.namespace.run(["ipvsadm", "-C"]);
  }
}

export class Race {
  readonly site: Site;
  readonly contenders: readonly Contender[];
  readonly backends: readonly Backend[];
  readonly callers: readonly Caller[];

  private constructor(site: Site, backends: readonly Backend[], callers: readonly Caller[]) {
    this.site = site;
    this.backends = backends;
    this.callers = callers;
    this.contenders = DIRECTORS.map((kind, at) => new Contender(kind, site.box(at)));
    site.atClose(async () => {
      await Promise.all([...this.backends, ...this.callers, ...this.contenders].map((one) => stop(one)));
    });
  }

  static async create(): Promise<Race> {
    await run(["modprobe", "-a", "ip_vs", "ip_vs_rr"]);
    const site = await Site.create(7);
    for (const [at, kind] of DIRECTORS.entries())
      await site.box(at).namespace.ip(`addr add ${vip(kind)}/32 dev eth1`);
    const boxes = [3, 4, 5].map((at) => site.box(at));
    for (const { namespace } of boxes) {
      await namespace.run([
        ...["sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.arp_announce=2"],
      ]);
      await namespace.ip(...DIRECTORS.map((kind) => `addr add ${vip(kind)}/32 dev lo`));
    }
    const backends = boxes.map((box, at) => new Backend(`s${at + 1}`, box));
    const callers = DIRECTORS.map(() => new Caller(site.box(6)));
    const race = new Race(site, backends, callers);
    await Promise.all([...backends, ...callers].map((one) => one.ready()));
    return race;
  }

  get haagent(): Contender {
    const found = this.contenders.find(({ kind }) => kind === "haagent");
    if (found === undefined) throw new Error("haagent takes no part");
    return found;
  }

  backend(at: number): Backend {
    const found = this.backends[at];
    if (found === undefined) throw new Error(`no server ${at}`);
    return found;
  }

  /** Starts all three on the same services. */
  async start(services: readonly Wanted[]): Promise<void> {
    await Promise.all(this.contenders.map((one) => one.start(services)));
  }

  /** Waits until the weights are so with all three; of the rivals not for ever. */
  async settle(list: string, which = 0): Promise<void> {
    const has = (one: Contender): boolean => one.list(which) === list;
    await until(
      () => `haagent has ${this.haagent.list(which)}, not ${list}: ${this.haagent.said.slice(-5).join("\n")}`,
      START_MS,
      () => has(this.haagent),
    );
    const end = now() + PATIENCE;
    while (now() < end && !this.contenders.every(has)) await sleep(WATCH_EVERY);
  }

  /** Asks every director's service, one request after another, until `over` says so. */
  async load(over: () => boolean): Promise<void> {
    await Promise.all(
      this.contenders.map(async ({ kind, answers }, at) => {
        while (!over()) {
          const began = now();
          const answer = (await this.callers[at]?.get(vip(kind), 80, REQUEST_MS)) ?? "";
          answers.push({ at: began, answer });
        }
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.contenders.map((one) => one.close()));
  }

  close(): Promise<void> {
    return this.site.close();
  }
}

const stop = (one: Backend | Caller | Contender): Promise<void> =>
  one instanceof Contender ? one.close() : one.end();
