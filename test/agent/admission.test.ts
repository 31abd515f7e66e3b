/** Packets that do not take part: counted by reason, said once a source and minute; and those that do although they differ. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { encodeIp } from "../../src/wire/ip.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, forge, hear, type Forged } from "./sight.ts";
import { router } from "./text.ts";

/** Bytes of an advert with one of them changed. */
function damaged(at: number, value: number): Uint8Array {
  const bytes = forge({ source: "192.0.2.99" });
  bytes[at] = value;
  return bytes;
}

const HEADER = 20;
const STRANGER = "192.0.2.99";

/** Every reason, with a packet that gives it. */
const reasons: Record<string, [string, Uint8Array]> = {
  ttl: ["a lowered TTL", forge({ source: STRANGER, hopLimit: 254, priority: 254 })],
  checksum: ["a wrong checksum", damaged(HEADER + 6, 0xff)],
  version: ["another version than 2 or 3", damaged(HEADER, 0x41)],
  type: ["another type than advertisement", damaged(HEADER, 0x32)],
  vrid: ["another VRID", forge({ source: STRANGER, vrid: 99, priority: 254 })],
  length: ["fewer addresses than it says", damaged(HEADER + 3, 9)],
  auth: ["a password", forge({ source: STRANGER, version: 2, key: "secret", priority: 254 })],
  self: ["our own source", forge({ source: "192.0.2.10", priority: 254 })],
};

const rejected = (box: Box): Record<string, number> =>
  Object.fromEntries(Object.entries(box.router().counters.rejected).filter(([, count]) => count > 0));

describe("a multicast router", () => {
  test.each(Object.entries(reasons).map(([reason, [what, bytes]]) => [what, reason, bytes] as const))(
    "rejects %s, counts it as %s, and stays master",
    (_, reason, bytes) => {
      const { box } = master();
      box.frame("eth1", 4, bytes);
      expect(rejected(box)).toEqual({ [reason]: 1 });
      expect(box.router()).toMatchObject({ state: "master", peers: [], counters: { adverts_received: 0 } });
      expect(box.logs("vrrp.rejected").map(({ fields }) => fields["reason"])).toEqual([reason]);
    },
  );

  test("says it once a source and minute, and counts every time", () => {
    const { lab, box } = master();
    for (let times = 0; times < 90; times++) {
      hear(box, { source: STRANGER, hopLimit: 3 });
      hear(box, { source: "192.0.2.98", hopLimit: 3 });
      lab.run(1000);
    }
    expect(rejected(box)).toEqual({ ttl: 180 });
    const lines = box.logs("vrrp.rejected").map(({ fields }) => `${fields["name"]} ${fields["source"]}`);
    expect(lines).toEqual(["VI_1 192.0.2.99", "VI_1 192.0.2.98", "VI_1 192.0.2.99", "VI_1 192.0.2.98"]);
  });

  test("does not let thousands of sources fill the log or the memory", () => {
    const { box } = master();
    for (let at = 0; at < 5000; at++) {
      hear(box, { source: `10.0.${at >> 8}.${at & 255}`, hopLimit: 3 });
      hear(box, { source: `10.1.${at >> 8}.${at & 255}`, addresses: ["192.0.2.77"], priority: 1 });
    }
    expect(box.logs("vrrp.rejected").length).toBeLessThanOrEqual(1024);
    expect(box.logs("vrrp.mismatch").length).toBeLessThanOrEqual(1024);
    expect(box.router().peers.length).toBeLessThanOrEqual(16);
  });

  test("still raises its alarms after such a flood", () => {
    const { lab, box } = master();
    for (let at = 0; at < 5000; at++) hear(box, { source: `10.0.${at >> 8}.${at & 255}`, hopLimit: 3 });
    hear(box, { source: STRANGER, version: 2, key: "secret" });
    lab.run(10);
    expect(box.logs("vrrp.contested")).toHaveLength(1);
  });

  test("counts what is no IP and what is too short as length", () => {
    const { box } = master();
    box.frame("eth1", 4, new Uint8Array([0x45, 0, 0, 20]));
    box.frame("eth1", 4, new Uint8Array(0));
    box.frame("eth1", 4, forge({ source: STRANGER }).subarray(0, 24));
    expect(rejected(box)).toEqual({ length: 3 });
  });

  test("counts what is for nobody for each router there, and says it once", () => {
    const many = Array.from({ length: 3 }, (_, at) =>
      router({ vrid: at + 1, addresses: [`192.0.2.${at + 100}/24`] }, `VI_${at}`),
    );
    const { box } = master(many.join(""));
    hear(box, { source: STRANGER, vrid: 99 });
    expect(box.status().vrrp.map(({ counters }) => counters.rejected["vrid"])).toEqual([1, 1, 1]);
    expect(box.logs("vrrp.rejected").map(({ fields }) => fields)).toEqual([
      { name: "eth1", reason: "vrid", source: STRANGER },
    ]);
  });

  test("does not look at another protocol", () => {
    const { box } = master();
    const { source, destination } = { source: STRANGER as Ip, destination: "224.0.0.18" as Ip };
    const packet = {
      family: 4,
      source,
      destination,
      protocol: 17,
      hopLimit: 3,
      payload: new Uint8Array(40),
    } as const;
    box.frame("eth1", 4, encodeIp(packet, 0));
    expect(rejected(box)).toEqual({});
  });

  test("hears its own interface and family only", () => {
    const { box } = master();
    box.frame("eth2", 4, forge({ source: STRANGER, priority: 254 }));
    box.frame("eth1", 6, forge({ source: "fe80::99", addresses: ["fe80::51"], priority: 254 }));
    expect(rejected(box)).toEqual({});
    expect(box.state()).toBe("master");
  });

  test("raises an alarm over another host with its own address, and does not yield to it", () => {
    const { box } = master();
    hear(box, { source: "192.0.2.10", priority: 254 });
    expect(box.logs("vrrp.rejected")[0]).toMatchObject({
      level: "error",
      fields: { reason: "self", text: "another host sends from our own address" },
    });
    expect(box.state()).toBe("master");
  });

  test("knows its own address after it changed", () => {
    const { lab, box } = master();
    box.kernel.add("eth1", "192.0.2.55/24");
    box.kernel.remove("eth1", "192.0.2.10/24");
    lab.run(10);
    hear(box, { source: "192.0.2.55", priority: 254 });
    expect(rejected(box)).toEqual({ self: 1 });
    hear(box, { source: "192.0.2.10", priority: 254 });
    expect(box.state()).toBe("backup");
  });

  test("takes part with a peer set to unicast that is on the link", () => {
    const { box } = master();
    hear(box, { source: STRANGER, destination: "192.0.2.10", priority: 254 });
    expect(box.router()).toMatchObject({ state: "backup", peers: [{ mismatch: ["transport"] }] });
  });
});

describe("a unicast router", () => {
  const peers = [
    { address: "192.0.2.11", min_ttl: 255 },
    { address: "10.1.1.1", min_ttl: 250 },
  ];
  const heard = (forged: Omit<Forged, "priority">): Box => {
    const { box } = master(router({ unicast_peers: peers }));
    hear(box, { destination: "192.0.2.10", ...forged, priority: 254 });
    return box;
  };

  test.each([
    ["believes its peer", { source: "192.0.2.11" }, {}],
    ["does not believe its peer from afar", { source: "192.0.2.11", hopLimit: 254 }, { ttl: 1 }],
    ["believes a distant peer as far as configured", { source: "10.1.1.1", hopLimit: 250 }, {}],
    ["does not believe a distant peer from farther", { source: "10.1.1.1", hopLimit: 249 }, { ttl: 1 }],
    ["does not believe anybody else", { source: STRANGER }, { source: 1 }],
    ["does not believe anybody else from afar", { source: STRANGER, hopLimit: 3 }, { source: 1 }],
    ["believes its peer by multicast", { source: "192.0.2.11", destination: "224.0.0.18" }, {}],
    ["believes anybody on the link by multicast", { source: STRANGER, destination: "224.0.0.18" }, {}],
    [
      "believes nobody from afar by multicast",
      { source: STRANGER, destination: "224.0.0.18", hopLimit: 254 },
      { ttl: 1 },
    ],
  ] as const)("%s", (_, forged, counted) => {
    const box = heard(forged);
    expect(rejected(box)).toEqual(counted);
    expect(box.state()).toBe(Object.keys(counted).length === 0 ? "backup" : "master");
  });
});

describe("a router with a password", () => {
  const keyed = router({ version: 2, auth: { type: "pass", key: "secret-and-longer" } });

  test("sends its first eight bytes", () => {
    const { box } = master(keyed);
    expect(adverts(box)[0]?.advertisement).toMatchObject({
      version: 2,
      auth: { type: 1, data: new TextEncoder().encode("secret-a") },
    });
  });

  test.each([
    ["the same password", { key: "secret-a" }, {}],
    ["another password", { key: "secret" }, { auth: 1 }],
    ["no password", {}, { auth: 1 }],
    ["version 3, which has none", { version: 3 }, { version: 1 }],
  ] as const)("hears an advert with %s", (_, forged, counted) => {
    const { box } = master(keyed);
    hear(box, { source: STRANGER, version: 2, priority: 254, ...forged });
    expect(rejected(box)).toEqual(counted);
  });
});

describe("a peer that differs", () => {
  test.each([
    ["addresses", { addresses: ["192.0.2.1", "192.0.2.2"] }],
    ["interval", { interval: 2000 }],
    ["version", { version: 2 }],
    ["transport", { destination: "192.0.2.10" }],
  ] as const)("in its %s takes part, and that is said once", (what, forged) => {
    const { lab, box } = master();
    for (let times = 0; times < 5; times++) {
      hear(box, { source: STRANGER, priority: 200, ...forged });
      lab.run(1000);
    }
    expect(box.router()).toMatchObject({ state: "backup", peers: [{ address: STRANGER, mismatch: [what] }] });
    expect(box.logs("vrrp.mismatch").map(({ fields }) => fields)).toEqual([
      { name: "VI_1", what, source: STRANGER },
    ]);
  });

  test("no more is shown as the same again, and said again when it differs again", () => {
    const { lab, box } = master();
    hear(box, { source: STRANGER, priority: 200, interval: 2000 });
    hear(box, { source: STRANGER, priority: 200 });
    expect(box.router().peers).toMatchObject([{ mismatch: [] }]);
    lab.run(60_000);
    hear(box, { source: STRANGER, priority: 200, interval: 2000 });
    expect(box.logs("vrrp.mismatch")).toHaveLength(2);
  });

  test("keeps its differences in the status when it leaves with a last short advert", () => {
    const { box } = master();
    hear(box, { source: STRANGER, priority: 200, interval: 2000 });
    hear(box, { source: STRANGER, priority: 0, interval: 1000, addresses: [] });
    expect(box.router().peers).toMatchObject([{ mismatch: ["interval"] }]);
  });
});

describe("the peers that are remembered", () => {
  test("are the sixteen heard last", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    for (let at = 20; at < 60; at++) hear(box, { source: `192.0.2.${at}`, priority: 200 });
    const last = Array.from({ length: 16 }, (_, at) => `192.0.2.${44 + at}`);
    expect(box.router().peers.map(({ address }) => address)).toEqual(last);
  });
});
