/**
 * Runs in a guest, where the kernel has IPVS: `bun director-guest.ts KIND TRIALS` measures one director of virtual services and prints each
 * figure as a line of JSON.
 */
import { readFileSync } from "node:fs";
import { Director } from "../lab/director.ts";
import type { Balanced, DirectorKind } from "../lab/directors.ts";
import { DIRECTORS } from "../lab/directors.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import { now, ran, run, sleep, until } from "../lab/process.ts";
import { makeScratch } from "../lab/scratch.ts";
import { Writes } from "./writes.ts";

/** A figure of a director. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly values: readonly number[];
}

/** Between two looks at a table; what it takes to look is a part of it only: the machine is the directors'. Milliseconds. */
const LOOK_EVERY = 20;
const LOOK_SHARE = 10;
const LIMIT_MS = 400_000;
/**
 * After the last of many writes, as long as nothing more is expected; milliseconds. ldirectord looks at its file after a round of all checks and a
 * pause, and takes what it finds the first time for what it has read at the start.
 */
const QUIET_MS: Readonly<Record<DirectorKind, number>> = {
  haagent: 8000,
  keepalived: 8000,
  ldirectord: 40_000,
};
const SERVERS = "10.80.0.0/16";

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

class Bench {
  readonly #lab: Lab;
  readonly #writes: Writes;
  readonly #director: Director;
  readonly #trials: number;

  constructor(lab: Lab, writes: Writes, kind: DirectorKind, trials: number) {
    this.#lab = lab;
    this.#writes = writes;
    this.#director = new Director(kind, lab.node(0));
    this.#trials = trials;
  }

  /** `0A500001:0050 1`: a line of the table for each server, its weight last. */
  #table(): string[] {
    const text = readFileSync(`/proc/${this.#lab.node(0).namespace.pid}/net/ip_vs`, "utf8");
    return [...text.matchAll(/^ +-> (\S+) +\S+ +(\d+) /gm)].map(
      ([, server, weight]) => `${server} ${weight}`,
    );
  }

  async #until(what: string, wanted: (table: readonly string[]) => boolean): Promise<void> {
    const end = now() + LIMIT_MS;
    for (;;) {
      const from = now();
      if (wanted(this.#table())) return;
      if (from > end)
        throw new Error(
          `${this.#director.kind}: not within ${LIMIT_MS} ms: ${what}: ${this.#director.lines.slice(-5).join("\n")}`,
        );
      await sleep(Math.max(LOOK_EVERY, (now() - from) * LOOK_SHARE));
    }
  }

  /** From a server's death to the write that takes it out. */
  async outs(count: number): Promise<void> {
    const { client } = this.#lab;
    await this.#director.start(crowd(count));
    const whole = (table: readonly string[]): boolean =>
      table.filter((line) => line.endsWith(" 1")).length === count;
    const values: number[] = [];
    for (let trial = 0; trial < this.#trials; trial++) {
      const at = Math.floor(((trial + 0.5) * count) / this.#trials);
      await this.#until(`all ${count} serve`, whole);
      // At any moment of its interval.
      await sleep(2000 + Math.random() * 1000);
      await client.namespace.run(["nft", "-f", "-"], dead(address(at)));
      const from = now();
      await this.#until("it is out", (table) => !table.includes(`${hex(at)} 1`));
      values.push(await this.#writes.firstAfter(from));
      await client.namespace.run(["nft", "flush", "chain", "ip", "dead", "in"]);
    }
    print({ what: `${count} servers at 1 s, killed: out of the table after`, unit: "ms", values });
    await this.#director.stop();
  }

  /** How long it takes to write a large table, and to change one weight of it. */
  async programming(count: number): Promise<void> {
    const label = `${count} services of 4`;
    const began = await this.#director.start(fleet(count, false));
    await this.#until("all are there", (table) => table.length === 4 * count);
    const there = this.#writes.last(began);
    await this.#until("all serve", (table) => table.every((line) => line.endsWith(" 1")));
    const all = this.#writes.last(began);
    const first = await this.#writes.firstAfter(began);
    print({ what: `${label}: start to the first write`, unit: "ms", values: [first] });
    print({ what: `${label}: from there to all in the table`, unit: "ms", values: [there - first] });
    print({ what: `${label}: from there to all in service`, unit: "ms", values: [all - first] });
    const quiet = QUIET_MS[this.#director.kind];
    await sleep(quiet);
    print({ what: `${label}: writes of the start`, unit: "", values: [this.#writes.since(began)] });
    const [took, counts]: [number[], number[]] = [[], []];
    for (let trial = 0; trial < this.#trials; trial++) {
      const changed = trial % 2 === 0;
      const from = await this.#director.reload(fleet(count, changed));
      await this.#until("the weight is another", (table) => table.includes(`${hex(0)} ${changed ? 7 : 1}`));
      took.push(await this.#writes.firstAfter(from));
      await sleep(quiet / 2);
      counts.push(this.#writes.since(from));
    }
    print({ what: `${label}: reload to one weight changed`, unit: "ms", values: took });
    print({ what: `${label}: writes of that reload`, unit: "", values: counts });
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

const print = (figure: Figure): void => console.log(JSON.stringify(figure));

/** One server for all their addresses: nginx, as a thousand connections a second of a slower one were what is measured. */
async function serve(lab: Lab): Promise<void> {
  const { client } = lab;
  await client.namespace.ip(`route add local ${SERVERS} dev lo`);
  await lab.node(0).namespace.ip(`route add ${SERVERS} via ${client.address4} dev ${INTERFACE}`);
  const directory = makeScratch();
  const path = `${directory}/nginx.conf`;
  await Bun.write(
    path,
    `daemon off; master_process off; user root; pid ${directory}/pid; error_log ${directory}/error.log;
     events { worker_connections 4096; multi_accept on; }
     http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
       fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
       server { listen 80 backlog=4096; return 204; } }\n`,
  );
  const server = client.namespace.spawn(["nginx", "-c", path, "-p", directory]);
  await until(
    () => `nginx listens: ${server.lines.join(" / ")}`,
    LIMIT_MS,
    async () => (await client.namespace.run(["ss", "-Hltn", "sport = :80"])) !== "",
  );
}

/** What starts each of them, does nothing and ends. */
const NOTHING: Readonly<Record<DirectorKind, readonly string[]>> = {
  haagent: [HAAGENT, "version"],
  keepalived: ["keepalived", "--version"],
  ldirectord: ["ldirectord", "-v"],
};
const STARTS = 5;

/** How long the program takes to begin, which is part of every start: as it is in the guest's memory, not on the host's disk. */
async function begins(kind: DirectorKind): Promise<void> {
  await ran(NOTHING[kind]);
  const values: number[] = [];
  for (let trial = 0; trial < STARTS; trial++) {
    const from = now();
    await ran(NOTHING[kind]);
    values.push(now() - from);
  }
  print({ what: "the program alone, its version told", unit: "ms", values });
}

async function main(): Promise<void> {
  const [name, trials = "5"] = process.argv.slice(2);
  const kind = DIRECTORS.find((each) => each === name);
  if (kind === undefined) throw new Error(`no director ${name}`);
  await run(["modprobe", "-a", "ip_vs", "ip_vs_rr", "nf_tables", "nft_reject_ipv4"]);
  const writes = await Writes.watch();
  await using lab = await Lab.create(1);
  await serve(lab);
  await begins(kind);
  const bench = new Bench(lab, writes, kind, Number(trials));
  // ldirectord probes one after another and runs ipvsadm for each write: of 500 it would take hours.
  const slow = kind === "ldirectord";
  const small = process.argv.includes("small");
  for (const count of slow || small ? [10, 100] : [10, 100, 500]) await bench.outs(count);
  await bench.programming(slow || small ? 50 : 500);
  await writes.close();
}

if (import.meta.main) {
  await main();
  process.exit(0);
}
