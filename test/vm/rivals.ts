/**
 * Three directors of the same real servers at the same time, ldirectord, keepalived and haagent: boxes 0 to 2, each with an address of its
 * own for the service; boxes 3 to 5 are the servers `s1` to `s3`, box 6 has the clients. What befalls a server befalls it for all three.
 */
import type { Box } from "../features/site.ts";
import { Site } from "../features/site.ts";
import { Director } from "../lab/director.ts";
import type { Balanced, DirectorKind } from "../lab/directors.ts";
import { DIRECTORS } from "../lab/directors.ts";
import { now, run, sleep, until } from "../lab/process.ts";
import type { Weights } from "../lab/service-table.ts";
import { readWeights } from "../lab/service-table.ts";
import { Backend, Caller, START_MS } from "./actors.ts";

/** A table as it was from a moment on. */
interface Moment {
  readonly at: number;
  readonly weights: Weights;
}

/** Between two looks at the tables; milliseconds. */
const WATCH_EVERY = 20;
/** How long a rival that does not do what it should is waited for; milliseconds. */
export const PATIENCE = 40_000;
/** Of one request, and from its answer to the next; milliseconds: what clients ask is not to be what keeps the guest busy. */
const REQUEST_MS = 1000;
const PAUSE_MS = 100;

/** The address of a server. */
export const server = (at: number): string => `10.77.1.${at + 4}`;
export const SERVERS = [server(0), server(1), server(2)];
/** Where a director's services are; all but the first are never called. */
const vip = (kind: DirectorKind, which = 0): string =>
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
  readonly #director: Director;
  #last = "";

  constructor(kind: DirectorKind, box: Box) {
    this.kind = kind;
    this.box = box;
    this.#director = new Director(kind, box);
  }

  get said(): readonly string[] {
    return this.#director.lines;
  }

  /** Whether a rival has read its file since that was last written. */
  get hasRead(): boolean {
    return this.#director.hasRead;
  }

  #here(services: readonly Wanted[]): Balanced[] {
    return services.map((one, which) => ({ ...one, address: vip(this.kind, which) }));
  }

  async start(services: readonly Wanted[]): Promise<void> {
    this.#ports = services.map(({ port }) => port);
    await this.#director.start(this.#here(services));
  }

  /** Gives a new file, changed by hand, which may be refused. */
  async reload(services: readonly Wanted[], spoil?: (text: string) => string): Promise<void> {
    await this.#director.reload(this.#here(services), spoil);
  }

  /** Looks at its table. */
  look(): void {
    const at = now();
    const weights = readWeights(this.box.namespace.pid);
    const text = JSON.stringify(weights);
    if (text !== this.#last) this.moments.push({ at, weights });
    this.#last = text;
  }

  /** What a service is called in a table. */
  key(which = 0): string {
    return `${vip(this.kind, which)}:${this.#ports[which]}`;
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
  ): Promise<number | null> {
    const key = this.key();
    const found = (): Moment | undefined =>
      this.moments.find(({ weights }, index) => {
        const until = this.moments[index + 1]?.at ?? Infinity;
        return until > from && wanted(weights[key] ?? {});
      });
    while (now() - from < limit && found() === undefined) await sleep(WATCH_EVERY);
    const moment = found();
    return moment === undefined ? null : Math.max(0, moment.at - from);
  }

  /** For how many milliseconds the first service gave a server weight since it was started. */
  served(name: string): number {
    return this.#while(({ [name]: weight = 0 }) => weight > 0, this.moments);
  }

  /** For how many milliseconds since `from` the first service had nobody with a weight. */
  emptyFor(from: number): number {
    return this.#while(
      (weights) => Object.values(weights).every((weight) => weight === 0),
      this.moments.filter(({ at }) => at >= from),
    );
  }

  #while(holds: (weights: Readonly<Record<string, number>>) => boolean, moments: readonly Moment[]): number {
    return moments.reduce((sum, { at, weights }, index) => {
      const held = holds(weights[this.key()] ?? {});
      return sum + (held ? (moments[index + 1]?.at ?? now()) - at : 0);
    }, 0);
  }

  /** TCP connections opened in its namespace since the kernel made it: its probes. */
  async probes(): Promise<number> {
    const text = await this.box.namespace.run(["cat", "/proc/net/snmp"]);
    // A process in the namespace reads its own counters.
    const [names = "", values = ""] = text.split("\n").filter((line) => line.startsWith("Tcp:"));
    return Number(values.split(" ")[names.split(" ").indexOf("ActiveOpens")] ?? 0);
  }

  close(): Promise<void> {
    return this.#director.close();
  }
}

export class Race {
  readonly contenders: readonly Contender[];
  readonly backends: readonly Backend[];
  readonly #site: Site;
  readonly #caller: Caller;
  readonly #watch: Timer;

  private constructor(site: Site, backends: readonly Backend[], caller: Caller) {
    this.#site = site;
    this.backends = backends;
    this.#caller = caller;
    this.contenders = DIRECTORS.map((kind, at) => new Contender(kind, site.box(at)));
    this.#watch = setInterval(() => {
      for (const one of this.contenders) one.look();
    }, WATCH_EVERY);
    site.atClose(async () => {
      clearInterval(this.#watch);
      await Promise.all([...this.backends, caller].map((each) => each.end()));
      await Promise.all(this.contenders.map((each) => each.close()));
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
    const race = new Race(site, backends, new Caller(site.box(6)));
    await Promise.all([...backends, race.#caller].map((one) => one.ready()));
    return race;
  }

  contender(kind: DirectorKind): Contender {
    const found = this.contenders.find((one) => one.kind === kind);
    if (found === undefined) throw new Error(`${kind} takes no part`);
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

  /** Does something with all three at a time. */
  async each<Result>(work: (one: Contender) => Promise<Result>): Promise<Map<DirectorKind, Result>> {
    const results = this.contenders.map(async (one): Promise<[DirectorKind, Result]> => [
      one.kind,
      await work(one),
    ]);
    return new Map(await Promise.all(results));
  }

  /** Waits until the weights are so with all of these, however long that takes them. */
  async settle(list: string, which = 0, kinds: readonly DirectorKind[] = DIRECTORS): Promise<void> {
    for (const one of kinds.map((kind) => this.contender(kind))) {
      await until(
        () => `${one.kind} has ${one.list(which)}, not ${list}: ${one.said.slice(-8).join("\n  ")}`,
        START_MS,
        () => one.list(which) === list,
      );
    }
  }

  /** Probes of each a second, while `work` goes on. */
  async probed(work: () => Promise<unknown>): Promise<Map<DirectorKind, number>> {
    // To ask takes its time, too: no more than the rate it was.
    const began = now();
    const before = await this.each((one) => one.probes());
    await work();
    const after = await this.each((one) => one.probes());
    const took = (now() - began) / 1000;
    return new Map(
      DIRECTORS.map((kind) => [kind, ((after.get(kind) ?? 0) - (before.get(kind) ?? 0)) / took]),
    );
  }

  /** Asks every director's service, one request after another, until `over` says so. */
  async load(over: () => boolean): Promise<void> {
    await Promise.all(
      this.contenders.map(async ({ kind, answers }) => {
        while (!over()) {
          const at = now();
          answers.push({ at, answer: await this.#caller.get(vip(kind), 80, REQUEST_MS) });
          await sleep(PAUSE_MS);
        }
      }),
    );
  }

  close(): Promise<void> {
    return this.#site.close();
  }
}
