/** Routes and rules as messages, beside what ip(8) had the kernel say of the same: test/golden/rtnetlink/forwarding.hex. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import type { Ip } from "../../src/base/address.ts";
import type { Forwarding, ForwardingMessage } from "../../src/wire/forwarding.ts";
import { encodeForwardingChange } from "../../src/wire/forwarding.ts";
import type { KernelRoute } from "../../src/wire/route.ts";
import { decodeMessages } from "../../src/wire/rtnetlink.ts";
import type { KernelRule } from "../../src/wire/rule.ts";
import { hex } from "./hex.ts";

const ip = (text: string): Ip => text as Ip;

const ROUTE: KernelRoute = {
  kind: "route",
  family: 4,
  type: "unicast",
  destination: ip("10.9.0.0"),
  prefix: 24,
  table: 254,
  metric: 0,
  via: null,
  index: 3,
  source: null,
  scope: 0,
  onlink: false,
  mtu: null,
};
const RULE: KernelRule = {
  kind: "rule",
  family: 4,
  priority: 32_765,
  action: "lookup",
  table: 100,
  not: false,
  from: null,
  to: null,
  iif: null,
  oif: null,
  mark: null,
};
const route = (change: Partial<KernelRoute>): KernelRoute => ({ ...ROUTE, ...change });
const rule = (change: Partial<KernelRule>): KernelRule => ({ ...RULE, ...change });
const network = (address: string, prefix: number) => ({ address: ip(address), prefix });

/** What ip(8) was told, in the order of the capture, and what it is to us. */
const TOLD: readonly (readonly [string, Forwarding])[] = [
  ["10.9.0.0/24 via 10.1.0.9", route({ via: ip("10.1.0.9") })],
  [
    "default via 10.1.0.9 dev eth2 src 10.1.0.1 metric 7",
    route({
      destination: ip("0.0.0.0"),
      prefix: 0,
      via: ip("10.1.0.9"),
      source: ip("10.1.0.1"),
      metric: 7,
    }),
  ],
  [
    "10.8.0.0/16 dev eth2 table 1000 mtu 1400",
    route({ destination: ip("10.8.0.0"), prefix: 16, table: 1000, mtu: 1400, scope: 253 }),
  ],
  [
    "unreachable 10.7.0.0/16",
    route({ type: "unreachable", destination: ip("10.7.0.0"), prefix: 16, index: null }),
  ],
  ["blackhole 10.7.1.0/24", route({ type: "blackhole", destination: ip("10.7.1.0"), index: null })],
  [
    "prohibit 10.7.2.0/24 table 7",
    route({ type: "prohibit", destination: ip("10.7.2.0"), table: 7, index: null }),
  ],
  ["throw 10.7.3.0/24 table 7", route({ type: "throw", destination: ip("10.7.3.0"), table: 7, index: null })],
  [
    "10.12.0.0/24 via 192.168.9.9 dev eth2 onlink",
    route({ destination: ip("10.12.0.0"), via: ip("192.168.9.9"), onlink: true }),
  ],
  [
    "-6 default via fe80::9 dev eth2 metric 5",
    route({ family: 6, destination: ip("::"), prefix: 0, via: ip("fe80::9"), metric: 5 }),
  ],
  [
    "-6 2001:db8::/32 dev eth2 table 1000 mtu 1400",
    route({
      family: 6,
      destination: ip("2001:db8::"),
      prefix: 32,
      table: 1000,
      metric: 1024,
      mtu: 1400,
    }),
  ],
  [
    "-6 blackhole 2001:db8:1::/64, which the kernel puts on lo",
    route({
      family: 6,
      type: "blackhole",
      destination: ip("2001:db8:1::"),
      prefix: 64,
      metric: 1024,
      index: 1,
    }),
  ],
  [
    "-6 2001:db8:2::/64 via 2001:db8:9::9 src 2001:db8:9::1",
    route({
      family: 6,
      destination: ip("2001:db8:2::"),
      prefix: 64,
      metric: 1024,
      via: ip("2001:db8:9::9"),
      source: ip("2001:db8:9::1"),
    }),
  ],
  [
    "10.13.0.0/24 via 10.1.0.8, of another protocol",
    route({ destination: ip("10.13.0.0"), via: ip("10.1.0.8") }),
  ],
  ["rule from 10.9.0.0/24 table 100", rule({ from: network("10.9.0.0", 24) })],
  [
    "rule not from 10.8.0.0/24 to 10.7.0.0/16 iif eth1 oif eth9 fwmark 0x10/0xf0 table 1000 priority 200",
    rule({
      not: true,
      from: network("10.8.0.0", 24),
      to: network("10.7.0.0", 16),
      iif: "eth1",
      oif: "eth9",
      mark: { value: 0x10, mask: 0xf0 },
      table: 1000,
      priority: 200,
    }),
  ],
  ["-6 rule fwmark 7 table 1000", rule({ family: 6, mark: { value: 7, mask: 0xffff_ffff }, table: 1000 })],
  [
    "-6 rule prohibit from 2001:db8:5::/48 priority 99",
    rule({
      family: 6,
      action: "prohibit",
      from: network("2001:db8:5::", 48),
      table: 0,
      priority: 99,
    }),
  ],
  [
    "rule from all fwmark 0/1 table 9 priority 98",
    rule({ mark: { value: 0, mask: 1 }, table: 9, priority: 98 }),
  ],
  [
    "rule to 10.0.0.0/8 table 9 priority 97, of another protocol",
    rule({ to: network("10.0.0.0", 8), table: 9, priority: 97 }),
  ],
];

const LINES = readFileSync(new URL("../golden/rtnetlink/forwarding.hex", import.meta.url), "utf8")
  .trim()
  .split("\n")
  .map(hex);

/** The only message of a datagram that must be of a route or rule. */
function only(bytes: Uint8Array): ForwardingMessage {
  const [message, ...rest] = decodeMessages(bytes);
  if (message?.kind !== "forwarding" && message?.kind !== "forwarding-gone")
    throw new Error("of another kind");
  if (rest.length > 0) throw new Error("more than one");
  return message;
}

describe("what the kernel tells of", () => {
  for (const [at, [text, entry]] of TOLD.entries()) {
    const ours = !text.endsWith("of another protocol");
    test(text, () => {
      expect(only(LINES[at] ?? new Uint8Array())).toEqual({ kind: "forwarding", entry, ours });
      const removed = only(LINES[at + TOLD.length] ?? new Uint8Array());
      expect(removed).toEqual({ kind: "forwarding-gone", entry, ours });
    });
  }

  test("a dump is read message by message, to its end", () => {
    const dumps = LINES.slice(TOLD.length * 2).map(decodeMessages);
    const kinds = dumps.flat().map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === "done").length).toBeGreaterThan(0);
    const rules = dumps.find((messages) => messages.length > 2) ?? [];
    expect(rules.map((message) => message.kind === "forwarding" && message.ours)).toContain(true);
    expect(rules.map((message) => message.kind === "forwarding" && message.ours)).toContain(false);
  });
});

describe("a request to add", () => {
  test("says all that the kernel says back, with the protocol number of ours", () => {
    for (const [, entry] of TOLD) {
      expect(only(encodeForwardingChange("add", entry, 1))).toEqual({
        kind: "forwarding",
        entry,
        ours: true,
      });
    }
  });
});

describe("a request to remove", () => {
  test("a route names no source, which IPv6 may have forgotten, and any scope", () => {
    const wanted = route({ source: ip("10.1.0.1"), mtu: 1400, via: ip("10.1.0.9") });
    const { kind, entry, ours } = only(encodeForwardingChange("delete", wanted, 1));
    expect({ kind, ours }).toEqual({ kind: "forwarding-gone", ours: true });
    expect(entry).toEqual({ ...wanted, source: null, mtu: null, scope: 255 });
  });

  test("a rule names all that it has, and that it is ours", () => {
    for (const [, entry] of TOLD) {
      if (entry.kind === "route") continue;
      const removed = only(encodeForwardingChange("delete", entry, 1));
      expect(removed).toEqual({ kind: "forwarding-gone", entry, ours: true });
    }
  });
});

describe("a message that is none", () => {
  const bare = (type: number, body: string): unknown => {
    const length = 16 + body.replaceAll(" ", "").length / 2;
    const head = [length, 0, 0, 0, type].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return decodeMessages(hex(`${head}00 0000 00000000 00000000 ${body}`));
  };

  test("is left out: too short, of another family, of a type that the kernel makes itself", () => {
    expect(bare(24, "02180000 fe70")).toEqual([]);
    expect(bare(24, "05180000 fe700001 00000000")).toEqual([]);
    // RTN_LOCAL
    expect(bare(24, "02200000 ff020002 00000000")).toEqual([]);
    // FR_ACT_GOTO
    expect(bare(32, "02000000 00000002 00000000")).toEqual([]);
    expect(bare(32, "0200")).toEqual([]);
  });

  test("with a prefix longer than an address has one of all its bits", () => {
    expect(bare(24, "02ff0000 fe700001 00000000")).toMatchObject([{ entry: { prefix: 32 } }]);
  });
});
