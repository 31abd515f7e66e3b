/** What must hold across the tables of a file. Each row: a rule, a text, all that is said of it. */
import { agent, checked, router, second, table } from "./said.ts";

const UNEVEN =
  "11:14 warning: [vrrp.b] has another priority than [vrrp.a] of its sync group, or tracks other things by weight: the group moves only to a node that is better in every member";

table("two routers", [
  [
    "of one VRID on one interface are an error at the second",
    router() + second("vrid = 1"),
    ["7:8 error: vrid 1 is already that of [vrrp.a] on eth0 for IPv4"],
  ],
  ["of one VRID on two interfaces are fine", router() + second("vrid = 1", 'interface = "eth1"'), []],
  ["of one VRID and two families are fine", router() + second("vrid = 1", 'addresses = ["fe80::1/64"]'), []],
  ["in one sync group are fine", router('sync_group = "g"') + second('sync_group = "g"'), []],
  [
    "in one sync group with different priorities are a warning: it moves only where all of them do",
    router('sync_group = "g"', "priority = 150") + second('sync_group = "g"'),
    [UNEVEN],
  ],
  [
    "in one sync group of which one tracks a weight are a warning",
    router('sync_group = "g"', 'track_interfaces = [{ name = "eth7", weight = -10 }]') +
      second('sync_group = "g"', 'track_interfaces = ["eth8"]'),
    [UNEVEN],
  ],
  [
    "in one sync group that track one thing by one weight are fine",
    router('sync_group = "g"', 'track_interfaces = ["eth9", { name = "eth7", weight = -10 }]') +
      second('sync_group = "g"', 'track_interfaces = [{ name = "eth7", weight = -10 }]'),
    [],
  ],
  [
    "in sync groups that differ by a slip are a warning each",
    router('sync_group = "lan"') + second('sync_group = "lam"'),
    [
      '5:14 warning: sync_group "lan" has one member only; did you mean "lam"?',
      '10:14 warning: sync_group "lam" has one member only; did you mean "lan"?',
    ],
  ],
  [
    "in two sync groups are a warning each",
    router('sync_group = "g"') + second('sync_group = "h"'),
    ['5:14 warning: sync_group "g" has one member only', '10:14 warning: sync_group "h" has one member only'],
  ],
]);

table("what is tracked", [
  [
    "an interface is tracked once",
    router('track_interfaces = ["eth1", { name = "eth1", weight = 5 }]'),
    ["5:38 error: track_interfaces has eth1 twice"],
  ],
  [
    "the router's own interface is a warning",
    router('track_interfaces = ["eth0"]'),
    ["5:21 warning: eth0 is the router's own interface: losing it is a fault anyway"],
  ],
  ["a check exists", router('track_checks = ["nginx"]'), ['5:17 error: there is no check "nginx"']],
  [
    "a check exists, with the nearest",
    checked().replace('"c"', '"d"'),
    ['5:17 error: there is no check "d"', "6:1 warning: no router uses [check.c]"],
  ],
  [
    "a check is tracked once",
    checked().replace('["c"]', '["c", "c"]'),
    ['5:22 error: track_checks has "c" twice'],
  ],
  [
    "a check that nobody tracks is a warning",
    router() + '[check.idle]\ntype = "script"\ncommand = ["/c"]\n',
    ["5:1 warning: no router uses [check.idle]"],
  ],
  [
    "a check's name is a string",
    router("track_checks = [1]"),
    ["5:17 error: an element of track_checks must be the name of a check, not 1"],
  ],
  [
    "a check that could not be read is there all the same",
    checked('type = "htpp"'),
    [
      '7:8 error: type must be "script", "process", "file", "tcp", "http", "https", "smtp", "dns", "ping", "udp", "redis", "mysql", "pgsql", "on" or "off", not "htpp"; did you mean "http"?',
    ],
  ],
]);

table("address_lifetime", [
  [
    "forever is a warning",
    agent('address_lifetime = "forever"'),
    [
      "2:20 warning: addresses will outlive an agent that is killed or frozen: two nodes may then have them for ever",
    ],
  ],
]);

table("all that is wrong", [
  [
    "is said in one pass, in the order of the file",
    "[agent]\nrealtime_priority = 100\n" +
      router("vrid = 0", 'interface = "a b"', "prio = 3", 'track_checks = ["x"]', 'sync_group = "g"') +
      "[mail]\n",
    [
      "2:21 error: realtime_priority must be 0 to 99, not 100",
      '4:13 error: interface must be an interface name without slash, space or control character, not "a b"',
      "5:8 error: vrid must be 1 to 255, not 0",
      '7:1 error: unknown key prio in [vrrp.a]; did you mean "priority"?',
      '8:17 error: there is no check "x"',
      '9:14 warning: sync_group "g" has one member only',
      "10:1 error: [mail] is not in this version",
    ],
  ],
]);
