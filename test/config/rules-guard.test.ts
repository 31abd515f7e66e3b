/** `guard` and `on_isolation`. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { heartbeat, loadText, router, router6, second, table } from "./said.ts";

const CURE =
  "cure: something that is reached through the router's own interface and that all nodes need, as a gateway";
const onlyHere = (text: string): string => text.replace(', { type = "serial", device = "/dev/ttyS0" }', "");
const onLine = (count: number, line: string): string =>
  Array.from({ length: count }, (_, at) =>
    router('guard = ["heartbeat"]', line)
      .replace("vrrp.a", `vrrp.r${at}`)
      .replace("vrid = 1", `vrid = ${at + 1}`)
      .replace("10.0.0.1", `10.0.0.${at + 1}`),
  ).join("") + heartbeat();
const ONE =
  "one link only: when it fails, each node takes the other for dead; cure: a second one on other hardware, such as a serial line";

table("guard", [
  ["is a list of evidence", router('guard = ["heartbeat", "ping:10.0.0.254"]') + heartbeat(), []],
  ["may be witnesses alone, without [heartbeat]", router('guard = ["ping:10.0.0.254", "ping:fe80::1"]'), []],
  ["may be nothing", router("guard = []"), []],
  [
    "by heartbeat needs [heartbeat]",
    router('guard = ["heartbeat"]'),
    [
      '5:10 error: guard "heartbeat" needs [heartbeat], with the nodes to ask and the links to them; or guard by "ping:ADDRESS" only',
    ],
  ],
  [
    "by heartbeat over the interface of the adverts alone is no second line",
    onlyHere(router('guard = ["heartbeat"]') + heartbeat()),
    [
      "5:10 warning: every link of [heartbeat] is on eth0, where the adverts are too: what cuts them cuts the guard; cure: a link on other hardware, such as a serial line",
      `9:9 warning: ${ONE}`,
    ],
  ],
  [
    "by heartbeat over a line wants answers within half an interval",
    onLine(3, 'advert_interval = "100ms"'),
    [
      "22:54 warning: 3 routers may ask over this line at once; the answers take 207ms of it, more than half of the shortest advert_interval, 100ms, and may come too late; cure: a faster line, a longer advert_interval, or a network link beside the adverts'",
    ],
  ],
  ["by heartbeat over a line has time in an interval of a second", onLine(3, ""), []],
  [
    "by heartbeat over a line has it beside another link, too",
    onLine(3, 'advert_interval = "100ms"').replace(
      '"broadcast", interface = "eth0"',
      '"broadcast", interface = "eth1"',
    ),
    [],
  ],
  [
    "by heartbeat over another interface is one",
    onlyHere(router('interface = "eth1"', 'guard = ["heartbeat"]') + heartbeat()),
    [`9:9 warning: ${ONE}`],
  ],
  [
    "knows two kinds",
    router('guard = ["heartbeats", "arp:10.0.0.1", 7]'),
    [
      '5:10 error: an element of guard must be "heartbeat" or "ping:ADDRESS", not "heartbeats"; did you mean "heartbeat"?',
      '5:24 error: an element of guard must be "heartbeat" or "ping:ADDRESS", not "arp:10.0.0.1"',
      '5:40 error: an element of guard must be "heartbeat" or "ping:ADDRESS", not 7',
    ],
  ],
  [
    "pings addresses of hosts",
    router(
      'guard = ["ping:", "ping:10.0.0", "ping:gateway", "ping:127.0.0.1", "ping:224.0.0.1", "ping:10.0.0.1/24"]',
    ),
    [
      '5:10 error: guard: "" is not an IP address',
      '5:19 error: guard: "10.0.0" is not an IP address',
      '5:34 error: guard: "gateway" is not an IP address',
      "5:50 error: guard: 127.0.0.1 is a loopback address",
      "5:68 error: guard: 224.0.0.1 is a multicast group",
      '5:86 error: guard: "10.0.0.1/24" is not an IP address',
    ],
  ],
  [
    "has nothing twice",
    router('guard = ["heartbeat", "ping:10.0.0.9", "ping:10.0.0.9", "heartbeat"]') + heartbeat(),
    ['5:40 error: guard has "ping:10.0.0.9" twice', '5:57 error: guard has "heartbeat" twice'],
  ],
  [
    "has no virtual address for a witness",
    router('guard = ["ping:10.0.0.2"]') + second(),
    [
      `5:10 error: guard: 10.0.0.2 is a virtual address of [vrrp.b]: nobody answers for it when its master is gone; ${CURE}`,
    ],
  ],
  [
    "has no source of ours for a witness",
    router('unicast_source = "10.0.0.7"', 'unicast_peers = ["10.0.0.8"]', 'guard = ["ping:10.0.0.7"]'),
    [`7:10 error: guard: 10.0.0.7 is our own unicast_source: it answers whatever the network does; ${CURE}`],
  ],
  [
    "has no address of this host for a witness",
    router('guard = ["ping:192.0.2.9"]'),
    [
      `5:10 warning: guard: 192.0.2.9 is an address of this host: it answers whatever the network does; ${CURE}`,
    ],
  ],
  [
    "has no other node for a witness",
    router('unicast_source = "10.0.0.7"', 'unicast_peers = ["10.0.0.8"]', 'guard = ["ping:10.0.0.8"]'),
    [
      `7:10 warning: guard: 10.0.0.8 is an address of another node: when that dies, no witness is left and nobody takes over; ${CURE}`,
    ],
  ],
  [
    "is none of an owner's",
    router("priority = 255", 'guard = ["ping:10.0.0.254"]'),
    [
      "6:9 error: guard cannot go with priority 255: the owner takes its addresses and asks nobody; cure: priority = 254",
    ],
  ],
]);

table("on_isolation", [
  [
    "may be release where a witness is asked",
    router('guard = ["ping:10.0.0.254"]', 'on_isolation = "release"'),
    [],
  ],
  ["is keep without a witness", router('on_isolation = "keep"'), []],
  [
    "needs a witness to be release",
    router('on_isolation = "release"', 'guard = ["heartbeat"]') + heartbeat(),
    [
      '5:16 error: on_isolation = "release" needs a witness that tells a master of its isolation: guard = ["ping:ADDRESS"]',
    ],
  ],
]);

describe("what is read", () => {
  const guards = (text: string): unknown => loadText(text).config?.routers.map(({ guard }) => guard);
  test("is the evidence, in its order", () => {
    expect(
      guards(router('guard = ["ping:10.0.0.254", "heartbeat", "ping:10.0.0.253"]') + heartbeat()),
    ).toEqual([{ heartbeat: true, witnesses: ["10.0.0.254", "10.0.0.253"] }]);
    expect(guards(router6('guard = ["ping:FE80::0:9"]'))).toEqual([
      { heartbeat: false, witnesses: ["fe80::9"] },
    ]);
    expect(guards(router())).toEqual([{ heartbeat: false, witnesses: [] }]);
  });
});
