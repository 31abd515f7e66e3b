/** The test's end of {@link file://./scripted.ts}: the real edge in a namespace, ordered about and listened to. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action, AddressResult, Event, Link } from "../../src/agent/boundary.ts";
import type { Listener } from "../../src/agent/listen.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { parseIp } from "../../src/base/address.ts";
import { instant } from "../../src/base/units.ts";
import type { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";
import type { Order, Told } from "./scripted.ts";

const SCRIPT = new URL("scripted.ts", import.meta.url).pathname;
const THREAD = new URL("../../src/io/starter-thread.ts", import.meta.url).pathname;
/** How long anything may take on a busy machine. */
export const PATIENCE = 10_000;

/** A canonical address from a literal. */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

/** A link-layer address literal; the brand says that it is lower case with colons. */
export const mac = (text: string): Mac => text as Mac;

/** A directory that is removed with the test. */
export function temporaryDirectory(): { readonly path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "ha-edge-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

type Kind = Event["kind"];
type Of<K extends Kind> = Extract<Event, { kind: K }>;

/** How an edge is started. */
export interface EdgeOptions {
  readonly config?: string;
  readonly stderr?: "pipe" | number;
  /** Instead of the tree's own scripted.ts. */
  readonly program?: readonly string[];
  /** realtime_priority. */
  readonly realtime?: number;
}

export class Edge {
  readonly told: Told[] = [];
  readonly #process: Bun.Subprocess<"ignore", "ignore", "pipe" | number>;
  readonly errors: Promise<string>;

  /** `around` is put before the program's argv: a namespace, capsh(1). Standard error goes to a descriptor or is read. */
  constructor(
    runtimeDir: string,
    around: (argv: readonly string[]) => readonly string[],
    {
      config = "/nonexistent.toml",
      stderr = "pipe",
      program = [process.execPath, SCRIPT],
      realtime = 0,
    }: EdgeOptions = {},
  ) {
    const argv = [...program, runtimeDir, config, String(realtime)];
    this.#process = Bun.spawn([...around(argv)], {
      cwd: "/",
      stdio: ["ignore", "ignore", stderr],
      // The only other end of this channel is scripted.ts, which sends nothing else.
      ipc: (message: unknown) => void this.told.push(message as Told),
    });
    const { stderr: stream } = this.#process;
    this.errors = stream instanceof ReadableStream ? new Response(stream).text() : Promise.resolve("");
  }

  /** The program as one file at `path`: for users who may not read this tree. */
  static async compile(path: string): Promise<readonly string[]> {
    const { success } = await Bun.build({
      entrypoints: [SCRIPT, THREAD],
      naming: "[name].[ext]",
      compile: { outfile: path },
    });
    if (!success) throw new Error(`cannot compile ${SCRIPT}`);
    return [path];
  }

  static async start(namespace: Namespace, runtimeDir: string, options: EdgeOptions = {}): Promise<Edge> {
    const edge = new Edge(runtimeDir, (argv) => namespace.enter(argv), options);
    await edge.event("start");
    return edge;
  }

  get pid(): number {
    return this.#process.pid;
  }

  get exited(): Promise<number> {
    return this.#process.exited;
  }

  /** Has actions done; with `wakeIn` a deadline follows. */
  order(actions: readonly Action[], wakeIn: number | null = null): void {
    this.#process.send({ actions, on: null, wakeIn } satisfies Order);
  }

  /** Has actions done in the turn of the next event of that kind. */
  orderOn(on: Event["kind"], actions: readonly Action[], wakeIn: number | null = null): void {
    this.#process.send({ actions, on, wakeIn } satisfies Order);
  }

  breakDown(): void {
    this.#process.send({ actions: [], on: null, wakeIn: null, bug: true } satisfies Order);
  }

  events<K extends Kind>(kind: K): Of<K>[] {
    return this.told.map(({ event }) => event).filter((event): event is Of<K> => event.kind === kind);
  }

  /** Waits for the first event of a kind that `fits`, from the one told at `since` on. */
  async event<K extends Kind>(
    kind: K,
    fits: (event: Of<K>) => boolean = () => true,
    since = 0,
  ): Promise<Of<K>> {
    const find = (): Of<K> | undefined =>
      this.told
        .slice(since)
        .map(({ event }) => event)
        .find((event): event is Of<K> => event.kind === kind && fits(event as Of<K>));
    await until(`${kind}; told: ${this.told.map(({ event }) => event.kind).join(" ")}`, PATIENCE, () => {
      return find() !== undefined || this.#process.exitCode !== null;
    });
    const found = find();
    if (found === undefined)
      throw new Error(`the edge left with ${this.#process.exitCode}: ${await this.errors}`);
    return found;
  }

  /** What it calls this boot and namespace. */
  get bootId(): string {
    return this.events("start")[0]?.bootId ?? "";
  }

  /** The link of that name at the start. */
  link(name: string): Link {
    const link = this.events("start")[0]?.links.find((each) => each.name === name);
    if (link === undefined) throw new Error(`no link ${name}`);
    return link;
  }

  /** Asks for receiving sockets. */
  listen(...listeners: Listener[]): void {
    this.order([{ kind: "listen", listeners }]);
  }

  /** Has addresses changed and gives the answers. */
  async change(
    changes: Extract<Action, { kind: "addresses" }>["changes"],
  ): Promise<readonly AddressResult[]> {
    const since = this.told.length;
    this.order([{ kind: "addresses", changes }]);
    return (await this.event("addresses-changed", () => true, since)).results;
  }

  signal(signal: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT"): void {
    this.#process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.exited;
  }
}

/** Adds an address and vouches for it in the ledger, as an agent would. */
export function taking(edge: Edge, address: string): Action[] {
  const key = { index: edge.link("eth1").index, address: ip(address), prefix: 32 };
  return [
    {
      kind: "ledger",
      router: "A",
      record: {
        router: "A",
        bootId: edge.bootId,
        configHash: "hash",
        index: key.index,
        mac: "02:00:00:00:00:01",
        state: "master",
        forwarding: [],
        added: [{ ...key, confirmed: true }],
        resumes: [],
        lastAdvertAt: instant(0),
      },
    },
    {
      kind: "addresses",
      changes: [{ op: "add", key, label: null, lifetime: null, method: "netlink", metric: null }],
    },
  ];
}
