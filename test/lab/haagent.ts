/** haagent in a node of a lab: the built binary, with a runtime_dir of its own. */
import { rm } from "node:fs/promises";
import type { Daemon, RouterSpec } from "./daemon.ts";
import { ROUTER_NAME } from "./daemon.ts";
import type { Station } from "./lab.ts";
import { INTERFACE } from "./lab.ts";
import type { Child, Ran } from "./process.ts";
import { now, ran } from "./process.ts";
import { makeScratch, removeScratch } from "./scratch.ts";

const START_MS = 60_000;
const STOP_MS = 15_000;

/** The built binary; HAAGENT names another one. */
export const HAAGENT = process.env["HAAGENT"] ?? new URL("../../dist/haagent", import.meta.url).pathname;

/** The part of `status --json` that tests read. */
export interface Status {
  readonly schema: number;
  readonly pid: number;
  readonly health: string;
  readonly config: { readonly file: string; readonly last_error: string | null };
  readonly vrrp: readonly RouterStatus[];
}

export interface RouterStatus {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly priority: number;
  readonly effective_priority: number;
  readonly interval_ms: number;
  readonly master: {
    readonly address: string;
    readonly priority: number;
    readonly last_heard_ms: number;
  } | null;
  readonly peers: readonly {
    readonly address: string;
    readonly priority: number;
    readonly mismatch: readonly string[];
  }[];
  readonly addresses: readonly {
    readonly address: string;
    readonly held: boolean;
    readonly found: boolean;
  }[];
  readonly tracks: readonly {
    readonly name: string;
    readonly up: boolean | null;
    readonly weight: number;
    readonly effect: number;
    readonly detail: string;
  }[];
  readonly counters: {
    readonly adverts_sent: number;
    readonly adverts_received: number;
    readonly became_master: number;
    readonly rejected: Readonly<Record<string, number>>;
  };
}

/** haagent.toml for one router; `runtimeDir` also keeps its state. */
export function haagentConfig(router: RouterSpec, runtimeDir: string): string {
  const list = (values: readonly string[]): string =>
    `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;
  const lines = [
    "[agent]",
    `runtime_dir = ${JSON.stringify(runtimeDir)}`,
    `state_dir = ${JSON.stringify(`${runtimeDir}/state`)}`,
    ...(router.realtime === true ? ["realtime_priority = 50"] : []),
    "",
    `[vrrp.${ROUTER_NAME}]`,
    `interface = "${INTERFACE}"`,
    `vrid = ${router.vrid}`,
    `version = ${router.both === true ? '"2+3"' : router.version}`,
    `priority = ${router.priority}`,
    `advert_interval = "${router.interval}ms"`,
    ...(router.preempt === false ? ["preempt = false"] : []),
    ...(router.virtualMac === true ? ["virtual_mac = true"] : []),
    ...(router.key === undefined
      ? []
      : [
          `auth = { type = "${router.header === true ? "ah" : "pass"}", key = ${JSON.stringify(router.key)} }`,
        ]),
    ...(router.unicast === undefined
      ? []
      : [`unicast_source = "${router.unicast.source}"`, `unicast_peers = ${list(router.unicast.peers)}`]),
    `addresses = ${list(router.addresses)}`,
  ];
  return `${lines.join("\n")}\n`;
}

/** Where a configuration file is kept, and its text once the runtime_dir is known. */
export interface ConfigFile {
  readonly path: string;
  readonly text: (runtimeDir: string) => string;
}

export class Haagent implements Daemon {
  readonly kind = "haagent";
  readonly station: Station;
  readonly log: string[] = [];
  /** Its configuration. */
  readonly path: string;
  readonly runtimeDir: string;
  readonly #directory: string;
  readonly #text: string;
  readonly #program: readonly string[];
  #child: Child | null = null;

  private constructor(station: Station, directory: string, file: ConfigFile, program: readonly string[]) {
    this.station = station;
    this.#program = program;
    this.#directory = directory;
    this.runtimeDir = `${directory}/run`;
    this.path = file.path;
    this.#text = file.text(this.runtimeDir);
  }

  /** `program` is the argv that runs haagent: of another build, with what that needs in front. */
  static async create(station: Station, router: RouterSpec, program = [HAAGENT]): Promise<Haagent> {
    const directory = makeScratch();
    const text = (runtimeDir: string): string => haagentConfig(router, runtimeDir);
    return new Haagent(station, directory, { path: `${directory}/haagent.toml`, text }, program);
  }

  /** With a file of the caller's; it is kept when everything else is removed. */
  static async withFile(station: Station, file: ConfigFile, program = [HAAGENT]): Promise<Haagent> {
    return new Haagent(station, makeScratch(), file, program);
  }

  get running(): boolean {
    return this.#child?.running ?? false;
  }

  get pid(): number {
    if (this.#child === null) throw new Error("haagent was not started");
    return this.#child.pid;
  }

  async start(): Promise<number> {
    await Bun.write(this.path, this.#text);
    return await this.#spawn();
  }

  async stop(): Promise<number> {
    return (await this.#child?.end("SIGTERM", STOP_MS)) ?? 0;
  }

  kill(): number {
    const before = now();
    this.#child?.signal("SIGKILL");
    return before;
  }

  /** As a service manager without a delay: started again as soon as it is seen dead. */
  async killRespawned(): Promise<number> {
    const dead = this.#child;
    const before = this.kill();
    await dead?.exited;
    await this.#spawn();
    return before;
  }

  freeze(): number {
    const before = now();
    this.#child?.signal("SIGSTOP");
    return before;
  }

  thaw(): number {
    const before = now();
    this.#child?.signal("SIGCONT");
    return before;
  }

  async reload(text: string | null): Promise<number> {
    if (text === null) await rm(this.path);
    else await Bun.write(this.path, text);
    const before = now();
    this.#child?.signal("SIGHUP");
    return before;
  }

  config(router: RouterSpec): string {
    return haagentConfig(router, this.runtimeDir);
  }

  /** `haagent status --json`; throws when no agent answers. */
  async status(): Promise<Status> {
    const { stdout } = await this.command(["status", "--json"]);
    // The contract fixes these keys; a test that reads another value there fails.
    return JSON.parse(stdout) as Status;
  }

  /** The one router of the configuration. */
  async router(): Promise<RouterStatus> {
    const [router] = (await this.status()).vrrp;
    if (router === undefined) throw new Error("status names no router");
    return router;
  }

  /** A client command; it may fail. */
  command(argv: readonly string[]): Promise<Ran> {
    return ran(this.station.namespace.enter([...this.#program, ...argv, "--config", this.path]));
  }

  async close(): Promise<void> {
    await this.#child?.end("SIGKILL");
    removeScratch(this.#directory);
  }

  async #spawn(): Promise<number> {
    const before = now();
    const child = this.station.namespace.spawn([...this.#program, "run", "--config", this.path], {
      onLine: (line) => this.log.push(line),
    });
    this.#child = child;
    await child.says("agent.ready", START_MS);
    return before;
  }
}
