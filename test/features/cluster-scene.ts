/** A cluster of two on one wire, or several: haagent, the compiled binary, beside haagent or beside Debian's heartbeat. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { HAAGENT } from "../lab/haagent.ts";
import { Heartbeat } from "../lab/heartbeat.ts";
import type { NodeSettings } from "../lab/heartbeat-node.ts";
import { Lab } from "../lab/lab.ts";
import type { Station } from "../lab/lab.ts";
import type { Child, Ran } from "../lab/process.ts";
import { ran, until } from "../lab/process.ts";
import { makeScratch, removeScratch } from "../lab/scratch.ts";
import { statusOf } from "../lab/status.ts";

const START_MS = 15_000;
const STOP_MS = 10_000;
/** Long enough for a peer that starts on a busy machine. */
export const PATIENCE_MS = 30_000;

export interface ClusterStatus {
  readonly pid: number;
  readonly health: string;
  readonly heartbeat: {
    readonly generation: number;
    readonly dropped: Readonly<Record<string, number>>;
    readonly nodes: readonly {
      readonly name: string;
      readonly state: string;
      readonly last_heard_ms: number | null;
    }[];
    readonly links: readonly {
      readonly name: string;
      readonly type: string;
      readonly peer: string;
      readonly state: string;
      readonly failure: string | null;
      readonly counters: { readonly bytes_sent: number; readonly bytes_received: number };
    }[];
    readonly resources: readonly {
      readonly group: string;
      readonly owner: string | null;
      readonly state: string;
    }[];
    readonly agreement: { readonly state: string } | null;
  };
}

/** The times that both nodes of a scene have. */
export const TIMES = { keepalive: 200, deadtime: 3000 } as const;

/** `[heartbeat]` of a node among `a` and `b`: `links` and further keys as the file has them. */
export const cluster = (links: readonly string[], auth: string, more: readonly string[] = []): string =>
  `
[heartbeat]
nodes = ["a", "b"]
keepalive = "${TIMES.keepalive}ms"
deadtime = "${TIMES.deadtime}ms"
initdead = "60s"
auth = ${auth}
links = [
${links.map((link) => `  ${link},\n`).join("")}]
${more.map((line) => `${line}\n`).join("")}`;

/** haagent as a node of a cluster. */
export class Member {
  readonly station: Station;
  readonly name: string;
  readonly directory = makeScratch();
  readonly log: string[] = [];
  /** What the agent is started by. */
  wrapper: readonly string[] = [];
  #child: Child | null = null;

  constructor(station: Station, name: string) {
    this.station = station;
    this.name = name;
  }

  get path(): string {
    return `${this.directory}/haagent.toml`;
  }

  /** The generation that is kept for its next life. */
  get generation(): string {
    const path = `${this.directory}/state/hb_generation`;
    return existsSync(path) ? readFileSync(path, "latin1") : "";
  }

  set generation(text: string) {
    mkdirSync(`${this.directory}/state`, { recursive: true, mode: 0o750 });
    writeFileSync(`${this.directory}/state/hb_generation`, text === "" ? "" : `${text}\n`);
  }

  async write(text: string): Promise<void> {
    const head = `[agent]\nnode = "${this.name}"\nruntime_dir = "${this.directory}/run"\nstate_dir = "${this.directory}/state"\n`;
    await Bun.write(this.path, head + text);
    await ran(["chmod", "600", this.path]);
  }

  async start(): Promise<void> {
    this.#child = this.station.namespace.spawn([...this.wrapper, HAAGENT, "run", "--config", this.path], {
      onLine: (line) => this.log.push(line),
    });
    await this.#child.says("agent.ready", START_MS);
  }

  signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGHUP"): void {
    this.#child?.signal(signal);
  }

  async stop(): Promise<void> {
    await this.#child?.end("SIGTERM", STOP_MS);
  }

  /** SIGKILL; gone when this returns. */
  async kill(): Promise<void> {
    await this.#child?.end("SIGKILL");
  }

  /** A client command; it may fail. */
  command(...argv: readonly string[]): Promise<Ran> {
    return ran(this.station.namespace.enter([HAAGENT, ...argv, "--config", this.path]));
  }

  async status(): Promise<ClusterStatus> {
    // The contract fixes these keys; a test that reads another value there fails.
    return (await statusOf(`${this.directory}/run`)) as ClusterStatus;
  }

  /** Waits until it has logged a line with all these words, from line `from` on; gives the number of the line after. */
  async says(words: readonly string[], from = 0, limit = PATIENCE_MS): Promise<number> {
    let found = -1;
    await until(
      () => `${this.name} says ${words.join(" ")}; it said: ${this.log.slice(-20).join("\n")}`,
      limit,
      () => {
        found = this.log.findIndex((line, at) => at >= from && words.every((word) => line.includes(word)));
        return found >= 0;
      },
    );
    return found + 1;
  }

  /** Waits until it takes the other node for that. */
  sees(node: string, state: string, from = 0): Promise<number> {
    return this.says(["heartbeat.node", `node=${node}`, `state=${state}`], from);
  }

  async close(): Promise<void> {
    await this.#child?.end("SIGKILL");
    removeScratch(this.directory);
  }
}

/** The lab with addresses that have a broadcast address, as heartbeat wants them. */
export async function wires(): Promise<Lab> {
  const lab = await Lab.create(2);
  for (const { namespace, address4 } of lab.nodes) {
    await namespace.ip(`addr del ${address4}/24 dev eth0`, `addr add ${address4}/24 broadcast + dev eth0`);
  }
  return lab;
}

/** A second wire between the two nodes, that has no bridge: `eth1`, 10.78.0.1 and .2, or in another /24. */
export async function secondWire(lab: Lab, network = "10.78.0"): Promise<void> {
  const [one, two] = [lab.node(0).namespace, lab.node(1).namespace];
  await one.ip(`link add eth1 type veth peer name eth1 netns ${two.pid}`);
  for (const [at, node] of [one, two].entries()) {
    await node.ip(`addr add ${network}.${at + 1}/24 broadcast + dev eth1`, "link set eth1 up");
  }
}

/** A node of the lab as a member, closed with it. */
export function member(lab: Lab, index: number, name: string): Member {
  const made = new Member(lab.node(index), name);
  lab.atClose(() => made.close());
  return made;
}

/** Debian's heartbeat as the node `a`, closed with the lab; `link` is the line of ha.cf. */
export function daemon(
  lab: Lab,
  link: string,
  keys: readonly string[],
  more: readonly string[] = [],
): Heartbeat {
  const { keepalive, deadtime } = TIMES;
  const made = new Heartbeat(lab.node(0), "a", {
    authkeys: keys,
    config: [
      ...[`keepalive ${keepalive}ms`, `deadtime ${deadtime}ms`, `warntime ${deadtime / 2}ms`, "initdead 60"],
      ...["auto_failback off", "node a b", ...more, link],
    ],
  });
  lab.atClose(() => made.close());
  return made;
}

const LINE = new URL("../lab/line.ts", import.meta.url).pathname;

/** Where the lock of a port is. */
export const lockOf = (port: string): string => `/var/lock/LCK..${port.replace(/[^A-Za-z0-9]/g, "")}`;

/** A null-modem cable between two ports, of a directory of its own. */
export class Cable {
  readonly #directory = makeScratch();
  readonly ports: readonly [string, string];
  readonly #station: Station;
  #process: Child | null = null;

  constructor(lab: Lab) {
    this.#station = lab.client;
    this.ports = [`${this.#directory}/one`, `${this.#directory}/other`];
    lab.atClose(() => this.close());
  }

  /** Its ports are there from now on. */
  async plug(baud = 19_200): Promise<void> {
    this.#process = this.#station.namespace.spawn([process.execPath, LINE, String(baud), ...this.ports]);
    await this.#process.says("ready", START_MS);
  }

  /** Its ports are gone. */
  async unplug(): Promise<void> {
    await this.#process?.end("SIGKILL");
  }

  /** Nothing passes any more, or everything again. */
  toggle(): void {
    this.#process?.signal("SIGUSR1");
  }

  noise(): void {
    this.#process?.signal("SIGUSR2");
  }

  async close(): Promise<void> {
    await this.unplug();
    // Of agents that were killed.
    for (const port of this.ports) rmSync(lockOf(port), { force: true });
    removeScratch(this.#directory);
  }
}

const NODE = new URL("../lab/heartbeat-node.ts", import.meta.url).pathname;

/** Somebody else on the wire, made of the product's codec, who says what he wants with whatever key. */
export function stranger(lab: Lab, name: string, keys: NodeSettings["keys"], generation: number): Child {
  const settings: NodeSettings = {
    ...{ name, peer: "b", to: "10.77.0.255", keys, generation },
    ...TIMES,
  };
  return lab.client.namespace.spawn([process.execPath, NODE, JSON.stringify(settings)]);
}
