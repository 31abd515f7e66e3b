/** Reload of a router that changed: what stays, what starts anew. */
import { describe, expect, test } from "bun:test";
import { addressOps, master, reply } from "./scenes.ts";
import { adverts, hear, priorities, told } from "./sight.ts";
import { agent, router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

const SECOND = { vrid: 52, addresses: ["192.0.2.2/24"] };

describe("a router that changed", () => {
  test("tells a new priority at once and stays master", () => {
    const { lab, box } = master();
    const since = lab.now;
    const { body } = reply(lab, box, router({ priority: 120 }));
    expect(body).toMatchObject({ changed: ["VI_1"], restarted: [] });
    expect(priorities(box, since)).toEqual([120]);
    expect(box.router().counters.became_master).toBe(1);
  });

  test("tells it once", () => {
    const text = (weight: number): string =>
      router({ track_interfaces: [{ name: "eth2", weight }], priority: 100 + weight });
    const { lab, box } = master(text(20));
    const since = lab.now;
    box.reload(text(30));
    expect(priorities(box, since)).toEqual([160]);
  });

  test("is not taken for stalled when its interval gets shorter", () => {
    const { lab, box } = master(router({ advert_interval: "10s" }));
    lab.run(60_000);
    expect(box.state()).toBe("master");
    lab.run(4000);
    box.reload(router({ advert_interval: "100ms" }));
    lab.run(1000);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("gets the lifetimes of its new interval", () => {
    const { lab, box } = master(router({ advert_interval: "30s", priority: 255 }));
    box.reload(router({ advert_interval: "1s", priority: 255 }));
    lab.run(5000);
    box.kill();
    lab.run(2100);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("gets lifetimes for ever when they are switched off, and back", () => {
    const { lab, box } = master();
    box.reload(agent({ address_lifetime: "forever" }) + router());
    lab.run(10);
    expect(box.kernel.addresses().find(({ address }) => address === VIP)?.validLifetime).toBeNull();
    box.reload(router());
    lab.run(10);
    expect(box.kernel.addresses().find(({ address }) => address === VIP)?.validLifetime as number).toBe(2);
  });

  test("adds and removes addresses, and the others stay", () => {
    const { lab, box } = master(router({ addresses: [CIDR, "192.0.2.3/24"] }));
    const before = box.actions.length;
    box.reload(router({ addresses: [CIDR, "192.0.2.4/24"] }));
    lab.run(10);
    expect(addressOps(box.actions.slice(before))).toEqual(["delete 192.0.2.3/24", "add 192.0.2.4/24"]);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    expect(adverts(box).at(-1)).toMatchObject({ advertisement: { addresses: [VIP, "192.0.2.4"] } });
    expect(told(box, lab.now - 10).map(({ address }) => address as string)).toContain("192.0.2.4");
  });

  test("gets an address with its new prefix", () => {
    const { lab, box } = master();
    box.reload(router({ addresses: [`${VIP}/32`] }));
    lab.run(100);
    expect(box.kernel.on("eth1")).toContain(`${VIP}/32`);
    expect(box.kernel.on("eth1")).not.toContain(CIDR);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("gets an address with its new prefix also where it would adopt one that it found", () => {
    const { lab, box } = master(router({ on_found: "adopt" }));
    box.reload(router({ on_found: "adopt", addresses: [`${VIP}/32`] }));
    lab.run(100);
    expect(box.kernel.on("eth1")).toContain(`${VIP}/32`);
    expect(box.router().addresses).toMatchObject([{ held: true, found: false }]);
  });

  test("gets an address with its new label", () => {
    const { lab, box } = master();
    box.reload(router({ addresses: [{ address: CIDR, label: "eth1:vip" }] }));
    lab.run(10_000);
    const known = box.kernel.addresses().find(({ address }) => address === VIP);
    expect(known?.label).toBe("eth1:vip");
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test.each([
    ["vrid", { vrid: 77 }, 77],
    ["version", { version: 2 }, 51],
  ] as const)("releases and starts anew with another %s", (_, change, vrid) => {
    const { lab, box } = master();
    const since = lab.now;
    const { body } = reply(lab, box, router(change));
    expect(body).toMatchObject({ restarted: ["VI_1"], changed: [], added: [], removed: [] });
    expect(priorities(box, since)).toEqual([0]);
    expect(box.kernel.has(VIP)).toBe(false);
    expect(box.state()).toBe("backup");
    lab.run(5000);
    expect(box.state()).toBe("master");
    expect(adverts(box).at(-1)?.advertisement.vrid).toBe(vrid);
  });

  test("releases and starts anew on another interface", () => {
    const { lab, box } = master();
    box.reload(router({ interface: "eth2" }));
    expect(box.kernel.has(VIP)).toBe(false);
    lab.run(5000);
    expect(box.kernel.on("eth2")).toContain(CIDR);
  });

  test("releases and starts anew with another family", () => {
    const { lab, box } = master();
    box.reload(router({ addresses: ["fe80::51/64"] }));
    expect(box.kernel.has(VIP)).toBe(false);
    lab.run(5000);
    expect(box.kernel.on("eth1")).toContain("fe80::51/64");
  });

  test("keeps an owner's address without a moment's gap when only its vrid changed, and tells it", () => {
    const { lab, box } = master(router({ priority: 255 }));
    const before = box.actions.length;
    const since = lab.now;
    box.reload(router({ priority: 255, vrid: 77 }) + router(SECOND, "VI_2"));
    lab.run(10);
    expect(addressOps(box.actions.slice(before))).not.toContain(`delete ${CIDR}`);
    expect(box.state()).toBe("master");
    expect(told(box, since).map(({ address }) => address as string)).toContain(VIP);
  });

  test("listens to its new group or peers", () => {
    const { lab, box } = master();
    box.reload(router({ multicast_group: "224.0.0.99" }));
    const listen = box.actions.findLast((action) => action.kind === "listen");
    expect(listen).toMatchObject({ listeners: [{ groups: ["224.0.0.99"] }] });
    lab.run(1000);
    expect(adverts(box).at(-1)?.destination as string).toBe("224.0.0.99");
    box.reload(router({ unicast_peers: ["192.0.2.11"] }));
    lab.run(1000);
    expect(adverts(box).at(-1)?.destination as string).toBe("192.0.2.11");
    hear(box, { source: "192.0.2.77", destination: "192.0.2.10", priority: 200 });
    expect(box.router()).toMatchObject({ state: "master", counters: { rejected: { source: 1 } } });
  });
});
