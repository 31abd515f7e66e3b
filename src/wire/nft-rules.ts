/**
 * The rules of our table in nf_tables as lists of expressions (<linux/netfilter/nf_tables.h>), and numbers as that subsystem wants them:
 * in network order.
 */
import { encodeAttribute, nested, string, viewOf } from "./netlink.ts";

/** Of families as nf_tables numbers them. */
export const NFPROTO = { unspecified: 0, inet: 1, ipv4: 2, ipv6: 10 } as const;
/** An element of a list, whatever is in the list. */
export const LIST_ELEMENT = 1;
const EXPRESSION = { name: 1, data: 2 } as const;
const PAYLOAD = { register: 1, base: 2, offset: 3, length: 4 } as const;
const BASE = { network: 1, transport: 2 } as const;
const META = { register: 1, key: 2 } as const;
const META_KEY = { outgoing: 5, protocol: 15, transport: 16 } as const;
const COMPARE = { register: 1, operation: 2, data: 3 } as const;
const IS = { equal: 0, atMost: 3, atLeast: 5 } as const;
const LOOKUP = { set: 1, register: 2 } as const;
const IMMEDIATE = { register: 1, data: 2 } as const;
/** A value, or what becomes of a packet. */
export const DATA = { value: 1, verdict: 2 } as const;
const VERDICT_CODE = 1;
const VERDICT = { drop: 0, accept: 1 } as const;
const REGISTER = 1;
const REGISTER_VERDICT = 0;

const PROTOCOL = { igmp: 2, icmpv6: 58 } as const;
const AT = { destination4: 16, destination6: 24 } as const;
/** Neighbour solicitation and advertisement (RFC 4861 4.3, 4.4). */
const NEIGHBOUR = { from: 135, to: 136 } as const;
/** Multicast listener discovery, version 1 (RFC 2710 3.1) and 2 (RFC 3810 5.2). */
const LISTENER = { from: 130, to: 132, version2: 143 } as const;

function big(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, value);
  return bytes;
}

/** A 32-bit number. */
export const number = (type: number, value: number): Uint8Array => encodeAttribute(type, big(value));

const expression = (name: string, ...data: readonly Uint8Array[]): Uint8Array =>
  nested(LIST_ELEMENT, string(EXPRESSION.name, name), nested(EXPRESSION.data, ...data));

const load = (base: number, offset: number, length: number): Uint8Array =>
  expression(
    "payload",
    number(PAYLOAD.register, REGISTER),
    number(PAYLOAD.base, base),
    number(PAYLOAD.offset, offset),
    number(PAYLOAD.length, length),
  );
const meta = (key: number): Uint8Array =>
  expression("meta", number(META.key, key), number(META.register, REGISTER));
const compare = (operation: number, byte: number): Uint8Array =>
  expression(
    "cmp",
    number(COMPARE.register, REGISTER),
    number(COMPARE.operation, operation),
    nested(COMPARE.data, encodeAttribute(DATA.value, Uint8Array.of(byte))),
  );
const isIn = (set: string): Uint8Array =>
  expression("lookup", string(LOOKUP.set, set), number(LOOKUP.register, REGISTER));
const verdict = (code: number): Uint8Array =>
  expression(
    "immediate",
    number(IMMEDIATE.register, REGISTER_VERDICT),
    nested(IMMEDIATE.data, nested(DATA.verdict, number(VERDICT_CODE, code))),
  );

const isTransport = (protocol: number): Uint8Array[] => [
  meta(META_KEY.transport),
  compare(IS.equal, protocol),
];
const isIcmp6 = (from: number, to: number): Uint8Array[] => [
  ...isTransport(PROTOCOL.icmpv6),
  load(BASE.transport, 0, 1),
  ...(from === to ? [compare(IS.equal, from)] : [compare(IS.atLeast, from), compare(IS.atMost, to)]),
];
const leavesDevice = (): Uint8Array[] => [meta(META_KEY.outgoing), isIn("devices")];

/** The rules of a chain, in order: each a list of expressions that are tried until one does not hold. */
export const rules: Readonly<Record<"input" | "output", readonly (readonly Uint8Array[])[]>> = {
  input: [
    [
      meta(META_KEY.protocol),
      compare(IS.equal, NFPROTO.ipv4),
      load(BASE.network, AT.destination4, 4),
      isIn("addresses4"),
      verdict(VERDICT.drop),
    ],
    [...isIcmp6(NEIGHBOUR.from, NEIGHBOUR.to), verdict(VERDICT.accept)],
    [
      meta(META_KEY.protocol),
      compare(IS.equal, NFPROTO.ipv6),
      load(BASE.network, AT.destination6, 16),
      isIn("addresses6"),
      verdict(VERDICT.drop),
    ],
  ],
  output: [
    [...leavesDevice(), ...isTransport(PROTOCOL.igmp), verdict(VERDICT.drop)],
    [...leavesDevice(), ...isIcmp6(LISTENER.from, LISTENER.to), verdict(VERDICT.drop)],
    [...leavesDevice(), ...isIcmp6(LISTENER.version2, LISTENER.version2), verdict(VERDICT.drop)],
  ],
};
