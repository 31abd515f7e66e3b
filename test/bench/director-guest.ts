/**
 * Runs in a guest, where the kernel has IPVS: `bun director-guest.ts KIND TRIALS` measures one director of virtual services and prints each
 * figure as a line of JSON.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { Haagent } from "../lab/haagent.ts";
import type { Balanced, DirectorKind } from "../lab/directors.ts";
import { configuration, DIRECTORS, RivalDirector } from "../lab/directors.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { now, ran, run, sleep } from "../lab/process.ts";
import { makeScratch } from "../lab/scratch.ts";

/** A figure of a director. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
}

const LOOK_EVERY = 10;
const LIMIT_MS = 240_000;
const SERVERS = "10.80.0.0/16";
const KPROBES = "/sys/kernel/tracing/kprobe_events";
const HITS = "/sys/kernel/tracing/kprobe_profile";

const address = (at: number): string => `10.80.${at >> 8}.${at & 255}`;
/** As /proc/net/ip_vs has it. */
const hex = (at: number): string => `0A50${at.toString(16).toUpperCase().padStart(4, "0")}:0050`;

/** One service with many servers, probed every second. */
const crowd = (count: number): Balanced[] => [
  {
    ...{ name: "web", address: "10.79.0.1", port: 80 },
    servers: Array.from({ length: count }, (_, at) => address(at)),
    check: { type: "tcp", interval: 1, timeout: 1, fall: 2 },
  },
];

/** Many services of four servers each, probed every ten seconds; `changed` gives one server another weight. */
const fleet = (count: number, changed: boolean): Balanced[] =>
  Array.from({ length: count }, (_, at) => ({
    ...{ name: `s${at}`, address: `10.79.${at >> 8}.${at & 255}`, port: 80 },
    servers: [0, 1, 2, 3].map((server) => address(4 * at + server)),
    weights: changed && at === 0 ? { [address(0)]: 7 } : {},
    check: { type: "tcp" as const, interval: 10, timeout: 1, fall: 2 },
  }));

/** The director, whichever it is. */
class Director {
  readonly #kind: DirectorKind;
  readonly #lab: Lab;
  #rival: RivalDirector | null = null;
  #agent: Haagent | null = null;

  constructor(kind: DirectorKind, lab: Lab) {
    this.#kind = kind;
    this.#lab = lab;
  }

  /** Starts it; gives the time just before. */
  async start(services: readonly Balanced[]): Promise<number> {
    const text = configuration(this.#kind, services);
    const station = this.#lab.node(0);
    if (this.#kind !== "haagent") {
      this.#rival = new RivalDirector(this.#kind, station.namespace);
      const before = now();
      this.#rival.start(text);
      return before;
    }
    const path = `${makeScratch()}/haagent.toml`;
    const whole = (runtime: string): string =>
      `[agent]\nruntime_dir = "${runtime}"\nstate_dir = "${runtime}/state"\n${text}`;
    this.#agent = await Haagent.withFile(station, { path, text: whole });
    const before = now();
    // It may take longer to be ready than a lab waits for.
    this.#agent.start().catch(() => undefined);
    return before;
  }

  async reload(services: readonly Balanced[]): Promise<void> {
    const text = configuration(this.#kind, services);
    this.#rival?.reload(text);
    if (this.#agent === null) return;
    const { runtimeDir } = this.#agent;
    await this.#agent.reload(
      `[agent]\nruntime_dir = "${runtimeDir}"\nstate_dir = "${runtimeDir}/state"\n${text}`,
    );
  }

  async stop(): Promise<void> {
    await this.#rival?.close();
    await this.#agent?.close();
    this.#rival = null;
    this.#agent = null;
    await this.#lab.node(0).namespace.run(["ipvsadm", "-C"]);
  }
}

class Bench {
  readonly #lab: Lab;
  readonly #director: Director;
  readonly #kind: DirectorKind;
  readonly #trials: number;

  constructor(lab: Lab, kind: DirectorKind, trials: number) {
    this.#lab = lab;
    this.#kind = kind;
    this.#director = new Director(kind, lab);
    this.#trials = trials;
  }

  /** The weights in the table, a server a line: `0A500001:0050 1`. */
  #table(): string[] {
    const text = readFileSync(`/proc/${this.#lab.node(0).namespace.pid}/net/ip_vs`, "utf8");
    return [...text.matchAll(/^ +-> (\S+) +\S+ +(\d+) /gm)].map(
      ([, server, weight]) => `${server} ${weight}`,
    );
  }

  async #until(what: string, wanted: (table: readonly string[]) => boolean): Promise<number> {
    const end = now() + LIMIT_MS;
    while (!wanted(this.#table())) {
      if (now() > end) throw new Error(`${this.#kind}: not within ${LIMIT_MS} ms: ${what}`);
      await sleep(LOOK_EVERY);
    }
    return now();
  }

  /** From a server's death to its leaving the table. */
  async outs(count: number): Promise<void> {
    const { client } = this.#lab;
    await this.#director.start(crowd(count));
    const whole = (table: readonly string[]): boolean =>
      table.filter((line) => line.endsWith(" 1")).length === count;
    await this.#until(`all ${count} serve`, whole);
    const values: number[] = [];
    for (let trial = 0; trial < this.#trials; trial++) {
      const at = Math.floor(((trial + 0.5) * count) / this.#trials);
      // At any moment of its interval.
      await sleep(2000 + Math.random() * 1000);
      await this.#until(`all ${count} serve`, whole);
      const from = now();
      await client.namespace.run(["nft", "-f", "-"], dead(address(at)));
      const to = await this.#until("it is out", (table) => !table.includes(`${hex(at)} 1`));
      values.push(to - from);
      await client.namespace.run(["nft", "flush", "chain", "ip", "dead", "in"]);
    }
    print({ what: `${count} servers at 1 s, killed: out of the table after`, unit: "ms", values });
    await this.#director.stop();
  }

  /** How long it takes to write a large table, and to change one weight of it. */
  async programming(count: number): Promise<void> {
    const label = `${count} services of 4`;
    const first = hits();
    const began = await this.#director.start(fleet(count, false));
    const there = await this.#until("all are there", (table) => table.length === 4 * count);
    const all = await this.#until("all serve", (table) => table.every((line) => line.endsWith(" 1")));
    print({ what: `${label}: start to all in the table`, unit: "ms", values: [there - began] });
    print({ what: `${label}: start to all in service`, unit: "ms", values: [all - began] });
    await sleep(3000);
    const before = hits();
    print({ what: `${label}: writes of the start`, unit: "", values: [before - first] });
    const changed = now();
    await this.#director.reload(fleet(count, true));
    const done = await this.#until("the weight is another", (table) => table.includes(`${hex(0)} 7`));
    print({ what: `${label}: reload to one weight changed`, unit: "ms", values: [done - changed] });
    await sleep(8000);
    print({ what: `${label}: writes of that reload`, unit: "", values: [hits() - before] });
    await this.#director.stop();
  }
}

const dead = (server: string): string =>
  [
    "table ip dead {",
    "chain in {",
    "type filter hook input priority 0",
    `ip daddr ${server} tcp dport 80 reject with tcp reset`,
    "}",
    "}",
    "",
  ].join("\n");

/** How often the kernel was told to change its table, by either interface. */
const hits = (): number =>
  [...readFileSync(HITS, "utf8").matchAll(/^ *written\d +(\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );

const print = (figure: Figure): void => console.log(JSON.stringify(figure));

/** One server for all their addresses. */
async function serve(lab: Lab): Promise<void> {
  const { client } = lab;
  await client.namespace.ip(`route add local ${SERVERS} dev lo`);
  await lab.node(0).namespace.ip(`route add ${SERVERS} via ${client.address4} dev ${INTERFACE}`);
  const script =
    'Bun.listen({ hostname: "0.0.0.0", port: 80, socket: { data() {}, open(socket) { socket.end(); } } }); console.log("ready")';
  await client.namespace.spawn([process.execPath, "-e", script]).says("ready", LIMIT_MS);
}

async function countWrites(): Promise<void> {
  await ran(["mount", "-t", "tracefs", "tracefs", "/sys/kernel/tracing"]);
  writeFileSync(KPROBES, "p:written1 ip_vs_genl_set_cmd\np:written2 do_ip_vs_set_ctl\n");
  for (const name of ["written1", "written2"])
    writeFileSync(`/sys/kernel/tracing/events/kprobes/${name}/enable`, "1");
}

async function main(): Promise<void> {
  const [name, trials = "5"] = process.argv.slice(2);
  const kind = DIRECTORS.find((each) => each === name);
  if (kind === undefined) throw new Error(`no director ${name}`);
  await run(["modprobe", "-a", "ip_vs", "ip_vs_rr", "nf_tables", "nft_reject_ipv4"]);
  await countWrites();
  await using lab = await Lab.create(1);
  await serve(lab);
  const bench = new Bench(lab, kind, Number(trials));
  // ldirectord probes one after another and runs ipvsadm for each write: of 500 it would take hours.
  const slow = kind === "ldirectord";
  const small = process.argv.includes("small");
  for (const count of slow || small ? [10, 100] : [10, 100, 500]) await bench.outs(count);
  await bench.programming(slow || small ? 50 : 500);
}

if (import.meta.main) {
  await main();
  process.exit(0);
}
