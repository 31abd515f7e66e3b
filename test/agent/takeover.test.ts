/** What a takeover does to a router, and what it cannot do. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { pair, refused, standby, takeover, taken } from "./orders.ts";
import { master, reply } from "./scenes.ts";
import { hear, priorities } from "./sight.ts";
import { check, router, VIP } from "./text.ts";

const NAME = "VI_1";

describe("a takeover", () => {
  test("makes a backup master with priority 254 at once, and the other one gives way", () => {
    const { lab, high, low } = pair();
    const since = lab.now;
    expect(takeover(low)).toEqual({ exit: 0, body: taken(NAME) });
    expect(low.router()).toMatchObject({
      state: "master",
      reason: "takeover by the operator",
      operator: "takeover",
      priority: 100,
      effective_priority: 254,
    });
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    expect(new Set(priorities(low, since))).toEqual(new Set([254]));
    expect(high.router().reason).toBe("192.0.2.11 has priority 254");
    expect([high.kernel.has(VIP), low.kernel.has(VIP)]).toEqual([false, true]);
  });

  test("does not ask for preempt, nor wait for preempt_delay", () => {
    const { lab, low } = pair({}, { preempt: false, preempt_delay: "60s" });
    expect(takeover(low).exit).toBe(0);
    lab.run(5000);
    expect(low.state()).toBe("master");
  });

  test("ends the standby", () => {
    const { lab, high, low } = pair();
    standby(high);
    lab.run(5000);
    expect(takeover(high)).toEqual({ exit: 0, body: taken(NAME) });
    expect(high.state()).toBe("master");
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(high.logs("vrrp.state").at(-1)?.fields).toMatchObject({ from: "standby", to: "master" });
    expect(priorities(high).at(-1)).toBe(254);
  });

  test("leaves a master as it is", () => {
    const { lab, high } = pair();
    const since = lab.now;
    expect(takeover(high).body).toEqual({ takeover: [], already_master: [NAME], refused: [] });
    lab.run(3000);
    expect(new Set(priorities(high, since))).toEqual(new Set([150]));
  });

  test("lasts over a reload that changes the priority", () => {
    const { lab, low } = pair();
    takeover(low);
    const since = lab.now;
    reply(lab, low, router({ priority: 30 }));
    lab.run(5000);
    expect(new Set(priorities(low, since))).toEqual(new Set([254]));
  });

  test("ends with a lost election: then the configured priority counts again", () => {
    const { lab, high, low } = pair();
    takeover(low);
    lab.run(1000);
    hear(low, { source: "192.0.2.99", priority: 255 });
    expect(low.router()).toMatchObject({ state: "backup", operator: null, effective_priority: 100 });
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("ends with standby, a fault and a restart", () => {
    const ends: ((box: Box, lab: Lab) => void)[] = [
      (box) => void standby(box),
      (box) => box.kernel.set("eth1", { carrier: false }),
      (box, lab) => {
        box.kill();
        lab.run(100);
        box.start();
      },
    ];
    for (const end of ends) {
      const { lab, low } = pair();
      takeover(low);
      lab.run(3000);
      end(low, lab);
      lab.run(100);
      expect(low.router()).toMatchObject({ effective_priority: 100 });
      expect(low.router().operator).not.toBe("takeover");
    }
  });

  test("is given back by another one, whichever address is the higher", () => {
    for (const [first, second] of [
      ["high", "low"],
      ["low", "high"],
    ] as const) {
      const scene = pair({ tie: "sticky" }, { tie: "sticky" });
      const { lab } = scene;
      standby(scene.high);
      lab.run(2000);
      const [one, two] = [scene[first], scene[second]];
      takeover(one);
      lab.run(3000);
      expect(takeover(two).exit).toBe(0);
      lab.run(10_000);
      expect([one.state(), two.state()].join(" ")).toBe(
        one.router().operator === "standby" ? "standby master" : "backup master",
      );
      expect(one.router().operator).toBeNull();
      takeover(one);
      lab.run(10_000);
      expect([one.state(), two.state()]).toEqual(["master", "backup"]);
    }
  });

  test.each(["address", "sticky"])("told to both in one moment has one winner, by %s", (tie) => {
    const { lab, high, low } = pair({ tie }, { tie });
    standby(high);
    lab.run(2000);
    standby(low);
    takeover(high);
    takeover(low);
    lab.run(3000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    expect(high.router().operator).toBeNull();
  });

  test("asserts itself against an equal of a lower address, and gives way to one that lasts longer", () => {
    const { lab, box } = master();
    standby(box);
    lab.run(1);
    takeover(box);
    lab.run(600);
    const since = lab.now;
    hear(box, { source: "192.0.2.9", priority: 254 });
    expect(priorities(box, since)).toEqual([254]);
    hear(box, { source: "192.0.2.99", priority: 254 });
    expect(box.router()).toMatchObject({ state: "backup", operator: null });
  });

  test("is refused against the owner of the addresses, force or not, as long as it is heard", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    for (let times = 0; times < 3; times++) {
      hear(box, { source: "192.0.2.99", priority: 255 });
      lab.run(1000);
    }
    const why = "VI_1: 192.0.2.99 owns the addresses (priority 255), and gives way to nobody";
    for (const force of [false, true]) {
      expect(takeover(box, NAME, force)).toEqual({ exit: 1, body: refused(why) });
    }
    standby(box);
    expect(takeover(box).exit).toBe(1);
    expect(box.state()).toBe("standby");
    lab.run(3000);
    expect(takeover(box).exit).toBe(0);
  });

  test("of an owner in standby is with 255", () => {
    const { lab, box } = master(router({ priority: 255 }));
    standby(box);
    lab.run(1);
    const since = lab.now;
    expect(takeover(box).body).toEqual(taken(NAME));
    lab.run(3000);
    expect(new Set(priorities(box, since))).toEqual(new Set([255]));
    expect(box.state()).toBe("master");
  });

  test("is refused in a fault, force or not, and nothing changes", () => {
    const { lab, low } = pair();
    low.kernel.set("eth1", { carrier: false });
    lab.run(10);
    for (const force of [false, true]) {
      const answer = takeover(low, NAME, force);
      expect(answer).toEqual({
        exit: 1,
        body: refused("VI_1 is in fault: interface eth1 has no carrier"),
      });
    }
    standby(low);
    expect(takeover(low).exit).toBe(1);
    expect(low.state()).toBe("standby");
  });

  test("is refused while something that it tracks is down, unless forced", () => {
    const { lab, low } = pair();
    low.reload(router({ track_checks: ["web"] }) + check({ weight: -20 }));
    lab.run(10);
    for (let times = 0; times < 3; times++) {
      low.event({ kind: "probe", check: "web", healthy: false, detail: "exit 1" });
      lab.run(1000);
    }
    expect(takeover(low)).toEqual({
      exit: 1,
      body: refused("VI_1: web is down; takeover --force takes it all the same"),
    });
    expect(low.state()).toBe("backup");
    expect(takeover(low, NAME, true).exit).toBe(0);
    lab.run(5000);
    expect(low.router()).toMatchObject({ state: "master", effective_priority: 254 });
  });

  test("is refused in the startup delay, unless forced", () => {
    const { lab, box } = master(router({ startup_delay: "60s" }));
    expect(takeover(box)).toEqual({
      exit: 1,
      body: refused(
        "VI_1: startup_delay: only listens for another 55 s; takeover --force takes it all the same",
      ),
    });
    expect(takeover(box, NAME, true).body).toEqual(taken(NAME));
    lab.run(3000);
    expect(box.state()).toBe("master");
  });

  test("of all takes those that it can, and says which it cannot", () => {
    const text = router() + router({ interface: "eth2", vrid: 52, addresses: ["198.51.100.1/24"] }, "VI_2");
    const { lab, box } = master(text);
    standby(box, null);
    box.kernel.set("eth2", { carrier: false });
    lab.run(10);
    expect(takeover(box, null)).toEqual({
      exit: 1,
      body: {
        takeover: ["VI_1"],
        already_master: [],
        refused: ["VI_2 is in fault: interface eth2 has no carrier"],
      },
    });
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "standby"]);
  });
});
