/** Interfaces that come, go, rename themselves and change their addresses: waited for, said, recovered. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressOps, master } from "./scenes.ts";
import { adverts, hear, priorities, told } from "./sight.ts";
import { router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const fault = (box: Box): string => {
  const { state, reason } = box.router();
  return state === "fault" ? reason : state;
};

/** The interfaces and families last asked for. */
function listening(box: Box): string[] {
  const action = box.actions.findLast((each) => each.kind === "listen");
  return action?.kind === "listen"
    ? action.listeners.map(({ index, family }) => `${index} ipv${family}`)
    : [];
}

describe("an interface", () => {
  test("that is missing at boot is waited for", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.removeLink("eth1");
    box.start();
    expect(fault(box)).toBe("interface eth1 is not there");
    expect(listening(box)).toEqual([]);
    lab.run(10_000);
    box.plug("eth1", 7);
    lab.run(5000);
    expect(fault(box)).toBe("master");
    expect(listening(box)).toEqual(["7 ipv4"]);
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("that goes down ends mastership without a word, and brings it back", () => {
    const { lab, box } = master();
    const since = lab.now;
    box.kernel.set("eth1", { up: false, carrier: false });
    lab.run(100);
    expect(fault(box)).toBe("interface eth1 is down");
    expect(box.kernel.has(VIP)).toBe(false);
    expect(priorities(box, since)).toEqual([]);
    box.kernel.set("eth1", { up: true, carrier: true });
    lab.run(1);
    expect(fault(box)).toBe("backup");
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("without a carrier is a fault", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { carrier: false });
    lab.run(1);
    expect(fault(box)).toBe("interface eth1 has no carrier");
    expect(box.kernel.has(VIP)).toBe(false);
    expect(listening(box)).toEqual(["2 ipv4"]);
  });

  test("that vanishes takes its addresses along, and is another one when it comes back", () => {
    const { lab, box } = master();
    box.kernel.removeLink("eth1");
    lab.run(10);
    expect(fault(box)).toBe("interface eth1 is not there");
    expect(box.logs("address.lost")).toEqual([]);
    expect(box.ledger.get("VI_1")?.added).toEqual([]);
    box.plug("eth1", 9);
    lab.run(5000);
    expect(fault(box)).toBe("master");
    expect(adverts(box).at(-1)?.at).toBeGreaterThan(lab.now - 1000);
    hear(box, { source: "192.0.2.99", priority: 200 });
    expect(fault(box)).toBe("backup");
  });

  test("that vanishes and comes back before the feed told it is noticed by the next dump", () => {
    const { lab, box } = master();
    box.feedWaits = true;
    box.kernel.removeLink("eth1");
    box.plug("eth1", 9);
    box.event({ kind: "kernel", links: box.kernel.links(), addresses: box.kernel.addresses() });
    box.feedWaits = false;
    lab.run(5000);
    expect(fault(box)).toBe("master");
    expect(box.kernel.on("eth1")).toContain(CIDR);
  });

  test("that is renamed is not there any more; its addresses go from where they are", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { name: "lan0" });
    lab.run(10);
    expect(fault(box)).toBe("interface eth1 is not there");
    expect(box.kernel.on("lan0")).not.toContain(CIDR);
    box.kernel.set("lan0", { name: "eth1" });
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("may take the name of another one that is renamed", () => {
    const { lab, box } = master();
    box.kernel.set("eth1", { name: "old" });
    box.kernel.set("eth2", { name: "eth1" });
    lab.run(5000);
    expect(fault(box)).toBe("master");
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.kernel.on("old")).not.toContain(CIDR);
  });

  test("that flaps makes no more of it than there is", () => {
    const { lab, box } = master();
    for (let times = 0; times < 50; times++) {
      box.kernel.set("eth1", { carrier: false });
      lab.run(20);
      box.kernel.set("eth1", { carrier: true });
      lab.run(20);
    }
    expect(fault(box)).toBe("backup");
    expect(addressOps(box.actions).filter((op) => op.startsWith("add"))).toHaveLength(1);
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("that flaps under a fault is told of once a minute, and never as a change of state", () => {
    const { lab, box } = master(router({ track_interfaces: ["eth2"] }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    const states = box.logs("vrrp.state").length;
    for (let times = 0; times < 130; times++) {
      box.kernel.set("eth1", { carrier: times % 2 === 1 });
      lab.run(500);
    }
    expect(box.logs("vrrp.state")).toHaveLength(states);
    expect(box.logs("vrrp.reason").map(({ fields }) => fields)).toEqual([
      { name: "VI_1", state: "fault", reason: "interface eth1 has no carrier; eth2 is down" },
      { name: "VI_1", state: "fault", reason: "interface eth1 has no carrier; eth2 is down" },
    ]);
    expect(fault(box)).toBe("eth2 is down");
  });

  test("that only changes its MTU changes nothing", () => {
    const { lab, box } = master();
    const before = box.actions.length;
    box.kernel.set("eth1", { mtu: 1400 });
    lab.run(100);
    expect(box.actions.slice(before).filter(({ kind }) => kind !== "addresses" && kind !== "frame")).toEqual(
      [],
    );
    expect(fault(box)).toBe("master");
  });

  test("with a new link-layer address has its virtual addresses told again", () => {
    const { lab, box } = master();
    lab.run(10_000);
    const since = lab.now;
    box.kernel.set("eth1", { mac: "02:00:00:00:00:77" as never });
    lab.run(10);
    expect(told(box, since).map(({ address }) => address as string)).toContain(VIP);
    expect(box.ledger.get("VI_1")?.mac).toBe("02:00:00:00:00:77");
  });

  test("without Ethernet is spoken on by raw IP, and nothing is told", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.kernel.set("eth1", { ethernet: false, mac: null });
    box.start();
    lab.run(10_000);
    const sent = box.actions.filter((action) => action.kind === "frame" || action.kind === "packet");
    expect(new Set(sent.map(({ kind }) => kind))).toEqual(new Set(["packet"]));
    expect(sent[0]).toMatchObject({ index: 2, destination: "224.0.0.18", router: "VI_1" });
    expect(fault(box)).toBe("master");
  });
});

describe("another interface that carries an address", () => {
  const text = router({ addresses: [CIDR, { address: "198.51.100.1/24", interface: "eth2" }] });

  test("is needed, too", () => {
    const { lab, box } = master(text);
    expect(box.kernel.on("eth2")).toContain("198.51.100.1/24");
    box.kernel.set("eth2", { carrier: false });
    lab.run(10);
    expect(fault(box)).toBe("interface eth2 has no carrier");
    expect(priorities(box).at(-1)).toBe(0);
    expect(box.kernel.on("eth2")).not.toContain("198.51.100.1/24");
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
  });

  test("may vanish with its address", () => {
    const { lab, box } = master(text);
    box.kernel.removeLink("eth2");
    lab.run(10);
    expect(fault(box)).toBe("interface eth2 is not there");
    box.plug("eth2", 8);
    lab.run(5000);
    expect(box.kernel.on("eth2")).toContain("198.51.100.1/24");
  });
});

describe("a receiving socket that cannot be opened", () => {
  test("is a fault that says so, and is tried again every second", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.deaf.set("2 4", "EMFILE");
    box.start();
    expect(fault(box)).toBe("cannot listen on eth1: EMFILE");
    lab.run(10_000);
    expect(box.actions.filter(({ kind }) => kind === "listen").length).toBeLessThan(13);
    expect(box.logs("vrrp.state").length).toBeLessThan(3);
    box.deaf.clear();
    lab.run(1100);
    expect(fault(box)).toBe("backup");
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("concerns the routers on it only", () => {
    const lab = new Lab();
    const other = router({ interface: "eth2", vrid: 52, addresses: ["198.51.100.1/24"] }, "VI_2");
    const box = lab.box(router() + other);
    box.deaf.set("3 4", "EMFILE");
    box.start();
    lab.run(5000);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["master", "fault"]);
  });

  test("closed by the kernel while it was used is a fault, with a last word", () => {
    const { lab, box } = master();
    box.deaf.set("2 4", "ENOBUFS");
    box.event({ kind: "listener-failed", index: 2, family: 4, errno: "ENOBUFS" });
    expect(fault(box)).toBe("cannot listen on eth1: ENOBUFS");
    expect(priorities(box).at(-1)).toBe(0);
    box.deaf.clear();
    lab.run(10_000);
    expect(fault(box)).toBe("master");
  });

  test("closed because the link was down while nobody looked is a fault though the link is up again", () => {
    const { lab, box } = master();
    box.deaf.set("2 4", "ENETDOWN");
    box.event({ kind: "listener-failed", index: 2, family: 4, errno: "ENETDOWN" });
    lab.run(30);
    expect(fault(box)).toBe("cannot listen on eth1: ENETDOWN");
    box.deaf.clear();
    lab.run(10_000);
    expect(fault(box)).toBe("master");
  });
});
