/**
 * nf_tables over nfnetlink: one table with two chains and three sets, made, filled, emptied and removed in transactions. All numbers
 * are in network order, other than in the rest of netlink.
 *
 *     nlmsghdr   type: subsystem (10 for nf_tables) and message
 *     nfgenmsg   family u8 | version u8 | resource u16                    <linux/netfilter/nfnetlink.h>
 *
 * and attributes (<linux/netfilter/nf_tables.h>). A transaction stands between two messages of nfnetlink's own; the kernel does all of
 * it or nothing.
 *
 *     table inet NAME {
 *       chain input  { type filter hook input priority 200
 *         ip daddr @addresses4 drop
 *         icmpv6 type 135-136 accept            # neighbour solicitations and advertisements (RFC 9568 6.1)
 *         ip6 daddr @addresses6 drop }
 *       chain output { type filter hook output priority 200
 *         oif @devices meta l4proto igmp drop   # what would teach a switch where a virtual MAC address is
 *         oif @devices icmpv6 type 130-132 drop
 *         oif @devices icmpv6 type 143 drop } }
 */
import type { Ip } from "../base/address.ts";
import { familyOf, ipBytes } from "../base/address.ts";
import {
  eachMessage,
  encodeAttribute,
  encodeMessage,
  errnoOf,
  joined,
  nested,
  NLMSG,
  string,
  viewOf,
} from "./netlink.ts";
import { DATA, LIST_ELEMENT, NFPROTO, number, rules } from "./nft-rules.ts";

const NLM_F = { ack: 0x04, exclusive: 0x200, create: 0x400, append: 0x800 } as const;
const SUBSYSTEM = 10;
const BATCH = { begin: 0x10, end: 0x11 } as const;
const MESSAGE = {
  newTable: 0,
  delTable: 2,
  newChain: 3,
  newRule: 6,
  newSet: 9,
  newElements: 12,
  delElements: 14,
} as const;

const TABLE = { name: 1, flags: 2 } as const;
/** NFT_TABLE_F_OWNER, Linux 5.12: nobody else may change the table, and it goes with the socket that made it. */
const OWNER = 2;
const CHAIN = { table: 1, name: 3, hook: 4, type: 7 } as const;
const HOOK = { number: 1, priority: 2 } as const;
const NF_INET = { input: 1, output: 3 } as const;
/** After IPVS (98): what that forwards is not for this host. */
const PRIORITY = 200;
const RULE = { table: 1, chain: 2, expressions: 4 } as const;
const SET = { table: 1, name: 2, flags: 3, keyType: 4, keyLength: 5, id: 10, userData: 13 } as const;
/** For nft(8), which prints the keys: their byte order (type 0, four bytes) is the host's (1). */
const HOST_ORDER = Uint8Array.of(0, 4, 1, 0, 0, 0);
const ELEMENTS = { table: 1, set: 2, elements: 3 } as const;
const ELEMENT_KEY = 1;
/** The sets: name, what nft(8) calls the type of their keys, and the length of a key. */
const SETS = {
  addresses4: { type: 7, length: 4, id: 1 },
  addresses6: { type: 8, length: 16, id: 2 },
  devices: { type: 20, length: 4, id: 3 },
} as const;
type SetName = keyof typeof SETS;

/** What the table is about. */
export interface Refused {
  /** Packets for these are not taken. */
  readonly addresses: readonly Ip[];
  /** Indexes of interfaces that send no IGMP and no MLD. */
  readonly devices: readonly number[];
}

/** A message of the transaction; the sequence is put in by {@link transaction}. */
interface Part {
  readonly type: number;
  readonly flags: number;
  readonly family: number;
  readonly resource: number;
  readonly attributes: readonly Uint8Array[];
}

const part = (message: number, flags: number, ...attributes: readonly Uint8Array[]): Part => ({
  type: (SUBSYSTEM << 8) | message,
  flags,
  family: NFPROTO.inet,
  resource: 0,
  attributes,
});

const frame = (type: number): Part => ({
  type,
  flags: 0,
  family: NFPROTO.unspecified,
  resource: SUBSYSTEM,
  attributes: [],
});

/** The last part asks for an answer: it comes once the whole is done; an error comes from whichever part has one. */
function transaction(parts: readonly Part[], sequence: number): Uint8Array {
  const all = [frame(BATCH.begin), ...parts, frame(BATCH.end)];
  return joined(
    all.map(({ type, flags, family, resource, attributes }, at) => {
      const head = Uint8Array.of(family, 0, resource >> 8, resource & 0xff);
      const ack = at === parts.length ? NLM_F.ack : 0;
      return encodeMessage(type, flags | ack, sequence, [head, ...attributes]);
    }),
  );
}

function chain(table: string, name: keyof typeof NF_INET): Part[] {
  const hook = nested(CHAIN.hook, number(HOOK.number, NF_INET[name]), number(HOOK.priority, PRIORITY));
  return [
    part(
      MESSAGE.newChain,
      NLM_F.create,
      string(CHAIN.table, table),
      string(CHAIN.name, name),
      hook,
      string(CHAIN.type, "filter"),
    ),
    ...rules[name].map((expressions) =>
      part(
        MESSAGE.newRule,
        NLM_F.create | NLM_F.append,
        string(RULE.table, table),
        string(RULE.chain, name),
        nested(RULE.expressions, ...expressions),
      ),
    ),
  ];
}

function set(table: string, name: SetName): Part {
  const { type, length, id } = SETS[name];
  return part(
    MESSAGE.newSet,
    NLM_F.create,
    string(SET.table, table),
    string(SET.name, name),
    number(SET.flags, 0),
    number(SET.keyType, type),
    number(SET.keyLength, length),
    number(SET.id, id),
    ...(name === "devices" ? [encodeAttribute(SET.userData, HOST_ORDER)] : []),
  );
}

/** An interface index, in the host's order as the kernel has it. */
function indexKey(index: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, index, true);
  return bytes;
}

/** Elements of one message: their attribute's length is 16 bits. */
const ELEMENTS_MAX = 1000;

function elements(message: number, table: string, { addresses, devices }: Refused): Part[] {
  const keys: Readonly<Record<SetName, readonly Uint8Array[]>> = {
    addresses4: addresses.filter((address) => familyOf(address) === 4).map(ipBytes),
    addresses6: addresses.filter((address) => familyOf(address) === 6).map(ipBytes),
    devices: devices.map(indexKey),
  };
  const parts: Part[] = [];
  for (const name of ["addresses4", "addresses6", "devices"] as const) {
    for (let at = 0; at < keys[name].length; at += ELEMENTS_MAX) {
      const some = keys[name].slice(at, at + ELEMENTS_MAX);
      const list = some.map((key) =>
        nested(LIST_ELEMENT, nested(ELEMENT_KEY, encodeAttribute(DATA.value, key))),
      );
      parts.push(
        part(
          message,
          message === MESSAGE.newElements ? NLM_F.create : 0,
          string(ELEMENTS.table, table),
          string(ELEMENTS.set, name),
          nested(ELEMENTS.elements, ...list),
        ),
      );
    }
  }
  return parts;
}

/** The whole table; `owned`: as {@link OWNER} says. EEXIST when there is one of that name. */
export const encodeTable = (table: string, refused: Refused, owned: boolean, sequence: number): Uint8Array =>
  transaction(
    [
      part(
        MESSAGE.newTable,
        NLM_F.create | NLM_F.exclusive,
        string(TABLE.name, table),
        ...(owned ? [number(TABLE.flags, OWNER)] : []),
      ),
      set(table, "addresses4"),
      set(table, "addresses6"),
      set(table, "devices"),
      ...chain(table, "input"),
      ...chain(table, "output"),
      ...elements(MESSAGE.newElements, table, refused),
    ],
    sequence,
  );

/** Puts some into the sets and takes others out, at once; ENOENT when the table is gone. At least one of either. */
export const encodeElements = (table: string, more: Refused, less: Refused, sequence: number): Uint8Array =>
  transaction(
    [...elements(MESSAGE.newElements, table, more), ...elements(MESSAGE.delElements, table, less)],
    sequence,
  );

/** Removes the table; ENOENT when there is none, EPERM when it is owned by a living process. */
export const encodeTableRemoval = (table: string, sequence: number): Uint8Array =>
  transaction([part(MESSAGE.delTable, 0, string(TABLE.name, table))], sequence);

/** What a datagram answers to that sequence: 0, an error number, or null for nothing. */
export function decodeAnswer(bytes: Uint8Array, sequence: number): number | null {
  let answer: number | null = null;
  eachMessage(bytes, ({ type, sequence: of, body }) => {
    const ours = type === NLMSG.error && of === sequence && body.length >= 4;
    if (ours && (answer ?? 0) === 0) answer = errnoOf(body);
  });
  return answer;
}
