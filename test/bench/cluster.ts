/** Two nodes of a cluster with one group of resources: how long it is nowhere, and what the two cost. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { Member, secondWire, wires } from "../features/cluster-scene.ts";
import { Heartbeat } from "../lab/heartbeat.ts";
import type { Lab, Station } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import { pass } from "./bout.ts";
import type { Rows } from "./row.ts";
import { cost, memory, spent } from "./usage.ts";

export type ClusterKind = "heartbeat" | "haagent";

const PATIENCE_MS = 60_000;
const STOP_MS = 30_000;
/** Milliseconds. A heartbeat is late by as much as its keepalive when it counts. */
const KEEPALIVE = 200;
const DEADTIME = 2000;
const NAMES = ["a", "b"] as const;

/** A resource that writes down when it starts and stops, by the wall clock that all processes share. */
const stamp = (here: string): string[] => [
  "#!/bin/sh",
  'case "$1" in',
  `  start) echo on > ${here}/on; date +%s.%N >> ${here}/started ;;`,
  `  stop) rm -f ${here}/on ;;`,
  `  status) [ -e ${here}/on ] && echo running || echo stopped ;;`,
  "esac",
  "exit 0",
];

interface Times {
  readonly keepalive: number;
  readonly deadtime: number;
}

/** A node of either kind. */
interface Node {
  readonly station: Station;
  start(): Promise<void>;
  /** SIGTERM; it has ended when this is done. */
  stop(): Promise<void>;
  /** SIGKILL to all of it at once, and no script of it is on any more. */
  die(): Promise<void>;
  /** hb_standby(1) or `haagent standby`. */
  giveUp(): Promise<void>;
  /** Milliseconds of the wall clock at which the resource was started here, newest last. */
  readonly started: readonly number[];
  readonly runs: boolean;
  /** The lines that say that the second link is dead. */
  readonly deadLinks: number;
}

const timesOf = (lines: readonly string[]): number[] => lines.map((line) => Number(line) * 1000);

class Classic implements Node {
  readonly station: Station;
  readonly #daemon: Heartbeat;

  constructor(lab: Lab, at: 0 | 1, { keepalive, deadtime }: Times) {
    this.station = lab.node(at);
    this.#daemon = new Heartbeat(this.station, NAMES[at], {
      authkeys: ["auth 1", "1 sha1 secret"],
      haresources: ["a stamp"],
      scripts: { stamp: stamp("/etc/ha.d") },
      config: [
        ...[`keepalive ${keepalive}ms`, `deadtime ${deadtime}ms`, `warntime ${deadtime / 2}ms`],
        `initdead ${2 * deadtime}ms`,
        ...["auto_failback off", "node a b", "bcast eth0 eth1"],
      ],
    });
    lab.atClose(() => this.#daemon.close());
  }

  start = (): Promise<void> => this.#daemon.start();
  stop = (): Promise<void> => this.#daemon.stop(STOP_MS);
  die = (): Promise<void> => this.#daemon.close();
  giveUp = (): Promise<void> => this.#daemon.tool("hb_standby", "all");

  get started(): number[] {
    return timesOf(this.#daemon.read("started"));
  }

  get runs(): boolean {
    return this.#daemon.read("on").length > 0;
  }

  get deadLinks(): number {
    return this.#daemon.log.filter((line) => /Link \w+:eth1 dead/.test(line)).length;
  }
}

class Own implements Node {
  readonly station: Station;
  readonly #member: Member;
  readonly #times: Times;

  constructor(lab: Lab, at: 0 | 1, times: Times) {
    this.station = lab.node(at);
    this.#member = new Member(this.station, NAMES[at]);
    this.#times = times;
    lab.atClose(() => this.#member.close());
  }

  async start(): Promise<void> {
    const { keepalive, deadtime } = this.#times;
    const folder = `${this.#member.directory}/resource.d`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      `${folder}/stamp`,
      stamp(this.#member.directory)
        .map((line) => `${line}\n`)
        .join(""),
    );
    chmodSync(`${folder}/stamp`, 0o755);
    await this.#member.write(`
[heartbeat]
nodes = ["a", "b"]
keepalive = "${keepalive}ms"
deadtime = "${deadtime}ms"
initdead = "${2 * deadtime}ms"
auto_failback = false
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth0" }, { type = "broadcast", interface = "eth1" }]
resource_dirs = ["${folder}"]
resources = ["a stamp"]
`);
    await this.#member.start();
  }

  stop = (): Promise<void> => this.#member.stop();

  async die(): Promise<void> {
    await this.#member.kill();
    if (this.runs) await Bun.file(`${this.#member.directory}/on`).delete();
  }

  async giveUp(): Promise<void> {
    const { code, stderr } = await this.#member.command("standby", "--groups", "all");
    if (code !== 0) throw new Error(`standby: ${stderr}`);
  }

  get started(): number[] {
    const path = `${this.#member.directory}/started`;
    return existsSync(path) ? timesOf(readFileSync(path, "utf8").split("\n").filter(Boolean)) : [];
  }

  get runs(): boolean {
    return existsSync(`${this.#member.directory}/on`);
  }

  get deadLinks(): number {
    return this.#member.log.filter((line) =>
      ["heartbeat.link", "link=eth1", "state=dead"].every((word) => line.includes(word)),
    ).length;
  }
}

interface Cluster {
  readonly lab: Lab;
  readonly nodes: readonly [Node, Node];
}

/** Both run, and the group is on the first. */
async function begin(kind: ClusterKind, times: Times): Promise<Cluster> {
  const lab = await wires();
  try {
    await secondWire(lab);
    const node = (at: 0 | 1): Node =>
      kind === "heartbeat" ? new Classic(lab, at, times) : new Own(lab, at, times);
    const nodes = [node(0), node(1)] as const;
    await Promise.all(nodes.map((each) => each.start()));
    await until(`${kind}: the group is on a`, PATIENCE_MS, () => nodes[0].runs && !nodes[1].runs);
    // heartbeat is done with its negotiation ten seconds later, and refuses to move anything until then.
    await pass(12_000);
    return { lab, nodes };
  } catch (cause) {
    await lab.close();
    throw cause;
  }
}

/** Milliseconds from an act to the start of the resource on a node. */
async function untilStarted(node: Node, act: () => Promise<void>): Promise<number> {
  const known = node.started.length;
  const before = Date.now();
  const done = act();
  await until("the resource starts", PATIENCE_MS, () => node.started.length > known);
  await done;
  return (node.started[known] ?? Number.NaN) - before;
}

/** The group goes to and fro: by order, by clean stops, by deaths. */
export async function moves(kind: ClusterKind, trials: number, rows: Rows): Promise<void> {
  const { lab, nodes } = await begin(kind, { keepalive: KEEPALIVE, deadtime: DEADTIME });
  let holder: 0 | 1 = 0;
  const moved = async (what: string, less: number, act: (from: Node) => Promise<void>): Promise<void> => {
    const [from, to] = holder === 0 ? nodes : [nodes[1], nodes[0]];
    rows.add(what, "ms", kind, (await untilStarted(to, () => act(from))) - less);
    holder = holder === 0 ? 1 : 0;
    await pass(3000);
  };
  const again = async (): Promise<void> => {
    await nodes[holder === 0 ? 1 : 0].start();
    await pass(15_000);
  };
  try {
    for (let trial = 0; trial < trials; trial++) {
      await moved("standby: order to resource running", 0, (from) => from.giveUp());
      await moved("standby: order to resource running", 0, (from) => from.giveUp());
      await moved("clean stop: SIGTERM to resource running", 0, (from) => from.stop());
      await again();
      await moved("death: SIGKILL to resource running, less deadtime", DEADTIME, (from) => from.die());
      await again();
    }
  } finally {
    await lab.close();
  }
}

/** The second wire is cut, and joined again. */
export async function cuts(kind: ClusterKind, trials: number, rows: Rows): Promise<void> {
  const { lab, nodes } = await begin(kind, { keepalive: KEEPALIVE, deadtime: DEADTIME });
  try {
    for (let trial = 0; trial < trials; trial++) {
      const known = nodes[0].deadLinks;
      const before = performance.now();
      await nodes[1].station.namespace.ip("link set eth1 down");
      await until("the link is dead", PATIENCE_MS, () => nodes[0].deadLinks > known);
      rows.add("link cut: cut to its word, less deadtime", "ms", kind, performance.now() - before - DEADTIME);
      await nodes[1].station.namespace.ip("link set eth1 up");
      await pass(2 * DEADTIME);
    }
  } finally {
    await lab.close();
  }
}

/** All processes of a daemon in a node. */
function processesOf(kind: ClusterKind, station: Station): number[] {
  const space = readlinkSync(`/proc/${station.namespace.pid}/ns/net`);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const name = readFileSync(`/proc/${pid}/comm`, "utf8");
        return readlinkSync(`/proc/${pid}/ns/net`) === space && name.startsWith(kind);
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** What a node costs while nothing happens. */
export async function idles(kind: ClusterKind, keepalive: number, span: number, rows: Rows): Promise<void> {
  const { lab, nodes } = await begin(kind, { keepalive, deadtime: Math.max(DEADTIME, 5 * keepalive) });
  try {
    const processes = nodes.map(({ station }) => processesOf(kind, station));
    const before = processes.map(spent);
    await pass(span);
    const after = processes.map(spent);
    for (const [at, pids] of processes.entries()) {
      const [start, end] = [before[at], after[at]];
      if (start === undefined || end === undefined) continue;
      const label = `cluster, keepalive ${keepalive} ms`;
      rows.add(`${label}: CPU`, "% of a core", kind, cost(start, end).cpu);
      rows.add(`${label}: RSS`, "MB", kind, memory(pids).rss);
      rows.add(`${label}: PSS`, "MB", kind, memory(pids).pss);
    }
  } finally {
    await lab.close();
  }
}
