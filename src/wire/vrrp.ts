/** The VRRP advertisement: version 2 (RFC 3768 5.1), version 3 (RFC 9568 5.1, and RFC 5798 in its checksum). */
import { familyOf, ipBytes, ip4At, ipFromBytes } from "../base/address.ts";
import type { Family, Ip } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import { centiseconds, priority, seconds } from "../base/units.ts";
import type { Centiseconds, Priority, Seconds } from "../base/units.ts";
import { checksum, fold, sumPseudoHeader, sumWords } from "./checksum.ts";

/** The IP protocol number of VRRP. */
export const PROTOCOL_VRRP = 112;

//      0: version, type     1: VRID      2: priority                       3: count of addresses
//  v2  4: auth type         5: interval in seconds                         6: checksum
//  v3  4: four reserved bits, interval in centiseconds (12 bits)           6: checksum
//      8: the addresses, 4 or 16 bytes each; in v2 then 8 bytes of authentication data, always
const AT = {
  type: 0,
  vrid: 1,
  priority: 2,
  count: 3,
  auth: 4,
  interval2: 5,
  interval3: 4,
  checksum: 6,
  addresses: 8,
};
const HEADER = 8;
const AUTH_BYTES = 8;
/** The only type there is: ADVERTISEMENT. */
const TYPE_ADVERTISEMENT = 1;
/** The count has 8 bits. */
const ADDRESSES_MAX = 255;
/** 40.95 s: the interval of version 3 has 12 bits. */
const CENTISECONDS_MAX = 4095;

/**
 * What a router says of a virtual router. As received, `vrid` and `interval` may be 0, which no RFC allows: whether such
 * an advertisement counts is the receiver's decision. One of ours never has them.
 */
export type Advertisement =
  | {
      readonly version: 2;
      readonly vrid: number;
      readonly priority: Priority;
      /** Adver Int, RFC 3768 5.3.7: 1 to 255. */
      readonly interval: Seconds;
      /** Type 0 is none, with eight zero bytes; 1 is a clear-text password (RFC 2338 5.3.6). `data` has 8 bytes. */
      readonly auth: { readonly type: number; readonly data: Uint8Array };
      /** At most 255, IPv4. */
      readonly addresses: readonly Ip[];
    }
  | {
      readonly version: 3;
      readonly vrid: number;
      readonly priority: Priority;
      /** Max Advertise Interval, RFC 9568 5.2.7: 1 to 4095. */
      readonly interval: Centiseconds;
      /** At most 255, all of the packet's family. */
      readonly addresses: readonly Ip[];
    };

/**
 * How version 3 over IPv4 is checksummed: `rfc5798` with a pseudo-header, as keepalived and FRR read that RFC; `rfc9568`
 * without. Over IPv6 both use the pseudo-header, and version 2 never does.
 */
export type ChecksumDialect = "rfc5798" | "rfc9568";

/** What the pseudo-header takes from the IP packet. */
export interface Envelope {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
}

/** Why bytes are no advertisement; the first that applies, in this order. */
export type DecodeError =
  /** Too short for the fixed header. */
  | { readonly kind: "truncated"; readonly need: number; readonly have: number }
  /** Not 2 or 3, or 2 over IPv6. */
  | { readonly kind: "version"; readonly got: number }
  | { readonly kind: "type"; readonly got: number }
  /** Shorter or longer than this count of addresses makes it (`have` is the whole length): trailers are no VRRP. */
  | { readonly kind: "length"; readonly count: number; readonly have: number }
  | { readonly kind: "checksum" };

/** A decoded advertisement; `dialect` is null where there is only one way to checksum: version 2, IPv6. */
export interface Decoded {
  readonly advertisement: Advertisement;
  readonly dialect: ChecksumDialect | null;
}

/**
 * The payload of an IP packet of protocol 112. Its length must be exact: link padding is cut off by the IP header.
 * The reserved bits of version 3 are ignored, as RFC 9568 5.2.6 wants.
 */
export function decodeAdvertisement(bytes: Uint8Array, envelope: Envelope): Result<Decoded, DecodeError> {
  const have = bytes.length;
  if (have < HEADER) return fail({ kind: "truncated", need: HEADER, have });
  const first = bytes[AT.type] ?? 0;
  const version = first >> 4;
  if (version !== 3 && !(version === 2 && envelope.family === 4))
    return fail({ kind: "version", got: version });
  if ((first & 0x0f) !== TYPE_ADVERTISEMENT) return fail({ kind: "type", got: first & 0x0f });
  const count = bytes[AT.count] ?? 0;
  const addressBytes = envelope.family === 4 ? 4 : 16;
  const end = HEADER + count * addressBytes;
  if (have !== end + (version === 2 ? AUTH_BYTES : 0)) return fail({ kind: "length", count, have });

  const sum = sumWords(bytes, 0, have);
  const plain = fold(sum) === 0xffff;
  let dialect: ChecksumDialect | null = null;
  if (version === 2) {
    if (!plain) return fail({ kind: "checksum" });
  } else {
    // Where a pseudo-header happens to sum to nothing both dialects fit; the bytes are then the same in both.
    const usesPseudo = envelope.family === 6 || !plain;
    if (usesPseudo) {
      const pseudo = sumPseudoHeader(envelope.source, envelope.destination, PROTOCOL_VRRP, have);
      if (fold(sum + pseudo) !== 0xffff) return fail({ kind: "checksum" });
    }
    if (envelope.family === 4) dialect = plain ? "rfc9568" : "rfc5798";
  }

  const addresses: Ip[] = [];
  for (let at = HEADER; at < end; at += addressBytes) {
    addresses.push(
      envelope.family === 4 ? ip4At(bytes, at) : ipFromBytes(bytes.subarray(at, at + addressBytes)),
    );
  }
  const vrid = bytes[AT.vrid] ?? 0;
  const rank = priority(bytes[AT.priority] ?? 0);
  if (version === 2) {
    // A copy, whatever kind of bytes these are: slice() of a Buffer would be a view.
    const auth = { type: bytes[AT.auth] ?? 0, data: new Uint8Array(bytes.subarray(end, end + AUTH_BYTES)) };
    const interval = seconds(bytes[AT.interval2] ?? 0);
    return ok({ advertisement: { version, vrid, priority: rank, interval, auth, addresses }, dialect });
  }
  const interval = centiseconds((((bytes[AT.interval3] ?? 0) & 0x0f) << 8) | (bytes[AT.interval3 + 1] ?? 0));
  return ok({ advertisement: { version: 3, vrid, priority: rank, interval, addresses }, dialect });
}

/** The payload of an IP packet of protocol 112; `dialect` matters to version 3 over IPv4 only. */
export function encodeAdvertisement(
  advertisement: Advertisement,
  envelope: Envelope,
  dialect: ChecksumDialect,
): Uint8Array {
  assertRanges(advertisement, envelope);
  const { version, addresses } = advertisement;
  const addressBytes = envelope.family === 4 ? 4 : 16;
  const end = HEADER + addresses.length * addressBytes;
  const length = end + (version === 2 ? AUTH_BYTES : 0);
  const bytes = new Uint8Array(length);
  bytes[AT.type] = (version << 4) | TYPE_ADVERTISEMENT;
  bytes[AT.vrid] = advertisement.vrid;
  bytes[AT.priority] = advertisement.priority;
  bytes[AT.count] = addresses.length;
  let at = AT.addresses;
  for (const address of addresses) {
    bytes.set(ipBytes(address), at);
    at += addressBytes;
  }
  if (advertisement.version === 2) {
    bytes[AT.auth] = advertisement.auth.type;
    bytes[AT.interval2] = advertisement.interval;
    bytes.set(advertisement.auth.data, end);
  } else {
    bytes[AT.interval3] = advertisement.interval >> 8;
    bytes[AT.interval3 + 1] = advertisement.interval & 0xff;
  }

  let sum = sumWords(bytes, 0, length);
  if (version === 3 && (envelope.family === 6 || dialect === "rfc5798")) {
    sum += sumPseudoHeader(envelope.source, envelope.destination, PROTOCOL_VRRP, length);
  }
  const field = checksum(sum);
  bytes[AT.checksum] = field >> 8;
  bytes[AT.checksum + 1] = field & 0xff;
  return bytes;
}

const isWhole = (value: number, least: number, most: number): boolean =>
  Number.isInteger(value) && value >= least && value <= most;

function assertRanges(advertisement: Advertisement, envelope: Envelope): void {
  const { family } = envelope;
  assert(familyOf(envelope.source) === family, "the source is of another family");
  assert(familyOf(envelope.destination) === family, "the destination is of another family");
  assert(isWhole(advertisement.vrid, 1, 255), "a VRID is 1 to 255");
  assert(isWhole(advertisement.priority, 0, 255), "a priority is 0 to 255");
  assert(advertisement.addresses.length <= ADDRESSES_MAX, "the count of addresses has 8 bits");
  for (const address of advertisement.addresses) {
    assert(familyOf(address) === family, "an address is of another family");
  }
  if (advertisement.version === 2) {
    assert(family === 4, "version 2 is for IPv4");
    assert(isWhole(advertisement.interval, 1, 255), "a version 2 interval is 1 to 255 s");
    assert(isWhole(advertisement.auth.type, 0, 255), "an authentication type has 8 bits");
    assert(advertisement.auth.data.length === AUTH_BYTES, "authentication data has 8 bytes");
  } else {
    assert(isWhole(advertisement.interval, 1, CENTISECONDS_MAX), "a version 3 interval is 1 to 4095 cs");
  }
}
