/** What a packet filter does to a packet, told from its listing. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { dropped } from "../../src/doctor/filters.ts";
import { readIptables } from "../../src/doctor/iptables.ts";
import { readNft } from "../../src/doctor/nft.ts";
import type { Probe } from "../../src/doctor/ruleset.ts";
import { dropper } from "../../src/doctor/ruleset.ts";

/** An advert that comes in by eth1. */
const ADVERT: Probe = {
  family: 4,
  direction: "in",
  interface: "eth1",
  protocol: 112,
  source: null,
  destination: "224.0.0.18" as Ip,
  port: null,
  flags: null,
  state: "new",
};
/** The first packet of a connection, one within it that belongs to none, and one that the kernel takes for another first. */
const SYN: Probe = {
  ...{ ...ADVERT, protocol: 6, destination: "192.0.2.80" as Ip, port: 80, flags: ["syn"] },
};
const INVALID: Probe = { ...SYN, flags: ["fin", "ack"], state: "invalid" };
const STRAY: Probe = { ...SYN, flags: ["ack"] };
const UNICAST: Probe = {
  ...ADVERT,
  state: null,
  source: "192.0.2.11" as Ip,
  destination: "192.0.2.10" as Ip,
};

/** The input chain of an nft listing with these rules, each a list of statements. */
function nft(rules: readonly (readonly object[])[], policy = "drop", more: readonly object[] = []): string {
  const at = { family: "inet", table: "f" };
  const chain = { ...at, name: "input", type: "filter", hook: "input", prio: 0, policy };
  const listed = rules.map((expr) => ({ rule: { ...at, chain: "input", expr } }));
  return JSON.stringify({ nftables: [{ metainfo: {} }, { table: at }, { chain }, ...more, ...listed] });
}

const match = (left: object, right: unknown, op = "=="): object => ({ match: { op, left, right } });
const meta = (key: string): object => ({ meta: { key } });
const field = (protocol: string, name: string): object => ({ payload: { protocol, field: name } });
const ACCEPT = { accept: null };
const DROP = { drop: null };

function dropsNft(text: string, probe: Probe = ADVERT): boolean {
  const chains = readNft(text);
  if (chains === null) throw new Error("no listing");
  return dropper(chains, probe) !== null;
}

describe("nft", () => {
  test("drops by policy what no rule accepts, and passes by policy what no rule drops", () => {
    expect(dropsNft(nft([]))).toBe(true);
    expect(dropsNft(nft([], "accept"))).toBe(false);
    expect(dropsNft(nft([]), { ...ADVERT, direction: "out" })).toBe(false);
  });

  const passes: readonly (readonly [string, readonly object[]])[] = [
    ["the protocol's number", [match(meta("l4proto"), 112), ACCEPT]],
    ["the protocol's name", [match(field("ip", "protocol"), "vrrp"), ACCEPT]],
    ["a set of protocols", [match(meta("l4proto"), { set: ["igmp", "vrrp"] }), ACCEPT]],
    ["a range of protocols", [match(meta("l4proto"), { range: [100, 120] }), ACCEPT]],
    ["the group's network", [match(field("ip", "daddr"), { prefix: { addr: "224.0.0.0", len: 4 } }), ACCEPT]],
    ["the interface", [match(meta("iifname"), "eth1"), ACCEPT]],
    ["interfaces by a wildcard", [match(meta("iifname"), "eth*"), ACCEPT]],
    ["every other interface", [match(meta("iifname"), "eth0", "!="), ACCEPT]],
    ["multicast", [match(meta("pkttype"), "multicast"), ACCEPT]],
    ["new connections", [match({ ct: { key: "state" } }, ["established", "new"], "in"), ACCEPT]],
    ["what cannot be told: a source", [match(field("ip", "saddr"), "192.0.2.11"), ACCEPT]],
    ["what cannot be told: a mark", [match(meta("mark"), 7), ACCEPT]],
    ["a rate", [{ limit: { rate: 10, per: "second" } }, { counter: { packets: 0, bytes: 0 } }, ACCEPT]],
    [
      "a map",
      [
        {
          vmap: {
            key: meta("iifname"),
            data: {
              set: [
                ["lo", DROP],
                ["eth1", ACCEPT],
              ],
            },
          },
        },
      ],
    ],
  ];
  test.each(passes)("accepts by %s", (_, rule) => {
    expect(dropsNft(nft([rule]))).toBe(false);
  });

  const not: readonly (readonly [string, readonly object[]])[] = [
    ["another protocol", [match(meta("l4proto"), "tcp"), ACCEPT]],
    ["a port", [match(field("tcp", "dport"), 22), ACCEPT]],
    ["another interface", [match(meta("iifname"), "lo"), ACCEPT]],
    ["the other family", [match(field("ip6", "nexthdr"), 112), ACCEPT]],
    ["connections that are established", [match({ ct: { key: "state" } }, ["established"], "in"), ACCEPT]],
    ["where it goes out", [match(meta("oifname"), "eth1"), ACCEPT]],
    ["a map without it", [{ vmap: { key: meta("iifname"), data: { set: [["lo", ACCEPT]] } } }]],
  ];
  test.each(not)("accepts nothing of ours by %s", (_, rule) => {
    expect(dropsNft(nft([rule]))).toBe(true);
  });

  test("drops by a rule that names it, whatever comes later", () => {
    const rule = [match(field("ip", "protocol"), "vrrp"), DROP];
    expect(dropsNft(nft([rule, [ACCEPT]], "accept"))).toBe(true);
    expect(dropsNft(nft([[ACCEPT], rule], "accept"))).toBe(false);
    expect(dropsNft(nft([[match(meta("mark"), 7), ...rule]], "accept"))).toBe(false);
    expect(dropsNft(nft([[match(meta("mark"), 7), { reject: { type: "icmp" } }]]))).toBe(true);
  });

  test("takes a peer's answer for a connection that may be established", () => {
    const rule = [match({ ct: { key: "state" } }, ["established", "related"], "in"), ACCEPT];
    expect(dropsNft(nft([rule]), UNICAST)).toBe(false);
    expect(dropsNft(nft([[match(field("ip", "saddr"), "192.0.2.11"), ACCEPT]]), UNICAST)).toBe(false);
    expect(dropsNft(nft([[match(field("ip", "saddr"), "192.0.2.12"), ACCEPT]]), UNICAST)).toBe(true);
  });

  test("follows jumps, gotos and returns, and no ring of them", () => {
    const at = { family: "inet", table: "f" };
    const lan = (...expr: readonly object[]): object[] => [
      { chain: { ...at, name: "lan" } },
      { rule: { ...at, chain: "lan", expr } },
    ];
    const jump = [{ jump: { target: "lan" } }];
    const goto = [{ goto: { target: "lan" } }];
    expect(dropsNft(nft([jump], "drop", lan(match(meta("l4proto"), 112), ACCEPT)))).toBe(false);
    expect(dropsNft(nft([jump, [ACCEPT]], "drop", lan({ return: null })))).toBe(false);
    expect(dropsNft(nft([goto, [ACCEPT]], "drop", lan({ return: null })))).toBe(true);
    expect(dropsNft(nft([jump], "accept", lan(DROP)))).toBe(true);
    expect(dropsNft(nft([jump], "drop", lan({ jump: { target: "lan" } })))).toBe(false);
  });

  test("looks into named sets, unless packets fill them", () => {
    const set = (flags: readonly string[]): object => ({
      set: { family: "inet", table: "f", name: "lans", type: "ifname", flags, elem: ["eth1", "eth2"] },
    });
    const rule = (name: string): object[] => [match(meta("iifname"), `@${name}`), ACCEPT];
    expect(dropsNft(nft([rule("lans")], "drop", [set([])]))).toBe(false);
    expect(dropsNft(nft([rule("lans")], "drop", [set([])]), { ...ADVERT, interface: "eth3" })).toBe(true);
    expect(dropsNft(nft([rule("lans")], "drop", [set(["dynamic"])]), { ...ADVERT, interface: "eth3" })).toBe(
      false,
    );
  });

  const state = (states: unknown, op = "in"): object => match({ ct: { key: "state" } }, states, op);
  const flags = field("tcp", "flags");
  const masked = { "&": [flags, ["fin", "syn", "rst", "ack"]] };
  const packets: readonly (readonly [string, readonly object[], readonly boolean[]])[] = [
    ["a port", [match(field("tcp", "dport"), 80), DROP], [true, true, true]],
    ["a port of any protocol", [match(field("th", "dport"), 80), DROP], [true, true, true]],
    ["ports", [match(field("tcp", "dport"), { set: [22, { range: [79, 81] }] }), DROP], [true, true, true]],
    ["another port", [match(field("tcp", "dport"), 81), DROP], [false, false, false]],
    ["the port that it comes from", [match(field("tcp", "sport"), 80), DROP], [false, false, false]],
    ["the ports of another protocol", [match(field("udp", "dport"), 80, "!="), DROP], [false, false, false]],
    ["a state", [state("invalid"), DROP], [false, true, false]],
    ["all states but one", [state("new", "!="), DROP], [false, true, false]],
    [
      "a map of states",
      [{ vmap: { key: { ct: { key: "state" } }, data: { set: [["invalid", DROP]] } } }],
      [false, true, false],
    ],
    [
      "a connection's mark, which may be any",
      [match({ ct: { key: "mark" } }, 0), DROP],
      [false, false, false],
    ],
    ["flags, others not", [match(masked, "syn", "!="), state("new"), DROP], [false, false, true]],
    [
      "flags, others nested",
      [match({ "&": [flags, { "|": ["syn", { "|": ["fin", "ack"] }] }] }, { "|": ["fin", "ack"] }), DROP],
      [false, true, false],
    ],
    ["any flag of some", [match(flags, ["syn", "rst"], "in"), DROP], [true, false, false]],
    ["no flag of some", [match(flags, ["syn", "rst"], "!"), DROP], [false, true, true]],
    ["exactly those flags", [match(flags, "syn"), DROP], [true, false, false]],
    ["a flag that is not set", [match({ "&": [flags, "syn"] }, 0), DROP], [false, true, true]],
    ["a set of flags, which cannot be told", [match(flags, { set: ["syn"] }), DROP], [false, false, false]],
  ];
  test.each(packets)("drops by %s", (_, rule, expected) => {
    expect([SYN, INVALID, STRAY].map((probe) => dropsNft(nft([rule], "accept"), probe))).toEqual([
      ...expected,
    ]);
  });

  test("that accepts what is established and new drops what is invalid by policy, whatever marks connections have", () => {
    const rules = [
      [match({ ct: { key: "status" } }, "dnat"), ACCEPT],
      [state(["established", "new"]), ACCEPT],
    ];
    expect([SYN, INVALID, STRAY].map((probe) => dropsNft(nft(rules), probe))).toEqual([false, true, false]);
  });

  test("is not understood when it is something else", () => {
    for (const text of ["", "table inet f {", "[]", "7"]) expect(readNft(text)).toBeNull();
    expect(readNft('{"nftables":[7,{"rule":[]},{"chain":{}}]}')).toEqual([
      { name: "  ", families: [], direction: null, policy: "accept", behindIpvs: false, rules: [] },
    ]);
  });
});

describe("iptables", () => {
  const drops = (rules: readonly string[], policy = "DROP", probe: Probe = ADVERT): boolean =>
    dropper(
      readIptables(
        [
          "*filter",
          `:INPUT ${policy} [0:0]`,
          ":OUTPUT ACCEPT [0:0]",
          ":lan - [0:0]",
          ...rules,
          "COMMIT",
        ].join("\n"),
        4,
      ),
      probe,
    ) !== null;

  test.each([
    "-A INPUT -p vrrp -j ACCEPT",
    "-A INPUT -p 112 -j ACCEPT",
    "-A INPUT -d 224.0.0.0/4 -j ACCEPT",
    "-A INPUT -i eth+ -j ACCEPT",
    "-A INPUT ! -i eth0 -j ACCEPT",
    '-A INPUT -i eth1 -d 224.0.0.18/32 -p vrrp -m comment --comment "a -j DROP b" -j ACCEPT',
    "-A INPUT -m pkttype --pkt-type multicast -j ACCEPT",
    "-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT",
    "-A INPUT -s 192.0.2.11/32 -j ACCEPT",
    "-A INPUT -m set --match-set routers src -j ACCEPT",
    "-A INPUT -m limit --limit 10/sec -j ACCEPT",
  ])("accepts by %s", (rule) => {
    expect(drops([rule])).toBe(false);
  });

  test.each([
    "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT",
    "-A INPUT ! -p vrrp -j ACCEPT",
    '-A INPUT -p vrrp -j LOG --log-prefix "vrrp -j ACCEPT "',
    "-A OUTPUT -p vrrp -j ACCEPT",
  ])("accepts nothing of ours by %s", (rule) => {
    expect(drops([rule])).toBe(true);
  });

  test("drops by a rule, in a chain that is jumped to", () => {
    expect(drops(["-A INPUT -p vrrp -j REJECT --reject-with icmp-port-unreachable"], "ACCEPT")).toBe(true);
    expect(drops(["-A INPUT -i eth1 -j lan", "-A lan -p vrrp -j DROP"], "ACCEPT")).toBe(true);
    expect(drops(["-A INPUT -i eth1 -j lan", "-A lan -p vrrp -j RETURN", "-A lan -j DROP"], "ACCEPT")).toBe(
      false,
    );
    expect(drops(["-A INPUT -i eth1 -g lan", "-A INPUT -j ACCEPT"])).toBe(true);
    expect(drops(["-A INPUT -p vrrp -j DROP"], "ACCEPT", { ...ADVERT, family: 6 })).toBe(false);
  });

  test.each([
    ["-A INPUT -p tcp -m tcp --dport 80 -j DROP", [true, true, true]],
    ["-A INPUT -p tcp -m tcp --dport 79:81 -j DROP", [true, true, true]],
    ["-A INPUT -p tcp -m multiport --dports 22,79:81 -j DROP", [true, true, true]],
    ["-A INPUT -p tcp -m tcp ! --dport 80 -j DROP", [false, false, false]],
    ["-A INPUT -m conntrack --ctstate INVALID -j DROP", [false, true, false]],
    ["-A INPUT -m conntrack --ctstate INVALID,DNAT -j DROP", [false, true, false]],
    ["-A INPUT -m state ! --state NEW,ESTABLISHED -j DROP", [false, true, false]],
    [
      "-A INPUT -p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m conntrack --ctstate NEW -j DROP",
      [false, false, true],
    ],
    ["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,PSH,ACK,URG NONE -j DROP", [false, false, false]],
    ["-A INPUT -p tcp -m tcp --tcp-flags SYN NONE -j DROP", [false, true, true]],
  ] as const)("drops of connections, by %s", (rule, expected) => {
    expect([SYN, INVALID, STRAY].map((probe) => drops([rule], "ACCEPT", probe))).toEqual([...expected]);
  });
});

describe("what the table of connections does not see", () => {
  test.each([
    [{ notrack: null }, "-A PREROUTING -p tcp -m tcp --dport 80 -j CT --notrack"],
    [{ notrack: null }, "-A PREROUTING -m mark --mark 7 -j NOTRACK"],
  ])("is not told of by its state: %j, %s", (statement, rule) => {
    const at = { family: "inet", table: "f", chain: "raw" };
    const chain = { ...at, name: "raw", type: "filter", hook: "prerouting", prio: -300, policy: "accept" };
    const raw = [{ chain }, { rule: { ...at, expr: [match(field("tcp", "dport"), 80), statement] } }];
    const invalid = [match({ ct: { key: "state" } }, "invalid", "in"), DROP];
    const saved = ["*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -m state --state INVALID -j DROP", "COMMIT"];
    const tracked = ["*raw", ":PREROUTING ACCEPT [0:0]", rule, "COMMIT"];
    const drops = (more: readonly object[], lines: readonly string[]): boolean[] =>
      [readNft(nft([invalid], "accept", more)), readIptables(lines.join("\n"), 4)].map(
        (chains) => dropped([{ program: "nft", chains: chains ?? [] }], INVALID) !== null,
      );
    expect(drops([], saved)).toEqual([true, true]);
    expect(drops(raw, [...tracked, ...saved])).toEqual([false, false]);
  });
});
