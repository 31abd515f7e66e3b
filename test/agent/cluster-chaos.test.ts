/** Whole agents of a cluster through drawn faults of nodes and links: who can be heard lives, who cannot is dead, and in peace all are together. */
import { describe, expect, test } from "bun:test";
import { Random } from "../fuzz/mutate.ts";
import { Wire, type WireNode } from "./cluster-wire.ts";

const SEEDS = 20;
const FAULTS = 40;
const DEADTIME = 3000;
/** Deadtime as announced in a node's first seconds, a keepalive more, and a restart's questions. */
const SETTLED = DEADTIME + 2000 + 2500;
const LINKS = ["broadcast eth0", "multicast eth1 225.0.0.1", "serial /dev/ttyS0"] as const;
const NAMES = ["a", "b", "c", "d"];

const config = (nodes: readonly string[]): string =>
  `[heartbeat]
nodes = ${JSON.stringify(nodes)}
keepalive = "500ms"
deadtime = "3s"
initdead = "6s"
auth = { method = "sha1", key = "k" }
links = [
  { type = "broadcast", interface = "eth0" },
  { type = "multicast", interface = "eth1", group = "225.0.0.1" },
  { type = "serial", device = "/dev/ttyS0", baud = 115200 },
]
`;

/** One node as the test knows it. */
interface Fate {
  readonly node: WireNode;
  running: boolean;
  /** When that last changed. */
  since: number;
}

class Story {
  readonly wire = new Wire();
  readonly random: Random;
  readonly fates: Fate[];
  readonly cut = new Set<string>();
  /** When a link was last cut or joined. */
  readonly turned = new Map<string, number>();
  loss = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    const nodes = NAMES.slice(0, 2 + this.random.below(3));
    this.wire.passes = (link) => !this.cut.has(link) && this.random.below(100) >= this.loss;
    this.fates = nodes.map((name) => ({
      node: this.wire.node(name, config(nodes)),
      running: true,
      since: this.wire.now,
    }));
  }

  #turn(fate: Fate, running: boolean): void {
    fate.running = running;
    fate.since = this.wire.now;
  }

  fault(): void {
    const fate = this.fates[this.random.below(this.fates.length)];
    const link = LINKS[this.random.below(LINKS.length)];
    if (fate === undefined || link === undefined) return;
    switch (this.random.below(5)) {
      case 0:
        if (fate.running) fate.node.kill();
        else fate.node.start();
        return this.#turn(fate, !fate.running);
      case 1:
        if (fate.running) fate.node.stop();
        else fate.node.start();
        return this.#turn(fate, !fate.running);
      case 2:
        if (!this.cut.delete(link)) this.cut.add(link);
        this.turned.set(link, this.wire.now);
        return;
      case 3:
        if (!fate.running) return;
        fate.node.freeze();
        this.wire.run(this.random.below(8000));
        fate.node.thaw();
        return this.#turn(fate, true);
      default:
        this.loss = [0, 0, 5, 20][this.random.below(4)] ?? 0;
    }
  }

  /** Two that have run, and a link that has carried, for long enough see each other; without any link they do not. */
  judge(): void {
    const { now } = this.wire;
    const long = (since: number): boolean => now - since > SETTLED;
    const steady = LINKS.every((link) => long(this.turned.get(link) ?? 0));
    const joined = LINKS.some((link) => !this.cut.has(link) && long(this.turned.get(link) ?? 0));
    for (const one of this.fates) {
      if (!one.running || !long(one.since)) continue;
      const seen = new Map(nodesOf(one.node).map(({ name, state }) => [name, state]));
      for (const other of this.fates) {
        if (other === one || !long(other.since)) continue;
        const state = seen.get(other.node.name);
        if (!other.running || (steady && this.cut.size === LINKS.length)) expect(state).toBe("dead");
        // One that came when another left may still wait for that one's answer.
        else if (joined && this.loss === 0) expect(["up", "active"]).toContain(state ?? "");
      }
    }
  }

  peace(): void {
    this.cut.clear();
    this.loss = 0;
    for (const fate of this.fates) {
      if (!fate.running) fate.node.start();
      this.#turn(fate, true);
    }
    this.wire.run(60_000);
  }
}

const nodesOf = (node: WireNode): { name: string; state: string }[] => {
  const { heartbeat } = node.status();
  // The contract fixes these keys; a test that reads another value there fails.
  return (heartbeat as { nodes: { name: string; state: string }[] }).nodes;
};

describe("a cluster in trouble", () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    test(`sees who lives, and comes together again: ${seed}`, () => {
      const story = new Story(seed);
      story.wire.run(SETTLED);
      for (let each = 0; each < FAULTS; each++) {
        story.fault();
        story.wire.run(500 + story.random.below(9000));
        story.judge();
      }
      story.peace();
      const count = story.fates.length;
      const before = story.wire.sent;
      story.wire.run(10_000);
      for (const { node } of story.fates) {
        expect(nodesOf(node).map(({ state }) => state)).toEqual(Array(count).fill("active"));
        expect(node.status()["health"]).toBe("ok");
      }
      // Twenty statuses of each node on each link, and an acknowledgement of one in ten by each other.
      expect(story.wire.sent - before).toBeLessThan(20 * count * LINKS.length * (1.3 + 0.15 * count));
    });
  }
});
