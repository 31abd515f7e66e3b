/**
 * Reading what nodes send, for the checkers, and making what nobody should believe, for the network. Written anew from the RFCs
 * and not by src/wire: a codec that is wrong in both directions would otherwise agree with itself here.
 */
import type { Event } from "../../src/agent/boundary.ts";
import type { Family, Ip } from "../../src/base/address.ts";
import { ipFromBytes } from "../../src/base/address.ts";
import type { Sent } from "./observer.ts";
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

/** Bytes of an authentication header with 96 bits of check value (RFC 2402 2). */
const AUTHENTICATION = 24;

/** Bytes before the message: 20 and options for IPv4, perhaps an authentication header; 40 for IPv6. */
const headerOf = (family: Family, bytes: Uint8Array): number =>
  family === 4 ? ((bytes[0] ?? 0) & 0x0f) * 4 + (bytes[9] === 51 ? AUTHENTICATION : 0) : 40;

/** The advertisement in an IP packet, unchecked; null when the packet is not VRRP. */
export function sightAdvert(family: Family, bytes: Uint8Array): Sighting | null {
  const v4 = family === 4;
  const protocol = v4 ? bytes[9] : bytes[6];
  if (protocol !== 112 && !(v4 && protocol === 51)) return null;
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

const word = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

function put(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}

/** The one's complement sum of the words in [from, to), on top of `start` (RFC 1071). */
function sum(bytes: Uint8Array, from: number, to: number, start: number): number {
  let total = start;
  for (let at = from; at < to; at += 2) total += word(bytes, at);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** The last two bytes of an address that no node has. */
const STRANGER = 0x0163;

/**
 * An advert that must not count, made of one that did: of a stranger, of the highest priority. Its checksums are right; only the
 * hop limit tells that it came from beyond the link.
 */
export function forge(family: Family, advert: Uint8Array): Uint8Array {
  const bytes = advert.slice();
  const at = headerOf(family, bytes);
  const [source, pseudo] = family === 4 ? [14, 12] : [22, 8];
  const plain = sum(bytes, at, bytes.length, 0) === 0xffff;
  bytes[family === 4 ? 8 : 7] = 254;
  put(bytes, source, STRANGER);
  bytes[at + 2] = 254;
  put(bytes, at + 6, 0);
  // The pseudo-header: both addresses, the protocol, the length of the payload.
  const start = plain ? 0 : sum(bytes, pseudo, at, 112 + bytes.length - at);
  put(bytes, at + 6, ~sum(bytes, at, bytes.length, start) & 0xffff);
  if (family === 4) {
    put(bytes, 10, 0);
    put(bytes, 10, ~sum(bytes, 0, ((bytes[0] ?? 0) & 0x0f) * 4, 0) & 0xffff);
  }
  return bytes;
}

/** A received packet in words. */
export function sightText({ family, bytes }: Extract<Event, { kind: "frame" }>): string {
  const advert = sightAdvert(family, bytes);
  return advert === null ? "noise" : `vrid ${advert.vrid} priority ${advert.priority} of ${advert.source}`;
}

/** A sent one, `told` being the address it announces. */
export function sentText(action: Sent, told: string | null): string {
  if (told !== null) return `announce ${told}`;
  const family = action.kind === "packet" ? action.family : action.ethertype === 0x0800 ? 4 : 6;
  return `advert ${action.router} priority ${sightAdvert(family, action.bytes)?.priority}`;
}
