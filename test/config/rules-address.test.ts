/** What may stand in addresses and excluded_addresses. Each row: a rule, a text, all that is said of it. */
import { agent, router, router6, second, table } from "./said.ts";

table("addresses", [
  ["are missing", router("addresses = []"), ["4:13 error: [vrrp.a] needs addresses"]],
  [
    "are missing, with a family told by a group",
    router("-addresses", 'multicast_group = "224.0.0.18"'),
    ["1:1 error: [vrrp.a] needs addresses"],
  ],
  [
    "may all be excluded, with a warning",
    router("-addresses", 'excluded_addresses = ["10.0.0.1/24"]'),
    ["1:1 warning: [vrrp.a] advertises no address; peers may reject that (RFC 9568 5.2.5)"],
  ],
  [
    "may all be excluded, with a warning at the empty list",
    router("addresses = []", 'excluded_addresses = ["10.0.0.1/24"]'),
    ["4:13 warning: [vrrp.a] advertises no address; peers may reject that (RFC 9568 5.2.5)"],
  ],
  [
    "of two families are an error at each of the second",
    router('addresses = ["10.0.0.1/24", "fe80::1/64", "10.0.0.2/24", "2001:db8::1/64"]'),
    [
      "4:29 error: fe80::1 is not IPv4 like the first address: it belongs in excluded_addresses or in a router of its own",
      "4:58 error: 2001:db8::1 is not IPv4 like the first address: it belongs in excluded_addresses or in a router of its own",
    ],
  ],
  [
    "of two families are an error at the IPv4 one too",
    router6('addresses = ["fe80::1/64", "10.0.0.1/24"]'),
    [
      "4:28 error: 10.0.0.1 is not IPv6 like the first address: it belongs in excluded_addresses or in a router of its own",
    ],
  ],
  ["of the other family may be excluded ones", router('excluded_addresses = ["2001:db8::1/64"]'), []],
  [
    "of IPv6 in version 2 are an error",
    router6("version = 2"),
    ["5:11 error: version 2 knows IPv4 only; IPv6 needs version 3"],
  ],
  [
    "of IPv6 in both versions are an error",
    router6('version = "2+3"'),
    ["5:11 error: version 2 knows IPv4 only; IPv6 needs version 3"],
  ],
  [
    "excluded ones of IPv6 in version 2 are fine",
    router("version = 2", 'excluded_addresses = ["2001:db8::1/64"]'),
    [],
  ],
  [
    "of IPv6 begin with a link-local one, else a warning",
    router6('addresses = ["2001:db8::1/64", "fe80::1/64"]'),
    ["4:14 warning: the first IPv6 address should be link-local, not 2001:db8::1 (RFC 9568 5.2.9)"],
  ],
  [
    "are 255 at most",
    router("addresses = [" + Array.from({ length: 255 }, (_, n) => '"10.0.1.' + n + '/16"').join(",") + "]"),
    [],
  ],
  [
    "are not 256",
    router("addresses = [" + Array.from({ length: 256 }, (_, n) => '"10.0.1.' + n + '/16"').join(",") + "]"),
    [
      "4:13 error: addresses has 256 elements; an advert carries 255 IPv4 addresses: the rest belongs in excluded_addresses",
    ],
  ],
  [
    "of IPv6 are 90 at most",
    router6(
      "addresses = [" + Array.from({ length: 90 }, (_, n) => '"fe80::' + (n + 1) + '/64"').join(",") + "]",
    ),
    [],
  ],
  [
    "of IPv6 are not 91",
    router6(
      "addresses = [" + Array.from({ length: 91 }, (_, n) => '"fe80::' + (n + 1) + '/64"').join(",") + "]",
    ),
    [
      "4:13 error: addresses has 91 elements; an advert carries 90 IPv6 addresses: the rest belongs in excluded_addresses",
    ],
  ],
  [
    "excluded may be more",
    router(
      "excluded_addresses = [" +
        Array.from({ length: 256 }, (_, n) => '"10.0.1.' + n + '/16"').join(",") +
        "]",
    ),
    [],
  ],
  [
    "are there once",
    router('addresses = ["10.0.0.1/24", "10.0.0.1/32"]'),
    ["4:29 error: 10.0.0.1 on eth0 is already an address of this router"],
  ],
  [
    "are there once, excluded ones too",
    router('excluded_addresses = ["10.0.0.1/24"]'),
    ["5:23 error: 10.0.0.1 on eth0 is already an address of this router"],
  ],
  [
    "are there once, however they are written",
    router6('addresses = ["fe80::1/64", "fe80:0:0::0001/64"]'),
    ["4:28 error: fe80::1 on eth0 is already an address of this router"],
  ],
  [
    "may be there again on another interface",
    router('addresses = ["10.0.0.1/24", { address = "10.0.0.1/24", interface = "eth1" }]'),
    [],
  ],
  [
    "are there once among all routers of an interface",
    router() + second('addresses = ["10.0.0.1/24"]'),
    ["8:14 error: 10.0.0.1 on eth0 is already an address of [vrrp.a]"],
  ],
  [
    "are there once among all routers, where written with the interface too",
    router() + second('interface = "eth1"', 'addresses = [{ address = "10.0.0.1/24", interface = "eth0" }]'),
    ["8:14 error: 10.0.0.1 on eth0 is already an address of [vrrp.a]"],
  ],
  [
    "may be there again in a router of another interface",
    router() + second('interface = "eth1"', 'addresses = ["10.0.0.1/24"]'),
    [],
  ],
]);

table("a label", [
  [
    "begins with the interface",
    router('addresses = [{ address = "10.0.0.1/24", label = "eth1:1" }]'),
    ['4:49 error: the label must be "eth0:" and something more: the address is on eth0'],
  ],
  [
    "begins with the interface of its address",
    router('addresses = [{ address = "10.0.0.1/24", interface = "eth2", label = "eth2:1" }]'),
    [],
  ],
  [
    "has something after the colon",
    router('addresses = [{ address = "10.0.0.1/24", label = "eth0:" }]'),
    ['4:49 error: the label must be "eth0:" and something more: the address is on eth0'],
  ],
  [
    "is not the interface alone",
    router('addresses = [{ address = "10.0.0.1/24", label = "eth0" }]'),
    ['4:49 error: the label must be "eth0:" and something more: the address is on eth0'],
  ],
  [
    "has 15 bytes at most",
    router('addresses = [{ address = "10.0.0.1/24", label = "eth0:abcdefghijk" }]'),
    ['4:49 error: addresses.label must be at most 15 bytes long, not "eth0:abcdefghijk"'],
  ],
  ["has 15 bytes", router('addresses = [{ address = "10.0.0.1/24", label = "eth0:abcdefghij" }]'), []],
  [
    "has no space",
    router('addresses = [{ address = "10.0.0.1/24", label = "eth0: 1" }]'),
    ['4:49 error: addresses.label must be a label like "eth1:1", not "eth0: 1"'],
  ],
  [
    "is for IPv4",
    router6('addresses = [{ address = "fe80::1/64", label = "eth0:1" }]'),
    ["4:48 error: an IPv6 address has no label"],
  ],
  [
    "of two addresses is an error where addresses are added by ioctl",
    agent('address_method = "ioctl"').replace(
      '["10.0.0.1/24"]',
      '[{ address = "10.0.0.1/24", label = "eth0:1" }, { address = "10.0.0.2/24", label = "eth0:1" }]',
    ),
    ['6:96 error: "eth0:1" is the label of two addresses: by ioctl one would replace the other'],
  ],
  [
    "of two addresses is a warning",
    router(
      'addresses = [{ address = "10.0.0.1/24", label = "eth0:1" }, { address = "10.0.0.2/24", label = "eth0:1" }]',
    ),
    ['4:96 warning: "eth0:1" is the label of two addresses: ifconfig shows one of them'],
  ],
]);
