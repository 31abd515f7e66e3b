/** Requests for routes and rules, byte for byte; what a kernel tells of them is in forwarding-told.test.ts. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { encodeForwardingChange, FORWARDING_DUMPS } from "../../src/wire/forwarding.ts";
import type { KernelRoute } from "../../src/wire/route.ts";
import type { KernelRule } from "../../src/wire/rule.ts";
import { hex } from "./hex.ts";

const ip = (text: string): Ip => text as Ip; // canonical as written

const ROUTE: KernelRoute = {
  kind: "route",
  family: 4,
  type: "unicast",
  destination: ip("10.9.0.0"),
  prefix: 24,
  table: 254,
  metric: 5,
  via: ip("10.77.2.9"),
  index: 3,
  source: ip("10.77.1.50"),
  scope: 0,
  onlink: true,
  mtu: 1400,
};

const RULE: KernelRule = {
  kind: "rule",
  family: 4,
  priority: 1000,
  action: "lookup",
  table: 100,
  not: false,
  from: { address: ip("10.9.0.0"), prefix: 24 },
  to: null,
  iif: "eth1",
  oif: null,
  mark: { value: 0x10, mask: 0xf0 },
};

/** nlmsghdr, rtmsg or fib_rule_hdr, and the attributes, as <linux/rtnetlink.h> and <linux/fib_rules.h> have them. */
const VECTORS: readonly (readonly [string, Uint8Array, string])[] = [
  [
    "a route to add",
    encodeForwardingChange("add", ROUTE, 7),
    `58000000 1800 0506 07000000 00000000  02 18 00 00 fe 70 00 01 04000000
     0800 0f00 fe000000  0800 0600 05000000  0800 0100 0a090000  0800 0500 0a4d0209  0800 0400 03000000
     0800 0700 0a4d0132  0c00 0800 0800 0200 78050000`,
  ],
  [
    "a route to remove, of whatever scope and source",
    encodeForwardingChange("delete", ROUTE, 7),
    `44000000 1900 0500 07000000 00000000  02 18 00 00 fe 70 ff 01 04000000
     0800 0f00 fe000000  0800 0600 05000000  0800 0100 0a090000  0800 0500 0a4d0209  0800 0400 03000000`,
  ],
  [
    "a rule to add",
    encodeForwardingChange("add", RULE, 7),
    `58000000 2000 0506 07000000 00000000  02 00 18 00 64 00 00 01 00000000
     0800 0600 e8030000  0500 1500 70000000  0800 0f00 64000000  0800 0200 0a090000
     0900 0300 65746831 00000000  0800 0a00 10000000  0800 1000 f0000000`,
  ],
  [
    "a rule to remove",
    encodeForwardingChange("delete", RULE, 7),
    `58000000 2100 0500 07000000 00000000  02 00 18 00 64 00 00 01 00000000
     0800 0600 e8030000  0500 1500 70000000  0800 0f00 64000000  0800 0200 0a090000
     0900 0300 65746831 00000000  0800 0a00 10000000  0800 1000 f0000000`,
  ],
];

describe("a request", () => {
  for (const [what, bytes, expected] of VECTORS) {
    test(`for ${what} is what rtnetlink(7) says`, () => expect(bytes.toHex()).toBe(hex(expected).toHex()));
  }

  test("to be told asks each family for routes of our protocol number, and for rules", () => {
    const asked = FORWARDING_DUMPS.map((encode) => encode(1));
    expect(asked.map((bytes) => [bytes[4], bytes[16], bytes[21]])).toEqual([
      [0x1a, 2, 112],
      [0x1a, 10, 112],
      [0x22, 2, 0],
      [0x22, 10, 0],
    ]);
  });
});
