/** Virtual MAC addresses: which device an agent asks for and when, and from where it speaks. */
import { describe, expect, test } from "bun:test";
import type { Action } from "../../src/agent/boundary.ts";
import type { VirtualMac } from "../../src/agent/virtual-mac.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressChanges, addressOps, master } from "./scenes.ts";
import { advertIn } from "./sight.ts";
import type { Table } from "./text.ts";
import { router, VIP } from "./text.ts";

const MAC = "00:00:5e:00:01:33" as Mac;
const DEVICE = "vrrp.51.eth1";
const virtual = (values: Table = {}, name?: string): string => router({ virtual_mac: true, ...values }, name);
const V6 = { addresses: ["2001:db8::1/64"], virtual_mac: true };

/** The devices asked for last; none asked for: null. */
function devices(actions: readonly Action[]): readonly VirtualMac[] | null {
  const asked = actions.findLast((action) => action.kind === "virtual-macs");
  return asked?.kind === "virtual-macs" ? asked.devices : null;
}

/** Priority and sender's MAC address of every advert. */
const spoken = (box: Box): [number, Mac | null][] =>
  box.actions.flatMap((action): [number, Mac | null][] => {
    const advert = advertIn(action);
    return advert === null || action.kind !== "frame" ? [] : [[advert.advertisement.priority, action.source]];
  });

describe("a router with a virtual MAC address", () => {
  test.each([
    [{}, "eth1", "vrrp.51.eth1", MAC],
    [V6, "eth1", "vrrp6.51.eth1", "00:00:5e:00:02:33"],
    [{ vrid: 255 }, "br-lan0", "vrrp.255.br-lan0".slice(0, 15), "00:00:5e:00:01:ff"],
  ] as const)("%p on %s has the device %s", (values, link, name, mac) => {
    const lab = new Lab();
    const box = lab.box(virtual({ ...values, interface: link }));
    if (link !== "eth1") box.plug(link, 9);
    const asked = devices(box.start())?.[0];
    expect(asked?.mac).toBe(mac as Mac);
    expect(asked?.name.length).toBeLessThanOrEqual(15);
    if (link === "eth1") expect(asked?.name).toBe(name);
    else expect(asked?.name).toMatch(/^vrrp\.255\.[0-9a-z]{5}$/);
  });

  test("has its device from the start, and up only while it is master", () => {
    const lab = new Lab();
    const box = lab.box(virtual());
    expect(devices(box.start())).toEqual([
      { name: DEVICE, base: 2, mac: MAC, up: false, families: [4], attempt: 1 },
    ]);
    lab.run(5000);
    expect(devices(box.actions)).toMatchObject([{ name: DEVICE, up: true }]);
    box.ask({ command: "standby", name: null });
    expect(devices(box.actions)).toMatchObject([{ name: DEVICE, up: false }]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(devices(box.actions)).toEqual([]);
  });

  test("puts its addresses there, after its first advert and the device, with a route of last resort", () => {
    const { box } = master(
      virtual({ excluded_addresses: [{ address: "198.51.100.1/24", interface: "eth2" }] }),
    );
    const kinds = box.actions.map(({ kind }) => kind);
    const up = box.actions.findIndex(
      (action) => action.kind === "virtual-macs" && action.devices[0]?.up === true,
    );
    expect(kinds.indexOf("frame")).toBeLessThan(up);
    expect(kinds.indexOf("addresses")).toBeGreaterThan(up);
    expect(box.kernel.on(DEVICE)).toEqual([`${VIP}/24`]);
    expect(box.kernel.on("eth2")).toContain("198.51.100.1/24");
    const metrics = addressChanges(box.actions).map((change) =>
      change.op === "delete" ? null : change.metric,
    );
    expect(metrics.slice(0, 2)).toEqual([1_000_000, null]);
    // What re-arms the lifetime must not bring the route forward.
    expect(new Set(metrics)).toEqual(new Set([1_000_000, null]));
    expect(box.router().addresses.map(({ interface: link }) => link)).toEqual([DEVICE, "eth2"]);
  });

  test("advertises from it, but gives up from the interface's own", () => {
    const { lab, box } = master(virtual());
    const other = lab.box(virtual({ priority: 200 }));
    other.start();
    lab.run(5000);
    expect(box.state()).toBe("backup");
    const [, ...said] = spoken(box).toReversed();
    expect(spoken(box).at(-1)).toEqual([100, null]);
    expect(said.every(([, source]) => source === MAC)).toBe(true);
    other.event({ kind: "signal", signal: "SIGTERM" });
    expect(spoken(other).at(-1)).toEqual([0, null]);
  });

  test("advertises from the interface's own when it shall only announce", () => {
    const { box } = master(virtual({ virtual_mac: "announce-only" }));
    expect(new Set(spoken(box).map(([, source]) => source))).toEqual(new Set([null]));
    const { index } = box.kernel.link(DEVICE);
    const arps = box.actions.filter((action) => action.kind === "frame" && action.ethertype === 0x0806);
    expect(arps.length).toBeGreaterThan(4);
    expect(arps.every((action) => action.kind === "frame" && action.index === index)).toBe(true);
  });

  test("is in fault while the device cannot be had, and tries again without a word", () => {
    const lab = new Lab();
    const box = lab.box(virtual());
    box.kernel.deviceFailure = "EROFS";
    box.start();
    expect(box.router()).toMatchObject({ state: "fault", reason: `virtual MAC ${DEVICE}: EROFS` });
    const said = box.logs("vrrp.state").length;
    lab.run(60_000);
    expect(box.logs("vrrp.state")).toHaveLength(said);
    expect(addressOps(box.actions)).toEqual([]);
    box.kernel.deviceFailure = null;
    lab.run(20_000);
    expect(box.state()).toBe("master");
  });

  test("never puts an address on a device that is not known to be ours", () => {
    const lab = new Lab();
    const box = lab.box(virtual({ priority: 255 }));
    box.kernel.putLink({ index: 50, name: DEVICE });
    box.kernel.deviceFailure = "a device of that name is there already";
    box.start();
    lab.run(5000);
    expect(addressOps(box.actions)).toEqual([]);
  });

  test("has the device back when somebody takes it away", () => {
    const { lab, box } = master(virtual());
    box.kernel.removeLink(DEVICE);
    lab.run(50);
    expect(box.kernel.on(DEVICE)).toEqual([`${VIP}/24`]);
    box.kernel.set(DEVICE, { up: false });
    lab.run(50);
    expect(box.kernel.link(DEVICE).up).toBe(true);
    expect(box.state()).toBe("master");
    expect(box.logs("vrrp.state")).toHaveLength(2);
  });

  test("resumes on the device that its predecessor made, and touches no address", () => {
    const { lab, box } = master(virtual());
    box.kill();
    lab.run(100);
    const done = box.start();
    expect(box.state()).toBe("master");
    expect(addressOps(done)).toEqual([`refresh ${VIP}/24`]);
  });

  test("is another router when that changes", () => {
    const { lab, box } = master(virtual());
    const since = box.actions.length;
    box.reload(router());
    lab.run(10);
    expect(box.state()).toBe("backup");
    expect(devices(box.actions.slice(since))).toEqual([]);
    lab.run(5000);
    expect(box.kernel.on("eth1")).toContain(`${VIP}/24`);
  });

  test("hears through a tap, and joins the groups of its IPv6 addresses on the interface itself", () => {
    const lab = new Lab();
    const box = lab.box(router(V6));
    const listen = box.start().findLast((action) => action.kind === "listen");
    expect(listen).toMatchObject({
      listeners: [
        {
          index: 2,
          family: 6,
          tap: true,
          groups: ["ff02::12", "ff02::1:ff00:1", "ff02::1:ff00:233"] as Ip[],
        },
      ],
    });
  });

  test("has a link-local address of its own on the device, and advertises it not", () => {
    const { box } = master(router(V6));
    const own = "fe80::200:5eff:fe00:233";
    expect(box.kernel.on("vrrp6.51.eth1")).toEqual(["2001:db8::1/64", `${own}/64`]);
    expect(box.router().addresses).toHaveLength(1);
    const advert = box.actions.map(advertIn).find((seen) => seen !== null);
    expect(advert?.advertisement.addresses).toEqual(["2001:db8::1" as Ip]);
    expect(advert?.source).toBe("fe80::10" as Ip);
    const { box: other } = master(router({ ...V6, addresses: ["fe80::1/64", "2001:db8::1/64"] }));
    expect(other.kernel.on("vrrp6.51.eth1")).toEqual(["fe80::1/64", "2001:db8::1/64"]);
  });
});
