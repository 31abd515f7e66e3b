/** From facts to findings, where no namespace can easily be made to have them; the others have theirs in test/features. */
import { describe, expect, test } from "bun:test";
import type { KernelAddress, Link } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { instant, priority } from "../../src/base/units.ts";
import { examine } from "../../src/doctor/examine.ts";
import type { Facts, Overheard, PathFact } from "../../src/doctor/facts.ts";
import { healthOf } from "../../src/doctor/finding.ts";
import { encodeIp } from "../../src/wire/ip.ts";
import { encodeAdvertisement } from "../../src/wire/vrrp.ts";
import { centiseconds } from "../../src/base/units.ts";
import { config, eth1, GOOD, ids } from "./patient.ts";

test("a good host has no findings, and its health is ok", () => {
  expect(ids({})).toEqual([]);
  expect(healthOf([])).toBe("ok");
});

test("the worst comes first, and notes alone are health", () => {
  const facts = { deaf: [{ interface: "eth1", errno: "EPERM" }], missingCapabilities: ["CAP_NET_RAW"] };
  expect(ids(facts)).toEqual(["fault capability", "note deaf"]);
  expect(healthOf(examine({ ...GOOD, deaf: facts.deaf }, config()))).toBe("ok");
});

describe("adverts", () => {
  const advert = (source: string, at: number): Overheard => {
    const envelope = { family: 4, source: source as Ip, destination: "224.0.0.18" as Ip } as const;
    const payload = encodeAdvertisement(
      {
        version: 3,
        vrid: 51,
        priority: priority(100),
        interval: centiseconds(100),
        addresses: ["192.0.2.1" as Ip],
      },
      envelope,
      "rfc5798",
    );
    const bytes = encodeIp({ ...envelope, protocol: 112, hopLimit: 255, payload }, 0);
    return { at: instant(at), index: 2, family: 4, bytes };
  };
  const A = "192.0.2.10";
  const B = "192.0.2.11";

  test("of two at a time are two masters, of one after the other a failover", () => {
    expect(ids({ overheard: [advert(A, 0), advert(B, 500), advert(A, 1000), advert(B, 1500)] })).toEqual([
      "fault second_master",
    ]);
    expect(ids({ overheard: [advert(A, 0), advert(A, 1000), advert(B, 4000), advert(B, 5000)] })).toEqual([]);
  });

  test("of one are a second master only beside our own", () => {
    const overheard = [advert(B, 0), advert(B, 1000)];
    const agent = { masters: new Set(["lan"]), held: new Set<string>() };
    expect(ids({ overheard, agent })).toEqual(["fault second_master"]);
    expect(ids({ overheard: overheard.slice(1), agent })).toEqual([]);
  });

  test("on another interface, or that are no packets, are nobody's", () => {
    const rubbish = { ...advert(A, 0), bytes: new Uint8Array(7) };
    expect(ids({ overheard: [rubbish, { ...advert(A, 0), index: 9 }] })).toEqual([]);
  });
});

describe("an address", () => {
  const found = (index: number): KernelAddress => ({
    index,
    address: "192.0.2.1" as Ip,
    prefix: 24,
    label: null,
    secondary: false,
    tentative: false,
    validLifetime: null,
  });

  test("of a virtual MAC is on the device of that", () => {
    const device: Link = { ...eth1, index: 9, name: "vrrp4.51" };
    const facts = (held: string): object => ({
      links: [eth1, device],
      addresses: [found(9)],
      agent: { masters: new Set(["lan"]), held: new Set([`192.0.2.1 ${held}`]) },
    });
    expect(ids(facts(device.name), config("virtual_mac = true"))).toEqual([]);
    expect(ids(facts("eth1"))).toEqual(["fault address_static"]);
  });

  test("of its owner is at home", () => {
    expect(ids({ addresses: [found(2)] }, config("priority = 255"))).toEqual([]);
  });
});

describe("a script", () => {
  const with_ = (fact: PathFact | null, above: Partial<PathFact> = {}): Partial<Facts> => ({
    programs: new Map([["/c/run", "/c/run"]]),
    paths: new Map([
      ["/c/run", fact],
      ["/c", { kind: "directory", mode: 0o755, uid: 0, gid: 0, script: false, ...above }],
    ]),
  });
  const SCRIPT: PathFact = { kind: "file", mode: 0o755, uid: 0, gid: 0, script: true };
  const of = config(
    'track_checks = ["c"]',
    '[check.c]\ntype = "script"\ncommand = ["/c/run"]\n[agent]\nrealtime_priority = 1\n',
  );

  test.each([
    ["good", SCRIPT, {}, []],
    ["no script, and not to be read", { ...SCRIPT, mode: 0o711, script: false }, {}, []],
    ["not to be read", { ...SCRIPT, mode: 0o711 }, {}, ["degraded script"]],
    ["writable by root's group", { ...SCRIPT, mode: 0o775 }, {}, []],
    ["writable by another group", { ...SCRIPT, mode: 0o775, gid: 100 }, {}, ["degraded script"]],
    ["in a shared directory that is sticky", SCRIPT, { mode: 0o1777 }, []],
    ["its user's own", { ...SCRIPT, uid: 65534, mode: 0o700 }, {}, []],
    ["not there", null, {}, ["degraded script"]],
    ["a directory", { ...SCRIPT, kind: "directory" }, {}, ["degraded script"]],
  ] as const)("that is %s", (_, fact, above, expected) => {
    expect(ids(with_(fact, above), of)).toEqual([...expected]);
  });

  const fence = config(
    "",
    `[heartbeat]
nodes = ["ha1", "ha2"]
links = [{ type = "broadcast", interface = "eth1" }]
auth = { method = "sha1", key = "k" }
resources = ["ha1 one"]
fence = { command = ["/c/run"] }
[agent]
node = "ha1"
realtime_priority = 1
`,
  );

  test.each([
    ["root's alone", { ...SCRIPT, mode: 0o700 }, []],
    ["of the user of scripts", { ...SCRIPT, uid: 65534 }, ["degraded script"]],
    ["not executable", { ...SCRIPT, mode: 0o600 }, ["degraded script"]],
    ["not there", null, ["degraded script"]],
  ] as const)("that is the fence's, and %s", (_, fact, expected) => {
    expect(ids(with_(fact), fence)).toEqual([...expected]);
  });
});

test("an authentication header is part of what has to fit", () => {
  const narrow = { links: [{ ...eth1, mtu: 60 }] };
  expect(ids(narrow, config("version = 2"))).toEqual([]);
  expect(ids(narrow, config('version = 2\nauth = { type = "ah", key = "secret" }'))).toEqual(["fault mtu"]);
});

test("a virtual MAC address needs Ethernet, and settings that can be set", () => {
  const virtual = config("virtual_mac = true");
  expect(ids({ links: [{ ...eth1, ethernet: false, mac: null }] }, virtual)).toEqual(["fault virtual_mac"]);
  const sealed = { value: "0", writable: false };
  const settings = new Map([["net/ipv4/conf/eth1/arp_ignore", sealed]]);
  expect(ids({ settings }, virtual)).toEqual(["fault virtual_mac"]);
  expect(ids({ settings }, config())).toEqual([]);
});
