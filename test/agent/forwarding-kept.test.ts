/** Routes and rules over a reload, between routers, on devices, and after an agent that was killed. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { DEFAULT, RULE, SOURCED, MOVES, text, has, moved, entry, stop } from "./moves.ts";
import { killed, master, recordOf } from "./scenes.ts";
import { router } from "./text.ts";

describe("a reload", () => {
  test("adds and removes what differs, and touches nothing else", () => {
    const { lab, box } = master(router(MOVES));
    const done = box.reload(router({ routes: [DEFAULT, "unreachable 10.0.0.0/8"], rules: [] }));
    expect(moved(done)).toEqual([`delete ${RULE}`, "add unreachable 10.0.0.0/8"]);
    const changed = `${DEFAULT} mtu 1400`;
    expect(moved(box.reload(router({ routes: [changed] })))).toEqual([
      "delete unreachable 10.0.0.0/8",
      `delete ${DEFAULT}`,
      `add ${changed}`,
    ]);
    expect(box.router().counters.became_master).toBe(1);
    expect(moved(box.reload(router()))).toEqual([`delete ${changed}`]);
    lab.run(1000);
    expect(recordOf(box).forwarding).toEqual([]);
  });

  test("that removes the router removes what moved with it", () => {
    const { lab, box } = master(router(MOVES) + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    box.reload(router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    lab.run(10);
    expect(has(box)).toEqual([]);
    expect(box.ledger.has("VI_1")).toBe(false);
  });
});

describe("two routers that want the same route", () => {
  const both = router(MOVES) + router({ ...MOVES, vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2");

  test("have it as long as either is master, and it never flaps", () => {
    const { lab, box } = master(both);
    const before = box.actions.length;
    box.ask({ command: "standby", name: "VI_1" });
    lab.run(100);
    expect(has(box)).toEqual([DEFAULT, RULE]);
    expect(recordOf(box, "VI_2").forwarding.map(text)).toEqual([DEFAULT, RULE]);
    expect(recordOf(box, "VI_1").forwarding).toEqual([]);
    expect(moved(box.actions.slice(before))).toEqual([]);
    box.ask({ command: "standby", name: "VI_2" });
    lab.run(100);
    expect(has(box)).toEqual([]);
  });
});

describe("a route on the device of a virtual MAC address", () => {
  const text = router({ virtual_mac: true, routes: ["10.9.1.0/24 dev vrrp.51.eth1", SOURCED] });

  test("waits for that device, as the addresses do", () => {
    const lab = new Lab();
    const box = lab.box(text);
    box.kernel.deviceFailure = "no macvlan";
    box.start();
    lab.run(5000);
    expect(box.kernel.forwarding.added()).toEqual([]);
    box.kernel.deviceFailure = null;
    lab.run(20_000);
    expect(box.state()).toBe("master");
    expect(box.kernel.forwarding.added()).toHaveLength(2);
    expect(box.logs("route.lost")).toEqual([]);
  });
});

describe("an agent after one that was killed", () => {
  test("resumes with what that one had", () => {
    const { lab, box } = killed(router(MOVES));
    const before = box.actions.length;
    box.start();
    lab.run(1000);
    expect(box.router().state).toBe("master");
    expect(moved(box.actions.slice(before))).toEqual([]);
    expect(has(box)).toEqual([DEFAULT, RULE]);
    stop(box);
    lab.run(10);
    expect(has(box)).toEqual([]);
  });

  test("removes it when it starts as backup", () => {
    const { lab, box } = killed(router(MOVES));
    lab.run(5000);
    expect(has(box)).toEqual([DEFAULT, RULE]);
    expect(moved(box.start())).toEqual([`delete ${RULE}`, `delete ${DEFAULT}`]);
    expect(has(box)).toEqual([]);
  });

  test("removes it when its router is configured no more", () => {
    const { box } = killed(router(MOVES));
    box.config = router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2");
    box.start();
    expect(has(box)).toEqual([]);
    expect(box.ledger.has("VI_1")).toBe(false);
  });

  test("leaves what somebody else put in the place of it", () => {
    const { lab, box } = killed(router(MOVES));
    const theirs = entry(box, DEFAULT);
    box.kernel.replace(theirs);
    lab.run(5000);
    expect(moved(box.start())).toEqual([`delete ${RULE}`]);
    expect(box.kernel.forwarding.has(theirs)).toBe(true);
  });

  test("of another boot finds nothing of that one", () => {
    const { box } = killed(router(MOVES));
    box.bootId = "another boot";
    box.kernel.forwarding.clear();
    expect(moved(box.start())).toEqual([]);
  });
});

describe("a master with routes from its address", () => {
  test("asks the kernel at most every 20 ms, whatever it is told", () => {
    const { lab, box } = master(router({ routes: [DEFAULT] }));
    const before = box.actions.length;
    for (let count = 0; count < 100; count++) {
      box.event({ kind: "forwarding-hint" });
      lab.run(1);
    }
    const asked = box.actions.slice(before).filter(({ kind }) => kind === "resync-forwarding");
    expect(asked.length).toBeGreaterThan(2);
    expect(asked.length).toBeLessThan(8);
  });
});
