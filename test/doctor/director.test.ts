/** What is found of real servers and directors, where no host can easily be made to have it. */
import { describe, expect, test } from "bun:test";
import type { KernelAddress } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import type { Config } from "../../src/config/model.ts";
import { config, eth1, ids } from "./patient.ts";

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

  test("is told of a port that is listened on beside the service's address", () => {
    const settings = new Map(silent);
    const own: KernelAddress = { ...carried, index: 2, address: "198.51.100.3" as Ip, prefix: 24 };
    const facts = { links, addresses: [carried, own], settings };
    const at = (...listed: readonly string[]) =>
      listed.map((address) => ({ address: address as Ip, port: 80 }));
    expect(ids({ ...facts, listeners: at("198.51.100.3") }, of)).toEqual(["note realserver_listener"]);
    for (const good of [
      ["198.51.100.3", "198.51.100.80"],
      ["198.51.100.3", "::"],
      ["0.0.0.0"],
      ["127.0.0.1"],
      [],
    ])
      expect(ids({ ...facts, listeners: at(...good) }, of)).toEqual([]);
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

  test("is told of flows that stay with a dead server, and of servers that do not answer ARP", () => {
    const facts = { ipvs: { loaded: true, modules: null }, addresses: near };
    expect(ids(facts, service('protocol = "udp"'))).toEqual(["degraded ipvs_flow"]);
    expect(ids(facts, service('protocol = "udp"\nquiescent = false'))).toEqual([]);
    expect(ids(facts, service('protocol = "udp"\none_packet = true'))).toEqual([]);
    const silent = new Set(["198.51.100.2" as Ip]);
    expect(ids({ ...facts, silent }, service())).toEqual(["degraded ipvs_neighbour"]);
    expect(ids({ ...facts, silent: new Set(["198.51.100.3" as Ip]) }, service())).toEqual([]);
  });

  test("is told of settings that send connections to the wrong place, or nowhere", () => {
    const facts = { ipvs: { loaded: true, modules: null }, addresses: near };
    const told = (key: string, value: number, of: Config): string[] =>
      ids({ ...facts, settings: new Map([vs(key, value)]) }, of);
    expect(told("conn_reuse_mode", 0, service())).toEqual(["degraded ipvs_reuse"]);
    expect(told("conn_reuse_mode", 1, service())).toEqual([]);
    expect(told("conntrack", 1, service())).toEqual(["note ipvs_conntrack"]);
    expect(told("conntrack", 1, service("", "nat"))).toEqual([]);
    const netfilter = (count: number) =>
      new Map([
        ["net/netfilter/nf_conntrack_count", { value: `${count}`, writable: true }],
        ["net/netfilter/nf_conntrack_max", { value: "1000", writable: true }],
      ]);
    expect(ids({ ...facts, settings: netfilter(900) }, service())).toEqual(["degraded conntrack_full"]);
    expect(ids({ ...facts, settings: netfilter(899) }, service())).toEqual([]);
  });

  test("of a hash, as one of two, is told how connections survive the other", () => {
    const text = (scheduler: string, more: string): Config =>
      config(
        "",
        `[virtual_server.web]\naddress = "192.0.2.80:80"\nscheduler = "${scheduler}"\n${more}\nreal_servers = ["198.51.100.2:80"]`,
      );
    const facts = { addresses: near, settings: new Map([vs("sloppy_tcp", 0)]) };
    const found = (of: Config): string[] => ids({ ipvs: { loaded: true, modules: null }, ...facts }, of);
    expect(found(text("mh", 'active_when = "lan"'))).toEqual(["note ipvs_sloppy"]);
    expect(found(text("rr", 'active_when = "lan"'))).toEqual([]);
    expect(found(text("mh", ""))).toEqual([]);
  });

  test("is told of services that nobody looks after, and of those of others", () => {
    const facts = { ipvs: { loaded: true, modules: null }, addresses: near };
    const agent = { masters: new Set<string>(), held: new Set<string>() };
    const directed = ["tcp 192.0.2.80 80", "fwmark 9"];
    expect(ids({ ...facts, directed }, service())).toEqual(["degraded ipvs_left", "note ipvs_foreign"]);
    expect(ids({ ...facts, directed, agent }, service())).toEqual(["note ipvs_foreign"]);
  });

  test("for FTP behind nat needs the module for it", () => {
    const ipvs = { loaded: true, modules: null };
    const of = config(
      "",
      '[virtual_server.web]\naddress = "192.0.2.80:21"\nforward = "nat"\nreal_servers = ["198.51.100.2:21"]',
    );
    expect(ids({ ipvs }, of)).toEqual(["degraded ipvs_ftp"]);
    expect(ids({ ipvs, ftp: true }, of)).toEqual([]);
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
