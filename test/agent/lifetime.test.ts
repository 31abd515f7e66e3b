/** How addresses are put on an interface: with which lifetime, by which call, with which sysctl. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { addressChanges, addressOps, master } from "./scenes.ts";
import { told } from "./sight.ts";
import { agent, router, VIP } from "./text.ts";

const CIDR = `${VIP}/24`;

describe("lifetimes", () => {
  const lifetimes = (box: Box): (number | null)[] =>
    addressChanges(box.actions).flatMap((change) => (change.op === "add" ? [change.lifetime] : []));

  test.each([
    ["10ms", 2],
    ["1s", 2],
    ["1010ms", 3],
    ["5s", 10],
    ["40950ms", 82],
  ] as const)("at an interval of %s are %i seconds", (interval, expected) => {
    const lab = new Lab();
    const box = lab.box(router({ advert_interval: interval, priority: 255 }));
    box.start();
    expect(lifetimes(box)).toEqual([expected]);
  });

  test("are refreshed at a quarter, in one batch, without announcing anything", () => {
    const { lab, box } = master(
      router({ addresses: [CIDR, "192.0.2.2/24"], advert_interval: "4s", priority: 255 }),
    );
    lab.run(8000);
    const since = lab.now;
    const before = box.actions.length;
    lab.run(8000);
    const batches = box.actions.slice(before).filter((action) => action.kind === "addresses");
    expect(batches).toHaveLength(4);
    expect(addressOps(batches)).toEqual(
      Array(4).fill(["refresh 192.0.2.1/24", "refresh 192.0.2.2/24"]).flat(),
    );
    expect(told(box, since)).toEqual([]);
  });

  test("never run out while the agent runs", () => {
    const { lab, box } = master();
    lab.run(60_000);
    expect(box.kernel.on("eth1")).toContain(CIDR);
    expect(box.logs("address.lost")).toEqual([]);
  });

  test("let the address go two seconds after the agent was killed", () => {
    const { lab, box } = master();
    box.kill();
    lab.run(2100);
    expect(box.kernel.has(VIP)).toBe(false);
  });

  test("are for ever where the configuration says so", () => {
    const { box } = master(agent({ address_lifetime: "forever" }) + router());
    expect(lifetimes(box)).toEqual([null]);
    expect(addressOps(box.actions)).toEqual([`add ${VIP}/24`]);
  });

  test("are for ever with more than 64 addresses, and that is said", () => {
    const many = Array.from({ length: 65 }, (_, at) => `192.0.2.${at + 100}/24`);
    const most = master(router({ addresses: many.slice(0, 64), priority: 255 })).box;
    expect(new Set(lifetimes(most))).toEqual(new Set([2]));
    expect(most.logs("config.warning")).toEqual([]);
    const { box } = master(router({ addresses: many, priority: 255 }));
    expect(new Set(lifetimes(box))).toEqual(new Set([null]));
    expect(box.logs("config.warning").map(({ fields }) => fields["text"])).toEqual([
      "65 addresses: without kernel lifetimes, so a killed agent leaves them until it is started again",
    ]);
  });
});

describe("the way an address is added", () => {
  const method = (text: string, prepare: (box: Box) => void = () => undefined): string[] => {
    const lab = new Lab();
    const box = lab.box(text);
    prepare(box);
    box.start();
    return addressChanges(box.actions).flatMap((change) => (change.op === "add" ? [change.method] : []));
  };
  const labelled = (cidr: string, label: string): string =>
    router({ priority: 255, addresses: [{ address: cidr, label }] });

  test("is the alias ioctl for a label at the class's own prefix", () => {
    expect(method(labelled("192.0.2.1/24", "eth1:1"))).toEqual(["ioctl"]);
    expect(method(labelled("172.16.0.1/16", "eth1:1"))).toEqual(["ioctl"]);
    expect(method(labelled("10.0.0.1/8", "eth1:1"))).toEqual(["ioctl"]);
  });

  test("is netlink where the ioctl would set a wrong mask for a moment", () => {
    expect(method(labelled("192.0.2.1/32", "eth1:1"))).toEqual(["netlink"]);
    expect(method(labelled("10.0.0.1/24", "eth1:1"))).toEqual(["netlink"]);
  });

  test("is netlink without a label", () => {
    expect(method(router({ priority: 255 }))).toEqual(["netlink"]);
  });

  test("is netlink where somebody has the label", () => {
    const taken = (box: Box): void => {
      const key = box.kernel.key("eth1", "192.0.2.77/24");
      box.kernel.change({ op: "add", key, label: "eth1:1", lifetime: null, method: "netlink", metric: null });
    };
    expect(method(labelled("192.0.2.1/24", "eth1:1"), taken)).toEqual(["netlink"]);
  });

  test("is what the configuration says", () => {
    const text = labelled("192.0.2.1/24", "eth1:1");
    expect(method(agent({ address_method: "netlink" }) + text)).toEqual(["netlink"]);
    expect(method(agent({ address_method: "ioctl" }) + labelled("192.0.2.1/32", "eth1:1"))).toEqual([
      "ioctl",
    ]);
  });
});

describe("promote_secondaries", () => {
  const settings = (box: Box): string[] =>
    box.actions.flatMap((action) =>
      action.kind === "promote-secondaries" ? [`${action.index} ${action.enable}`] : [],
    );

  test("is set before the first IPv4 address of ours and put back after the last", () => {
    const { lab, box } = master();
    const kinds = box.actions.map(({ kind }) => kind);
    expect(kinds.indexOf("promote-secondaries")).toBeLessThan(kinds.indexOf("addresses"));
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(10);
    expect(settings(box)).toEqual(["2 true", "2 false"]);
    const after = box.actions.map(({ kind }) => kind);
    expect(after.lastIndexOf("promote-secondaries")).toBeGreaterThan(after.lastIndexOf("addresses"));
  });

  test("is left alone for IPv6 and for addresses that we found", () => {
    expect(settings(master(router({ addresses: ["fe80::51/64"], vrid: 6 })).box)).toEqual([]);
    const lab = new Lab();
    const box = lab.box(router({ priority: 255 }));
    box.kernel.add("eth1", CIDR);
    box.start();
    expect(settings(box)).toEqual([]);
  });
});
