/** Elections between agents, and what the winner and the loser do with the address. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { adverts, forge, hear, priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const holds = (box: Box, vip = VIP): boolean => box.kernel.has(vip);

/** Two running boxes, 150 and 100. */
function pair(values: Parameters<typeof router>[0] = {}): { lab: Lab; high: Box; low: Box } {
  const lab = new Lab();
  const high = lab.box(router({ priority: 150, ...values }));
  const low = lab.box(router({ priority: 100, ...values }));
  high.start();
  low.start();
  return { lab, high, low };
}

describe("a router alone", () => {
  test("is backup first, then master of the address after three intervals and the skew", () => {
    const lab = new Lab();
    const box = lab.box(router({ priority: 100 }));
    box.start();
    lab.run(3609);
    expect(box.state()).toBe("backup");
    expect(holds(box)).toBe(false);
    lab.run(1);
    expect(box.state()).toBe("master");
    expect(holds(box)).toBe(true);
  });

  test("advertises before it takes the address, and tells the address when it has it", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3610);
    const kinds = box.actions.map(({ kind }) => kind);
    expect(kinds.indexOf("frame")).toBeLessThan(kinds.indexOf("addresses"));
    expect(adverts(box)[0]?.at).toBe(told(box)[0]?.at ?? 0);
    expect(told(box)[0]?.address as string).toBe(VIP);
  });

  test("owns its addresses at once with priority 255", () => {
    const lab = new Lab();
    const box = lab.box(router({ priority: 255 }));
    box.start();
    expect(box.state()).toBe("master");
    expect(holds(box)).toBe(true);
    expect(priorities(box)).toEqual([255]);
  });

  test("advertises what it is configured to", () => {
    const lab = new Lab();
    const box = lab.box(
      router({
        advert_interval: "250ms",
        addresses: [`${VIP}/24`, "192.0.2.2/24"],
        excluded_addresses: ["192.0.2.3/24"],
      }),
    );
    box.start();
    lab.run(2000);
    expect(adverts(box)[0]).toMatchObject({
      source: "192.0.2.10",
      destination: "224.0.0.18",
      advertisement: { version: 3, vrid: 51, priority: 100, interval: 25, addresses: [VIP, "192.0.2.2"] },
    });
    // Three seconds and the skew in intervals of 250 ms: from 902.3 ms on, one every 250.
    expect(adverts(box)).toHaveLength(5);
  });
});

describe("two routers", () => {
  test("make the one of higher priority master, and only that one", () => {
    const { lab, high, low } = pair();
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect([holds(high), holds(low)]).toEqual([true, false]);
    expect(low.router().master).toMatchObject({ address: "192.0.2.10", priority: 150 });
  });

  test("of equal priority make the one of higher address master", () => {
    const { lab, high, low } = pair({ priority: 100 });
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
  });

  test("move the address after the master-down interval when the master's port is cut", () => {
    const { lab, high, low } = pair();
    lab.run(10_000);
    high.cut = true;
    const cut = lab.now;
    lab.run(3700);
    expect(low.state()).toBe("master");
    const first = adverts(low, cut)[0]?.at ?? 0;
    expect(first - (adverts(high).findLast(({ at }) => at <= cut)?.at ?? 0)).toBeCloseTo(3609.375 + 0.2, 3);
  });

  test("move the address within the skew when the master stops", () => {
    const { lab, high, low } = pair();
    lab.run(10_000);
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(620);
    expect(holds(high)).toBe(false);
    expect(low.state()).toBe("master");
    expect(low.router().reason).toBe("192.0.2.10 released it");
  });

  test("have one master again within a moment of a healed partition, and the winner tells the address anew", () => {
    const { lab, high, low } = pair();
    high.cut = true;
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["master", "master"]);
    high.cut = false;
    const healed = lab.now;
    lab.run(1010);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(holds(low)).toBe(false);
    const yielded = adverts(low, healed).at(-1);
    expect(yielded?.advertisement.priority as number).toBe(100);
    expect(told(high, yielded?.at).length).toBeGreaterThan(0);
  });

  test("never say 0 when one loses: a third one would believe that the winner left", () => {
    const { lab, high, low } = pair();
    high.cut = true;
    lab.run(10_000);
    high.cut = false;
    lab.run(10_000);
    expect(priorities(low)).not.toContain(0);
    expect(priorities(high)).not.toContain(0);
  });

  test("give the mastership back to the better one when it returns", () => {
    const { lab, high, low } = pair();
    lab.run(10_000);
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10_000);
    high.start();
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect([holds(high), holds(low)]).toEqual([true, false]);
  });

  test("leave it where it is without preemption", () => {
    const { lab, high, low } = pair({ preempt: false });
    lab.run(10_000);
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10_000);
    high.start();
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
  });

  test("give it back when the preemption delay is over", () => {
    const { lab, high, low } = pair({ preempt_delay: "20s" });
    lab.run(30_000);
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10_000);
    high.start();
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("agree although their intervals differ, by the master's", () => {
    const lab = new Lab();
    const slow = lab.box(router({ priority: 150, advert_interval: "5s" }));
    const fast = lab.box(router({ priority: 100, advert_interval: "100ms" }));
    slow.start();
    fast.start();
    lab.run(60_000);
    expect([slow.state(), fast.state()]).toEqual(["master", "backup"]);
    expect(fast.router().peers[0]?.mismatch).toEqual(["interval"]);
    const since = lab.now;
    lab.run(60_000);
    expect(adverts(fast, since)).toEqual([]);
  });

  test("agree although their versions differ", () => {
    const lab = new Lab();
    const two = lab.box(router({ priority: 150, version: 2 }));
    const three = lab.box(router({ priority: 100, version: 3 }));
    two.start();
    three.start();
    lab.run(20_000);
    expect([two.state(), three.state()]).toEqual(["master", "backup"]);
  });

  test("agree although one speaks to a group and the other to its peer", () => {
    const lab = new Lab();
    const group = lab.box(router({ priority: 150 }));
    const single = lab.box(router({ priority: 100, unicast_peers: ["192.0.2.10"] }));
    group.start();
    single.start();
    lab.run(20_000);
    expect([group.state(), single.state()]).toEqual(["master", "backup"]);
    group.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(5000);
    group.start();
    lab.run(20_000);
    expect([group.state(), single.state()]).toEqual(["master", "backup"]);
  });

  test("agree by unicast", () => {
    const lab = new Lab();
    const high = lab.box(router({ priority: 150, unicast_peers: ["192.0.2.11"] }));
    const low = lab.box(router({ priority: 100, unicast_peers: ["192.0.2.10"] }));
    high.start();
    low.start();
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(adverts(high)[0]?.destination as string).toBe("192.0.2.11");
  });

  test("agree over IPv6 from their link-local addresses", () => {
    const v6 = { addresses: ["fe80::51/64", "2001:db8::1/64"], vrid: 6 };
    const { lab, high, low } = pair(v6);
    lab.run(20_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(adverts(high)[0]).toMatchObject({ source: "fe80::10", destination: "ff02::12" });
    expect(holds(high, "2001:db8::1")).toBe(true);
    expect(told(high).map(({ address }) => address as string)).toContain("2001:db8::1");
  });

  test("can each be master of one router and backup of the other", () => {
    const lab = new Lab();
    const both = (first: number, second: number): string =>
      router({ priority: first }) +
      router({ priority: second, vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2");
    const a = lab.box(both(150, 100));
    const b = lab.box(both(100, 150));
    a.start();
    b.start();
    lab.run(20_000);
    expect([a.state("VI_1"), a.state("VI_2")]).toEqual(["master", "backup"]);
    expect([b.state("VI_1"), b.state("VI_2")]).toEqual(["backup", "master"]);
    expect([holds(a), holds(a, "192.0.2.2"), holds(b), holds(b, "192.0.2.2")]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe("a third router", () => {
  test("does not take over because somebody else than the master leaves", () => {
    const { lab, high, low } = pair();
    lab.run(10_000);
    hear(low, { source: "192.0.2.99", priority: 0 });
    lab.run(3000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(adverts(low)).toEqual([]);
  });
});

describe("a flood of adverts of lower priority", () => {
  test("is answered ten times an interval at most, and by some announcements a second", () => {
    const lab = new Lab();
    const box = lab.box(router({ priority: 150 }));
    box.start();
    lab.run(10_000);
    const since = lab.now;
    const bytes = forge({ source: "192.0.2.99", priority: 1 });
    for (let sent = 0; sent < 5000; sent++) {
      box.frame("eth1", 4, bytes);
      lab.run(1);
    }
    expect(adverts(box, since).length).toBeLessThanOrEqual(5 * 11);
    // Three bursts of five a second at most.
    expect(told(box, since).length).toBeLessThanOrEqual(6 * 3 * 5);
    expect(box.state()).toBe("master");
  });
});
