/** Guards that ask the nodes of the cluster. */
import { describe, expect, test } from "bun:test";
import { Wire } from "./cluster-wire.ts";
import {
  INTERVAL,
  TIMER,
  GATEWAY,
  heartbeat,
  router,
  config,
  pair,
  state,
  guard,
  blocks,
  heals,
  takes,
  silentFor,
} from "./guard-scene.ts";

describe("a backup that hears no advert while its master says that it is well", () => {
  test("stays backup, alarms, and says so in the status; the same is over with the first advert", () => {
    const { wire, master, backup } = pair();
    blocks(wire);
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    expect(backup.said("vrrp.guard_blocked")).toEqual([
      expect.stringMatching(
        /^VI_1 a guard: a says that it is master and healthy \([1-9]\d* adverts sent\), but none of its adverts counts here$/,
      ),
    ]);
    expect(guard(backup)).toMatchObject({
      evidence: ["heartbeat"],
      state: "blocked",
      claims: [
        { node: "a", name: "VI_1", state: "master", healthy: true, priority: 150, address: "10.0.2.1" },
      ],
    });
    expect(backup.request({ command: "why", name: "VI_1" }).body).toMatchObject({
      held: guard(backup)["text"],
    });
    expect(backup.status()["health"]).toBe("degraded");
    expect(master.status()["health"]).toBe("ok");
    heals(wire);
    wire.run(2000);
    expect(guard(backup)).toMatchObject({ state: "idle", text: null });
    expect(backup.status()["health"]).toBe("ok");
    expect(backup.said("vrrp.guard_passed")).toEqual(["VI_1 blocked"]);
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });

  test("stays backup as long as one link carries the answer", () => {
    const { wire, master, backup } = pair();
    blocks(wire);
    wire.passes = (link) => link.endsWith("eth1");
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    wire.passes = () => false;
    expect(takes(wire, backup)).toBeLessThanOrEqual(2.5 * INTERVAL + INTERVAL);
  });

  test("takes over when the master dies after all", () => {
    const { wire, master, backup } = pair();
    blocks(wire);
    wire.run(30_300);
    master.kill();
    expect(takes(wire, backup)).toBeLessThanOrEqual(2.5 * INTERVAL + 10);
  });

  test("takes over when the master says that it is none any more", () => {
    const { wire, master, backup } = pair();
    blocks(wire);
    wire.run(30_000);
    master.request({ command: "standby", name: null });
    expect(takes(wire, backup)).toBeLessThanOrEqual(INTERVAL + 10);
  });

  test("alarms once a minute, however often that comes and goes", () => {
    const { wire, backup } = pair();
    for (let round = 0; round < 4; round++) {
      blocks(wire);
      wire.run(6000);
      heals(wire);
      wire.run(6000);
    }
    expect(backup.said("vrrp.guard_passed")).toHaveLength(4);
    expect(backup.said("vrrp.guard_blocked")).toHaveLength(1);
  });

  test("asks nobody as long as adverts come, at whatever interval its master sends them", () => {
    const { wire, backup } = pair({ more: 'advert_interval = "100ms"' });
    let questions = 0;
    wire.overhears = (_, from, bytes) => {
      if (from === backup && Buffer.from(bytes).includes("t=haagent-ask")) questions++;
    };
    wire.run(20_000);
    expect([state(backup), questions]).toEqual(["backup", 0]);
  });

  test("is taken by the operator only with force", () => {
    const { wire, backup } = pair();
    blocks(wire);
    wire.run(30_000);
    expect(backup.request({ command: "takeover", name: "VI_1", force: false })).toMatchObject({
      exit: 1,
      body: {
        refused: [
          expect.stringMatching(
            /^VI_1: guard: a says that it is master .*; takeover --force takes it all the same$/,
          ),
        ],
      },
    });
    wire.run(1000);
    expect(state(backup)).toBe("backup");
    expect(backup.request({ command: "takeover", name: "VI_1", force: true })).toMatchObject({ exit: 0 });
    wire.run(1000);
    expect(state(backup)).toBe("master");
  });

  test("stays so when a reload changes something else, and takes over when it takes the guard away", () => {
    const { wire, backup } = pair();
    blocks(wire);
    wire.run(30_000);
    backup.reload(config({ more: "garp = { count = 2 }" }));
    wire.run(30_000);
    expect(state(backup)).toBe("backup");
    expect(guard(backup)["state"]).toBe("blocked");
    backup.reload(config({ guard: [] }) + heartbeat(["a", "b"]).slice(0, 0));
    wire.run(5000);
    expect(state(backup)).toBe("master");
  });

  test.each([
    'version = 2\nadvert_interval = "2s"',
    'advert_interval = "20ms"',
    "virtual_mac = false\npreempt = false",
  ])("does all of that whatever it speaks: %s", (more) => {
    const { wire, master, backup } = pair({ more }, { more });
    blocks(wire);
    wire.run(30_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
    expect(guard(backup)).toMatchObject({ state: "blocked" });
    master.kill();
    wire.run(2.5 * Number(backup.router()["interval_ms"]) + 10);
    expect(state(backup)).toBe("master");
  });

  test("stays backup from its start on", () => {
    const wire = new Wire();
    blocks(wire);
    const master = wire.node("a", config({ priority: 150 }));
    wire.run(10_000);
    const backup = wire.node("b", config({}));
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });

  test.each([1500, 2500, 3400])(
    "stays backup when its guard was added by a reload, %i ms from its start on",
    (at) => {
      const wire = new Wire();
      blocks(wire);
      const master = wire.node("a", config({ priority: 150 }));
      wire.run(10_000);
      const backup = wire.node("b", router({ guard: [] }) + heartbeat(["a", "b"]));
      wire.run(at);
      backup.reload(config({}));
      wire.run(10_000);
      expect([state(master), state(backup)]).toEqual(["master", "backup"]);
      expect(backup.said("vrrp.state").filter((line) => line.includes(" master "))).toEqual([]);
    },
  );

  test("stays backup though its priority is the higher one", () => {
    const { wire, master, backup } = pair({}, {});
    wire.run(1000);
    backup.reload(config({ priority: 200 }));
    blocks(wire);
    wire.run(60_000);
    expect([state(master), state(backup)]).toEqual(["master", "backup"]);
  });
});

describe("a backup whose master is gone", () => {
  test.each([
    { guard: ["heartbeat"] },
    { guard: ["heartbeat", `ping:${GATEWAY}`] },
    { guard: [`ping:${GATEWAY}`] },
  ])("takes over as early as without a guard: $guard", (guarded) => {
    const { wire, master, backup } = pair(guarded, guarded);
    master.kill();
    const silent = silentFor(backup);
    expect(takes(wire, backup)).toBeCloseTo(TIMER - silent, 0);
    expect(backup.said("vrrp.guard")).toEqual([]);
  });

  test("does not wait for evidence when it was released in order", () => {
    const lonely = { guard: [`ping:${GATEWAY}`] };
    const { wire, master, backup } = pair(lonely, lonely);
    wire.answers = () => false;
    master.stop();
    expect(takes(wire, backup)).toBeLessThanOrEqual(TIMER - 3 * INTERVAL + 10);
  });

  test("takes over within an interval of its time though that answered in the last moment before", () => {
    for (const lived of [1300, 2000, 2300, 2900, 3300, 3500, 3603]) {
      const { wire, master, backup } = pair();
      wire.run(INTERVAL - silentFor(backup) + 1);
      const silent = silentFor(backup);
      blocks(wire);
      wire.run(lived - silent);
      master.kill();
      const took = takes(wire, backup);
      expect({ lived, took: (took ?? Infinity) + lived <= TIMER + INTERVAL + 10 }).toEqual({
        lived,
        took: true,
      });
    }
  });

  test("takes over when the master is frozen: it answers nothing", () => {
    const { wire, master, backup } = pair();
    master.freeze();
    const silent = silentFor(backup);
    expect(takes(wire, backup)).toBeCloseTo(TIMER - silent, 0);
    master.thaw();
    wire.run(10_000);
    expect([state(master), state(backup)].sort()).toEqual(["backup", "master"]);
  });

  test("is told apart from one whose name is another, and one of another family", () => {
    const other = { name: "gw" };
    const wire = new Wire();
    wire.node("a", config({ priority: 150, ...other }));
    wire.run(5000);
    const backup = wire.node("b", config({}));
    wire.run(20_000);
    blocks(wire);
    wire.run(30_000);
    // The name differs, and there is no other router of this VRID on either node.
    expect(state(backup)).toBe("backup");
    expect(guard(backup)).toMatchObject({ claims: [{ node: "a", name: "gw" }] });
  });
});

describe("several routers of one VRID, on links of their own", () => {
  const second = (name: string, priority: number): string =>
    router({ name, priority }).replace("eth0", "eth1").replace("10.0.2.100", "10.0.3.100");

  test("are told apart by their names", () => {
    const wire = new Wire();
    const both = (priority: number): string =>
      router({ priority }) + second("VI_2", priority) + heartbeat(["a", "b"]);
    const master = wire.node("a", both(150));
    wire.run(5000);
    const backup = wire.node("b", both(100));
    wire.run(20_000);
    blocks(wire);
    master.request({ command: "standby", name: "VI_1" });
    wire.run(30_000);
    expect([state(backup, "VI_1"), state(backup, "VI_2")]).toEqual(["master", "backup"]);
  });
});

describe("a cluster of three", () => {
  test("is asked as a whole, and any healthy master in it holds the others back", () => {
    const nodes = ["a", "b", "c"];
    const wire = new Wire();
    const master = wire.node("a", config({ priority: 150, nodes }));
    wire.run(5000);
    const backups = ["b", "c"].map((name, at) => wire.node(name, config({ priority: 100 + at, nodes })));
    wire.run(20_000);
    blocks(wire);
    wire.run(30_000);
    expect(backups.map((node) => state(node))).toEqual(["backup", "backup"]);
    master.kill();
    wire.run(10_000);
    // The first one that takes over is the healthy master of the other from then on.
    expect(backups.map((node) => state(node)).sort()).toEqual(["backup", "master"]);
    const masterships = backups
      .flatMap((node) => node.said("vrrp.state"))
      .filter((line) => line.includes(" master "));
    expect(masterships.length).toBe(1);
  });
});
