/** From facts to findings, where no namespace can easily be made to have them; the others have theirs in test/features. */
import { describe, expect, test } from "bun:test";
import type { KernelAddress, Link } from "../../src/agent/boundary.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { instant, ms, priority } from "../../src/base/units.ts";
import { load } from "../../src/config/load.ts";
import type { Config } from "../../src/config/model.ts";
import { examine } from "../../src/doctor/examine.ts";
import type { Facts, Overheard, PathFact } from "../../src/doctor/facts.ts";
import { healthOf } from "../../src/doctor/finding.ts";
import { encodeIp } from "../../src/wire/ip.ts";
import { encodeAdvertisement } from "../../src/wire/vrrp.ts";
import { centiseconds } from "../../src/base/units.ts";

const eth1: Link = {
  index: 2,
  name: "eth1",
  ethernet: true,
  mac: "02:00:00:00:00:01" as Mac,
  mtu: 1500,
  up: true,
  carrier: true,
  forwarding6: false,
};

/** A host with nothing wrong with it. */
const GOOD: Facts = {
  missingCapabilities: [],
  clockSource: "tsc",
  links: [eth1],
  addresses: [],
  settings: new Map(),
  ipvs: { loaded: false, modules: null },
  filters: [{ program: "nft", text: '{"nftables":[]}', failure: null }],
  overheard: [],
  listened: ms(3000),
  deaf: [],
  bridges: [],
  rivals: [],
  paths: new Map(),
  programs: new Map(),
  scriptUser: { uid: 65534, gid: 65534 },
  services: [],
  agent: null,
  ledger: [],
};

function config(more = "", rest = ""): Config {
  const text = `[vrrp.lan]\ninterface = "eth1"\nvrid = 51\naddresses = ["192.0.2.1/24"]\n${more}\n${rest}`;
  const loaded = load({ path: "x", text, failure: null, mode: 0o600, hostname: "a", accounts: null });
  if (loaded.config === null) throw new Error(JSON.stringify(loaded.findings));
  return loaded.config;
}

const ids = (facts: Partial<Facts>, of: Config = config()): string[] =>
  examine({ ...GOOD, ...facts }, of).map(({ severity, id }) => `${severity} ${id}`);

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

describe("a real server", () => {
  const of = config("", '[realserver]\naddresses = ["198.51.100.80"]');
  const carried: KernelAddress = {
    index: 1,
    address: "198.51.100.80" as Ip,
    prefix: 32,
    label: null,
    secondary: false,
    tentative: false,
    validLifetime: null,
  };
  const links = [eth1, { ...eth1, index: 1, name: "lo", ethernet: false }];
  const setting = (name: string, key: string, value: number, writable = true) =>
    [`net/ipv4/conf/${name}/${key}`, { value: `${value}`, writable }] as const;
  const silent = [setting("eth1", "arp_ignore", 1), setting("eth1", "arp_announce", 2)];

  test("behind a tunnel with strict rp_filter gets nothing", () => {
    const tunnel = { ...eth1, index: 3, name: "tunl0", ethernet: false };
    for (const [all, own, expected] of [
      [0, 0, []],
      [1, 0, ["degraded realserver_tunnel"]],
      [0, 1, ["degraded realserver_tunnel"]],
      [1, 2, []],
    ] as const) {
      const settings = new Map([
        ...silent,
        setting("all", "rp_filter", all),
        setting("tunl0", "rp_filter", own),
      ]);
      const found = ids({ links: [...links, tunnel], addresses: [carried], settings }, of);
      expect(found.filter((each) => each.includes("realserver"))).toEqual([...expected]);
    }
  });

  test("where /proc/sys is read-only speaks of what it will carry", () => {
    const settings = new Map([setting("eth1", "arp_ignore", 0, false)]);
    expect(ids({ links, settings }, of)).toEqual(["fault realserver_arp", "degraded realserver_missing"]);
  });
});

describe("a director", () => {
  const service = (more = "", forward = "dr"): Config =>
    config(
      "",
      `[virtual_server.web]\naddress = "192.0.2.80:80"\nscheduler = "wrr"\nforward = "${forward}"\n${more}\nreal_servers = [{ address = "198.51.100.2:80" }]`,
    );
  const carried = (address: string, prefix: number): KernelAddress => ({
    ...{ index: 2, address: address as Ip, prefix, label: null },
    ...{ secondary: false, tentative: false, validLifetime: null },
  });
  const near = [carried("198.51.100.1", 24)];
  const vs = (key: string, value: number) =>
    [`net/ipv4/vs/${key}`, { value: `${value}`, writable: true }] as const;

  test("without IPVS directs nothing, and without a scheduler not that service", () => {
    const none = { loaded: false, modules: new Set<string>() };
    expect(ids({ addresses: near, ipvs: none }, service())).toEqual(["fault ipvs"]);
    const some = { loaded: false, modules: new Set(["ip_vs", "ip_vs_rr"]) };
    expect(ids({ addresses: near, ipvs: some }, service())).toEqual(["fault ipvs_scheduler"]);
    const all = { loaded: true, modules: new Set(["ip_vs", "ip_vs_wrr"]) };
    expect(ids({ addresses: near, ipvs: all }, service())).toEqual([]);
    expect(ids({ addresses: near, ipvs: { loaded: true, modules: null } }, service())).toEqual([]);
    expect(ids({ ipvs: none })).toEqual([]);
  });

  test("reaches by dr who is in one of its networks", () => {
    const loaded = { loaded: true, modules: null };
    for (const [address, prefix, expected] of [
      ["198.51.100.1", 24, []],
      ["198.51.100.3", 31, []],
      ["198.51.100.1", 31, ["fault ipvs_route"]],
      ["198.51.101.1", 24, ["fault ipvs_route"]],
      ["2001:db8::1", 1, ["fault ipvs_route"]],
    ] as const) {
      const addresses = [carried(address, prefix)];
      expect(ids({ addresses, ipvs: loaded }, service())).toEqual([...expected]);
      expect(ids({ addresses, ipvs: loaded }, service("", "tun"))).toEqual([]);
    }
  });

  test("with nat forwards, and expires what a server that goes leaves", () => {
    const ipvs = { loaded: true, modules: null };
    const forward = (value: number) =>
      new Map([["net/ipv4/ip_forward", { value: `${value}`, writable: true }]]);
    expect(ids({ ipvs, settings: forward(0) }, service("", "nat"))).toEqual(["fault ipvs_forward"]);
    expect(ids({ ipvs, settings: forward(1) }, service("", "nat"))).toEqual([]);
    expect(ids({ ipvs, addresses: near, settings: forward(0) }, service())).toEqual([]);
    const settings = new Map([vs("expire_nodest_conn", 0), vs("expire_quiescent_template", 0)]);
    const facts = { ipvs, addresses: near, settings };
    expect(ids(facts, service())).toEqual([]);
    expect(ids(facts, service("quiescent = false"))).toEqual(["degraded ipvs_expire"]);
    expect(ids(facts, service('persistence = "60s"'))).toEqual(["degraded ipvs_expire"]);
    const good = new Map([vs("expire_nodest_conn", 1), vs("expire_quiescent_template", 1)]);
    expect(ids({ ...facts, settings: good }, service("quiescent = false"))).toEqual([]);
  });
});
