/** Addresses that somebody takes away from a master, and what the feed says late of our own changes. */
import { describe, expect, test } from "bun:test";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

describe("an address that somebody takes away from a master", () => {
  test("is back within 50 ms, said, told again, and mastership kept", () => {
    const { lab, box } = master();
    const since = lab.now;
    box.kernel.remove("eth1", CIDR);
    lab.run(50);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.state()).toBe("master");
    expect(box.router().counters.became_master).toBe(1);
    expect(priorities(box, since)).not.toContain(0);
    expect(told(box, since).length).toBeGreaterThan(0);
    expect(box.logs("address.lost")[0]?.fields).toEqual({ name: "VI_1", address: VIP });
    expect(box.logs("address.restored")[0]?.fields).toEqual({ name: "VI_1", address: VIP });
  });

  test("more than three times in ten seconds is a quarrel: a fault for a while, then another try", () => {
    const { lab, box } = master();
    for (let times = 0; times < 3; times++) {
      box.kernel.remove("eth1", CIDR);
      lab.run(1234);
      expect(box.state()).toBe("master");
      expect(box.kernel.on("eth1")).toContain(CIDR);
    }
    box.kernel.remove("eth1", CIDR);
    lab.run(1234);
    expect(box.state()).toBe("fault");
    expect(box.router().reason).toBe(`address ${VIP} was taken away 4 times in 10 s`);
    expect(priorities(box).at(-1)).toBe(0);
    lab.run(15_000);
    expect(box.state()).toBe("master");
  });

  test("twice in ten seconds, again and again, is not", () => {
    const { lab, box } = master();
    for (let times = 0; times < 6; times++) {
      box.kernel.remove("eth1", CIDR);
      lab.run(5001);
    }
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("together with others counts once", () => {
    const all = [CIDR, "192.0.2.2/24", "192.0.2.3/24", "192.0.2.4/24"];
    const { lab, box } = master(router({ addresses: all }));
    for (const cidr of all) box.kernel.remove("eth1", cidr);
    lab.run(50);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(box.kernel.on("eth1")).toEqual(expect.arrayContaining(all));
  });

  test("and replaced by their own, with another prefix, is a found one, and stays", () => {
    const { lab, box } = master();
    box.kernel.remove("eth1", CIDR);
    box.kernel.add("eth1", `${VIP}/32`);
    lab.run(50);
    expect(box.state()).toBe("fault");
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10);
    expect(box.kernel.on("eth1")).toContain(`${VIP}/32`);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
  });

  test("and replaced by their own is a found one, and stays", () => {
    const { lab, box } = master();
    box.kernel.remove("eth1", CIDR);
    box.kernel.add("eth1", CIDR);
    lab.run(50);
    expect(box.router()).toMatchObject({
      state: "fault",
      reason: `address ${CIDR} is on eth1 already, and not by us`,
    });
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(5000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("is no loss when its interface went down with it", () => {
    const { lab, box } = master(router({ addresses: ["fe80::51/64"], vrid: 6, priority: 255 }));
    for (let times = 0; times < 3; times++) {
      // The kernel removes IPv6 addresses first and tells of the interface after.
      box.feedWaits = true;
      box.kernel.remove("eth1", "fe80::51/64");
      box.kernel.set("eth1", { up: false, carrier: false });
      box.tellFeed();
      lab.run(100);
      expect(box.state()).toBe("fault");
      box.kernel.set("eth1", { up: true, carrier: true });
      lab.run(900);
    }
    expect(box.logs("address.lost")).toEqual([]);
    expect(box.state()).toBe("master");
  });

  test("is what the owner lost too: it comes back as ours", () => {
    const { lab, box } = master(router({ priority: 255 }));
    box.kernel.remove("eth1", CIDR);
    lab.run(50);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });
});

describe("a dump that is older than what the kernel was asked since", () => {
  test("takes nothing from us", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3000);
    const dump = { kind: "kernel", links: box.kernel.links(), addresses: box.kernel.addresses() } as const;
    box.beforeAnswers = [dump];
    lab.run(2000);
    expect(box.beforeAnswers).toEqual([]);
    expect(box.router()).toMatchObject({ state: "master", addresses: [{ held: true, found: false }] });
    expect(box.logs("address.lost")).toEqual([]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.has(VIP)).toBe(false);
  });
});

describe("the feed's echo of our own changes", () => {
  test("is neither a found nor a lost address, however late it comes", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3000);
    box.feedWaits = true;
    lab.run(2000);
    expect(box.state()).toBe("master");
    // Down and up again: the address goes and comes back, and nothing of it has been told yet.
    box.event({ kind: "link", link: { ...box.kernel.link("eth1"), carrier: false } });
    expect(box.kernel.has(VIP)).toBe(false);
    box.event({ kind: "link", link: box.kernel.link("eth1") });
    lab.run(4000);
    expect(box.kernel.has(VIP)).toBe(true);
    box.tellFeed();
    lab.run(1000);
    expect(box.state()).toBe("master");
    expect(box.router().counters.became_master).toBe(2);
    expect(box.logs("address.lost")).toEqual([]);
  });

  test("of an add, told after the address is gone again, is no fault", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(3000);
    box.feedWaits = true;
    lab.run(2000);
    box.event({ kind: "link", link: { ...box.kernel.link("eth1"), carrier: false } });
    box.event({ kind: "link", link: box.kernel.link("eth1") });
    box.tellFeed();
    expect(box.state()).toBe("backup");
    lab.run(100);
    expect(box.state()).toBe("backup");
  });

  test("makes the tables be read fifty times a second at most", () => {
    const { lab, box } = master();
    const before = box.actions.filter(({ kind }) => kind === "resync").length;
    for (let times = 0; times < 1000; times++) {
      box.event({ kind: "address-gone", key: box.kernel.key("eth1", CIDR) });
      lab.run(1);
    }
    expect(box.actions.filter(({ kind }) => kind === "resync").length - before).toBeLessThanOrEqual(51);
    expect(box.state()).toBe("master");
  });
});
