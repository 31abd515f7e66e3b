/** Which keys and tables there are: unknown, misplaced and missing ones. Each row: a rule, a text, all that is said of it. */
import { agent, checked, router, table } from "./said.ts";

table("a key that is not known", [
  [
    "is an error at the key, with the nearest known key",
    router("priorty = 150"),
    ['5:1 error: unknown key priorty in [vrrp.a]; did you mean "priority"?'],
  ],
  [
    "has no suggestion when nothing is near",
    router("colour = 1"),
    ["5:1 error: unknown key colour in [vrrp.a]"],
  ],
  [
    "is found in an inline table",
    router("garp = { cuont = 5 }"),
    ['5:10 error: unknown key cuont in garp; did you mean "count"?'],
  ],
  [
    "is found in an element of an array",
    router('addresses = [{ address = "10.0.0.1/24", interfaces = "eth1" }]'),
    ['4:41 error: unknown key interfaces in an element of addresses; did you mean "interface"?'],
  ],
  ["is found behind a quoted key", router('"no such" = 1'), ['5:1 error: unknown key "no such" in [vrrp.a]']],
  [
    "is led from keepalived's word to ours",
    router("virtual_router_id = 51"),
    ['5:1 error: unknown key virtual_router_id in [vrrp.a]; did you mean "vrid"?'],
  ],
  [
    "is led from nopreempt to preempt",
    router("nopreempt = true"),
    ['5:1 error: unknown key nopreempt in [vrrp.a]; did you mean "preempt"?'],
  ],
  [
    "is not led to a key that is there already",
    router("vrids = 1"),
    ["5:1 error: unknown key vrids in [vrrp.a]"],
  ],
  [
    "is found in [agent]",
    agent('log = { level = "info", file = "/x" }'),
    ["2:25 error: unknown key file in log"],
  ],
  [
    "is found in [check.NAME]",
    checked("tiemout = 1"),
    ['9:1 error: unknown key tiemout in [check.c]; did you mean "timeout"?'],
  ],
  [
    "swaps neighbours",
    router("garp = { count = 1 }", "pirority = 3"),
    ['6:1 error: unknown key pirority in [vrrp.a]; did you mean "priority"?'],
  ],
  [
    "ignores case",
    router("Priority = 3"),
    ['5:1 error: unknown key Priority in [vrrp.a]; did you mean "priority"?'],
  ],
  [
    "shows no control characters",
    router('"a\\u001b[31m" = 1'),
    ['5:1 error: unknown key "a\\u001b[31m" in [vrrp.a]'],
  ],
]);

table("a table that is not known", [
  [
    "is an error at its header",
    "[vrpp.x]\nvrid = 1\n" + router(),
    ["1:1 error: unknown table [vrpp]; did you mean [vrrp]?"],
  ],
  [
    "has no suggestion when nothing is near",
    router() + "[firewall]\n",
    ["5:1 error: unknown table [firewall]"],
  ],
  [
    "is told from a key outside of all tables",
    "priority = 150\n" + router(),
    ["1:1 error: priority stands in no table; it belongs in [vrrp.NAME]"],
  ],
  [
    "is told from a key outside that is nowhere known",
    "colour = 1\n" + router(),
    ["1:1 error: colour stands in no table"],
  ],
  [
    "is told from a key with characters of no shape",
    '"a\\u0007" = 1\n' + router(),
    ['1:1 error: "a\\u0007" stands in no table'],
  ],
  [
    "is told from a key of [agent]",
    'node = "n"\n' + router(),
    ["1:1 error: node stands in no table; it belongs in [agent]"],
  ],
]);

table("a table of the wrong shape", [
  [
    "[vrrp] with a router's keys is sent into a table of its own",
    '[vrrp]\ninterface = "eth0"\n',
    ["2:1 error: interface must stand in a table of its own, [vrrp.NAME]"],
  ],
  [
    "[vrrp] with another value is an error",
    "[vrrp]\ncolour = 1\n",
    ["2:10 error: [vrrp.colour] must be a table, not a number"],
  ],
  [
    "[[vrrp]] is an error",
    "[[vrrp]]\nvrid = 1\n",
    ["1:1 error: vrrp must be a table, [vrrp.NAME], not an array"],
  ],
  ["[[vrrp.a]] is an error", "[[vrrp.a]]\nvrid = 1\n", ["1:1 error: [vrrp.a] must be a table, not an array"]],
  [
    "[[agent]] is an error",
    "[[agent]]\n" + router(),
    ["1:1 error: agent must be a table, [agent], not an array"],
  ],
  [
    "agent as a value is an error",
    "agent = 3\n" + router(),
    ["1:9 error: agent must be a table, [agent], not a number"],
  ],
  [
    "check as a value is an error",
    'check = "x"\n' + router(),
    ["1:9 error: check must be a table, [check.NAME], not a string"],
  ],
  [
    "a router's name with a space is an error",
    router().replace("vrrp.a", 'vrrp."a b"'),
    [
      '1:1 error: the name in [vrrp."a b"] must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or "."',
    ],
  ],
  [
    "a router's name of 65 characters is an error",
    router().replace("vrrp.a", "vrrp." + "n".repeat(65)),
    [
      '1:1 error: the name in [vrrp."nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn…"] must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or "."',
    ],
  ],
  [
    "a router's name that begins with a dash is an error",
    router().replace("vrrp.a", "vrrp.-a"),
    [
      '1:1 error: the name in [vrrp.-a] must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or "."',
    ],
  ],
  [
    "an empty name is an error",
    router().replace("vrrp.a", 'vrrp.""'),
    [
      '1:1 error: the name in [vrrp.""] must be letters, digits, "_", "-" and ".", at most 64, not beginning with "-" or "."',
    ],
  ],
  [
    "a dotted table works like one with a header",
    'vrrp.a.interface = "eth0"\nvrrp.a.vrid = 0\nvrrp.a.addresses = ["10.0.0.1/24"]\n',
    ["2:15 error: vrid must be 1 to 255, not 0"],
  ],
  [
    "an inline table works like one with a header",
    '[vrrp]\na = { interface = "eth0", vrid = 300, addresses = ["10.0.0.1/24"] }\n',
    ["2:34 error: vrid must be 1 to 255, not 300"],
  ],
]);

table("a missing key", [
  ["points at its table's header", router("-vrid"), ["1:1 error: [vrrp.a] needs vrid"]],
  [
    "is said for each",
    router("-vrid", "-interface", "-addresses"),
    [
      "1:1 error: [vrrp.a] needs interface",
      "1:1 error: [vrrp.a] needs vrid",
      "1:1 error: [vrrp.a] needs addresses",
    ],
  ],
  [
    "of an inline table points at the table",
    router('addresses = [{ label = "eth0:1" }]'),
    ["4:14 error: an element of addresses needs address"],
  ],
  [
    "of a table by dotted keys points at the first of them",
    'vrrp.a.vrid = 1\nvrrp.a.addresses = ["10.0.0.1/24"]\n',
    ["1:1 error: [vrrp.a] needs interface"],
  ],
  ["type of a check", checked("-type"), ["6:1 error: [check.c] needs type"]],
  ["command of a check", checked("-command"), ["6:1 error: [check.c] needs command"]],
]);
