/** ICMP echo: RFC 792 for IPv4, RFC 4443 4.1 and 4.2 for IPv6. */
import type { Family } from "../base/address.ts";
import { checksum, fold, sumWords } from "./checksum.ts";

/** What a request carries and its reply brings back. */
export interface Echo {
  /** 0 to 65535. */
  readonly identifier: number;
  /** 0 to 65535. */
  readonly sequence: number;
  readonly payload: Uint8Array;
}

const HEADER = 8;
const AT = { type: 0, code: 1, checksum: 2, identifier: 4, sequence: 6 } as const;
const REQUEST: Readonly<Record<Family, number>> = { 4: 8, 6: 128 };
const REPLY: Readonly<Record<Family, number>> = { 4: 0, 6: 129 };
/** The shortest IPv4 header. */
const IPV4_HEADER = 20;

/** An echo request. Of IPv6 without its checksum: that covers the source address, and the kernel fills it in (raw(7), RFC 3542 3.1). */
export function encodeEchoRequest(family: Family, { identifier, sequence, payload }: Echo): Uint8Array {
  const bytes = new Uint8Array(HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(AT.type, REQUEST[family]);
  view.setUint16(AT.identifier, identifier);
  view.setUint16(AT.sequence, sequence);
  bytes.set(payload, HEADER);
  if (family === 4) view.setUint16(AT.checksum, checksum(sumWords(bytes, 0, bytes.length)));
  return bytes;
}

/**
 * The echo reply in what a raw socket gives: of IPv4 behind its IP header, of IPv6 from the ICMP header on, its checksum verified by
 * the kernel. Null for anything else, the damaged included.
 */
export function decodeEchoReply(family: Family, datagram: Uint8Array): Echo | null {
  const start = family === 4 ? ((datagram[0] ?? 0) & 0x0f) * 4 : 0;
  if (family === 4 && start < IPV4_HEADER) return null;
  const bytes = datagram.subarray(start);
  if (bytes.length < HEADER) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (view.getUint8(AT.type) !== REPLY[family] || view.getUint8(AT.code) !== 0) return null;
  if (family === 4 && fold(sumWords(bytes, 0, bytes.length)) !== 0xffff) return null;
  return {
    identifier: view.getUint16(AT.identifier),
    sequence: view.getUint16(AT.sequence),
    payload: bytes.slice(HEADER),
  };
}
