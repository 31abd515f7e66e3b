/** Standby and takeover of sync groups: whole, whichever member is named. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { standby, takeover, taken } from "./orders.ts";
import { hear, priorities } from "./sight.ts";
import { router } from "./text.ts";

describe("a sync group", () => {
  const gateway = (priority: number): string =>
    router({ priority, sync_group: "gw" }, "lan") +
    router(
      { priority, sync_group: "gw", interface: "eth2", vrid: 52, addresses: ["198.51.100.1/24"] },
      "wan",
    );
  const states = (box: Box): string[] => [box.state("lan"), box.state("wan")];

  function gateways(): { lab: Lab; high: Box; low: Box } {
    const lab = new Lab();
    const [high, low] = [lab.box(gateway(150)), lab.box(gateway(100))];
    high.start();
    low.start();
    lab.run(10_000);
    expect(states(high)).toEqual(["master", "master"]);
    return { lab, high, low };
  }

  test("is put in standby, taken and given up whole, whichever member is named", () => {
    const { lab, high, low } = gateways();
    expect(takeover(low, "wan").body).toEqual(taken("lan", "wan"));
    expect(states(low)).toEqual(["master", "master"]);
    lab.run(5000);
    expect(states(high)).toEqual(["backup", "backup"]);
    expect(standby(low, "lan").body).toEqual({ standby: ["lan", "wan"] });
    expect(states(low)).toEqual(["standby", "standby"]);
    lab.run(5000);
    expect(states(high)).toEqual(["master", "master"]);
    expect(takeover(low, "lan").body).toEqual(taken("lan", "wan"));
    lab.run(5000);
    expect([states(high), states(low)]).toEqual([
      ["backup", "backup"],
      ["master", "master"],
    ]);
    // One member that loses ends the takeover of both.
    hear(low, { source: "192.0.2.99", priority: 255 });
    lab.run(10);
    expect(states(low)).toEqual(["backup", "backup"]);
    expect(low.status().vrrp.map(({ effective_priority: effective }) => effective)).toEqual([100, 100]);
  });

  test("that slept as master is taken whole by a command that waited for it", () => {
    const { lab, high } = gateways();
    high.freeze();
    high.event({
      kind: "request",
      connection: 7,
      request: { command: "takeover", name: "lan", force: false },
      wallClock: 0,
    });
    lab.run(5000);
    high.thaw();
    expect(states(high)).toEqual(["master", "master"]);
    lab.run(5000);
    expect(states(high)).toEqual(["master", "master"]);
    expect(priorities(high).at(-1)).toBe(254);
  });

  test("is refused whole when one member is in fault", () => {
    const { lab, low } = gateways();
    low.kernel.set("eth2", { carrier: false });
    lab.run(10);
    expect(takeover(low, "lan")).toMatchObject({ exit: 1 });
    expect(takeover(low, null)).toMatchObject({ exit: 1, body: { takeover: [] } });
  });
});
