/** The IP header of a packet that comes from or goes to the link: RFC 791, RFC 8200. */
import { familyOf, ipBytes, ip4At, ipFromBytes } from "../base/address.ts";
import type { Family, Ip } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import { checksum, fold, sumWords } from "./checksum.ts";

//  IPv4  0: version, header length in words   1: type of service    2: total length       4: identification
//        6: flags and fragment offset         8: time to live       9: protocol          10: header checksum
//       12: source                           16: destination       20: options
const V4 = {
  tos: 1,
  length: 2,
  id: 4,
  fragment: 6,
  ttl: 8,
  protocol: 9,
  checksum: 10,
  source: 12,
  destination: 16,
};
const V4_HEADER = 20;
/** More Fragments, or an offset: the packet is a part of one. The other flag, Don't Fragment, says nothing to us. */
const V4_FRAGMENT_MASK = 0x3fff;

//  IPv6  0: version, traffic class, flow label   4: payload length   6: next header   7: hop limit
//        8: source                              24: destination
const V6 = { length: 4, protocol: 6, hopLimit: 7, source: 8, destination: 24 };
const V6_HEADER = 40;
/** Next header of a fragment: RFC 8200 4.5. */
const V6_FRAGMENT_HEADER = 44;

/** Internetwork Control, the class of routing protocols (RFC 791 3.1), which keepalived sends too. */
const CLASS_CONTROL = 0xc0;

/** One whole IP packet. IPv4 options, type of service, identification and flow label are not kept. */
export interface IpPacket {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  /** IPv4 protocol, or the next header of the fixed IPv6 header: extension headers are not followed. */
  readonly protocol: number;
  /** IPv4 time to live, IPv6 hop limit: 0 to 255. */
  readonly hopLimit: number;
  /** A view into the decoded bytes, no copy. */
  readonly payload: Uint8Array;
}

/** Why bytes are no whole IP packet. */
export type IpError =
  /** Bytes ran out before the header, or before what the header promises. */
  | { readonly kind: "truncated"; readonly need: number; readonly have: number }
  | { readonly kind: "version"; readonly got: number }
  /** An IPv4 header length (in bytes) or a total length too small for the header; only IPv4 has these. */
  | { readonly kind: "header"; readonly length: number }
  /** The IPv4 header checksum is wrong. A packet socket sees packets before the kernel looks at it. */
  | { readonly kind: "checksum" }
  | { readonly kind: "fragment" };

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

/** Writes `value`, 0 to 65535, in network order. */
function putWord(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

/**
 * A packet from its IP header on. What follows the length that the header states is link padding and is cut off.
 * `family` is what the link layer says it carries.
 */
export function decodeIp(family: Family, bytes: Uint8Array): Result<IpPacket, IpError> {
  const header = family === 4 ? V4_HEADER : V6_HEADER;
  if (bytes.length < header) return fail({ kind: "truncated", need: header, have: bytes.length });
  const version = (bytes[0] ?? 0) >> 4;
  if (version !== family) return fail({ kind: "version", got: version });
  return family === 4 ? decodeIp4(bytes) : decodeIp6(bytes);
}

function decodeIp4(bytes: Uint8Array): Result<IpPacket, IpError> {
  const header = ((bytes[0] ?? 0) & 0x0f) * 4;
  if (header < V4_HEADER) return fail({ kind: "header", length: header });
  const total = word(bytes, V4.length);
  if (total < header) return fail({ kind: "header", length: total });
  if (bytes.length < total) return fail({ kind: "truncated", need: total, have: bytes.length });
  if (fold(sumWords(bytes, 0, header)) !== 0xffff) return fail({ kind: "checksum" });
  if ((word(bytes, V4.fragment) & V4_FRAGMENT_MASK) !== 0) return fail({ kind: "fragment" });
  return ok({
    family: 4,
    source: ip4At(bytes, V4.source),
    destination: ip4At(bytes, V4.destination),
    protocol: bytes[V4.protocol] ?? 0,
    hopLimit: bytes[V4.ttl] ?? 0,
    payload: bytes.subarray(header, total),
  });
}

function decodeIp6(bytes: Uint8Array): Result<IpPacket, IpError> {
  const total = V6_HEADER + word(bytes, V6.length);
  if (bytes.length < total) return fail({ kind: "truncated", need: total, have: bytes.length });
  const protocol = bytes[V6.protocol] ?? 0;
  if (protocol === V6_FRAGMENT_HEADER) return fail({ kind: "fragment" });
  return ok({
    family: 6,
    source: ipFromBytes(bytes.subarray(V6.source, V6.source + 16)),
    destination: ipFromBytes(bytes.subarray(V6.destination, V6.destination + 16)),
    protocol,
    hopLimit: bytes[V6.hopLimit] ?? 0,
    payload: bytes.subarray(V6_HEADER, total),
  });
}

/**
 * The bytes of a packet: class 0xc0, Don't Fragment clear, flow label 0, no options, IPv4 header checksum filled.
 * `identification` is the IPv4 field, 0 to 65535; IPv6 has none.
 */
export function encodeIp(packet: IpPacket, identification: number): Uint8Array {
  const bytes = packet.family === 4 ? encodeIp4(packet, identification) : encodeIp6(packet, CLASS_CONTROL);
  bytes.set(packet.payload, bytes.length - packet.payload.length);
  return bytes;
}

/** The bytes of an IPv6 packet of ordinary traffic class 0, as the neighbour discovery of the kernel sends. */
export function encodeIp6Ordinary(packet: IpPacket): Uint8Array {
  const bytes = encodeIp6(packet, 0);
  bytes.set(packet.payload, V6_HEADER);
  return bytes;
}

const isWhole = (value: number, most: number): boolean =>
  Number.isInteger(value) && value >= 0 && value <= most;

function assertFields(packet: IpPacket, family: Family): void {
  assert(packet.family === family, "the header is of another family");
  assert(familyOf(packet.source) === family, "the source is of another family");
  assert(familyOf(packet.destination) === family, "the destination is of another family");
  assert(isWhole(packet.protocol, 255), "a protocol has 8 bits");
  assert(isWhole(packet.hopLimit, 255), "a hop limit has 8 bits");
}

function encodeIp4(packet: IpPacket, identification: number): Uint8Array {
  const total = V4_HEADER + packet.payload.length;
  assertFields(packet, 4);
  assert(total <= 0xffff, "an IPv4 packet is below 64 KiB");
  assert(isWhole(identification, 0xffff), "an identification has 16 bits");
  const bytes = new Uint8Array(total);
  bytes[0] = 0x40 | (V4_HEADER / 4);
  bytes[V4.tos] = CLASS_CONTROL;
  putWord(bytes, V4.length, total);
  putWord(bytes, V4.id, identification);
  bytes[V4.ttl] = packet.hopLimit;
  bytes[V4.protocol] = packet.protocol;
  bytes.set(ipBytes(packet.source), V4.source);
  bytes.set(ipBytes(packet.destination), V4.destination);
  putWord(bytes, V4.checksum, checksum(sumWords(bytes, 0, V4_HEADER)));
  return bytes;
}

function encodeIp6(packet: IpPacket, trafficClass: number): Uint8Array {
  assertFields(packet, 6);
  assert(packet.payload.length <= 0xffff, "an IPv6 payload is below 64 KiB");
  const bytes = new Uint8Array(V6_HEADER + packet.payload.length);
  bytes[0] = 0x60 | (trafficClass >> 4);
  bytes[1] = (trafficClass & 0x0f) << 4;
  putWord(bytes, V6.length, packet.payload.length);
  bytes[V6.protocol] = packet.protocol;
  bytes[V6.hopLimit] = packet.hopLimit;
  bytes.set(ipBytes(packet.source), V6.source);
  bytes.set(ipBytes(packet.destination), V6.destination);
  return bytes;
}
