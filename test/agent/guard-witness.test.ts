/** Guards that ask witnesses, and those of sync groups. */
import { describe, expect, test } from "bun:test";
import { ms } from "../../src/base/units.ts";
import type { WireNode } from "./cluster-wire.ts";
import { Wire } from "./cluster-wire.ts";
import {
  INTERVAL,
  TIMER,
  GATEWAY,
  heartbeat,
  router,
  pair,
  state,
  guard,
  blocks,
  heals,
  takes,
  silentFor,
} from "./guard-scene.ts";

describe("a node that no witness answers", () => {
  const guarded = { guard: ["heartbeat", `ping:${GATEWAY}`, "ping:10.0.2.253"] };

  test("does not take over, says so, and listens anew when one answers again", () => {
    const { wire, master, backup } = pair(guarded, guarded);
    // The whole node is cut off, but for nothing.
    blocks(wire);
    wire.passes = () => false;
    wire.answers = (_, to) => to === master;
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    expect(guard(backup)).toMatchObject({ state: "isolated" });
    expect(backup.said("vrrp.isolated")).toEqual([
      `VI_1 guard: no master is heard, and no witness answers (${GATEWAY}, 10.0.2.253): this node may be cut off`,
    ]);
    expect(backup.status()["health"]).toBe("degraded");
    wire.answers = () => true;
    wire.passes = () => true;
    // Its cable is in: the witness answers before the next advert comes.
    wire.run(500);
    heals(wire);
    wire.run(30_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    expect(backup.said("vrrp.state").filter((line) => line.includes(" master "))).toEqual([]);
  });

  test("does not take over for a witness that answered once and is gone again while it listened", () => {
    const alone = { guard: [`ping:${GATEWAY}`] };
    const { wire, master, backup } = pair(alone, alone);
    master.kill();
    wire.answers = () => false;
    wire.run(10_000);
    expect(guard(backup)).toMatchObject({ state: "isolated" });
    wire.answers = () => true;
    wire.run(1010);
    wire.answers = () => false;
    expect(guard(backup)).toMatchObject({ state: "idle" });
    expect(backup.said("vrrp.guard_passed")).toEqual(["VI_1 isolated"]);
    wire.run(20_000);
    expect([state(backup), guard(backup)["state"]]).toEqual(["backup", "isolated"]);
    wire.answers = () => true;
    expect(takes(wire, backup)).toBeLessThanOrEqual(INTERVAL + TIMER + 10);
  });

  test("does not take over for what a witness said before it slept", () => {
    const alone = { guard: [`ping:${GATEWAY}`] };
    const { wire, master, backup } = pair(alone, alone);
    master.kill();
    wire.run(TIMER - silentFor(backup) - 100);
    expect(state(backup)).toBe("backup");
    backup.freeze();
    wire.answers = () => false;
    wire.run(30_000);
    backup.thaw();
    wire.run(30_000);
    expect([state(backup), guard(backup)["state"]]).toEqual(["backup", "isolated"]);
  });

  test("asks no more often than they can answer, and gives them less than an interval of the master that is waited for", () => {
    const alone = { guard: [`ping:${GATEWAY}`], more: 'advert_interval = "100ms"' };
    const { wire, master, backup } = pair(alone, { guard: [`ping:${GATEWAY}`] });
    const from = backup.actions.length;
    master.kill();
    wire.answers = () => false;
    wire.run(20_000);
    const probes = backup.actions.slice(from).filter((action) => action.kind === "probe");
    expect(new Set(probes.map(({ timeout }) => timeout))).toEqual(new Set([ms(900)]));
    expect(probes.length).toBeWithin(15, 22);
  });

  test("says so once a minute, however often it comes and goes", () => {
    const alone = { guard: [`ping:${GATEWAY}`] };
    const { wire, backup } = pair(alone, alone);
    for (let round = 0; round < 4; round++) {
      blocks(wire);
      wire.answers = () => false;
      wire.run(6000);
      heals(wire);
      wire.answers = () => true;
      wire.run(6000);
    }
    expect(backup.said("vrrp.guard_passed")).toHaveLength(4);
    expect(backup.said("vrrp.isolated")).toHaveLength(1);
  });

  test("asks a link-local one on its own interface, and is not held back by nodes that its guard does not name", () => {
    const text = (priority: number): string =>
      router({ priority, guard: ["ping:fe80::99"] }) + heartbeat(["a", "b"]);
    const wire = new Wire();
    wire.node("a", text(150));
    wire.run(5000);
    const backup = wire.node("b", text(100));
    wire.run(20_000);
    blocks(wire);
    // The master's claims come all the while.
    wire.run(TIMER + 10);
    expect(state(backup)).toBe("master");
    const probes = backup.actions.filter((action) => action.kind === "probe");
    expect(new Set(probes.map(({ probe }) => probe.type === "ping" && probe.interface))).toEqual(
      new Set(["eth0"]),
    );
  });

  test("takes over when any one answers", () => {
    const { wire, master, backup } = pair(guarded, guarded);
    master.kill();
    wire.answers = (address) => address === "10.0.2.253";
    const silent = silentFor(backup);
    expect(takes(wire, backup)).toBeCloseTo(TIMER - silent, 0);
  });

  test("keeps its addresses when it is master", () => {
    const { wire, master } = pair(guarded, guarded);
    wire.answers = () => false;
    wire.run(60_000);
    expect(state(master)).toBe("master");
  });

  test("releases them with on_isolation, and whoever is not cut off has them at once", () => {
    const released = { ...guarded, more: 'on_isolation = "release"' };
    const { wire, master, backup } = pair(released, released);
    wire.answers = (_, to) => to === backup;
    // Three unanswered questions, a second for the last one, and the backup's skew.
    wire.run(4000 + 700);
    expect([state(master), state(backup)]).toEqual(["backup", "master"]);
    expect(master.said("vrrp.isolated")).toEqual([
      `VI_1 no witness answers (${GATEWAY}, 10.0.2.253): the addresses are released (on_isolation)`,
    ]);
    expect(master.router()["reason"]).toBe("isolated: no witness answers");
    // Its higher priority takes them back only from a place where a witness answers.
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["backup", "master"]);
    expect(master.said("vrrp.isolated")).toHaveLength(1);
    wire.answers = () => true;
    wire.run(10_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });

  test("releases them once, and nobody has them, when no witness answers anybody", () => {
    const released = { ...guarded, more: 'on_isolation = "release"' };
    const { wire, master, backup } = pair(released, released);
    wire.answers = () => false;
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["backup", "backup"]);
    expect([master, backup].map((node) => node.router()["reason"])).toEqual([
      "isolated: no witness answers",
      "isolated: no witness answers",
    ]);
    wire.answers = () => true;
    wire.run(10_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });

  test("releases nothing for one lost answer, nor for two", () => {
    const released = { ...guarded, more: 'on_isolation = "release"' };
    const { wire, master } = pair(released, released);
    for (let round = 0; round < 20; round++) {
      wire.answers = () => false;
      wire.run(1900);
      wire.answers = () => true;
      wire.run(1100);
    }
    expect(state(master)).toBe("master");
    expect(master.said("vrrp.isolated")).toEqual([]);
  });

  test("that the operator made master by force stays it", () => {
    const released = { ...guarded, more: 'on_isolation = "release"' };
    const { wire, master, backup } = pair(released, released);
    master.kill();
    wire.answers = () => false;
    wire.run(30_000);
    expect(state(backup)).toBe("backup");
    backup.request({ command: "takeover", name: null, force: true });
    wire.run(30_000);
    expect(state(backup)).toBe("master");
  });
});

describe("a sync group", () => {
  const both = (priority: number): string => {
    const grouped = { priority, more: 'sync_group = "g"' };
    const second = router({ ...grouped, name: "VI_2", guard: [] })
      .replace("eth0", "eth1")
      .replace("vrid = 51", "vrid = 52")
      .replace("10.0.2.100", "10.0.3.100");
    return router(grouped) + second + heartbeat(["a", "b"]);
  };
  const states = (node: WireNode): unknown[] => [state(node, "VI_1"), state(node, "VI_2")];

  test("stays backup as a whole while the guard of one member holds that back", () => {
    const wire = new Wire();
    const master = wire.node("a", both(150));
    wire.run(5000);
    const backup = wire.node("b", both(100));
    wire.run(20_000);
    blocks(wire);
    wire.run(30_000);
    expect([states(master), states(backup)]).toEqual([
      ["master", "master"],
      ["backup", "backup"],
    ]);
    master.kill();
    wire.run(5000);
    expect(states(backup)).toEqual(["master", "master"]);
  });

  test("takes over as a whole, as early as without a guard", () => {
    const wire = new Wire();
    const master = wire.node("a", both(150));
    wire.run(5000);
    const backup = wire.node("b", both(100));
    wire.run(20_000);
    const silent = silentFor(backup);
    master.kill();
    expect(takes(wire, backup)).toBeCloseTo(TIMER - silent, 0);
    expect(states(backup)).toEqual(["master", "master"]);
  });
});
