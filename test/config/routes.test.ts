/** Routes and rules in the words of ip(8). Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { showRoute } from "../../src/config/route.ts";
import { showRule } from "../../src/config/rule.ts";
import { loadText, router, table } from "./said.ts";

const route = (text: string): string => router(`routes = ["${text}"]`);
const rule = (text: string): string => router(`rules = ["${text}"]`);
const ROUTE = "5:11 error: routes: ";
const RULE = "5:10 error: rules: ";

table("a route", [
  [
    "is a string",
    router("routes = [1]"),
    ["5:11 error: an element of routes must be a route in quotes, not 1"],
  ],
  [
    "comes in an array",
    router('routes = "default dev eth1"'),
    ['5:10 error: routes must be an array, not "default dev eth1"'],
  ],
  ["is not empty", route("  "), [`${ROUTE}a route is empty`]],
  [
    "has a destination",
    route("via 10.0.0.9"),
    [`${ROUTE}a route needs a destination: a network, or "default"`],
  ],
  ["has one destination", route("10.1.0.0/16 to 10.2.0.0/16 dev eth1"), [`${ROUTE}to is said twice`]],
  ["leads somewhere", route("10.1.0.0/16"), [`${ROUTE}a route needs via or dev`]],
  ["says nothing twice", route("default via 10.0.0.9 via 10.0.0.8"), [`${ROUTE}via is said twice`]],
  [
    "says nothing by two names",
    route("default dev eth1 metric 5 preference 6"),
    [`${ROUTE}metric is said twice`],
  ],
  ["ends no word without its argument", route("default dev"), [`${ROUTE}"dev" needs something after it`]],
  ["is spelt right", route("default vai 10.0.0.9"), [`${ROUTE}"vai" is not understood; did you mean "via"?`]],
  [
    "takes no word that it does not know",
    route("default dev eth1 weight 5"),
    [`${ROUTE}"weight" is not understood; known are to, via, dev, table, metric, src, scope, mtu, onlink`],
  ],
  [
    "has no name of Object's",
    route("default dev eth1 constructor 5"),
    [
      `${ROUTE}"constructor" is not understood; known are to, via, dev, table, metric, src, scope, mtu, onlink`,
    ],
  ],
  [
    "has the protocol that is ours",
    route("default dev eth1 proto static"),
    [`${ROUTE}"proto": routes of haagent carry the protocol number 112, by which it knows them again`],
  ],
  [
    "has one next router",
    route("default nexthop via 10.0.0.9"),
    [`${ROUTE}"nexthop": a route has one next router here`],
  ],
  ["goes to a network", route("10.0.0/24 dev eth1"), [`${ROUTE}"10.0.0/24" is no network`]],
  [
    "goes to a network of its family",
    route("10.0.0.0/33 dev eth1"),
    [`${ROUTE}the prefix length of "10.0.0.0/33" must be 0 to 32`],
  ],
  [
    "goes to a network, not to an address in one",
    route("10.9.0.1/24 dev eth1"),
    [`${ROUTE}"10.9.0.1/24" has bits behind its prefix; the network is 10.9.0.0/24`],
  ],
  [
    "goes to a network of IPv6, too",
    route("2001:db8:0:1::/48 dev eth1"),
    [`${ROUTE}"2001:db8:0:1::/48" has bits behind its prefix; the network is 2001:db8::/48`],
  ],
  ["goes to no multicast group", route("224.0.0.0/4 dev eth1"), [`${ROUTE}224.0.0.0 is a multicast group`]],
  ["is of one family", route("10.0.0.0/8 via fe80::1 dev eth1"), [`${ROUTE}mixes IPv4 and IPv6`]],
  ["is of the family that it says", route("-6 10.0.0.0/8 dev eth1"), [`${ROUTE}mixes IPv4 and IPv6`]],
  ["goes via an address", route("default via gateway"), [`${ROUTE}via: "gateway" is not an IP address`]],
  ["goes via a host", route("default via 224.0.0.1"), [`${ROUTE}via 224.0.0.1 is a multicast group`]],
  [
    "names the interface of a link-local router",
    route("::/0 via fe80::1"),
    [`${ROUTE}via fe80::1 needs dev: it is link-local`],
  ],
  [
    "is on an interface",
    route("default dev eth1:1"),
    [
      `${ROUTE}dev must be an interface name without colon ("eth1:1" is a label: name the interface, and the label with the address), not "eth1:1"`,
    ],
  ],
  [
    "is on an interface with a name that fits",
    route("default dev averyveryverylong"),
    [`${ROUTE}dev must be at most 15 bytes long, not "averyveryverylong"`],
  ],
  ["sends from an address", route("default dev eth1 src eth1"), [`${ROUTE}src: "eth1" is not an IP address`]],
  [
    "is in a table with a number",
    route("default dev eth1 table office"),
    [`${ROUTE}table "office": only main, local and default have names, others have a number`],
  ],
  ["is in no table 0", route("default dev eth1 table 0"), [`${ROUTE}table must be 1 to 4294967295, not "0"`]],
  [
    "is in a table of 32 bits",
    route("default dev eth1 table 4294967296"),
    [`${ROUTE}table must be 1 to 4294967295, not "4294967296"`],
  ],
  [
    "has a metric of 32 bits",
    route("default dev eth1 metric -1"),
    [`${ROUTE}metric must be 0 to 4294967295, not "-1"`],
  ],
  [
    "has an MTU that IPv4 can have",
    route("default dev eth1 mtu 67"),
    [`${ROUTE}mtu must be 68 to 65535, not "67"`],
  ],
  [
    "has an MTU that IPv6 can have",
    route("::/0 dev eth1 mtu 1279"),
    [`${ROUTE}mtu must be 1280 to 65535, not "1279"`],
  ],
  ["has a scope of IPv4", route("::/0 dev eth1 scope link"), [`${ROUTE}IPv6 knows no scope of a route`]],
  [
    "has a scope that fits",
    route("default via 10.0.0.9 scope link"),
    [`${ROUTE}scope link is for what is on the link, without via`],
  ],
  ["is onlink with both", route("default dev eth1 onlink"), [`${ROUTE}onlink needs via and dev`]],
  [
    "that refuses leads nowhere",
    route("blackhole 10.0.0.0/8 dev eth1"),
    [`${ROUTE}a blackhole route leads nowhere: it has no via, dev, src, mtu or onlink`],
  ],
  [
    "has no end of words",
    route(`default dev eth1 ${"onlink ".repeat(40)}`),
    [`${ROUTE}a route has more than 40 words`],
  ],
]);

table("a rule", [
  [
    "is a string",
    router("rules = [{}]"),
    ["5:10 error: an element of rules must be a rule in quotes, not a table"],
  ],
  ["is not empty", rule(""), [`${RULE}a rule is empty`]],
  [
    "has no word that is nothing's",
    rule("10.9.0.0/24 table 100"),
    [`${RULE}"10.9.0.0/24" is not understood; known are from, to, iif, oif, fwmark, table, priority, not`],
  ],
  [
    "is spelt right",
    rule("form 10.9.0.0/24 table 100"),
    [`${RULE}"form" is not understood; did you mean "from"?`],
  ],
  [
    "has the protocol that is ours",
    rule("from 10.9.0.0/24 protocol 4"),
    [`${RULE}"protocol": rules of haagent carry the protocol number 112, by which it knows them again`],
  ],
  ["is of one family", rule("from 10.9.0.0/24 to fe80::/64"), [`${RULE}mixes IPv4 and IPv6`]],
  [
    "is from a network",
    rule("from 10.9.0.1/24"),
    [`${RULE}"10.9.0.1/24" has bits behind its prefix; the network is 10.9.0.0/24`],
  ],
  [
    "looks into a table with a number",
    rule("from all table wan"),
    [`${RULE}table "wan": only main, local and default have names, others have a number`],
  ],
  [
    "looks up or refuses",
    rule("prohibit from all table 100"),
    [`${RULE}a prohibit rule looks nothing up: it has no table`],
  ],
  [
    "has a priority of 32 bits",
    rule("from all priority 1e9"),
    [`${RULE}priority must be 0 to 4294967295, not "1e9"`],
  ],
  [
    "has a mark of 32 bits",
    rule("fwmark 0x100000000"),
    [`${RULE}fwmark must be 0 to 4294967295, not "0x100000000"`],
  ],
  [
    "has a mask that asks for something",
    rule("fwmark 1/0"),
    [`${RULE}the mask of fwmark must be 1 to 4294967295, not "0"`],
  ],
  [
    "has a mark that its mask lets through",
    rule("fwmark 0x11/0x10"),
    [`${RULE}fwmark "0x11/0x10" has bits outside its mask`],
  ],
  [
    "comes in on an interface",
    rule("iif a/b table 5"),
    [`${RULE}iif must be an interface name without slash, space or control character, not "a/b"`],
  ],
]);

describe("what is written in other words", () => {
  const routesOf = (text: string): string[] =>
    loadText(route(text)).config?.routers[0]?.routes.map(showRoute) ?? [];
  const rulesOf = (text: string): string[] =>
    loadText(rule(text)).config?.routers[0]?.rules.map(showRule) ?? [];

  test("is the same route", () => {
    for (const [text, shown] of [
      ["to 10.9.0.0/24 dev eth1 via 10.0.0.9", "10.9.0.0/24 via 10.0.0.9 dev eth1"],
      ["unicast  0.0.0.0/0 \\t via 10.0.0.9 scope global table main metric 0", "default via 10.0.0.9"],
      ["-6 default dev eth1 metric 0", "::/0 dev eth1"],
      ["default via fe80::1 dev eth1", "::/0 via fe80::1 dev eth1"],
      ["10.9.0.1 dev eth1 scope link mtu 1400", "10.9.0.1/32 dev eth1 mtu 1400"],
      [
        "10.9.0.0/24 dev eth1 scope host onlink via 10.9.0.1",
        "10.9.0.0/24 via 10.9.0.1 dev eth1 scope host onlink",
      ],
      ["throw default table 253", "throw default table default"],
      [
        "src 10.0.0.1 to 2.0.0.0/8 via 10.0.0.9 preference 0x10",
        "2.0.0.0/8 via 10.0.0.9 metric 16 src 10.0.0.1",
      ],
    ] as const) {
      expect(routesOf(text)).toEqual([shown]);
      // What is shown means the same again.
      expect(routesOf(shown)).toEqual([shown]);
    }
  });

  test("is the same rule", () => {
    for (const [text, shown] of [
      ["from 10.9.0.0/24 lookup 100", "from 10.9.0.0/24 table 100"],
      ["from all to 0.0.0.0/0 dev eth1", "from all iif eth1 table main"],
      ["-6 fwmark 16/240 table 5 pref 9", "-6 from all fwmark 0x10/0xf0 table 5 priority 9"],
      ["not from fe80::/64 order 32765 lookup local", "not from fe80::/64 table local"],
      ["unreachable oif eth1", "unreachable from all oif eth1"],
    ] as const) {
      expect(rulesOf(text)).toEqual([shown]);
      expect(rulesOf(shown)).toEqual([shown]);
    }
  });
});
