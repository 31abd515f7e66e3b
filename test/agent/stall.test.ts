/** A process that was not running: it listens before it speaks. And adverts that the kernel refuses. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, hear, priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const holds = (box: Box): boolean => box.kernel.has(VIP);

/** Two running boxes, the first one master. */
function pair(values: Parameters<typeof router>[0] = {}): { lab: Lab; high: Box; low: Box } {
  const lab = new Lab();
  const high = lab.box(router({ priority: 150, ...values }));
  const low = lab.box(router({ priority: 100, ...values }));
  high.start();
  low.start();
  lab.run(10_000);
  return { lab, high, low };
}

describe("a backup that was stopped for longer than its patience", () => {
  test("does not believe what waited: that the master left a while ago is no news", () => {
    const { lab, high, low } = pair();
    low.freeze();
    lab.run(6000);
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(100);
    high.start();
    low.thaw();
    lab.run(4000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(low.router().counters.became_master).toBe(0);
  });
});

describe("a master that was stopped for longer than two intervals", () => {
  test("drops what waits, releases and says nothing until it has listened", () => {
    const { lab, high, low } = pair();
    high.freeze();
    lab.run(6000);
    expect(low.state()).toBe("master");
    const since = lab.now;
    const before = high.actions.length;
    high.thaw();
    expect(high.state()).toBe("backup");
    expect(holds(high)).toBe(false);
    expect(high.router().reason).toMatch(/^stalled: no advert sent for 6\d\d\d ms$/);
    const kinds = high.actions.slice(before).map(({ kind }) => kind);
    expect(kinds).toContain("drop-queued");
    expect(kinds).not.toContain("frame");
    lab.run(3000);
    // It has the higher priority: it preempts, once it has listened for its master-down interval.
    expect(adverts(high, since)).toEqual([]);
    lab.run(1000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("does not believe what waited: a word of the old master would cut its listening short", () => {
    const { lab, box } = master();
    box.freeze();
    lab.run(100);
    hear(box, { source: "192.0.2.99", priority: 0 });
    lab.run(3000);
    box.thaw();
    expect(box.state()).toBe("backup");
    lab.run(3600);
    expect(box.state()).toBe("backup");
    lab.run(10);
    expect(box.state()).toBe("master");
  });

  test("was not robbed of the addresses whose lifetime ended meanwhile", () => {
    const all = [`${VIP}/24`, "192.0.2.2/24", "192.0.2.3/24"];
    const { lab, box } = master(router({ addresses: all }));
    box.freeze();
    lab.run(6000);
    expect(box.kernel.has(VIP)).toBe(false);
    box.resume();
    // The feed overflowed, so the dump is the first it hears.
    box.event({ kind: "kernel", links: box.kernel.links(), addresses: box.kernel.addresses() });
    expect(box.state()).toBe("backup");
    expect(box.logs("address.lost")).toEqual([]);
  });

  test("releases whatever event wakes it", () => {
    for (const wake of [
      (box: Box) => box.event({ kind: "probe", check: "none", healthy: true, detail: "" }),
      (box: Box) =>
        box.event({
          kind: "request",
          connection: 1,
          request: { command: "status", name: null },
          wallClock: 0,
        }),
      (box: Box) => box.event({ kind: "link", link: box.kernel.link("eth2") }),
      (box: Box) => box.event({ kind: "config", source: box.source(), connection: null }),
    ]) {
      const { lab, box } = master();
      box.freeze();
      lab.run(2500);
      const since = lab.now;
      box.resume();
      wake(box);
      expect(box.state()).toBe("backup");
      expect(adverts(box, since)).toEqual([]);
    }
  });

  test("says nothing when it was woken to stop", () => {
    const { lab, box } = master();
    box.freeze();
    lab.run(3000);
    const since = lab.now;
    box.resume();
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(adverts(box, since)).toEqual([]);
    expect(holds(box)).toBe(false);
    expect(box.exitCode).toBe(0);
  });

  test("does not refresh what its kernel is about to let go", () => {
    const { lab, box } = master();
    box.freeze();
    lab.run(2001);
    const before = box.actions.length;
    box.resume();
    box.tick();
    const ops = box.actions
      .slice(before)
      .flatMap((action) => (action.kind === "addresses" ? action.changes : []));
    expect(ops.map(({ op }) => op)).toEqual(["delete"]);
    expect(lab.now).toBeGreaterThan(0);
  });
});

describe("a master that was stopped for less", () => {
  test("speaks at once, and tells its addresses again", () => {
    const { lab, box } = master();
    lab.run(9610);
    box.freeze();
    lab.run(1900);
    const since = lab.now;
    box.thaw();
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(priorities(box, since)).toEqual([100]);
    expect(told(box, since).length).toBeGreaterThan(0);
  });
});

describe("a backup that was stopped", () => {
  test("hears first what waited", () => {
    const { lab, high, low } = pair();
    low.freeze();
    lab.run(20_000);
    low.thaw();
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    lab.run(20_000);
    expect(adverts(low)).toEqual([]);
  });

  test("listens for a whole master-down interval when nothing waited", () => {
    const { lab, high, low } = pair();
    low.freeze();
    high.cut = true;
    lab.run(20_000);
    high.cut = false;
    low.thaw();
    expect(low.state()).toBe("backup");
    lab.run(20_000);
    expect(adverts(low)).toEqual([]);
    expect(high.router().counters.became_master).toBe(1);
  });
});

describe("an advert that the kernel refuses", () => {
  test("once is made up for by the next", () => {
    const { lab, high, low } = pair();
    high.refuseSend = () => "ENOBUFS";
    lab.run(1000);
    high.refuseSend = () => null;
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(low.router().counters.became_master).toBe(0);
    expect(high.logs("vrrp.send_failed")[0]?.fields).toEqual({ name: "VI_1", errno: "ENOBUFS" });
  });

  test("again and again makes the master release before another one takes over", () => {
    const { lab, high, low } = pair();
    high.refuseSend = () => "ENOBUFS";
    for (let at = 0; at < 5000; at += 10) {
      lab.run(10);
      expect(holds(high) && holds(low)).toBe(false);
    }
    expect(holds(low)).toBe(true);
    expect(high.logs("vrrp.send_failed")).toHaveLength(1);
  });

  test("from the first one on leaves the addresses where they are", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.refuseSend = ({ router: name }) => (name === null ? null : "ENOBUFS");
    box.start();
    lab.run(3600);
    const before = box.actions.length;
    for (let at = 0; at < 20_000; at += 100) {
      lab.run(100);
      expect(holds(box)).toBe(false);
    }
    expect(box.state()).toBe("backup");
    const tries = box.actions
      .slice(before)
      .filter((action) => action.kind === "frame" && action.router !== null);
    expect(tries.length).toBeGreaterThan(3);
    expect(tries.length).toBeLessThan(25);
    box.refuseSend = () => null;
    lab.run(4000);
    expect(box.state()).toBe("master");
  });

  test("does not make us delete an address that somebody else has at that moment", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.refuseSend = () => "EPERM";
    box.start();
    lab.run(3000);
    box.feedWaits = true;
    box.kernel.add("eth1", `${VIP}/24`);
    lab.run(5000);
    expect(holds(box)).toBe(true);
    box.tellFeed();
    lab.run(100);
    expect(box.state()).toBe("fault");
    expect(holds(box)).toBe(true);
  });

  test("for one peer of several is no stall", () => {
    const lab = new Lab();
    const box = lab.box(router({ unicast_peers: ["192.0.2.11", "192.0.2.12"] }));
    box.refuseSend = (action) =>
      action.kind === "packet" && action.destination === "192.0.2.12" ? "EPERM" : null;
    box.start();
    lab.run(30_000);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("for all peers is one", () => {
    const lab = new Lab();
    const box = lab.box(router({ unicast_peers: ["192.0.2.11", "192.0.2.12"] }));
    box.start();
    lab.run(5000);
    box.refuseSend = ({ router: name }) => (name === null ? null : "ENOBUFS");
    lab.run(3000);
    expect(box.state()).toBe("backup");
    expect(holds(box)).toBe(false);
  });

  test.each([
    ["a route", "ENETUNREACH"],
    ["a neighbour that answers", "EHOSTUNREACH"],
  ])("for want of %s is isolation, which is no reason to leave the clients alone", (_, errno) => {
    const lab = new Lab();
    const box = lab.box(router({ unicast_peers: ["10.1.1.1"] }));
    box.refuseSend = ({ router: name }) => (name === null ? null : errno);
    box.start();
    lab.run(30_000);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(box.logs("vrrp.send_failed")).toHaveLength(1);
  });
});

describe("a stall of one router with short intervals", () => {
  test("leaves the others of the agent alone", () => {
    const quick = router({ vrid: 52, advert_interval: "10ms", addresses: ["192.0.2.2/24"] }, "VI_2");
    const { lab, box } = master(router() + quick);
    expect(box.state("VI_2")).toBe("master");
    box.freeze();
    lab.run(50);
    box.thaw();
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "backup"]);
  });

  test("makes those listen anew that have waiting adverts thrown away with its own", () => {
    const lab = new Lab();
    const other = (priority: number): string =>
      router({ vrid: 52, priority, addresses: ["192.0.2.2/24"] }, "VI_2");
    const box = lab.box(router({ priority: 150 }) + other(100));
    const better = lab.box(other(150));
    box.start();
    better.start();
    lab.run(10_000);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "backup"]);
    box.freeze();
    lab.run(3600);
    box.thaw();
    lab.run(1500);
    expect(box.router("VI_2").counters.became_master).toBe(0);
  });
});
