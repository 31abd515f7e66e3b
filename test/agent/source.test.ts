/** The address that adverts are sent from. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, hear } from "./sight.ts";
import { router, VIP } from "./text.ts";

const fault = (box: Box): string => {
  const { state, reason } = box.router();
  return state === "fault" ? reason : state;
};

describe("the source of adverts", () => {
  test("is the interface's first own address, and changes with it", () => {
    const { lab, box } = master();
    box.kernel.add("eth1", "192.0.2.55/24");
    lab.run(2000);
    expect(adverts(box).at(-1)?.source as string).toBe("192.0.2.10");
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(2000);
    expect(adverts(box).at(-1)?.source as string).toBe("192.0.2.55");
    expect(box.logs("vrrp.source").map(({ fields }) => fields)).toEqual([
      { name: "VI_1", from: "192.0.2.10", to: "192.0.2.55" },
    ]);
    expect(box.router()).toMatchObject({ state: "master", counters: { became_master: 1 } });
  });

  test("decides ties as soon as it changed", () => {
    const { lab, box } = master();
    box.kernel.add("eth1", "192.0.2.200/24");
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(10);
    hear(box, { source: "192.0.2.99", priority: 100 });
    expect(fault(box)).toBe("master");
  });

  test("that is taken away is a fault, with a last word from it, until there is one again", () => {
    const { lab, box } = master();
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(10);
    expect(fault(box)).toBe("interface eth1 has no IPv4 address to send from");
    expect(adverts(box).at(-1)).toMatchObject({ source: "192.0.2.10", advertisement: { priority: 0 } });
    expect(box.kernel.has(VIP)).toBe(false);
    box.kernel.add("eth1", "192.0.2.12/24");
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("is never a virtual address, of whichever router", () => {
    const second = router({ vrid: 52, addresses: ["192.0.2.2/24"], on_found: "adopt" }, "VI_2");
    const lab = new Lab();
    const box = lab.box(router() + second);
    box.kernel.add("eth1", "192.0.2.2/24");
    box.start();
    lab.run(5000);
    expect(box.state("VI_2")).toBe("master");
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(10);
    expect(fault(box)).toBe("interface eth1 has no IPv4 address to send from");
    expect(adverts(box).map(({ source }) => source as string)).not.toContain("192.0.2.2");
    expect(adverts(box).map(({ source }) => source as string)).not.toContain(VIP);
  });

  test("is never an address of a group of resources: that moves too", () => {
    const cluster = [
      "[heartbeat]",
      'nodes = ["a", "b"]',
      'auth = { method = "sha1", key = "k" }',
      'links = [{ type = "broadcast", interface = "eth1" }]',
      'resources = ["a IPaddr::192.0.2.7/24/eth1"]',
    ].join("\n");
    const lab = new Lab();
    const box = lab.box(`[agent]\nnode = "a"\n${router()}\n${cluster}\n`);
    box.kernel.add("eth1", "192.0.2.7/24");
    box.start();
    lab.run(5000);
    expect(fault(box)).toBe("master");
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(10);
    expect(fault(box)).toBe("interface eth1 has no IPv4 address to send from");
  });

  test("is a link-local address for IPv6, once it is no longer tentative", () => {
    const lab = new Lab();
    const box = lab.box(router({ vrid: 6, addresses: ["fe80::51/64"] }));
    box.kernel.remove("eth1", "fe80::10/64");
    box.kernel.add("eth1", "2001:db8::10/64");
    box.start();
    expect(fault(box)).toBe("interface eth1 has no link-local address to send from");
    const address = {
      ...box.kernel.key("eth1", "fe80::12/64"),
      label: null,
      secondary: false,
      validLifetime: null,
    };
    box.event({ kind: "address", address: { ...address, tentative: true } });
    expect(fault(box)).toBe("interface eth1 has no link-local address to send from");
    box.event({ kind: "address", address: { ...address, tentative: false } });
    expect(fault(box)).toBe("backup");
    lab.run(5000);
    expect(adverts(box)[0]?.source as string).toBe("fe80::12");
  });

  test("is what unicast_source says, on whichever interface, and a fault without it", () => {
    const lab = new Lab();
    const box = lab.box(router({ unicast_source: "198.51.100.10", unicast_peers: ["198.51.100.11"] }));
    box.start();
    lab.run(5000);
    expect(adverts(box)[0]?.source as string).toBe("198.51.100.10");
    box.kernel.remove("eth2", "198.51.100.10/24");
    lab.run(10);
    expect(fault(box)).toBe("source 198.51.100.10 is on no interface");
    box.kernel.add("eth2", "198.51.100.10/24");
    lab.run(5000);
    expect(fault(box)).toBe("master");
  });

  test("of a unicast IPv6 router leaves the way to a distant peer to the kernel", () => {
    const lab = new Lab();
    const own = { unicast_source: "2001:db8::10", unicast_peers: ["2001:db8:1::11"] };
    const box = lab.box(router({ vrid: 6, addresses: ["2001:db8::51/64"], ...own }));
    box.kernel.add("eth1", "2001:db8::10/64");
    box.start();
    lab.run(5000);
    const sent = box.actions.find((action) => action.kind === "packet");
    expect(sent).toMatchObject({ index: null, destination: "2001:db8:1::11" });
  });

  test("binds a unicast IPv6 router to its interface where addresses are link-local", () => {
    const lab = new Lab();
    const box = lab.box(router({ vrid: 6, addresses: ["2001:db8::51/64"], unicast_peers: ["fe80::11"] }));
    box.start();
    lab.run(5000);
    const sent = box.actions.find((action) => action.kind === "packet");
    expect(sent).toMatchObject({ index: 2, destination: "fe80::11" });
  });
});
