/** What the keys of one router mean to each other. Each row: a rule, a text, all that is said of it. */
import { agent, router, router6, second, table } from "./said.ts";

table("advert_interval", [
  [
    "of version 2 is whole seconds",
    router("version = 2", 'advert_interval = "1500ms"'),
    ["6:19 error: advert_interval must be whole seconds from 1s to 255s in version 2, not 1.5s"],
  ],
  [
    "of version 2 is 1s at least",
    router("version = 2", 'advert_interval = "100ms"'),
    ["6:19 error: advert_interval must be whole seconds from 1s to 255s in version 2, not 100ms"],
  ],
  ["of version 2 may be 255s", router("version = 2", "advert_interval = 255"), []],
  [
    "of version 2 is 255s at most",
    router("version = 2", "advert_interval = 256"),
    ["6:19 error: advert_interval must be 10ms to 255s, not 256"],
  ],
  [
    "of version 3 is 40.95s at most",
    router('advert_interval = "41s"'),
    ["5:19 error: advert_interval must be 10ms to 40.95s in version 3, not 41s"],
  ],
  [
    "of both versions is that of version 3",
    router('version = "2+3"', 'advert_interval = "41s"'),
    ["6:19 error: advert_interval must be 10ms to 40.95s in version 3, not 41s"],
  ],
  ["of both versions may be whole seconds", router('version = "2+3"', "advert_interval = 2"), []],
  [
    "of both versions that is no whole number of seconds is told to version 2 otherwise",
    router('version = "2+3"', 'advert_interval = "100ms"'),
    [
      "6:19 warning: version 2 knows whole seconds: its routers are told 1s, and must be set to that, though adverts come every 100ms",
    ],
  ],
  [
    "of both versions is told rounded up",
    router('version = "2+3"', 'advert_interval = "2500ms"'),
    [
      "6:19 warning: version 2 knows whole seconds: its routers are told 3s, and must be set to that, though adverts come every 2.5s",
    ],
  ],
  ["of version 3 may be 40.95s", router("advert_interval = 40.95"), []],
  [
    "of version 3 is a multiple of 10ms, with the nearest two",
    router('advert_interval = "15ms"'),
    [
      "5:19 error: advert_interval must be a multiple of 10ms (10ms or 20ms), not 15ms",
      "5:19 warning: advert_interval below 50ms without realtime_priority in [agent]: a busy host will be late and lose mastership",
    ],
  ],
  [
    "of version 3 is a multiple of 10ms, also in seconds",
    router("advert_interval = 0.123"),
    ["5:19 error: advert_interval must be a multiple of 10ms (120ms or 130ms), not 123ms"],
  ],
  ["of version 3 may be any multiple, whatever its binary fraction", router("advert_interval = 0.29"), []],
  [
    "below 50ms without realtime_priority is a warning",
    router('advert_interval = "40ms"'),
    [
      "5:19 warning: advert_interval below 50ms without realtime_priority in [agent]: a busy host will be late and lose mastership",
    ],
  ],
  [
    "below 50ms with realtime_priority is fine",
    agent("realtime_priority = 50") + "advert_interval = 0.01\n",
    [],
  ],
  ["of 50ms is fine", router('advert_interval = "50ms"'), []],
  [
    "is judged by the version even where that is written later",
    router("advert_interval = 50", "version = 2"),
    [],
  ],
]);

table("a startup delay", [
  ["is 0s to 1h", router('startup_delay = "61m"'), ['5:17 error: startup_delay must be 0s to 1h, not "61m"']],
  ["may be a number of seconds", router("startup_delay = 30"), []],
]);

table("preemption", [
  [
    "a delay without preemption is a warning",
    router("preempt = false", 'preempt_delay = "5s"'),
    ["6:17 warning: preempt_delay changes nothing while preempt is false"],
  ],
  [
    "an owner that must not preempt is a warning",
    router("priority = 255", "preempt = false"),
    ["6:11 warning: preempt = false changes nothing at priority 255: the owner always takes over"],
  ],
  [
    "an owner's weights change nothing: a warning for each",
    router(
      "priority = 255",
      'track_interfaces = [{ name = "eth1", weight = 5 }, "eth2"]',
      'track_checks = ["c"]',
    ) + '[check.c]\ntype = "script"\ncommand = ["/c"]\nweight = -5\n',
    [
      "6:47 warning: a weight changes nothing at priority 255",
      "7:17 warning: the weight of [check.c] changes nothing at priority 255",
    ],
  ],
  [
    "initial_state master below 255 is a warning",
    router('initial_state = "master"'),
    ['5:17 warning: initial_state = "master" changes nothing below priority 255: the election decides'],
  ],
  ["initial_state master of an owner is fine", router('initial_state = "master"', "priority = 255"), []],
  ["initial_state backup is fine", router('initial_state = "backup"'), []],
]);

table("where adverts go", [
  [
    "peers are fine without a group",
    router(
      'unicast_source = "10.0.0.8"',
      'unicast_peers = ["10.0.0.9", { address = "10.1.1.1", min_ttl = 250 }]',
    ),
    [],
  ],
  [
    "peers and a group exclude each other",
    router('unicast_peers = ["10.0.0.9"]', 'multicast_group = "224.0.0.18"'),
    ["6:19 error: multicast_group and unicast_peers exclude each other"],
  ],
  [
    "peers and a group exclude each other in any order",
    router('multicast_group = "224.0.0.18"', 'unicast_peers = ["10.0.0.9"]'),
    ["6:17 error: multicast_group and unicast_peers exclude each other"],
  ],
  ["no peers and a group do not", router('multicast_group = "224.0.0.18"', "unicast_peers = []"), []],
  [
    "a source without peers is a warning",
    router('unicast_source = "10.0.0.8"'),
    [
      "5:18 warning: unicast_source without unicast_peers: adverts go to the multicast group, from this address",
    ],
  ],
  [
    "a group is of the addresses' family",
    router('multicast_group = "ff02::12"'),
    ["5:19 error: multicast_group must be IPv4 like the addresses, not ff02::12"],
  ],
  [
    "a group is of the addresses' family, IPv6 too",
    router6('multicast_group = "224.0.0.18"'),
    ["5:19 error: multicast_group must be IPv6 like the addresses, not 224.0.0.18"],
  ],
  [
    "a source is of the addresses' family",
    router('unicast_source = "fe80::8"', 'unicast_peers = ["10.0.0.9"]'),
    ["5:18 error: unicast_source must be IPv4 like the addresses, not fe80::8"],
  ],
  [
    "a peer is of the addresses' family",
    router('unicast_peers = ["10.0.0.9", "fe80::9"]'),
    ["5:30 error: unicast_peers must be IPv4 like the addresses, not fe80::9"],
  ],
  [
    "a peer is there once",
    router('unicast_peers = ["10.0.0.9", { address = "10.0.0.9" }]'),
    ["5:42 error: unicast_peers has 10.0.0.9 twice"],
  ],
  [
    "a peer is not our own source",
    router('unicast_source = "10.0.0.9"', 'unicast_peers = ["10.0.0.9"]'),
    ["6:18 error: unicast_peers: 10.0.0.9 is our own unicast_source"],
  ],
  [
    "a peer is no virtual address of this router",
    router('unicast_peers = ["10.0.0.1"]'),
    ["5:18 error: unicast_peers: 10.0.0.1 is a virtual address of [vrrp.a]"],
  ],
  [
    "a peer is no virtual address of another router",
    router('unicast_peers = ["10.0.0.2"]') + second(),
    ["5:18 error: unicast_peers: 10.0.0.2 is a virtual address of [vrrp.b]"],
  ],
  [
    "a peer is no excluded address",
    router('excluded_addresses = ["10.0.0.3/24"]', 'unicast_peers = ["10.0.0.3"]'),
    ["6:18 error: unicast_peers: 10.0.0.3 is a virtual address of [vrrp.a]"],
  ],
  [
    "a source is no virtual address",
    router('unicast_source = "10.0.0.1"', 'unicast_peers = ["10.0.0.9"]'),
    ["5:18 error: unicast_source 10.0.0.1 is a virtual address of [vrrp.a]"],
  ],
  [
    "a source is no virtual address of another router",
    router('unicast_source = "10.0.0.2"', 'unicast_peers = ["10.0.0.9"]') + second(),
    ["5:18 error: unicast_source 10.0.0.2 is a virtual address of [vrrp.b]"],
  ],
  [
    "an owner's source may be its address",
    router("priority = 255", 'unicast_source = "10.0.0.1"', 'unicast_peers = ["10.0.0.9"]'),
    [],
  ],
]);
