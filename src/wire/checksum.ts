/** The Internet checksum (RFC 1071), with the pseudo-header that IPv6 and VRRPv3 put before a payload. */
import type { Ip } from "../base/address.ts";

const DOT = 0x2e;
const COLON = 0x3a;

/**
 * The plain sum of the 16-bit words of `bytes` from `start` to before `end`; an odd last byte counts as the high half.
 * Below 2^32 for anything an IP packet can hold, so {@link fold} can take several of them added up.
 */
export function sumWords(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  let at = start;
  for (; at + 1 < end; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if (at < end) sum += (bytes[at] ?? 0) << 8;
  return sum;
}

/** Sums of addresses made lately: packets carry the same few again and again. */
const RECENT = new Map<Ip, number>();
const RECENT_MAX = 1024;

/** The plain sum of the 16-bit words of an address. */
export function sumAddress(ip: Ip): number {
  let sum = RECENT.get(ip);
  if (sum === undefined) {
    if (RECENT.size >= RECENT_MAX) RECENT.clear();
    sum = sumText(ip);
    RECENT.set(ip, sum);
  }
  return sum;
}

/** Read off the canonical text: no bytes are made for it. */
function sumText(ip: Ip): number {
  let sum = 0;
  let value = 0;
  if (!ip.includes(":")) {
    let high = true;
    for (let at = 0; at <= ip.length; at++) {
      const code = at < ip.length ? ip.charCodeAt(at) : DOT;
      if (code === DOT) {
        sum += high ? value << 8 : value;
        high = !high;
        value = 0;
      } else {
        value = value * 10 + (code - 0x30);
      }
    }
    return sum;
  }
  // Each group of an IPv6 address is one word, and where it stands does not matter to a sum: "::" adds nothing.
  for (let at = 0; at < ip.length; at++) {
    const code = ip.charCodeAt(at);
    if (code === COLON) {
      sum += value;
      value = 0;
    } else {
      value = (value << 4) | (code >= 0x61 ? code - 0x57 : code - 0x30);
    }
  }
  return sum + value;
}

/**
 * The plain sum of the pseudo-header: both addresses, the length of the payload in bytes, its protocol number.
 * RFC 8200 8.1 for IPv6; RFC 5798 5.2.8 meant the same words with IPv4 addresses.
 */
export const sumPseudoHeader = (source: Ip, destination: Ip, protocol: number, length: number): number =>
  sumAddress(source) + sumAddress(destination) + protocol + length;

/** A plain sum below 2^32 as a one's complement sum of 16 bits: 0xffff over data that carries its right checksum. */
export function fold(sum: number): number {
  let folded = (sum & 0xffff) + (sum >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The checksum field for data with this plain sum, the field itself read as zero. */
export const checksum = (sum: number): number => ~fold(sum) & 0xffff;
