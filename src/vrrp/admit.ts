/**
 * Whether a packet may take part in an election: RFC 9568 7.1, RFC 3768 7.1, decided here and nowhere else on everything the
 * packet carries. What differs between two of our own nodes is a mismatch to be shown, not a reason to have two masters.
 */
import type { Family, Ip } from "../base/address.ts";
import { isMulticast } from "../base/address.ts";
import { unreachable } from "../base/assert.ts";
import type { Milliseconds } from "../base/units.ts";
import { fromCentiseconds, fromSeconds, ms } from "../base/units.ts";
import type { Advertisement, DecodeError } from "../wire/vrrp.ts";
import type { Dialect } from "./timing.ts";

/** Reasons to reject, as the status counts them. */
export const REJECTIONS = [
  "ttl",
  "checksum",
  "version",
  "type",
  "vrid",
  "length",
  "auth",
  "source",
  "self",
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** What a router expects of those it listens to. */
export interface Expectation {
  readonly version: Dialect;
  readonly interval: Milliseconds;
  /** Own source address; null while there is none. */
  readonly source: Ip | null;
  /** What version 2 adverts must have, and the 8 bytes of its key. */
  readonly auth: { readonly type: "none" } | { readonly type: "pass" | "ah"; readonly key: Uint8Array };
  /** The advertised addresses. */
  readonly addresses: ReadonlySet<Ip>;
  /** Peer addresses to the lowest TTL believed from them; empty for a multicast router. */
  readonly peers: ReadonlyMap<Ip, number>;
}

/** Where a packet came from, before its payload is looked at. */
export interface Origin {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  /** TTL or hop limit as received. */
  readonly hopLimit: number;
}

/** Differences that do not keep a peer out. */
export type Difference = "addresses" | "interval" | "version" | "transport";

/**
 * The checks on the IP header, first of all: a TTL of 255 proves that the sender is on the link (RFC 5082). A unicast router
 * believes its peers down to their min_ttl, and a stranger only by multicast from the link; null when all is well.
 */
export function admitOrigin(expected: Expectation, origin: Origin): Rejection | null {
  if (origin.source === expected.source) return "self";
  const minTtl = expected.peers.get(origin.source);
  if (minTtl !== undefined) return origin.hopLimit >= minTtl ? null : "ttl";
  if (expected.peers.size > 0 && !isMulticast(origin.destination)) return "source";
  return origin.hopLimit === 255 ? null : "ttl";
}

/** The counter for bytes that are no advertisement. */
export function rejectionOf(error: DecodeError): Rejection {
  switch (error.kind) {
    case "truncated":
    case "length":
      return "length";
    case "version":
      return "version";
    case "type":
      return "type";
    case "checksum":
      return "checksum";
    default:
      return unreachable(error);
  }
}

/** RFC 2338 5.3.6: none, simple text password, IP authentication header. */
export const AUTH_TYPE = { none: 0, pass: 1, ah: 2 } as const;

/**
 * The checks on a decoded advertisement; null when it takes part. `sealed`: it came behind an authentication header that was found good,
 * where such a one is expected.
 */
export function admitAdvertisement(
  { auth: expected }: Expectation,
  advertisement: Advertisement,
  sealed: boolean,
): Rejection | null {
  // Another version takes part (RFC 5798 8.4 asks for both at once), unless that would bypass a password.
  if (advertisement.version === 3) return expected.type === "none" ? null : "version";
  const { auth } = advertisement;
  if (auth.type !== AUTH_TYPE[expected.type] || sealed !== (expected.type === "ah")) return "auth";
  if (expected.type !== "pass") return null;
  return expected.key.every((byte, at) => byte === auth.data[at]) ? null : "auth";
}

/** The advertised interval. */
export const intervalOf = (advertisement: Advertisement): Milliseconds =>
  advertisement.version === 2
    ? fromSeconds(advertisement.interval)
    : fromCentiseconds(advertisement.interval);

/** What a router of both versions tells in version 2 of its interval: the next whole second (RFC 3768 5.3.7). */
export const wholeSeconds = (interval: Milliseconds): Milliseconds => ms(Math.ceil(interval / 1000) * 1000);

const NONE: ReadonlySet<Difference> = new Set();

/** How an admitted advertisement differs from what this router would have sent. */
export function differences(
  expected: Expectation,
  origin: Origin,
  advertisement: Advertisement,
): ReadonlySet<Difference> {
  const found: Difference[] = [];
  const both = expected.version === "2+3";
  if (!both && advertisement.version !== expected.version) found.push("version");
  const interval = both && advertisement.version === 2 ? wholeSeconds(expected.interval) : expected.interval;
  if (intervalOf(advertisement) !== interval) found.push("interval");
  if (isMulticast(origin.destination) !== (expected.peers.size === 0)) found.push("transport");
  if (!sameAddresses(expected.addresses, advertisement.addresses)) found.push("addresses");
  return found.length === 0 ? NONE : new Set(found);
}

/** Whether a list is this set, in whatever order and however often it says an address. */
function sameAddresses(expected: ReadonlySet<Ip>, theirs: readonly Ip[]): boolean {
  if (!theirs.every((ip) => expected.has(ip))) return false;
  return theirs.length === 1 ? expected.size === 1 : new Set(theirs).size === expected.size;
}
