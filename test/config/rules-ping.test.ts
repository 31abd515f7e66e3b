/** ping_nodes and ping_groups. Each row: a rule, a text, all that is said of it. */
import { expect, test } from "bun:test";
import { heartbeat, loadText, router, table } from "./said.ts";

const addresses = (count: number): string =>
  JSON.stringify(Array.from({ length: count }, (_, at) => `198.51.100.${at + 1}`));

table("ping_nodes", [
  ["are addresses of either family", heartbeat('ping_nodes = ["198.51.100.1", "2001:db8::1"]'), []],
  [
    "that are no address",
    heartbeat('ping_nodes = ["gateway", 3]'),
    [
      '5:15 error: ping_nodes: "gateway" is not an IP address',
      "5:26 error: an element of ping_nodes must be an IP address in quotes, not 3",
    ],
  ],
  [
    "that nobody can have",
    heartbeat('ping_nodes = ["127.0.0.1", "224.0.0.18"]'),
    [
      "5:15 error: ping_nodes: 127.0.0.1 is a loopback address",
      "5:28 error: ping_nodes: 224.0.0.18 is a multicast group",
    ],
  ],
  [
    "that no route leads to",
    heartbeat('ping_nodes = ["fe80::1"]'),
    ["5:15 error: fe80::1 is a link-local address, which needs an interface: name another of this host"],
  ],
  [
    "twice, however they are written",
    heartbeat('ping_nodes = ["2001:db8::1", "2001:DB8:0::1"]'),
    ["5:30 error: ping_nodes has 2001:db8::1 twice"],
  ],
  [
    "of this host",
    heartbeat('ping_nodes = ["192.0.2.9"]'),
    [
      "5:15 warning: 192.0.2.9 is an address of this host: it answers whatever the network does; cure: something that both nodes need, as a gateway",
    ],
  ],
  [
    "that are a node",
    heartbeat(
      'links = [{ type = "unicast", interface = "eth0", peer = "198.51.100.2" }, { type = "serial", device = "/dev/ttyS0" }]',
      'ping_nodes = ["198.51.100.2"]',
    ),
    [
      "5:15 warning: 198.51.100.2 is an address of a node: when that dies, this one hears fewer ping nodes too; cure: something that both need, as a gateway",
    ],
  ],
  [
    "that move",
    heartbeat('ping_nodes = ["10.0.0.1"]') + router(),
    [
      "5:15 warning: 10.0.0.1 is a virtual address of [vrrp.a]: it tells who is master, not what this node reaches",
    ],
  ],
  [
    "without end",
    heartbeat(`ping_nodes = ${addresses(31)}`, 'ping_groups = { up = ["198.51.100.1", "2001:db8::1"] }'),
    ["6:39 error: 33 addresses in ping_nodes and ping_groups; the limit is 32"],
  ],
]);

table("ping_groups", [
  ["are named", heartbeat('ping_groups = { up = ["198.51.100.1", "198.51.100.2"] }'), []],
  ["may stand in a table of their own", heartbeat('[heartbeat.ping_groups]\nup = ["198.51.100.1"]'), []],
  [
    "that are no table",
    heartbeat('ping_groups = ["198.51.100.1"]'),
    ["5:15 error: ping_groups must be a table, not an array"],
  ],
  [
    "that hold no addresses",
    heartbeat('ping_groups = { up = "198.51.100.1", down = [], out = ["x"] }'),
    [
      '5:22 error: ping_groups.up must be an array, not "198.51.100.1"',
      '5:45 error: the ping group "down" is empty',
      '5:56 error: ping_groups.out: "x" is not an IP address',
    ],
  ],
  [
    "of a name that is none",
    heartbeat('ping_groups = { "a b" = ["198.51.100.1"] }'),
    [
      '5:17 error: the name "a b" in ping_groups must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or "."',
    ],
  ],
  [
    "called like another node",
    heartbeat(
      'ping_nodes = ["198.51.100.1"]',
      'ping_groups = { HA2 = ["198.51.100.2"], "198.51.100.1" = ["198.51.100.3"] }',
    ),
    [
      '6:17 error: the ping group "HA2" has the name of another node: choose another',
      '6:41 error: the ping group "198.51.100.1" has the name of another node: choose another',
    ],
  ],
  [
    "with an address twice",
    heartbeat('ping_groups = { up = ["198.51.100.1", "198.51.100.1"] }'),
    ['5:39 error: the ping group "up" has 198.51.100.1 twice'],
  ],
]);

test("what is pinged is the nodes first, each by its address, and then the groups", () => {
  const text = heartbeat(
    'ping_groups = { Up = ["198.51.100.2", "198.51.100.3"] }',
    'ping_nodes = ["198.51.100.1"]',
  );
  expect(loadText(text).config?.heartbeat?.pings).toEqual([
    { name: "198.51.100.1", addresses: ["198.51.100.1"] },
    { name: "up", addresses: ["198.51.100.2", "198.51.100.3"] },
  ] as never);
});
