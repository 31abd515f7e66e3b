/** Routes and rules as rtnetlink messages: what is asked to the byte, and what a real kernel told of what ip(8) made. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Ip } from "../../src/base/address.ts";
import type { ForwardingMessage } from "../../src/wire/forwarding.ts";
import { encodeForwardingChange, FORWARDING_DUMPS } from "../../src/wire/forwarding.ts";
import type { KernelRoute } from "../../src/wire/route.ts";
import { decodeMessages } from "../../src/wire/rtnetlink.ts";
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

const told: readonly ForwardingMessage[] = readFileSync(
  new URL("../golden/rtnetlink/forwarding.hex", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .flatMap((line) => decodeMessages(hex(line)))
  .flatMap((message) =>
    message.kind === "forwarding" || message.kind === "forwarding-gone" ? [message] : [],
  );

describe("what a kernel told", () => {
  test("is understood, all of it", () => {
    expect(told.length).toBeGreaterThan(30);
    const kinds = told.map(({ kind, entry }) => `${kind} ${entry.kind}`);
    expect(new Set(kinds).size).toBe(4);
  });

  test("names a route's network, way, metric, table, source, scope and size", () => {
    const routes = told.flatMap(({ kind, entry }) =>
      kind === "forwarding" && entry.kind === "route" ? [entry] : [],
    );
    expect(routes.slice(0, 3)).toEqual([
      {
        ...ROUTE,
        prefix: 24,
        destination: ip("10.9.0.0"),
        via: ip("10.1.0.9"),
        metric: 0,
        index: 3,
        source: null,
        onlink: false,
        mtu: null,
      },
      {
        ...ROUTE,
        prefix: 0,
        destination: ip("0.0.0.0"),
        via: ip("10.1.0.9"),
        metric: 7,
        index: 3,
        source: ip("10.1.0.1"),
        onlink: false,
        mtu: null,
      },
      {
        ...ROUTE,
        prefix: 16,
        destination: ip("10.8.0.0"),
        via: null,
        metric: 0,
        index: 3,
        source: null,
        onlink: false,
        mtu: 1400,
        table: 1000,
        scope: 253,
      },
    ]);
    const types = new Set(routes.map(({ type }) => type));
    expect(types).toEqual(new Set(["unicast", "blackhole", "unreachable", "prohibit", "throw"]));
    expect(routes.some(({ onlink }) => onlink)).toBe(true);
    expect(routes.some(({ family, source }) => family === 6 && source !== null)).toBe(true);
  });

  test("names a rule's conditions, and a mark of 0 by its mask", () => {
    const rules = told.flatMap(({ kind, entry }) =>
      kind === "forwarding" && entry.kind === "rule" ? [entry] : [],
    );
    expect(rules[1]).toEqual({
      ...RULE,
      from: { address: ip("10.8.0.0"), prefix: 24 },
      to: { address: ip("10.7.0.0"), prefix: 16 },
      oif: "eth9",
      priority: 200,
      table: 1000,
      mark: { value: 0x10, mask: 0xf0 },
      not: true,
    });
    expect(rules.some(({ not }) => not)).toBe(true);
    expect(rules.some(({ mark }) => mark?.value === 0)).toBe(true);
  });

  test("tells ours from others'", () => {
    expect(told.some(({ ours }) => ours)).toBe(true);
    expect(told.some(({ ours }) => !ours)).toBe(true);
  });
});

describe("what was asked for", () => {
  for (const entry of [ROUTE, RULE, { ...RULE, mark: { value: 0, mask: 7 }, not: true }] as const) {
    test(`comes back as it was: ${JSON.stringify(entry).slice(0, 60)}`, () => {
      const [message] = decodeMessages(encodeForwardingChange("add", entry, 1));
      expect(message).toEqual({ kind: "forwarding", entry, ours: true });
    });
  }
});
