/** IP and link-layer addresses as canonical text: equal addresses are equal strings, so they serve as keys as they are. */
import type { Result } from "./result.ts";
import { fail, ok } from "./result.ts";

declare const kind: unique symbol;
/** IPv4 or IPv6, as in the `version` field of their headers. */
export type Family = 4 | 6;
/** An address in canonical text: dotted decimal, or RFC 5952. Made by {@link parseIp} or {@link ipFromBytes} only. */
export type Ip = string & { readonly [kind]: "ip" };
/** A 48-bit link-layer address, lower case with colons. */
export type Mac = string & { readonly [kind]: "mac" };

export const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff" as Mac;

/** The family of a canonical address. */
export const familyOf = (ip: Ip): Family => (ip.includes(":") ? 6 : 4);

/** Bits in an address of this family: 32 or 128. */
export const addressBits = (family: Family): 32 | 128 => (family === 4 ? 32 : 128);

function parse4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (const [index, part] of parts.entries()) {
    // A leading zero is refused, not read as octal: inet_pton(3) does the same.
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return null;
    bytes[index] = Number(part);
  }
  return bytes;
}

/** The groups on one side of "::"; only the last four bytes of an address may be dotted (RFC 4291 2.2). */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [index, group] of groups.entries()) {
    if (group.includes(".")) {
      const tail = last && index === groups.length - 1 ? parse4(group) : null;
      if (tail === null) return null;
      bytes.push(...tail);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

function parse6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === null || tail === null) return null;
  const gap = 16 - head.length - tail.length;
  // "::" stands for at least one group of zeros (RFC 4291 2.2).
  if (halves.length === 1 ? gap !== 0 : gap < 2) return null;
  return Uint8Array.from([...head, ...new Array<number>(gap).fill(0), ...tail]);
}

/** Text to address; zone identifiers (`%eth0`) and leading zeros in IPv4 are refused. */
export function parseIp(text: string): Result<Ip, string> {
  const bytes = text.includes(":") ? parse6(text) : parse4(text);
  return bytes === null ? fail(`"${text}" is not an IP address`) : ok(ipFromBytes(bytes));
}

/** The 4 or 16 bytes of an address, network order. */
export function ipBytes(ip: Ip): Uint8Array {
  const bytes = ip.includes(":") ? parse6(ip) : parse4(ip);
  if (bytes === null) throw new Error(`not canonical: ${ip}`);
  return bytes;
}

/** IPv4 addresses made lately, by their 32 bits: packets carry the same few again and again. */
const RECENT = new Map<number, Ip>();
const RECENT_MAX = 1024;

/** The four bytes from `at`, network order, to an address; the caller has checked that they are there. */
export function ip4At(bytes: Uint8Array, at: number): Ip {
  const a = bytes[at] ?? 0;
  const b = bytes[at + 1] ?? 0;
  const c = bytes[at + 2] ?? 0;
  const d = bytes[at + 3] ?? 0;
  const bits = (a << 24) | (b << 16) | (c << 8) | d;
  let ip = RECENT.get(bits);
  if (ip === undefined) {
    if (RECENT.size >= RECENT_MAX) RECENT.clear();
    ip = `${a}.${b}.${c}.${d}` as Ip;
    RECENT.set(bits, ip);
  }
  return ip;
}

/** Four or sixteen bytes, network order, to an address; the caller has checked the length. */
export function ipFromBytes(bytes: Uint8Array): Ip {
  if (bytes.length === 4) return ip4At(bytes, 0);
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0));
  // RFC 5952 4.2: the longest run of two or more zero groups becomes "::", the first one on a tie.
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.start < 0) return hex.join(":") as Ip;
  const tail = hex.slice(best.start + best.length);
  return `${hex.slice(0, best.start).join(":")}::${tail.join(":")}` as Ip;
}

/** Compares as numbers in network order, the tie-break of RFC 9568 6.4.3: negative, 0 or positive. */
export function compareIp(a: Ip, b: Ip): number {
  const left = ipBytes(a);
  const right = ipBytes(b);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** fe80::/10 (RFC 4291 2.5.6). */
export const isLinkLocal = (ip: Ip): boolean => /^fe[89ab][0-9a-f]:/.test(ip);

/** 224.0.0.0/4 or ff00::/8. */
export const isMulticast = (ip: Ip): boolean => /^(22[4-9]|23\d)\.|^ff[0-9a-f]{2}:/.test(ip);

/** Text of six bytes. */
export const macFromBytes = (bytes: Uint8Array): Mac =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(":") as Mac;

/** The six bytes of a link-layer address. */
export const macBytes = (mac: Mac): Uint8Array =>
  Uint8Array.from(mac.split(":"), (part) => Number.parseInt(part, 16));

/** The link-layer group of an IP multicast group: RFC 1112 6.4, RFC 2464 7. */
export function multicastMac(group: Ip): Mac {
  const bytes = ipBytes(group);
  if (bytes.length === 4) {
    const low = [(bytes[1] ?? 0) & 0x7f, bytes[2] ?? 0, bytes[3] ?? 0];
    return macFromBytes(Uint8Array.from([0x01, 0x00, 0x5e, ...low]));
  }
  return macFromBytes(Uint8Array.from([0x33, 0x33, ...bytes.slice(12)]));
}

/** Whether the first `length` bits of two addresses of one family are the same; false for two families. */
export function within(ip: Ip, network: Ip, length: number): boolean {
  const [a, b] = [ipBytes(ip), ipBytes(network)];
  if (a.length !== b.length) return false;
  return a.every((byte, at) => {
    const bits = Math.min(8, Math.max(0, length - at * 8));
    const mask = (0xff00 >> bits) & 0xff;
    return (byte & mask) === ((b[at] ?? 0) & mask);
  });
}
