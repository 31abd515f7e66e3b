/** What a virtual MAC address asks of other keys. Each row: a rule, a text, all that is said of it. */
import { router, table } from "./said.ts";

const LABEL = 'addresses = [{ address = "10.0.0.1/24", label = "eth0:1" }]';

table("virtual_mac", [
  ["true", router("virtual_mac = true"), []],
  ["announce-only", router('virtual_mac = "announce-only"'), []],
  ["false", router("virtual_mac = false"), []],
  [
    "another word",
    router('virtual_mac = "announce"'),
    [
      '5:15 error: virtual_mac must be false, true or "announce-only", not "announce"; did you mean "announce-only"?',
    ],
  ],
  [
    "a label",
    router(LABEL, "virtual_mac = true"),
    ["4:49 error: no label with virtual_mac: the address is on a device of its own"],
  ],
  [
    "a label on another interface",
    router(
      'addresses = [{ address = "10.0.0.1/24", interface = "eth9", label = "eth9:1" }]',
      "virtual_mac = true",
    ),
    [],
  ],
  ["a label without it", router(LABEL), []],
  [
    "adoption",
    router("virtual_mac = true", 'on_found = "adopt"'),
    ['6:12 error: on_found = "adopt" with virtual_mac: an adopted address keeps another MAC address'],
  ],
  [
    "unicast",
    router("virtual_mac = true", 'unicast_peers = ["10.0.0.9"]'),
    [
      '5:15 warning: virtual_mac = true with unicast_peers does what "announce-only" does: unicast adverts leave from the MAC address of whatever interface leads to the peer',
    ],
  ],
  ["unicast, announcing only", router('virtual_mac = "announce-only"', 'unicast_peers = ["10.0.0.9"]'), []],
  [
    "no refresh where nothing else bears the address",
    router('virtual_mac = "announce-only"', 'garp = { refresh = "0s" }'),
    [
      "6:20 warning: garp.refresh = 0s while no advert comes from the virtual MAC: bridges forget where it is after some minutes",
    ],
  ],
  ["no refresh where adverts bear it", router("virtual_mac = true", 'garp = { refresh = "0s" }'), []],
]);

table("accept", [
  ["false", router("accept = false"), []],
  ["true of an owner", router("priority = 255", "accept = true"), []],
  [
    "false of an owner",
    router("priority = 255", "accept = false"),
    ["6:10 warning: accept = false changes nothing at priority 255: the owner takes what is for it"],
  ],
]);
