/**
 * Reading what nodes send, for the checkers, and making what nobody should believe, for the network. Written anew from the RFCs
 * and not by src/wire: a codec that is wrong in both directions would otherwise agree with itself here.
 */
import type { Family, Ip } from "../../src/base/address.ts";
import { ipFromBytes } from "../../src/base/address.ts";
import type { Prng } from "./prng.ts";

export const ETHERTYPE_IPV4 = 0x0800;
export const ETHERTYPE_ARP = 0x0806;
export const ETHERTYPE_IPV6 = 0x86dd;

/** What counts of an advertisement. */
export interface Sighting {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  readonly hopLimit: number;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
}

/** Bytes of the IP header: 20 and options for IPv4, 40 for IPv6. */
const headerOf = (family: Family, bytes: Uint8Array): number =>
  family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 : 40;

/** The advertisement in an IP packet, unchecked; null when the packet is not VRRP. */
export function sightAdvert(family: Family, bytes: Uint8Array): Sighting | null {
  const v4 = family === 4;
  if ((v4 ? bytes[9] : bytes[6]) !== 112) return null;
  const at = headerOf(family, bytes);
  return {
    family,
    source: ipFromBytes(v4 ? bytes.slice(12, 16) : bytes.slice(8, 24)),
    destination: ipFromBytes(v4 ? bytes.slice(16, 20) : bytes.slice(24, 40)),
    hopLimit: (v4 ? bytes[8] : bytes[7]) ?? 0,
    version: (bytes[at] ?? 0) >> 4,
    vrid: bytes[at + 1] ?? 0,
    priority: bytes[at + 2] ?? 0,
  };
}

/** The address that an ARP request or a neighbour advertisement announces as its sender's; null when it announces none. */
export function sightAnnouncement(ethertype: number, bytes: Uint8Array): Ip | null {
  if (ethertype === ETHERTYPE_ARP && bytes.length >= 28) {
    const sender = ipFromBytes(bytes.slice(14, 18));
    return sender === ipFromBytes(bytes.slice(24, 28)) ? sender : null;
  }
  // Next header 58 is ICMPv6, its type 136 a neighbour advertisement, the target 8 bytes into it (RFC 4861 4.4).
  const advertises = ethertype === ETHERTYPE_IPV6 && bytes[6] === 58 && bytes[40] === 136;
  return advertises ? ipFromBytes(bytes.slice(48, 64)) : null;
}

/** A copy with one bit flipped, or cut short: what a checksum and a length are there to find. */
export function corrupt(chance: Prng, bytes: Uint8Array): Uint8Array {
  if (chance.chance(0.2)) return bytes.slice(0, chance.integer(0, bytes.length - 1));
  const copy = bytes.slice();
  const at = chance.integer(0, copy.length - 1);
  copy[at] = (copy[at] ?? 0) ^ (1 << chance.integer(0, 7));
  return copy;
}

function refreshHeaderChecksum(bytes: Uint8Array): void {
  const length = headerOf(4, bytes);
  bytes[10] = 0;
  bytes[11] = 0;
  let sum = 0;
  for (let at = 0; at < length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes[10] = (~sum >> 8) & 0xff;
  bytes[11] = ~sum & 0xff;
}

/**
 * An advert that must not count, made of one that did: of a far away sender, of the highest priority. The checksums are right:
 * only the hop limit gives it away.
 */
export function forge(family: Family, advert: Uint8Array): Uint8Array {
  const bytes = advert.slice();
  bytes[family === 4 ? 8 : 7] = 254;
  const at = headerOf(family, bytes);
  // Priority and VRID lie in different halves of two words; what one word gains the checksum loses.
  const before = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  bytes[at + 2] = 254;
  const now = ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  let sum = (~(((bytes[at + 6] ?? 0) << 8) | (bytes[at + 7] ?? 0)) & 0xffff) + (~before & 0xffff) + now;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  bytes[at + 6] = (~sum >> 8) & 0xff;
  bytes[at + 7] = ~sum & 0xff;
  if (family === 4) refreshHeaderChecksum(bytes);
  return bytes;
}
