/** Sync groups: the two sides of a gateway are master together or not at all. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { hear, priorities } from "./sight.ts";
import { router, type Table, VIP } from "./text.ts";

const WAN = "198.51.100.1";

/** A gateway with both sides in one group. */
const gateway = (priority: number, lan: Table = {}, wan: Table = {}): string =>
  router({ priority, sync_group: "gw", ...lan }, "lan") +
  router(
    { priority, sync_group: "gw", interface: "eth2", vrid: 52, addresses: [`${WAN}/24`], ...wan },
    "wan",
  );

const states = (box: Box): string[] => [box.state("lan"), box.state("wan")];
const holds = (box: Box): boolean[] => [box.kernel.has(VIP), box.kernel.has(WAN)];

function pair(): { lab: Lab; high: Box; low: Box } {
  const lab = new Lab();
  const high = lab.box(gateway(150));
  const low = lab.box(gateway(100));
  high.start();
  low.start();
  lab.run(10_000);
  return { lab, high, low };
}

describe("a sync group", () => {
  test("becomes master in one moment", () => {
    const { high, low } = pair();
    expect([states(high), states(low)]).toEqual([
      ["master", "master"],
      ["backup", "backup"],
    ]);
    const entered = high.logs("vrrp.state").filter(({ fields }) => fields["to"] === "master");
    expect(entered).toHaveLength(2);
    const turn = high.actions.indexOf(entered[0] ?? { kind: "resync" });
    expect(high.actions.indexOf(entered[1] ?? { kind: "resync" }) - turn).toBeLessThan(3);
  });

  test("waits for its slowest member", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100, {}, { advert_interval: "5s" }));
    box.start();
    lab.run(17_000);
    expect(states(box)).toEqual(["backup", "backup"]);
    lab.run(2000);
    expect(states(box)).toEqual(["master", "master"]);
  });

  test("does not start as master even when a member owns its addresses", () => {
    const lab = new Lab();
    const box = lab.box(gateway(255));
    box.start();
    expect(states(box)).toEqual(["backup", "backup"]);
    lab.run(5000);
    expect(states(box)).toEqual(["master", "master"]);
  });

  test("moves whole when one side has a fault: no member stays alone", () => {
    const { lab, high, low } = pair();
    high.kernel.set("eth2", { carrier: false });
    lab.run(700);
    expect(states(high)).toEqual(["fault", "fault"]);
    expect(high.router("lan").reason).toBe("sync group gw: wan is in fault");
    expect(high.router("wan").reason).toBe("interface eth2 has no carrier");
    expect(priorities(high).at(-1)).toBe(0);
    lab.run(5000);
    expect(states(low)).toEqual(["master", "master"]);
    expect([holds(high), holds(low)]).toEqual([
      [false, false],
      [true, true],
    ]);
    high.kernel.set("eth2", { carrier: true });
    lab.run(5000);
    expect([states(high), states(low)]).toEqual([
      ["master", "master"],
      ["backup", "backup"],
    ]);
  });

  test("gives up whole when one member loses to a better master", () => {
    const { lab, high } = pair();
    const since = lab.now;
    hear(high, { source: "192.0.2.99", priority: 254 });
    expect(states(high)).toEqual(["backup", "backup"]);
    expect(holds(high)).toEqual([false, false]);
    expect(high.router("wan").reason).toBe("sync group lost");
    // The loser's last word has its own priority; the others leave.
    expect(priorities(high, since).sort()).toEqual([0, 150]);
  });

  test("does not take over while one member hears a master", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100));
    box.start();
    for (let times = 0; times < 20; times++) {
      hear(box, { source: "192.0.2.99", priority: 200 });
      lab.run(1000);
    }
    expect(states(box)).toEqual(["backup", "backup"]);
    lab.run(4000);
    expect(states(box)).toEqual(["master", "master"]);
  });

  test("does not take over while one member is in fault", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100, { track_interfaces: ["eth9"] }));
    box.start();
    lab.run(20_000);
    expect(states(box)).toEqual(["fault", "fault"]);
    expect(holds(box)).toEqual([false, false]);
  });

  test("hands over whole when the node stops", () => {
    const { lab, high, low } = pair();
    high.event({ kind: "signal", signal: "SIGTERM" });
    expect(holds(high)).toEqual([false, false]);
    lab.run(700);
    expect(states(low)).toEqual(["master", "master"]);
  });

  test("is on one side only again after a partition of one link", () => {
    const { lab, high, low } = pair();
    // The link between the two is cut on both segments, heals, and nobody keeps half of it.
    high.cut = true;
    lab.run(10_000);
    high.cut = false;
    lab.run(3000);
    expect([states(high), states(low)]).toEqual([
      ["master", "master"],
      ["backup", "backup"],
    ]);
    expect([holds(high), holds(low)]).toEqual([
      [true, true],
      [false, false],
    ]);
  });

  test("goes to fault whole when the kernel refuses an address of one member, and comes back whole", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100));
    box.kernel.refuse = ({ op, key }) => (op === "add" && key.address === WAN ? "ENOBUFS" : null);
    box.start();
    lab.run(4000);
    expect(states(box)).toEqual(["fault", "fault"]);
    expect(holds(box)).toEqual([false, false]);
    box.kernel.refuse = () => null;
    lab.run(20_000);
    expect(states(box)).toEqual(["master", "master"]);
  });

  test("whose members could not all send their first advert holds nothing", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100));
    box.refuseSend = ({ router: name }) => (name === "wan" ? "EPERM" : null);
    box.start();
    for (let at = 0; at < 20_000; at += 100) {
      lab.run(100);
      expect(holds(box)).toEqual([false, false]);
    }
  });

  test("leaves routers outside it alone", () => {
    const lab = new Lab();
    const alone = router({ vrid: 53, addresses: ["192.0.2.3/24"] }, "alone");
    const box = lab.box(gateway(100) + alone);
    box.start();
    lab.run(5000);
    box.kernel.set("eth2", { carrier: false });
    lab.run(100);
    expect(box.router("alone")).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });
});

describe("a sync group made by a reload", () => {
  const apart = (change: Table): string =>
    router({ ...change }, "lan") +
    router({ ...change, interface: "eth2", vrid: 52, addresses: [`${WAN}/24`] }, "wan");

  test("of masters stays master", () => {
    const lab = new Lab();
    const box = lab.box(apart({}));
    box.start();
    lab.run(5000);
    box.reload(apart({ sync_group: "gw" }));
    lab.run(5000);
    expect(states(box)).toEqual(["master", "master"]);
    expect(box.router("lan").counters.became_master).toBe(1);
  });

  test("is left by a member that waited for it: it takes over alone", () => {
    const lab = new Lab();
    const box = lab.box(gateway(100, { track_interfaces: ["eth9"] }));
    box.start();
    lab.run(100);
    box.reload(gateway(100));
    for (let times = 0; times < 6; times++) {
      hear(box, { source: "192.0.2.99", priority: 200 });
      lab.run(1000);
    }
    expect(states(box)).toEqual(["backup", "backup"]);
    box.reload(apart({}));
    lab.run(1);
    expect(states(box)).toEqual(["backup", "master"]);
  });

  test("is not left half master: a member that hears a better master moves the others", () => {
    const lab = new Lab();
    const box = lab.box(apart({}));
    box.start();
    lab.run(5000);
    hear(box, { source: "192.0.2.99", priority: 200 });
    expect(states(box)).toEqual(["backup", "master"]);
    box.reload(apart({ sync_group: "gw" }));
    for (let times = 0; times < 5; times++) {
      hear(box, { source: "192.0.2.99", priority: 200 });
      lab.run(1000);
    }
    expect(states(box)).toEqual(["backup", "backup"]);
    expect(holds(box)).toEqual([false, false]);
  });
});
