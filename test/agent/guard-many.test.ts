/** Guards of many routers: their questions and answers on a slow line. */
import { describe, expect, test } from "bun:test";
import { type WireNode, Wire } from "./cluster-wire.ts";
import { blocks, heartbeat, router, state } from "./guard-scene.ts";

describe("many routers", () => {
  const COUNT = 16;
  /** Of as many priorities, so that their patience ends at as many times. */
  const all = (lowest: number): string =>
    Array.from({ length: COUNT }, (_, at) =>
      router({ name: `r${at}`, priority: lowest + 6 * at })
        .replace("vrid = 51", `vrid = ${at + 1}`)
        .replace("10.0.2.100", `10.0.2.${100 + at}`),
    ).join("") + heartbeat(["a", "b"]);

  test("share their questions: a slow line carries one for many", () => {
    const wire = new Wire();
    const master = wire.node("a", all(150));
    wire.run(5000);
    const backup = wire.node("b", all(20));
    wire.run(20_000);
    blocks(wire);
    wire.run(10_000);
    let questions = 0;
    wire.overhears = (_, from, bytes) => {
      if (from === backup && Buffer.from(bytes).includes("t=haagent-ask")) questions++;
    };
    wire.run(20_000);
    // On two links; alone each router would ask once a second.
    expect(questions / 2 / 20).toBeLessThanOrEqual(5);
    const states = (node: WireNode): unknown[] =>
      Array.from({ length: COUNT }, (_, at) => state(node, `r${at}`));
    expect(new Set(states(backup))).toEqual(new Set(["backup"]));
    master.kill();
    wire.run(4000);
    expect(new Set(states(backup))).toEqual(new Set(["master"]));
  });
});
