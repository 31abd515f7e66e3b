/**
 * The authentication header in front of a version 2 advertisement, as keepalived sends it for `auth_type AH`: RFC 2402 with HMAC-MD5-96
 * (RFC 2403), IPv4. VRRP had it in RFC 2338 and lost it in RFC 3768: what it keeps out can do its harm by ARP.
 *
 * Two things are keepalived's own: the SPI is the sender's address, and the TTL is authenticated unless the packet is unicast, though
 * RFC 2402 3.3.3.1.1.1 counts it among the fields that routers change. Adverts to a group pass no router.
 */
import { createHmac } from "node:crypto";
import type { Ip } from "../base/address.ts";
import { ip4At, ipBytes, isMulticast } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { IpPacket } from "./ip.ts";
import { encodeIp } from "./ip.ts";
import { PROTOCOL_VRRP } from "./vrrp.ts";

/** The IP protocol number of the authentication header. */
export const PROTOCOL_AH = 51;

//  0: next header   1: length in words, less 2   2: reserved   4: SPI   8: sequence number   12: ICV, 96 bits
const AT = { next: 0, length: 1, spi: 4, sequence: 8, icv: 12 };
const HEADER = 24;
const LENGTH = HEADER / 4 - 2;
/** HMAC-MD5-96: the first 96 of 128 bits (RFC 2403 2). */
const ICV_BYTES = 12;

/** IPv4 fields that count as zero: type of service, flags and fragment offset, checksum, and the TTL of a unicast packet. */
const MUTABLE = [1, 6, 7, 10, 11];
const TTL = 8;
const TOTAL_LENGTH = 2;

/** The highest number; keepalived stops counting at this one. A second apart they last 136 years. */
export const SEQUENCE_MAX = 0xffff_fffd;

/** What an authentication header says, and what stands behind it. Whether that is true, {@link isAuthentic} tells. */
export interface Authenticated {
  /** Security Parameters Index, an address here: the sender's. */
  readonly spi: Ip;
  /** 0 to 2^32 - 1. */
  readonly sequence: number;
  /** The packet without the header: protocol 112, a view into the decoded bytes. */
  readonly packet: IpPacket;
}

/** Why a packet is no advertisement behind an authentication header. */
export type AhError =
  | { readonly kind: "truncated"; readonly need: number; readonly have: number }
  /** It is about another protocol than 112. */
  | { readonly kind: "next"; readonly got: number }
  /** An ICV that does not have 96 bits, by the field's count of words. */
  | { readonly kind: "length"; readonly got: number };

/** A decoded IPv4 packet of protocol 51. */
export function decodeAh(packet: IpPacket): Result<Authenticated, AhError> {
  const { payload } = packet;
  if (payload.length < HEADER) return fail({ kind: "truncated", need: HEADER, have: payload.length });
  const next = payload[AT.next] ?? 0;
  if (next !== PROTOCOL_VRRP) return fail({ kind: "next", got: next });
  const length = payload[AT.length] ?? 0;
  if (length !== LENGTH) return fail({ kind: "length", got: length });
  let sequence = 0;
  for (let at = AT.sequence; at < AT.icv; at++) sequence = sequence * 256 + (payload[at] ?? 0);
  return ok({
    spi: ip4At(payload, AT.spi),
    sequence,
    packet: { ...packet, protocol: PROTOCOL_VRRP, payload: payload.subarray(HEADER) },
  });
}

/** The integrity check value of a whole IPv4 packet whose authentication header begins at `start`, whatever stands in its field. */
function icv(bytes: Uint8Array, start: number, unicast: boolean, key: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes);
  for (const at of MUTABLE) copy[at] = 0;
  if (unicast) copy[TTL] = 0;
  copy.fill(0, start + AT.icv, start + HEADER);
  return new Uint8Array(createHmac("md5", key).update(copy).digest().subarray(0, ICV_BYTES));
}

/**
 * Whether whoever sent a packet knows the key, and said its own address. `bytes` is the packet that gave `ah` by {@link decodeAh},
 * from its IP header on; link padding may follow. `key` has 8 bytes.
 */
export function isAuthentic(bytes: Uint8Array, { spi, packet }: Authenticated, key: Uint8Array): boolean {
  if (spi !== packet.source) return false;
  const whole = bytes.subarray(0, ((bytes[TOTAL_LENGTH] ?? 0) << 8) | (bytes[TOTAL_LENGTH + 1] ?? 0));
  const start = whole.length - packet.payload.length - HEADER;
  const good = icv(whole, start, !isMulticast(packet.destination), key);
  const theirs = whole.subarray(start + AT.icv, start + HEADER);
  // All of it, whether a byte differs or not: how long this takes says nothing.
  return good.reduce((difference, byte, at) => difference | (byte ^ (theirs[at] ?? 0)), 0) === 0;
}

/** The bytes of an IPv4 packet that carries `packet`, an advertisement, behind an authentication header. `key` has 8 bytes. */
export function encodeAh(packet: IpPacket, sequence: number, key: Uint8Array): Uint8Array {
  assert(packet.family === 4 && packet.protocol === PROTOCOL_VRRP, "what is authenticated is VRRP over IPv4");
  assert(
    Number.isInteger(sequence) && sequence >= 0 && sequence <= SEQUENCE_MAX,
    "a sequence number has 32 bits",
  );
  assert(key.length === 8, "a key has 8 bytes");
  const payload = new Uint8Array(HEADER + packet.payload.length);
  payload[AT.next] = PROTOCOL_VRRP;
  payload[AT.length] = LENGTH;
  payload.set(ipBytes(packet.source), AT.spi);
  new DataView(payload.buffer).setUint32(AT.sequence, sequence);
  payload.set(packet.payload, HEADER);
  // The identification is authenticated, so the kernel must not fill it in, as it does with a 0 (raw(7)).
  const bytes = encodeIp({ ...packet, protocol: PROTOCOL_AH, payload }, sequence & 0xffff || 1);
  const start = bytes.length - payload.length;
  bytes.set(icv(bytes, start, !isMulticast(packet.destination), key), start + AT.icv);
  return bytes;
}
