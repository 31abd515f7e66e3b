/** The Neighbour Advertisement (RFC 4861 4.4), and the unsolicited one that moves an address to us (7.2.6). */
import { familyOf, ipBytes, ipFromBytes, isMulticast, macBytes, macFromBytes } from "../base/address.ts";
import type { Ip, Mac } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import { checksum, fold, sumPseudoHeader, sumWords } from "./checksum.ts";
import { decodeIp, encodeIp6Ordinary } from "./ip.ts";
import type { IpError } from "./ip.ts";

/** Next header of ICMPv6. */
export const PROTOCOL_ICMPV6 = 58;

//  0: type   1: code   2: checksum   4: flags, then 29 reserved bits   8: target   24: options
const AT = { type: 0, code: 1, checksum: 2, flags: 4, target: 8, options: 24 };
const HEADER = 24;
const TYPE = 136;
const SOLICITATION = 135;
const ROUTER = 0x80;
const SOLICITED = 0x40;
const OVERRIDE = 0x20;
/** Target Link-Layer Address: type, length in units of 8 bytes, address (RFC 4861 4.6.1). */
const OPTION_TARGET = 2;
const OPTION_UNIT = 8;
/** A hop limit no router has lowered proves that the sender is on the link (RFC 4861 7.1.2). */
const HOP_LIMIT = 255;

/** One advertisement: `target` is at `mac`. Unknown options are not kept. */
export interface NeighbourAdvertisement {
  readonly source: Ip;
  readonly destination: Ip;
  readonly target: Ip;
  /** The sender forwards packets; a host that sees it clear drops the sender from its default routers. */
  readonly router: boolean;
  /** It answers a solicitation. */
  readonly solicited: boolean;
  /** It replaces what a cache holds. */
  readonly override: boolean;
  /** Null: no 48-bit target link-layer address option. With several the first counts. */
  readonly mac: Mac | null;
}

/** Why a packet is no Neighbour Advertisement that a receiver may use; the first that applies, in this order. */
export type NeighbourError =
  | { readonly kind: "ip"; readonly error: IpError }
  | { readonly kind: "protocol"; readonly got: number }
  | { readonly kind: "truncated"; readonly need: number; readonly have: number }
  | { readonly kind: "type"; readonly got: number }
  | { readonly kind: "hop-limit"; readonly got: number }
  | { readonly kind: "checksum" }
  | { readonly kind: "code"; readonly got: number }
  /** The target is a multicast address. */
  | { readonly kind: "target"; readonly got: Ip }
  /** Solicited, yet sent to a group. */
  | { readonly kind: "solicited" }
  /** An option of length 0, or one that goes past the end; `at` counts from the ICMPv6 header. */
  | { readonly kind: "option"; readonly at: number };

/** The unspecified address, and ff02::1:ff00:0/104, in which each address has its group of neighbours to be asked (RFC 4291 2.7.1). */
const NOBODY = "::" as Ip;
const SOLICITED_NODE = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0xff];
/** All nodes of the link (RFC 4291 2.7.1); the text is canonical as it stands. */
const ALL_NODES = "ff02::1" as Ip;

/** The payload of a frame of type 0x86dd. The checks are those of RFC 4861 7.1.2. */
export function decodeNeighbourAdvertisement(
  bytes: Uint8Array,
): Result<NeighbourAdvertisement, NeighbourError> {
  const packet = decodeIp(6, bytes);
  if (!packet.ok) return fail({ kind: "ip", error: packet.error });
  const { source, destination, protocol, hopLimit, payload } = packet.value;
  if (protocol !== PROTOCOL_ICMPV6) return fail({ kind: "protocol", got: protocol });
  const have = payload.length;
  if (have < HEADER) return fail({ kind: "truncated", need: HEADER, have });
  const type = payload[AT.type] ?? 0;
  if (type !== TYPE) return fail({ kind: "type", got: type });
  if (hopLimit !== HOP_LIMIT) return fail({ kind: "hop-limit", got: hopLimit });
  const sum = sumWords(payload, 0, have) + sumPseudoHeader(source, destination, PROTOCOL_ICMPV6, have);
  if (fold(sum) !== 0xffff) return fail({ kind: "checksum" });
  const code = payload[AT.code] ?? 0;
  if (code !== 0) return fail({ kind: "code", got: code });
  const target = ipFromBytes(payload.subarray(AT.target, AT.target + 16));
  if (isMulticast(target)) return fail({ kind: "target", got: target });
  const flags = payload[AT.flags] ?? 0;
  const solicited = (flags & SOLICITED) !== 0;
  if (solicited && isMulticast(destination)) return fail({ kind: "solicited" });
  const mac = findTargetMac(payload);
  if (!mac.ok) return mac;
  return ok({
    source,
    destination,
    target,
    router: (flags & ROUTER) !== 0,
    solicited,
    override: (flags & OVERRIDE) !== 0,
    mac: mac.value,
  });
}

function findTargetMac(payload: Uint8Array): Result<Mac | null, NeighbourError> {
  let mac: Mac | null = null;
  let at = AT.options;
  while (at < payload.length) {
    // A length that is missing is as bad as a length of 0.
    const length = at + 1 < payload.length ? (payload[at + 1] ?? 0) * OPTION_UNIT : 0;
    if (length === 0 || at + length > payload.length) return fail({ kind: "option", at });
    if (payload[at] === OPTION_TARGET && length === OPTION_UNIT && mac === null) {
      mac = macFromBytes(payload.subarray(at + 2, at + OPTION_UNIT));
    }
    at += length;
  }
  return ok(mac);
}

/**
 * The whole IPv6 packet that says to all nodes of the link that `address` is now at `mac`: from the address itself,
 * Override set, Solicited clear. `router` is whether this interface forwards (net.ipv6.conf.IF.forwarding).
 */
export function encodeNeighbourAdvertisement(mac: Mac, address: Ip, router: boolean): Uint8Array {
  assert(familyOf(address) === 6, "neighbour discovery is for IPv6");
  assert(!isMulticast(address), "a group has no link-layer address");
  const payload = new Uint8Array(HEADER + OPTION_UNIT);
  payload[AT.type] = TYPE;
  payload[AT.flags] = OVERRIDE | (router ? ROUTER : 0);
  payload.set(ipBytes(address), AT.target);
  payload[AT.options] = OPTION_TARGET;
  payload[AT.options + 1] = 1;
  payload.set(macBytes(mac), AT.options + 2);
  const pseudo = sumPseudoHeader(address, ALL_NODES, PROTOCOL_ICMPV6, payload.length);
  const field = checksum(sumWords(payload, 0, payload.length) + pseudo);
  payload[AT.checksum] = field >> 8;
  payload[AT.checksum + 1] = field & 0xff;
  return encodeIp6Ordinary({
    family: 6,
    source: address,
    destination: ALL_NODES,
    protocol: PROTOCOL_ICMPV6,
    hopLimit: HOP_LIMIT,
    payload,
  });
}

/**
 * The whole IPv6 packet that asks whether anybody has `address`, from whom nobody learns anything, and the group it is for: a solicitation
 * from the unspecified address, as in duplicate address detection (RFC 4862 5.4.2). Who has it answers to all nodes.
 */
export function encodeNeighbourProbe(address: Ip): { readonly group: Ip; readonly bytes: Uint8Array } {
  assert(familyOf(address) === 6, "neighbour discovery is for IPv6");
  const target = ipBytes(address);
  const group = ipFromBytes(Uint8Array.from([...SOLICITED_NODE, ...target.slice(13)]));
  const payload = new Uint8Array(HEADER);
  payload[AT.type] = SOLICITATION;
  payload.set(target, AT.target);
  const pseudo = sumPseudoHeader(NOBODY, group, PROTOCOL_ICMPV6, payload.length);
  const field = checksum(sumWords(payload, 0, payload.length) + pseudo);
  payload[AT.checksum] = field >> 8;
  payload[AT.checksum + 1] = field & 0xff;
  const header = { family: 6, source: NOBODY, destination: group } as const;
  return {
    group,
    bytes: encodeIp6Ordinary({ ...header, protocol: PROTOCOL_ICMPV6, hopLimit: HOP_LIMIT, payload }),
  };
}
