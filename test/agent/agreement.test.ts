/** Two agents whose files differ in what both must have alike. */
import { describe, expect, test } from "bun:test";
import type { Pair } from "./resource-pair.ts";
import { BEGUN, GROUPS, pair, rows, running, text } from "./resource-pair.ts";
import { Wire, type WireNode } from "./cluster-wire.ts";

const REPORT = "resource.agreement";
const MINUTE = 60_000;
const OTHER = ["a probe::one probe::eins", "b probe::two"];

function begun(ours: string, theirs: string): Pair {
  const wire = new Wire();
  const two = { wire, a: wire.node("a", ours), b: wire.node("b", theirs) };
  wire.run(BEGUN);
  return two;
}

const agreement = (node: WireNode): unknown => Object(node.status()["heartbeat"]).agreement;
const health = ({ a, b }: Pair): unknown[] => [a.status()["health"], b.status()["health"]];

describe("two nodes with the same groups", () => {
  test("agree, and nobody hears of it", () => {
    const two = pair();
    two.wire.run(10 * MINUTE);
    expect(two.a.said(REPORT)).toEqual([]);
    expect(agreement(two.a)).toEqual({ node: "b", state: "same", differences: [] });
  });

  test("and no groups at all do not speak of it", () => {
    const two = begun(text([]), text([]));
    two.wire.run(MINUTE);
    expect([agreement(two.a), health(two)]).toEqual([null, ["ok", "ok"]]);
  });
});

describe("two nodes with other groups", () => {
  test("say so at once and once, are degraded, and go on", () => {
    const two = begun(text(), text(OTHER));
    two.wire.run(10 * MINUTE);
    const differences = ["other resources on b: probe::one"];
    expect(two.a.said(REPORT)).toEqual([expect.stringContaining(`b differs ${differences}`)]);
    expect(two.b.said(REPORT)).toEqual([expect.stringContaining("other resources on a: probe::one")]);
    expect(two.a.logs.find(({ event }) => event === REPORT)).toMatchObject({ level: "warning" });
    expect(agreement(two.a)).toEqual({ node: "b", state: "differs", differences });
    expect(health(two)).toEqual(["degraded", "degraded"]);
    expect(running(two)).toBe("one,uno | two");
  });

  test("run a command for it", () => {
    const notify = 'notify = { node = ["/bin/tell"] }';
    const two = begun(text(GROUPS, notify), text(OTHER));
    const told = (): unknown[] =>
      two.a.actions
        .filter((action) => action.kind === "notify")
        .map(({ commands, environment }) => [...(commands[0] ?? []), environment["HAAGENT_REASON"]]);
    const reason = "other resources on b: probe::one";
    expect(told()).toContainEqual(["/bin/tell", "NODE", "b", "DIFFERS", reason]);
    two.b.reload(text());
    two.wire.run(2000);
    expect(told().at(-1)).toEqual(["/bin/tell", "NODE", "b", "SAME", ""]);
  });

  test("know that a group does not run on a node that does not have it, whatever that holds", () => {
    const two = begun(text([...GROUPS, "b probe::three"]), text());
    expect(rows(two.a)).toEqual(["probe::one a started", "probe::two b started", "probe::three - stopped"]);
    two.b.reload(text([...GROUPS, "b probe::three"]));
    two.wire.run(5000);
    expect(rows(two.a)).toContain("probe::three b started");
  });

  test("where one has none at all say so", () => {
    const two = begun(text(), text([]));
    expect(two.a.said(REPORT)).toEqual([expect.stringContaining("b has no groups")]);
    expect(two.b.said(REPORT)).toEqual([expect.stringContaining("a has groups, this node none")]);
    expect(health(two)[1]).toBe("degraded");
  });

  test("say so again when the other one has begun a new life with the same file, and no more when with another", () => {
    const two = begun(text(), text(OTHER));
    const restart = (file: string): void => {
      two.b.kill();
      two.b.text = file;
      two.b.start();
      two.wire.run(BEGUN);
    };
    restart(text(OTHER));
    expect(two.a.said(REPORT)).toHaveLength(2);
    restart(text());
    expect(two.a.said(REPORT).slice(2)).toEqual(["b same"]);
    expect(health(two)).toEqual(["ok", "ok"]);
  });

  test("hear of it also when what was said first is lost", () => {
    const wire = new Wire();
    const a = wire.node("a", text());
    wire.passes = (_, from) => from !== a;
    const b = wire.node("b", text(OTHER));
    wire.run(2000);
    wire.passes = () => true;
    wire.run(2 * MINUTE);
    expect([agreement(a), agreement(b)]).toMatchObject([{ state: "differs" }, { state: "differs" }]);
  });
});

describe("a reload of one node and then the other", () => {
  test("is no news within a minute, and one afterwards, until both have it", () => {
    const two = pair();
    two.a.reload(text(OTHER));
    two.wire.run(MINUTE - 5000);
    expect(agreement(two.b)).toMatchObject({ state: "differs" });
    expect([two.a.said(REPORT), two.b.said(REPORT), health(two)]).toEqual([[], [], ["ok", "ok"]]);
    two.wire.run(10_000);
    expect([two.a.said(REPORT).length, two.b.said(REPORT).length]).toEqual([1, 1]);
    expect(health(two)).toEqual(["degraded", "degraded"]);
    two.b.reload(text(OTHER));
    two.wire.run(2000);
    expect([two.a.said(REPORT).at(-1), two.b.said(REPORT).at(-1)]).toEqual(["b same", "a same"]);
    expect(health(two)).toEqual(["ok", "ok"]);
  });

  test("is never news when the second follows in time", () => {
    const two = pair();
    for (const groups of [OTHER, GROUPS, ["b probe::three"], GROUPS]) {
      for (const node of [two.a, two.b]) {
        node.reload(text(groups));
        two.wire.run(MINUTE / 2);
      }
    }
    two.wire.run(2 * MINUTE);
    expect([...two.a.said(REPORT), ...two.b.said(REPORT)]).toEqual([]);
    expect(agreement(two.a)).toMatchObject({ state: "same" });
  });

  test("notices auto_failback and ping nodes, too", () => {
    const two = pair();
    two.a.reload(text(GROUPS, 'auto_failback = false\nping_nodes = ["10.9.9.9"]'));
    two.wire.run(MINUTE + 5000);
    expect(agreement(two.b)).toMatchObject({
      differences: ["auto_failback is true here, false on a", "ping nodes and groups are 0 here, 1 on a"],
    });
  });
});
