/** A cluster of two whose groups really move: haagent beside haagent, or beside Debian's heartbeat, with scripts that log what they do. */
import { appendFileSync, chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { Heartbeat } from "../lab/heartbeat.ts";
import type { Lab, Station } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import { Member, wires } from "./cluster-scene.ts";
import type { Move } from "./resource-probe.ts";
import { ADDRESS, ADDRESS_SCRIPT, linesOf, movesOf, probe } from "./resource-probe.ts";

/** A node that starts, dies, negotiates on a busy machine. */
export const PATIENCE_MS = 60_000;

/** Orders to heartbeat until one is heard, and between them: a standby that is not answered ends after ten seconds. */
const TRIES = 4;
const AGAIN_MS = 12_000;

/** The group of `a` has two resources, that of `b` one. */
export const HARESOURCES = ["a probe::one probe::uno", "b probe::two"];
const RESOURCES = ["one", "uno", "two"];
const WITH_ADDRESS = [`a IPaddr::${ADDRESS}/24/eth0 probe::one probe::uno`, "b probe::two"];

export type Failback = boolean | "legacy";

/** What differs between configurations. */
interface Given {
  readonly failback: Failback;
  readonly resources: readonly string[];
  /** Seconds. */
  readonly deadtime: number;
  readonly initdead: number;
  /** More keys of `[heartbeat]`. */
  readonly more: string;
}
const USUAL: Given = { failback: true, resources: HARESOURCES, deadtime: 3, initdead: 4, more: "" };

/** haagent with groups. */
export class Owner extends Member {
  /** Writes its configuration. */
  async configure(given: Partial<Given> = {}): Promise<void> {
    const { failback, resources, deadtime, initdead, more } = { ...USUAL, ...given };
    const folder = `${this.directory}/resource.d`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      `${folder}/probe`,
      probe(this.directory)
        .map((line) => `${line}\n`)
        .join(""),
    );
    chmodSync(`${folder}/probe`, 0o755);
    await this.write(`
[heartbeat]
nodes = ["a", "b"]
keepalive = "200ms"
deadtime = "${deadtime}s"
initdead = "${initdead}s"
auth = { method = "sha1", key = "secret" }
links = [{ type = "broadcast", interface = "eth0" }]
auto_failback = ${JSON.stringify(failback)}
resource_dirs = ["${folder}"]
resources = ${JSON.stringify(resources)}
${more}
`);
  }

  /** Whether a resource runs here. */
  runs(resource: string): boolean {
    return existsSync(`${this.directory}/on-${resource}`);
  }

  get moves(): Move[] {
    return movesOf(this.name === "a" ? "a" : "b", linesOf(`${this.directory}/ran`));
  }

  /** Makes starts (`fails`) or stops (`sticks`) of a resource fail, or no more. */
  spoil(how: "fails" | "sticks", resource: string, spoilt = true): void {
    const path = `${this.directory}/${how}-${resource}`;
    if (spoilt) writeFileSync(path, "");
    else rmSync(path, { force: true });
  }

  /** It loses its power, and with that what ran. */
  async die(): Promise<void> {
    await this.kill();
    for (const name of RESOURCES.filter((each) => this.runs(each))) {
      rmSync(`${this.directory}/on-${name}`);
      appendFileSync(`${this.directory}/ran`, `${Date.now()} stop ${name}\n`);
    }
  }

  /** An order, given again while something is under way that keeps it from being followed. */
  async order(...argv: readonly string[]): Promise<void> {
    let said = "";
    await until(
      () => `${argv.join(" ")}: ${said}`,
      PATIENCE_MS,
      async () => {
        const { code, stdout, stderr } = await this.command(...argv);
        said = stdout + stderr;
        return code === 0;
      },
    );
  }
}

/** Debian's heartbeat with the same groups. */
export class RealOwner {
  readonly daemon: Heartbeat;
  readonly station: Station;
  readonly name = "a";
  /** Of lives that are over. */
  readonly #past: Move[] = [];

  constructor(lab: Lab, failback: Failback, more: readonly string[] = []) {
    const word = failback === "legacy" ? "legacy" : failback ? "on" : "off";
    this.station = lab.node(0);
    this.daemon = new Heartbeat(lab.node(0), "a", {
      authkeys: ["auth 1", "1 sha1 secret"],
      haresources: WITH_ADDRESS,
      scripts: { probe: probe("/etc/ha.d"), IPaddr: ADDRESS_SCRIPT },
      config: [
        ...[
          "keepalive 200ms",
          "deadtime 4",
          "warntime 2",
          "initdead 10",
          `auto_failback ${word}`,
          "node a b",
        ],
        ...["bcast eth0", ...more],
      ],
    });
    lab.atClose(() => this.daemon.close());
  }

  runs(resource: string): boolean {
    return this.daemon.read(`on-${resource}`).length > 0;
  }

  get log(): readonly string[] {
    return this.daemon.log;
  }

  get moves(): Move[] {
    return [...this.#past, ...movesOf("a", this.daemon.read("ran"))];
  }

  /** The machine loses its power, and all that ran. */
  async die(): Promise<void> {
    const ended = RESOURCES.filter((each) => this.runs(each)).map((each) => `stop ${each}`);
    this.#past.push(...movesOf("a", this.daemon.read("ran")));
    this.#past.push(...ended.map((what) => ({ at: Date.now(), node: "a" as const, what })));
    await this.daemon.close();
    await this.station.namespace.ip(`addr flush dev eth0 to ${ADDRESS}`);
  }

  /** A clean stop; its machine is gone then. */
  async stop(): Promise<void> {
    await this.daemon.stop(PATIENCE_MS);
    await this.die();
  }
}

/** One of the two. */
interface Side {
  readonly name: string;
  runs(resource: string): boolean;
  readonly moves: readonly Move[];
  readonly log: readonly string[];
}

/** Where the groups are: of `one` and `two`, the names of the nodes that run them. */
const placesOf = (sides: readonly Side[]): string =>
  ["one", "two"]
    .map(
      (resource) =>
        sides
          .filter((side) => side.runs(resource))
          .map(({ name }) => name)
          .join("+") || "-",
    )
    .join(" ");

export class Pair<A extends Side> {
  readonly lab: Lab;
  readonly a: A;
  readonly b: Owner;

  constructor(lab: Lab, a: A, b: Owner) {
    this.lab = lab;
    this.a = a;
    this.b = b;
  }

  /** Gives an order, again when something was under way that kept it from being heard, until the groups are there. */
  async byOrder(places: string, give: () => Promise<void>): Promise<void> {
    for (let tries = 1; ; tries++) {
      await give();
      try {
        return await this.settles(places, tries < TRIES ? AGAIN_MS : PATIENCE_MS);
      } catch (error) {
        if (tries === TRIES) throw error;
      }
    }
  }

  /** Waits until the groups are there: `a b`, `b b`, `- a+b`. */
  async settles(places: string, limit = PATIENCE_MS): Promise<void> {
    const trace = (): string =>
      [
        ...this.moves.map(({ at, node, what }) => `${at} ${node} ${what}`),
        ...this.a.log.slice(-60),
        ...this.b.log.slice(-40),
      ].join("\n");
    await until(
      () => `groups are on ${places}, not ${placesOf([this.a, this.b])}:\n${trace()}`,
      limit,
      () => placesOf([this.a, this.b]) === places,
    );
  }

  get moves(): Move[] {
    return [...this.a.moves, ...this.b.moves].toSorted((one, two) => one.at - two.at);
  }

  /** Starts on one node while the other one had the same still. */
  get doubled(): string[] {
    const on = new Map<string, string>();
    const found: string[] = [];
    for (const { node, what, at } of this.moves) {
      const [verb, name = ""] = what.split(" ");
      const before = on.get(name);
      if (verb === "start" && before !== undefined && before !== node)
        found.push(`${name} on ${node} at ${at}`);
      if (verb === "start") on.set(name, node);
      else if (before === node) on.delete(name);
    }
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab.close();
  }
}

function owner(lab: Lab, index: number, name: string): Owner {
  const made = new Owner(lab.node(index), name);
  lab.atClose(() => made.close());
  return made;
}

/** Two haagents, configured and not started. */
export async function owners(given: Partial<Given> = {}): Promise<Pair<Owner>> {
  const lab = await wires();
  const [a, b] = [owner(lab, 0, "a"), owner(lab, 1, "b")];
  for (const each of [a, b]) await each.configure(given);
  return new Pair(lab, a, b);
}

/** Debian's heartbeat as `a` and haagent as `b`, configured and not started, each with further lines of its configuration. */
export async function besideDaemon(
  failback: Failback,
  real: readonly string[] = [],
  more = "",
): Promise<Pair<RealOwner>> {
  const lab = await wires();
  const b = owner(lab, 1, "b");
  await b.configure({ failback, resources: WITH_ADDRESS, deadtime: 4, initdead: 10, more });
  return new Pair(lab, new RealOwner(lab, failback, real), b);
}
