/** Nodes of a heartbeat cluster, each a whole agent, on links that lose what the test wants lost. */
import { describe, expect, test } from "bun:test";
import { Wire, type WireNode } from "./cluster-wire.ts";

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const UNICAST = '{ type = "unicast", interface = "eth1", peer = "10.0.3.9" }';
const line = (number: number): string => `{ type = "serial", device = "/dev/ttyS${number}", baud = 115200 }`;

const text = (nodes: readonly string[], ...links: readonly string[]): string =>
  [
    "[heartbeat]",
    `nodes = ${JSON.stringify(nodes)}`,
    'keepalive = "1s"',
    'deadtime = "5s"',
    'initdead = "30s"',
    'auth = { method = "sha256", key = "k" }',
    `links = [${links.join(", ")}]`,
    "",
  ].join("\n");

const PAIR = ["a", "b"];

/** Two nodes that have found each other, and announce their plain deadtime. */
function pair(...links: readonly string[]): { wire: Wire; a: WireNode; b: WireNode } {
  const wire = new Wire();
  const a = wire.node("a", text(PAIR, ...links));
  const b = wire.node("b", text(PAIR, ...links));
  wire.run(8000);
  expect(states(a)).toEqual(["active", "active"]);
  expect(states(b)).toEqual(["active", "active"]);
  return { wire, a, b };
}

interface Body {
  readonly health: string;
  readonly heartbeat: {
    readonly dropped: Readonly<Record<string, number>>;
    readonly lost: number;
    readonly nodes: readonly { readonly state: string }[];
    readonly links: readonly { readonly name: string; readonly peer: string; readonly state: string }[];
  };
}

// The contract fixes these keys; a test that reads another value there fails.
const body = (node: WireNode): Body => node.status() as unknown as Body;
const states = (node: WireNode): string[] => body(node).heartbeat.nodes.map(({ state }) => state);
const links = (node: WireNode): string[] =>
  body(node).heartbeat.links.map(({ name, peer, state }) => `${name} ${peer} ${state}`);

describe("two nodes", () => {
  test("find each other at once, and say little once they have", () => {
    const { wire, a } = pair(BROADCAST);
    const before = wire.sent;
    wire.run(60_000);
    // A status a second each, and an acknowledgement for one in ten.
    expect(wire.sent - before).toBeGreaterThan(118);
    expect(wire.sent - before).toBeLessThan(140);
    expect(body(a).health).toBe("ok");
  });

  test("take each other for dead after deadtime, and one that is killed in a later life for alive", () => {
    const { wire, a, b } = pair(BROADCAST);
    b.kill();
    wire.run(4000);
    expect(states(a)).toEqual(["active", "active"]);
    wire.run(2000);
    expect(states(a)).toEqual(["active", "dead"]);
    expect(body(a).health).toBe("degraded");
    const first = b.kept?.generation ?? 0;
    b.start();
    wire.run(3000);
    expect(b.kept?.generation).toBe(first + 1);
    expect(states(a)).toEqual(["active", "active"]);
    expect(a.said("heartbeat.node").join("; ")).toContain("restarted began a new life");
  });

  test("say good-bye when they stop, and the silence after that is no alarm", () => {
    const { wire, a, b } = pair(BROADCAST);
    b.stop();
    expect(b.exit).toBe(0);
    wire.run(8000);
    const [leaving, dead] = a.logs.filter(({ event }) => event === "heartbeat.node").slice(-2);
    expect(leaving?.fields).toMatchObject({ node: "b", state: "leaving" });
    expect(dead).toMatchObject({ level: "info", fields: { state: "dead", reason: "it had stopped" } });
  });

  test("let what they ask for again and say again go after all that is new", () => {
    const { wire, a, b } = pair(BROADCAST);
    const sent = ({ actions }: WireNode): [string, string][] =>
      actions.flatMap((action) => {
        if (action.kind !== "heartbeat" || action.what !== "send") return [];
        return [[new TextDecoder("latin1").decode(action.bytes), action.precedence]];
      });
    let lose = 2;
    wire.passes = (_, from) => from !== a || lose-- <= 0;
    wire.run(8000);
    const asked = sent(b).filter(([text]) => text.includes("NS_rexmit"));
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.every(([, precedence]) => precedence === "again")).toBe(true);
    const repeated = sent(a).filter(([text], at, all) => all.findIndex(([each]) => each === text) < at);
    expect(repeated.length).toBeGreaterThan(0);
    expect(repeated.every(([, precedence]) => precedence === "again")).toBe(true);
  });

  test("get again what a link has lost", () => {
    const { wire, a } = pair(BROADCAST);
    let count = 0;
    wire.passes = () => ++count % 7 !== 0;
    wire.run(60_000);
    expect(states(a)).toEqual(["active", "active"]);
    const { lost, dropped } = body(a).heartbeat;
    expect(lost).toBeGreaterThan(3);
    expect(dropped["stale"] ?? 0).toBe(0);
  });

  test("are not kept alive by an acknowledgement that somebody has recorded: it has no number", () => {
    const { wire, a, b } = pair(BROADCAST);
    let recorded: Uint8Array | null = null;
    wire.overhears = (_, from, bytes) => {
      if (from === b && new TextDecoder("latin1").decode(bytes).includes("NS_ackmsg")) recorded = bytes;
    };
    wire.run(20_000);
    if (recorded === null) throw new Error("b has acknowledged nothing");
    wire.passes = () => false;
    for (let second = 0; second < 10; second++) {
      a.hear("broadcast eth0", recorded);
      wire.run(1000);
    }
    expect(states(a)).toEqual(["active", "dead"]);
  });

  test("take their own sleep for no silence of the others", () => {
    const { wire, a } = pair(BROADCAST);
    const at = wire.now;
    a.freeze();
    wire.run(20_000);
    a.thaw();
    wire.run(2000);
    expect(a.said("heartbeat.node", at)).toEqual([]);
    expect(states(a)).toEqual(["active", "active"]);
  });
});

describe("several links", () => {
  test("fail one by one without a death", () => {
    const { wire, a } = pair(BROADCAST, UNICAST, line(0));
    const cut = new Set<string>();
    wire.passes = (link) => ![...cut].some((each) => link.startsWith(each));
    for (const link of ["broadcast", "unicast"]) {
      cut.add(link);
      wire.run(10_000);
      expect(states(a)).toEqual(["active", "active"]);
    }
    expect(links(a)).toEqual(["eth0 b dead", "eth1 b dead", "/dev/ttyS0 b up"]);
    cut.add("serial");
    wire.run(6000);
    expect(states(a)).toEqual(["active", "dead"]);
    cut.clear();
    wire.run(3000);
    expect(states(a)).toEqual(["active", "active"]);
    expect(links(a)).toEqual(["eth0 b up", "eth1 b up", "/dev/ttyS0 b up"]);
  });

  test("that cannot be opened are tried each second, told once, and degrade the health", () => {
    const { wire, a } = pair(BROADCAST);
    const at = wire.now;
    a.broken.set("serial /dev/ttyS0", "ENOENT");
    a.reload(text(PAIR, BROADCAST, line(0)));
    wire.run(4000);
    expect(a.said("heartbeat.link", at)).toEqual(["/dev/ttyS0 serial failed ENOENT"]);
    expect(body(a).health).toBe("degraded");
    expect(links(a)).toEqual(["eth0 b up", "/dev/ttyS0 b failed"]);
    a.broken.clear();
    wire.run(1500);
    expect(a.said("heartbeat.link", at)).toContain("/dev/ttyS0 serial open");
  });
});

describe("three nodes", () => {
  test("on lines that meet in one of them: the others are missing on no line", () => {
    const wire = new Wire();
    const nodes = ["a", "b", "c"];
    const a = wire.node("a", text(nodes, BROADCAST, line(0), line(1)));
    wire.node("b", text(nodes, BROADCAST, line(0)));
    wire.node("c", text(nodes, BROADCAST, line(1)));
    wire.run(60_000);
    expect(states(a)).toEqual(["active", "active", "active"]);
    expect(links(a)).toEqual(["eth0 b up", "eth0 c up", "/dev/ttyS0 b up", "/dev/ttyS1 c up"]);
    expect(body(a).health).toBe("ok");
    expect(a.said("heartbeat.link").filter((said) => said.includes("dead"))).toEqual([]);
  });
});

describe("a reload", () => {
  test("takes a key away at once: what came a moment ago counts no more when it comes again", () => {
    const { wire, a, b } = pair(BROADCAST, UNICAST);
    let last: Uint8Array | null = null;
    wire.overhears = (_, from, bytes) => {
      if (from === b) last = bytes;
    };
    wire.run(2000);
    a.reload(text(PAIR, BROADCAST, UNICAST).replace('key = "k"', 'key = "other"'));
    const before = body(a).heartbeat.dropped["forged"] ?? 0;
    a.hear("broadcast eth0", last ?? new Uint8Array());
    expect(body(a).heartbeat.dropped["forged"]).toBe(before + 1);
  });

  test("adds a link and takes one away under a cluster that goes on", () => {
    const { wire, a, b } = pair(BROADCAST);
    const at = wire.now;
    for (const node of [a, b]) node.reload(text(PAIR, BROADCAST, UNICAST));
    wire.run(2000);
    expect(links(a)).toEqual(["eth0 b up", "eth1 b up"]);
    for (const node of [a, b]) node.reload(text(PAIR, UNICAST));
    wire.run(20_000);
    expect(links(a)).toEqual(["eth1 b up"]);
    expect(a.said("heartbeat.node", at)).toEqual([]);
  });

  test("takes up another node, and forgets one", () => {
    const { wire, a } = pair(BROADCAST);
    a.reload(text(["a", "b", "c"], BROADCAST));
    wire.run(8000);
    expect(states(a)).toEqual(["active", "active", "dead"]);
    a.reload(text(PAIR, BROADCAST));
    wire.run(1000);
    expect(states(a)).toEqual(["active", "active"]);
    expect(body(a).health).toBe("ok");
  });

  test("without the table leaves in order, and with it begins another life", () => {
    const { wire, a, b } = pair(BROADCAST);
    const before = b.kept?.generation ?? 0;
    b.reload('[vrrp.x]\ninterface = "eth0"\nvrid = 1\naddresses = ["10.0.2.50/24"]\n');
    wire.run(7000);
    expect(states(a)).toEqual(["active", "dead"]);
    b.reload(text(PAIR, BROADCAST));
    wire.run(3000);
    expect(b.kept?.generation).toBe(before + 1);
    expect(states(a)).toEqual(["active", "active"]);
  });
});
