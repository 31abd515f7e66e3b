/** What is found of the ways to directors and real servers, and back: packet filters, tunnels, routes. */
import { describe, expect, test } from "bun:test";
import type { KernelAddress, Link } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import type { Config } from "../../src/config/model.ts";
import { examine } from "../../src/doctor/examine.ts";
import type { Facts, Printed, RouteFact } from "../../src/doctor/facts.ts";
import { config, eth1, GOOD, ids } from "./patient.ts";

const carried = (index: number, address: string, prefix: number): KernelAddress => ({
  ...{ index, address: address as Ip, prefix, label: null },
  ...{ secondary: false, tentative: false, validLifetime: null },
});
const setting = (key: string, value: number) => [key, { value: `${value}`, writable: true }] as const;
/** A listing of iptables with these rules of INPUT. */
const iptables = (...rules: readonly string[]): readonly Printed[] => [
  {
    program: "iptables-save",
    text: ["*filter", ":INPUT ACCEPT [0:0]", ...rules.map((rule) => `-A INPUT ${rule}`), "COMMIT"].join("\n"),
    failure: null,
  },
];
const eth2: Link = { ...eth1, index: 3, name: "eth2" };
const route = (destination: string, prefix: number, name: string, via: string | null = null): RouteFact => ({
  ...{ destination: destination as Ip, prefix, interface: name, via: via as Ip | null },
});
/** Cures of what is found with that id. */
const cures = (facts: Partial<Facts>, of: Config, id: string): string[] =>
  examine({ ...GOOD, ...facts }, of)
    .filter((each) => each.id === id)
    .map(({ cure }) => cure);

const service = (
  forward = "dr",
  protocol = "tcp",
  address = "192.0.2.80:80",
  to = "198.51.100.2:80",
): Config =>
  config(
    "",
    `[virtual_server.web]\naddress = "${address}"\nforward = "${forward}"\nprotocol = "${protocol}"\none_packet = ${protocol === "udp"}\nreal_servers = ["${to}"]`,
  );
const ipvs = { loaded: true, modules: null };
const near = [carried(2, "198.51.100.1", 24), carried(2, "192.0.2.9", 24)];

describe("the filter of a director", () => {
  const INVALID = "-m conntrack --ctstate INVALID -j DROP";
  const STRAY = "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP";
  const told = (rules: readonly string[], of: Config, more: Partial<Facts> = {}): string[] =>
    ids({ ipvs, addresses: near, filters: iptables(...rules), ...more }, of);
  const settings = (key: string, value: number): Partial<Facts> => ({
    settings: new Map([setting(key, value)]),
  });

  test("that drops what is invalid loses the ends of connections, or all of them", () => {
    expect(told([INVALID], service())).toEqual(["degraded ipvs_invalid"]);
    expect(told([INVALID], service("tun"))).toEqual(["degraded ipvs_invalid"]);
    expect(told([STRAY], service())).toEqual(["fault ipvs_invalid"]);
    expect(told([INVALID], service(), settings("net/netfilter/nf_conntrack_tcp_loose", 0))).toEqual([
      "fault ipvs_invalid",
    ]);
    expect(told([INVALID], service(), settings("net/ipv4/vs/conntrack", 1))).toEqual([
      "fault ipvs_invalid",
      "note ipvs_conntrack",
    ]);
    expect(told([INVALID, STRAY], service("dr", "udp"))).toEqual([]);
    expect(told([STRAY], service("nat"))).toEqual(["fault ipvs_invalid"]);
    expect(told([INVALID, STRAY], service("nat"), settings("net/ipv4/vs/conntrack", 1))).toEqual([]);
    expect(told([`-d 192.0.2.80/32 -j ACCEPT`, INVALID, STRAY], service())).toEqual([]);
  });

  test("that drops what begins lets no client in", () => {
    expect(told(["-p tcp -m tcp --dport 80 -j DROP"], service())).toEqual(["fault ipvs_dropped"]);
    expect(told(["-p tcp -m tcp --dport 80 -j DROP"], service("nat"))).toEqual(["fault ipvs_dropped"]);
    expect(told(["-p udp -m udp --dport 80 -j DROP"], service("dr", "udp"))).toEqual(["fault ipvs_dropped"]);
    expect(told(["-p tcp -m tcp --dport 81 -j DROP"], service())).toEqual([]);
    expect(told(["-m mark --mark 7 -j ACCEPT", "-p tcp -j DROP"], service())).toEqual([]);
    expect(
      told(
        ["-p tcp -m tcp --dport 80 -j DROP"],
        service("dr", "tcp", "[2001:db8::80]:80", "[2001:db8::2]:80"),
      ),
    ).toEqual(["fault ipvs_route"]);
  });

  test("that drops what is sent on lets no client in, either, if all servers are by dr", () => {
    const out = (policy: string, ...rules: readonly string[]): Partial<Facts> => {
      const lines = [
        "*filter",
        `:OUTPUT ${policy} [0:0]`,
        ...rules.map((rule) => `-A OUTPUT ${rule}`),
        "COMMIT",
      ];
      return { filters: [{ program: "iptables-save", text: lines.join("\n"), failure: null }] };
    };
    const ofIpvs = (of: Config, more: Partial<Facts>): string[] =>
      told([], of, more).filter((each) => /ipvs_(dropped|invalid)/.test(each));
    const states = "-m conntrack --ctstate NEW,RELATED,ESTABLISHED,DNAT -j ACCEPT";
    expect(ofIpvs(service(), out("DROP", states))).toEqual(["fault ipvs_dropped"]);
    expect(ofIpvs(service("tun"), out("DROP", states))).toEqual([]);
    expect(ofIpvs(service("nat"), out("DROP", states))).toEqual([]);
    expect(ofIpvs(service(), out("DROP", "-m conntrack --ctstate UNTRACKED -j ACCEPT"))).toEqual([]);
    expect(ofIpvs(service(), out("DROP", "-o eth2 -j ACCEPT"))).toEqual(["fault ipvs_dropped"]);
    expect(ofIpvs(service(), out("DROP", "-o eth1 -j ACCEPT"))).toEqual([]);
    const tracked = settings("net/ipv4/vs/conntrack", 1);
    expect(ofIpvs(service(), { ...out("DROP", states), ...tracked })).toEqual(["fault ipvs_invalid"]);
    expect(ofIpvs(service(), { ...out("ACCEPT", INVALID), ...tracked })).toEqual(["fault ipvs_invalid"]);
    expect(ofIpvs(service(), out("ACCEPT", INVALID))).toEqual([]);
    expect(cures({ ipvs, addresses: near, ...out("DROP", states) }, service(), "ipvs_dropped")).toEqual([
      "iptables -t filter -I OUTPUT -d 192.0.2.80 -p tcp --dport 80 -j ACCEPT",
    ]);
  });

  test("counts where the clients come in: in the network of the address, or else everywhere", () => {
    const links = [eth1, eth2];
    const drop = (name: string): string[] => [`-i ${name} -p tcp -m tcp --dport 80 -j DROP`];
    expect(told(drop("eth1"), service(), { links })).toEqual(["fault ipvs_dropped"]);
    expect(told(drop("eth2"), service(), { links })).toEqual([]);
    const far = service("dr", "tcp", "203.0.113.80:80");
    expect(told(drop("eth1"), far, { links })).toEqual([]);
    expect(told(drop("eth+"), far, { links })).toEqual(["fault ipvs_dropped"]);
    expect(told(drop("eth1"), far, { links: [eth1, { ...eth2, up: false }] })).toEqual([
      "fault ipvs_dropped",
    ]);
  });

  test("is cured by a rule for the service alone", () => {
    const cure = (rule: string, of: Config): string[] => {
      const facts = { ipvs, addresses: near, filters: iptables(rule) };
      return [...cures(facts, of, "ipvs_invalid"), ...cures(facts, of, "ipvs_dropped")];
    };
    const head = "iptables -t filter -I INPUT -d 192.0.2.80 -p tcp --dport 80";
    expect(cure(INVALID, service())).toEqual([`${head} -m conntrack --ctstate INVALID -j ACCEPT`]);
    expect(cure(STRAY, service())).toEqual([`${head} ! --syn -m conntrack --ctstate NEW -j ACCEPT`]);
    expect(cure(STRAY, service("nat"))).toEqual([
      "sysctl -w net.ipv4.vs.conntrack=1, and write it into /etc/sysctl.d",
    ]);
    // Which would cut the other service.
    const both = config(
      "",
      ["dr", "nat"]
        .map(
          (forward, at) =>
            `[virtual_server.${forward}]\naddress = "192.0.2.8${at}:80"\nforward = "${forward}"\nreal_servers = ["198.51.100.2:80"]\n`,
        )
        .join(""),
    );
    expect(cure(STRAY, both).map((each) => each.split(" ").slice(0, 7).join(" "))).toEqual([
      "iptables -t filter -I INPUT -d 192.0.2.80",
      "iptables -t filter -I INPUT -d 192.0.2.81",
    ]);
    expect(cure("-j DROP", service())).toEqual([`${head} -j ACCEPT`]);
  });
});

describe("a tunnel to a real server", () => {
  test("takes less than what clients send, unless its way is wider", () => {
    const wide = { ...eth2, mtu: 1520 };
    const facts = { ipvs, addresses: near, links: [eth1, wide] };
    const told = (of: Config, ...routes: readonly RouteFact[]): string[] => ids({ ...facts, routes }, of);
    const all = route("0.0.0.0", 0, "eth1");
    expect(told(service("tun"), all)).toEqual(["note ipvs_mtu"]);
    expect(told(service("tun"), all, route("198.51.100.0", 24, "eth2"))).toEqual([]);
    expect(
      told(service("tun"), route("198.51.100.0", 24, "eth2"), route("198.51.100.2", 32, "eth1")),
    ).toEqual(["note ipvs_mtu"]);
    expect(told(service("tun"))).toEqual([]);
    expect(told(service("dr"), all)).toEqual([]);
    const six = service("tun", "tcp", "192.0.2.80:80", "[2001:db8::2]:80");
    expect(told(six, route("2001:db8::", 64, "eth2"))).toEqual(["note ipvs_mtu"]);
    const [cure] = cures({ ...facts, routes: [all] }, service("tun"), "ipvs_mtu");
    expect(cure).toContain("advmss 1440");
    expect(cure).toContain("MTU of eth1 and of all behind it to 1520");
  });
});

describe("a real server", () => {
  const of = config("", '[realserver]\naddresses = ["198.51.100.80"]');
  const lo: Link = { ...eth1, index: 1, name: "lo", ethernet: false };
  const tunnel: Link = { ...eth1, index: 4, name: "tunl0", ethernet: false };
  const silent = ["arp_ignore", "arp_announce"].map((key) => setting(`net/ipv4/conf/eth1/${key}`, 2));
  const addresses = [carried(1, "198.51.100.80", 32), carried(2, "198.51.100.3", 24)];
  const facts: Partial<Facts> = { links: [lo, eth1], addresses, settings: new Map(silent) };
  const told = (more: Partial<Facts>): string[] => ids({ ...facts, ...more }, of);

  test("is told of a tunnel that is down, and of what it could not receive", () => {
    const links = [lo, eth1, tunnel];
    expect(told({ links })).toEqual([]);
    expect(told({ links: [lo, eth1, { ...tunnel, up: false }] })).toEqual(["note realserver_tunnel"]);
    const received = (errors: number, dropped: number) =>
      new Map([
        ["tunl0", { errors, dropped }],
        ["eth1", { errors: 7, dropped: 7 }],
      ]);
    expect(told({ links, received: received(0, 0) })).toEqual([]);
    expect(told({ links, received: received(1, 0) })).toEqual(["note realserver_tunnel"]);
    expect(told({ links, received: received(0, 1) })).toEqual(["note realserver_tunnel"]);
  });

  test("is told of ports that its filter keeps connections from", () => {
    const at = (...listed: readonly string[]) =>
      listed.map((address) => ({ address: address as Ip, port: 80 }));
    const filters = iptables("-p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset");
    expect(told({ filters, listeners: at("198.51.100.80") })).toEqual(["fault realserver_filter"]);
    expect(told({ filters, listeners: at("0.0.0.0") })).toEqual(["note realserver_filter"]);
    expect(told({ filters, listeners: at("198.51.100.80", "::") })).toEqual(["fault realserver_filter"]);
    expect(told({ filters, listeners: at("127.0.0.1") })).toEqual([]);
    expect(told({ filters, listeners: [] })).toEqual([]);
    const other = iptables("-d 198.51.100.3/32 -p tcp -m tcp --dport 80 -j DROP");
    expect(told({ filters: other, listeners: at("198.51.100.80") })).toEqual([]);
    // What comes out of the tunnel is let in.
    const tunnelled = iptables("-i tunl0 -j ACCEPT", "-p tcp -j DROP");
    expect(told({ filters: tunnelled, listeners: at("0.0.0.0"), links: [lo, eth1, tunnel] })).toEqual([]);
    expect(cures({ ...facts, filters, listeners: at("0.0.0.0") }, of, "realserver_filter")).toEqual([
      "iptables -t filter -I INPUT -d 198.51.100.80 -p tcp --dport 80 -j ACCEPT",
    ]);
  });

  test("does not answer through the director", () => {
    expect(told({ routes: [route("0.0.0.0", 0, "eth1", "198.51.100.80")] })).toEqual([
      "fault realserver_route",
    ]);
    expect(told({ routes: [route("0.0.0.0", 0, "eth1", "198.51.100.1")] })).toEqual([]);
    expect(told({ routes: [route("10.0.0.0", 8, "eth1", "198.51.100.80")] })).toEqual([]);
  });
});
