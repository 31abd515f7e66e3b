/** Ping nodes of a cluster, each node a whole agent: who is heard, who is not, and what is said of it. */
import { describe, expect, test } from "bun:test";
import { Wire, type WireNode } from "./cluster-wire.ts";

const HEAD = [
  "[heartbeat]",
  'nodes = ["a", "b"]',
  'keepalive = "1s"',
  'deadtime = "5s"',
  'initdead = "30s"',
  'auth = { method = "sha256", key = "k" }',
  'links = [{ type = "broadcast", interface = "eth0" }]',
];
const text = (...lines: readonly string[]): string => [...HEAD, ...lines, ""].join("\n");
const GATEWAY = 'ping_nodes = ["192.0.2.1"]';
const GROUP = 'ping_groups = { up = ["192.0.2.2", "192.0.2.3"] }';

interface Row {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly last_heard_ms: number | null;
  readonly failure?: string | null;
}

/** The ping nodes of a status. */
function pings(node: WireNode): Row[] {
  // The contract fixes these keys; a test that reads another value there fails.
  const { heartbeat } = node.status() as unknown as { heartbeat: { nodes: readonly Row[] } };
  return heartbeat.nodes.filter(({ type }) => type === "ping");
}
const states = (node: WireNode): string[] => pings(node).map(({ name, state }) => `${name} ${state}`);

function pair(...lines: readonly string[]): { wire: Wire; a: WireNode; b: WireNode } {
  const wire = new Wire();
  const a = wire.node("a", text(...lines));
  const b = wire.node("b", text(...lines));
  wire.run(8000);
  return { wire, a, b };
}

describe("a ping node", () => {
  test("is asked each keepalive, and alive while it answers", () => {
    const { wire, a } = pair(GATEWAY);
    expect(states(a)).toEqual(["192.0.2.1 ping"]);
    expect(pings(a)[0]?.last_heard_ms).toBeLessThan(1000);
    let asked = 0;
    wire.answers = (_, to) => {
      if (to === a) asked++;
      return true;
    };
    wire.run(10_000);
    expect(asked).toBe(10);
    expect(a.status()["health"]).toBe("ok");
  });

  test("is dead after deadtime without an answer, and heard again with the first one", () => {
    const { wire, a, b } = pair(GATEWAY);
    wire.answers = (_, to) => to === b;
    const at = wire.now;
    wire.run(3900);
    expect(states(a)).toEqual(["192.0.2.1 ping"]);
    wire.run(1500);
    expect([...states(a), ...states(b)]).toEqual(["192.0.2.1 dead", "192.0.2.1 ping"]);
    expect(a.status()["health"]).toBe("degraded");
    expect(a.said("heartbeat.node", at).join()).toMatch(
      /^192.0.2.1 ping ping dead no answer for 5\d\d\d ms$/,
    );
    wire.answers = () => true;
    wire.run(1100);
    expect(states(a)).toEqual(["192.0.2.1 ping"]);
    expect(a.said("heartbeat.node", at).at(-1)).toBe("192.0.2.1 ping dead ping");
  });

  test("that cannot be asked is dead for that reason", () => {
    const { wire, a } = pair(GATEWAY);
    wire.answers = () => false;
    const failure = { what: "pinged", address: "192.0.2.1", failure: "ENETUNREACH" } as const;
    a.handle({ kind: "heartbeat", ...failure, address: failure.address as never });
    wire.run(6000);
    expect(pings(a)[0]).toMatchObject({ state: "dead", failure: "ENETUNREACH" });
    expect(a.said("heartbeat.node").at(-1)).toEndWith(" ms: ENETUNREACH");
    wire.answers = () => true;
    wire.run(1500);
    expect(pings(a)[0]).toMatchObject({ state: "ping", failure: null });
  });

  test("that never answers is given up after initdead, and holds nobody up for longer", () => {
    const wire = new Wire();
    wire.answers = () => false;
    const a = wire.node("a", text(GATEWAY));
    wire.node("b", text(GATEWAY));
    wire.run(29_000);
    expect(states(a)).toEqual(["192.0.2.1 init"]);
    expect(a.said("heartbeat.node").join()).not.toContain("a active");
    wire.run(3000);
    expect(a.said("heartbeat.node").join()).toContain("192.0.2.1 ping init dead never answered");
    expect(a.said("heartbeat.node").join()).toContain("a active");
  });

  test("comes and goes with a reload", () => {
    const { wire, a } = pair(GATEWAY);
    a.reload(text(GROUP));
    wire.run(2000);
    expect(states(a)).toEqual(["up ping"]);
    a.reload(text());
    wire.run(2000);
    expect(states(a)).toEqual([]);
  });
});

test("a ping group is alive while any of its addresses answers", () => {
  const { wire, a } = pair(GROUP);
  expect(states(a)).toEqual(["up ping"]);
  for (const last of ["192.0.2.2", "192.0.2.3"]) {
    wire.answers = (address) => address === last;
    wire.run(10_000);
    expect(states(a)).toEqual(["up ping"]);
  }
  wire.answers = () => false;
  wire.run(10_000);
  expect(states(a)).toEqual(["up dead"]);
});
