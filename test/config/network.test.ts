/** Addresses and commands. Each row: a rule, a text, all that is said of it. */
import { checked, router, router6, table } from "./said.ts";

table("an address", [
  [
    "is an IP address",
    router('addresses = ["10.0.0.256/24"]'),
    ['4:14 error: addresses: "10.0.0.256" is not an IP address'],
  ],
  [
    "is no host name",
    router('addresses = ["vip.example.org/24"]'),
    ['4:14 error: addresses: "vip.example.org" is not an IP address'],
  ],
  [
    "has no leading zeros",
    router('addresses = ["10.0.0.01/24"]'),
    ['4:14 error: addresses: "10.0.0.01" is not an IP address'],
  ],
  [
    "has a prefix, else the whole length with a warning",
    router('addresses = ["10.0.0.1"]'),
    ["4:14 warning: addresses: 10.0.0.1 has no prefix length; /32 is taken"],
  ],
  [
    "has a prefix, else the whole length with a warning, IPv6 too",
    router6('addresses = ["fe80::1"]'),
    ["4:14 warning: addresses: fe80::1 has no prefix length; /128 is taken"],
  ],
  [
    "has no netmask",
    router('addresses = ["10.0.0.1/255.255.255.0"]'),
    ['4:14 error: addresses: the prefix length of "10.0.0.1/255.255.255.0" must be 1 to 32'],
  ],
  [
    "has a prefix of 32 at most",
    router('addresses = ["10.0.0.1/33"]'),
    ['4:14 error: addresses: the prefix length of "10.0.0.1/33" must be 1 to 32'],
  ],
  [
    "has a prefix of 1 at least",
    router('addresses = ["10.0.0.1/0"]'),
    ['4:14 error: addresses: the prefix length of "10.0.0.1/0" must be 1 to 32'],
  ],
  [
    "has a prefix of 128 at most",
    router6('addresses = ["fe80::1/129"]'),
    ['4:14 error: addresses: the prefix length of "fe80::1/129" must be 1 to 128'],
  ],
  [
    "has a prefix that is a number",
    router('addresses = ["10.0.0.1/"]'),
    ['4:14 error: addresses: the prefix length of "10.0.0.1/" must be 1 to 32'],
  ],
  [
    "is no multicast group",
    router('addresses = ["224.0.0.1/24"]'),
    ["4:14 error: addresses: 224.0.0.1 is a multicast group"],
  ],
  [
    "is no multicast group, IPv6 too",
    router6('addresses = ["ff02::1/64"]'),
    ["4:14 error: addresses: ff02::1 is a multicast group"],
  ],
  [
    "is not unspecified",
    router('addresses = ["0.0.0.0/24"]'),
    ["4:14 error: addresses: 0.0.0.0 is the unspecified address"],
  ],
  ["is not ::", router6('addresses = ["::/64"]'), ["4:14 error: addresses: :: is the unspecified address"]],
  [
    "is not loopback",
    router('addresses = ["127.0.0.1/8"]'),
    ["4:14 error: addresses: 127.0.0.1 is a loopback address"],
  ],
  ["is not ::1", router6('addresses = ["::1/128"]'), ["4:14 error: addresses: ::1 is a loopback address"]],
  [
    "is not broadcast",
    router('addresses = ["255.255.255.255/32"]'),
    ["4:14 error: addresses: 255.255.255.255 is the broadcast address"],
  ],
  [
    "is not one of IPv4 in the form of IPv6",
    router6('addresses = ["::ffff:10.0.0.1/128"]'),
    ["4:14 error: addresses: ::ffff:a00:1 is an IPv4 address in the form of an IPv6 one"],
  ],
  [
    "has no zone",
    router6('addresses = ["fe80::1%eth0/64"]'),
    ['4:14 error: addresses: "fe80::1%eth0" is not an IP address'],
  ],
  [
    "is a string or a table",
    router("addresses = [1]"),
    ["4:14 error: an element of addresses must be an address in CIDR form in quotes, not 1"],
  ],
  [
    "stands in an array",
    router('addresses = "10.0.0.1/24"'),
    ['4:13 error: addresses must be an array, not "10.0.0.1/24"'],
  ],
  [
    "that names the network is a warning",
    router('addresses = ["10.0.0.0/24"]'),
    ["4:14 warning: addresses: 10.0.0.0 is the address of the network itself in its /24"],
  ],
  [
    "that is the network's broadcast is a warning",
    router('addresses = ["10.0.0.255/24"]'),
    ["4:14 warning: addresses: 10.0.0.255 is the broadcast address in its /24"],
  ],
  ["of a /31 is neither", router('addresses = ["10.0.0.0/31"]'), []],
  [
    "is reported with all the others",
    router('addresses = ["x", "10.0.0.1/24", { address = "y" }]'),
    [
      '4:14 error: addresses: "x" is not an IP address',
      '4:46 error: addresses.address: "y" is not an IP address',
    ],
  ],
  [
    "of a peer has no prefix",
    router('unicast_peers = ["10.0.0.9/24"]'),
    ['5:18 error: unicast_peers: "10.0.0.9/24" is not an IP address'],
  ],
  [
    "of a peer is a host's",
    router('unicast_peers = ["224.0.0.18"]'),
    ["5:18 error: unicast_peers: 224.0.0.18 is a multicast group"],
  ],
  [
    "of a peer is a string or a table",
    router("unicast_peers = [9]"),
    ["5:18 error: an element of unicast_peers must be an IP address in quotes, not 9"],
  ],
  [
    "of a group is multicast",
    router('multicast_group = "10.0.0.9"'),
    ["5:19 error: multicast_group: 10.0.0.9 is not a multicast group"],
  ],
  [
    "of a group is a string",
    router("multicast_group = 224"),
    ["5:19 error: multicast_group must be an IP address in quotes, not 224"],
  ],
  [
    "of the source is a host's",
    router('unicast_source = "0.0.0.0"', 'unicast_peers = ["10.0.0.9"]'),
    ["5:18 error: unicast_source: 0.0.0.0 is the unspecified address"],
  ],
]);

table("a command", [
  [
    "is an array",
    checked('command = "/c -x"'),
    ['8:11 error: command must be an array: ["/program", "argument"], not "/c -x"'],
  ],
  [
    "begins with an absolute path",
    checked('command = ["c.sh"]'),
    ['8:12 error: command must begin with the absolute path of a program, not "c.sh"'],
  ],
  ["is not empty", checked("command = []"), ["8:11 error: [check.c] needs command"]],
  ["is strings", checked('command = ["/c", 1]'), ["8:18 error: command takes strings, not a number"]],
  [
    "of a check is one",
    checked('command = [["/c"], ["/d"]]'),
    ["8:11 error: a check has one command, an array of strings"],
  ],
  ["of a check may be written as an array of one", checked('command = [["/c", "x"]]'), []],
  [
    "does not mix arguments and commands",
    router('notify = { master = ["/up", ["/down"]] }'),
    [
      "5:22 error: notify.master mixes arguments and commands: an array of strings is one command, an array of arrays several",
    ],
  ],
  [
    "among several is not empty",
    router('notify = { master = [["/up"], []] }'),
    ["5:31 error: notify.master has an empty command"],
  ],
  [
    "of notify begins with an absolute path",
    router('notify = { any = [["/a"], ["b"]] }'),
    ['5:28 error: notify.any must begin with the absolute path of a program, not "b"'],
  ],
  [
    "with a space in its program is a warning",
    router('notify = { fault = ["/etc/up.sh master"] }'),
    [
      '5:21 warning: notify.fault names a program with a space, "/etc/up.sh master": arguments are elements of their own',
    ],
  ],
  [
    "has no NUL",
    router('notify = { stop = ["/a", "b\\u0000"] }'),
    ["5:26 error: notify.stop has a NUL character in an argument"],
  ],
  [
    "has 256 arguments at most",
    router('notify = { stop = ["/a"' + ', "x"'.repeat(256) + "] }"),
    ["5:19 error: notify.stop has 257 arguments; the limit is 256"],
  ],
  [
    "is one of 32 at most",
    router("notify = { stop = [" + '["/a"], '.repeat(33) + "] }"),
    ["5:19 error: notify.stop has 33 commands; the limit is 32"],
  ],
  ["is in a notify table", router('notify = ["/a"]'), ["5:10 error: notify must be a table, not an array"]],
]);
