/**
 * Policy rules as rtnetlink(7) has them. Each message of netlink.ts carries, before its attributes,
 *
 *     fib_rule_hdr   family u8 | destination bits u8 | source bits u8 | tos u8           <linux/fib_rules.h>
 *                    table u8 | reserved u16 | action u8 | flags u32
 */
import type { Family, Ip } from "../base/address.ts";
import { addressBits, ipBytes, ipFromBytes } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Attributes } from "./netlink.ts";
import { attribute, attributesOf, encode32, encodeAttribute, encodeMessage, u32, viewOf } from "./netlink.ts";
import { familyFrom, familyNumber, HEADER_BYTES, PROTOCOL_HAAGENT, TABLE_BYTE_MAX } from "./route.ts";

/** What a rule does with a packet: look it up in the rule's table, or refuse it. */
export type RuleAction = "lookup" | "blackhole" | "unreachable" | "prohibit";

/** A network: an address, all bits behind the prefix zero. */
export interface Network {
  readonly address: Ip;
  readonly prefix: number;
}

/** A policy rule. All of it names it: there may be many of one priority. */
export interface KernelRule {
  readonly kind: "rule";
  readonly family: Family;
  /** Rules are asked in the order of these, from 0. */
  readonly priority: number;
  readonly action: RuleAction;
  /** 0 where the action looks nothing up. */
  readonly table: number;
  /** FIB_RULE_INVERT: it is for packets that do not match. */
  readonly not: boolean;
  readonly from: Network | null;
  readonly to: Network | null;
  /** Interface names; the rule waits for interfaces that are not there. */
  readonly iif: string | null;
  readonly oif: string | null;
  /** The mark of a packet under the mask. */
  readonly mark: { readonly value: number; readonly mask: number } | null;
}

/** RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE */
export const RTM_RULE = { new: 32, delete: 33, get: 34 } as const;
const NLM_F = { ack: 0x04, exclusive: 0x200, dump: 0x300, create: 0x400 } as const;
const FRA = {
  destination: 1,
  source: 2,
  iif: 3,
  priority: 6,
  mark: 10,
  table: 15,
  mask: 16,
  oif: 17,
  protocol: 21,
} as const;
const FIB_RULE_INVERT = 2;
const FR_ACT: Readonly<Record<RuleAction, number>> = {
  lookup: 1,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
};
const ACTIONS: ReadonlyMap<number, RuleAction> = new Map([
  [FR_ACT.lookup, "lookup"],
  [FR_ACT.blackhole, "blackhole"],
  [FR_ACT.unreachable, "unreachable"],
  [FR_ACT.prohibit, "prohibit"],
]);

function textOf(attributes: Attributes, kind: number): string | null {
  const bytes = attribute(attributes, kind, 1);
  if (bytes === null) return null;
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function markOf(attributes: Attributes): KernelRule["mark"] {
  const value = attribute(attributes, FRA.mark, 4);
  const mask = attribute(attributes, FRA.mask, 4);
  // The kernel leaves out a mark of 0, but then tells its mask.
  if (value === null && mask === null) return null;
  return { value: value === null ? 0 : u32(value), mask: mask === null ? 0xffff_ffff : u32(mask) };
}

/** A rule and who made it, 0 for nobody known; null for one with an action that is not ours to ask for (goto, nop). */
export function decodeRule(
  body: Uint8Array,
): { readonly rule: KernelRule; readonly protocol: number } | null {
  if (body.length < HEADER_BYTES) return null;
  const view = viewOf(body);
  const family = familyFrom(view.getUint8(0));
  const action = ACTIONS.get(view.getUint8(7));
  if (family === null || action === undefined) return null;
  const size = family === 4 ? 4 : 16;
  const attributes = attributesOf(body.subarray(HEADER_BYTES));
  const network = (kind: number, bits: number): Network | null => {
    const bytes = attribute(attributes, kind, size);
    if (bytes === null || bits === 0) return null;
    return { address: ipFromBytes(bytes.subarray(0, size)), prefix: Math.min(bits, addressBits(family)) };
  };
  const priority = attribute(attributes, FRA.priority, 4);
  const table = attribute(attributes, FRA.table, 4);
  const rule: KernelRule = {
    kind: "rule",
    family,
    priority: priority === null ? 0 : u32(priority),
    action,
    table: table === null ? view.getUint8(4) : u32(table),
    not: (view.getUint32(8, true) & FIB_RULE_INVERT) !== 0,
    from: network(FRA.source, view.getUint8(2)),
    to: network(FRA.destination, view.getUint8(1)),
    iif: textOf(attributes, FRA.iif),
    oif: textOf(attributes, FRA.oif),
    mark: markOf(attributes),
  };
  return { rule, protocol: attribute(attributes, FRA.protocol, 1)?.[0] ?? 0 };
}

const name = (kind: number, text: string): Uint8Array =>
  encodeAttribute(kind, new TextEncoder().encode(`${text}\0`));

/**
 * A rule to add or to remove, acknowledged. `add` fails with EEXIST where the same stands already; `delete` with ENOENT where none of
 * ours does. A removal takes the first rule of ours that has all that is said, so it may have more: rules of one priority must not
 * contain each other.
 */
export function encodeRuleChange(op: "add" | "delete", rule: KernelRule, sequence: number): Uint8Array {
  const { family, from, to, table, action, not, priority, iif, oif, mark } = rule;
  const bits = addressBits(family);
  for (const network of [from, to]) {
    assert(network === null || network.prefix <= bits, `prefix length of a rule: ${network?.prefix}`);
  }
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint8(0, familyNumber(family));
  view.setUint8(1, to?.prefix ?? 0);
  view.setUint8(2, from?.prefix ?? 0);
  view.setUint8(4, table <= TABLE_BYTE_MAX ? table : 0);
  view.setUint8(7, FR_ACT[action]);
  view.setUint32(8, not ? FIB_RULE_INVERT : 0, true);
  const parts = [
    bytes,
    encodeAttribute(FRA.priority, encode32(priority)),
    encodeAttribute(FRA.protocol, Uint8Array.of(PROTOCOL_HAAGENT)),
  ];
  if (table !== 0) parts.push(encodeAttribute(FRA.table, encode32(table)));
  if (from !== null) parts.push(encodeAttribute(FRA.source, ipBytes(from.address)));
  if (to !== null) parts.push(encodeAttribute(FRA.destination, ipBytes(to.address)));
  if (iif !== null) parts.push(name(FRA.iif, iif));
  if (oif !== null) parts.push(name(FRA.oif, oif));
  if (mark !== null) {
    parts.push(
      encodeAttribute(FRA.mark, encode32(mark.value)),
      encodeAttribute(FRA.mask, encode32(mark.mask)),
    );
  }
  const flags = op === "add" ? NLM_F.create | NLM_F.exclusive : 0;
  return encodeMessage(op === "add" ? RTM_RULE.new : RTM_RULE.delete, NLM_F.ack | flags, sequence, parts);
}

/** RTM_GETRULE for the rules of a family: the kernel tells all of them. */
export function encodeRuleDump(family: Family, sequence: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes[0] = familyNumber(family);
  return encodeMessage(RTM_RULE.get, NLM_F.dump, sequence, [bytes]);
}
