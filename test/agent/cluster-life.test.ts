/** A node whose kept generation is lost or old, and whose clock is no help, among haagents that know a later life of it. */
import { describe, expect, test } from "bun:test";
import { LIFE_MOST } from "../../src/heartbeat/generation.ts";
import type { KeyRing } from "../../src/heartbeat/keys.ts";
import { open, sealDatagram } from "../../src/heartbeat/packet.ts";
import { Wire, type WireNode } from "./cluster-wire.ts";
import { pair as groups, running } from "./resource-pair.ts";

const TEXT = [
  "[heartbeat]",
  'nodes = ["a", "b"]',
  'keepalive = "1s"',
  'deadtime = "5s"',
  'initdead = "30s"',
  'auth = { method = "sha256", key = "k" }',
  'links = [{ type = "broadcast", interface = "eth0" }]',
  "",
].join("\n");

function pair(): { wire: Wire; a: WireNode; b: WireNode } {
  const wire = new Wire();
  const a = wire.node("a", TEXT);
  const b = wire.node("b", TEXT);
  wire.run(8000);
  return { wire, a, b };
}

/** Its disk is another one from its next life on, and its clock was never set. */
function forget(node: WireNode): void {
  node.kept = null;
  node.wallClock = 1000;
}

/** What a takes b for. */
const taken = (a: WireNode): unknown =>
  // The contract fixes these keys; a test that reads another value there fails.
  (a.status() as unknown as { heartbeat: { nodes: readonly { state: string }[] } }).heartbeat.nodes[1]?.state;

describe("a node that lost what it kept, and has no clock", () => {
  test("goes on above the life that the others know of it", () => {
    const { wire, a, b } = pair();
    const before = b.kept?.generation ?? 0;
    b.kill();
    wire.run(10_000);
    expect(taken(a)).toBe("dead");
    forget(b);
    b.start();
    wire.run(10_000);
    expect(b.kept?.generation).toBe(before + 1);
    expect(taken(a)).toBe("active");
    expect(b.said("heartbeat.node").join("; ")).toContain(
      `b renumbered ${before + 1} a knows life ${before}`,
    );
    expect(a.said("heartbeat.node").join("; ")).toContain("b restarted");
  });

  test("is believed too when it was back before it was missed", () => {
    const { wire, a, b } = pair();
    const before = b.kept?.generation ?? 0;
    b.kill();
    forget(b);
    b.kept = { uuid: "\u0002".repeat(16), generation: before - 5 };
    b.start();
    wire.run(15_000);
    expect(b.kept?.generation).toBe(before + 1);
    expect(taken(a)).toBe("active");
  });

  test("says nothing under the new number before that is kept", () => {
    const { wire, b } = pair();
    b.kill();
    wire.run(10_000);
    forget(b);
    let said = 0;
    wire.overhears = (_, from, bytes) => {
      if (from !== b) return;
      said++;
      const life = /hg=([0-9a-f]+)/.exec(new TextDecoder("latin1").decode(bytes))?.[1] ?? "";
      expect(Number.parseInt(life, 16)).toBe(b.kept?.generation ?? -1);
    };
    b.start();
    wire.run(10_000);
    expect(said).toBeGreaterThan(5);
  });
});

describe("a number that no clock gives", () => {
  const WRONG = 0xffff_fffe;
  const dropped = (node: WireNode): Record<string, number> => Object(node.status()["heartbeat"]).dropped;
  const KEYS: KeyRing = {
    signing: 1,
    keys: new Map([[1, { method: "sha256", secret: new TextEncoder().encode("k") }]]),
  };
  /** The same message, in a life of that number. */
  function forged(bytes: Uint8Array, life: number): Uint8Array {
    const opened = open(bytes, KEYS);
    if (!opened.ok) throw new Error(opened.error);
    const fields = opened.value.message.filter(({ name }) => name !== "auth");
    const told = fields.map((field) =>
      field.name === "hg" ? { ...field, value: life.toString(16) } : field,
    );
    return sealDatagram(told, KEYS, 1);
  }
  const isStatus = (bytes: Uint8Array): boolean =>
    new TextDecoder("latin1").decode(bytes).includes("t=status");

  test("in its own file is not followed, and told", () => {
    const { wire, a, b } = pair();
    const before = b.kept?.generation ?? 0;
    b.kill();
    b.kept = { uuid: "\u0002".repeat(16), generation: WRONG };
    b.start();
    wire.run(15_000);
    expect(b.kept?.generation).toBeWithin(before, before + 100);
    expect(b.said("agent.warning").join()).toContain(`life ${WRONG}, which no clock gives`);
    expect(taken(a)).toBe("active");
  });

  test("heard of a node makes nothing that it says an earlier life, and is counted and told", () => {
    const { wire, a, b } = pair();
    let lies = 0;
    wire.overhears = (link, from, bytes) => {
      if (from !== b || !isStatus(bytes)) return;
      lies++;
      a.hear(link, forged(bytes, WRONG));
    };
    wire.run(60_000);
    expect(lies).toBeGreaterThan(50);
    expect(taken(a)).toBe("active");
    expect(dropped(a)["future"]).toBe(lies);
    expect(dropped(a)["replay"]).toBe(undefined);
    expect(a.said("heartbeat.rejected").join()).toContain("future");
  });

  test("counts where nothing else is heard of a node, is told, and gives way to one that is to be believed", () => {
    const { wire, a, b } = pair();
    a.kill();
    a.start();
    wire.passes = () => false;
    wire.overhears = (link, from, bytes) => void (from === b && a.hear(link, forged(bytes, WRONG)));
    wire.run(20_000);
    expect(taken(a)).not.toBe("dead");
    expect(taken(a)).not.toBe("init");
    expect(a.said("agent.warning").join()).toContain(`b says that this is life ${WRONG}`);
    wire.passes = () => true;
    wire.overhears = () => undefined;
    wire.run(20_000);
    expect(a.said("heartbeat.node").join("; ")).toContain("b restarted");
    expect(taken(a)).toBe("active");
  });

  test("nor is the last one that is believed outdone, and that is an error with a cure", () => {
    const { wire, a, b } = pair();
    wire.passes = (_, from) => from === a;
    wire.overhears = (link, from, bytes) => {
      if (from === b && isStatus(bytes)) a.hear(link, forged(bytes, LIFE_MOST));
    };
    wire.run(3000);
    wire.overhears = () => undefined;
    wire.passes = () => true;
    wire.run(20_000);
    expect(b.said("heartbeat.node").join()).toContain("cure: another key");
  });
});

describe("a node that begins, or returns after a partition", () => {
  /** The types that `from` sends, from now on. */
  function types(wire: Wire, from: WireNode): string[] {
    const said: string[] = [];
    wire.overhears = (_, each, bytes) => {
      if (each === from)
        said.push(/[)]t=([a-zA-Z_-]+)/.exec(new TextDecoder("latin1").decode(bytes))?.[1] ?? "");
    };
    return said;
  }

  test("is told a status first, or a heartbeat takes the other node for one that has no part in anything yet", () => {
    const two = groups();
    const { wire, a, b } = two;
    // Whichever of its first messages is acknowledged, and wherever our keepalive stands.
    for (let life = 0; life < 20; life++) {
      b.kill();
      wire.run(life % 2 === 0 ? 300 + life : 10_000 + 17 * life);
      b.start();
      const said = types(wire, a);
      const words = b.logs.length;
      while (!b.logs.slice(words).some(({ event }) => event === "heartbeat.node")) wire.run(1);
      said.length = 0;
      wire.run(1);
      expect(said[0]).toBe("status");
      wire.run(20_000);
    }
    wire.passes = () => false;
    wire.run(10_000);
    wire.passes = () => true;
    const said = types(wire, b);
    while (!b.said("heartbeat.node").some((words) => words.includes("returned"))) {
      said.length = 0;
      wire.run(1);
    }
    expect(said.slice(0, 2)).toEqual(["status", "resource"]);
    expect(running(two)).toBe("one,two,uno | one,two,uno");
  });
});

describe("a node that lives", () => {
  test("is told nothing when somebody says again what it said in an earlier life", () => {
    const { wire, a, b } = pair();
    const recorded: Uint8Array[] = [];
    wire.overhears = (_, from, bytes) => {
      if (from === b && recorded.length < 3) recorded.push(bytes);
    };
    wire.run(3000);
    b.kill();
    b.start();
    wire.run(10_000);
    const life = b.kept?.generation;
    for (let at = 0; at < 20; at++) {
      for (const bytes of recorded) a.hear("broadcast eth0", bytes);
      wire.run(1000);
    }
    expect(b.kept?.generation).toBe(life);
    expect(b.said("heartbeat.node").join()).not.toContain("renumbered");
    expect(taken(a)).toBe("active");
  });
});

test("another machine of the same name is told nothing, and so does not outbid the one that lives", () => {
  const { wire, a, b } = pair();
  const other = wire.node("b", TEXT);
  other.kill();
  forget(other);
  other.start();
  const life = b.kept?.generation;
  wire.run(30_000);
  expect(other.kept?.generation).toBe(1);
  expect(b.kept?.generation).toBe(life);
  expect(taken(a)).toBe("active");
});

describe("two nodes with groups, of which one has lost what it kept", () => {
  test("have each group once when they hear each other again", () => {
    const two = groups();
    const { wire, a, b } = two;
    expect(running(two)).toBe("one,uno | two");
    b.kill();
    b.scripts.running.clear();
    wire.run(10_000);
    expect(running(two)).toBe("one,two,uno | ");
    const before = a.kept?.generation ?? 0;
    forget(b);
    // It does not hear of its life before it has everything.
    wire.passes = () => false;
    b.start();
    wire.run(20_000);
    expect(running(two)).toBe("one,two,uno | one,two,uno");
    expect(b.kept?.generation).toBe(1);
    wire.passes = () => true;
    wire.run(30_000);
    expect(running(two)).toBe("one,uno | two");
    expect(b.kept?.generation).toBeGreaterThan(before);
    expect([a.status()["health"], b.status()["health"]]).toEqual(["ok", "ok"]);
  });
});
