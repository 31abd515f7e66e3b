/**
 * From bytes on a link to a message that somebody with a key of the cluster sent, and back. A datagram is signed twice: the field `auth`
 * signs the text that a serial line would carry, the trailer all bytes. As in heartbeat, the trailer decides where there is one.
 */
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import {
  AUTH_FIELD,
  CLASSIC_FIRST,
  classicSigned,
  decodeClassic,
  encodeClassic,
} from "../wire/heartbeat-classic.ts";
import { decompressed } from "../wire/heartbeat-compressed.ts";
import type { CompressedError } from "../wire/heartbeat-compressed.ts";
import type { Message } from "../wire/heartbeat-message.ts";
import { TEXT, valueOf } from "../wire/heartbeat-message.ts";
import { decodeNetstrings, encodeNetstrings, encodeTrailer } from "../wire/heartbeat-netstring.ts";
import type { KeyRing } from "./keys.ts";
import { sign, verify } from "./keys.ts";

/** An authentic message. */
export interface Opened {
  readonly message: Message;
  /** Of the key that signed it. */
  readonly index: number;
}

/** Why bytes count for nothing; each is a counter. */
export type PacketError =
  | CompressedError["kind"]
  /** No signature, or none that could be one. */
  | "unsigned"
  /** Signed with a key that we do not have. */
  | "key"
  /** Not signed with the key that it names. */
  | "forged";

/** Every {@link PacketError}, for counters and status. */
export const PACKET_ERRORS = [
  ...(["start", "oversized", "truncated", "field", "trailer"] as const),
  ...(["unsigned", "key", "forged", "algorithm", "stream"] as const),
] as const satisfies readonly PacketError[];

/** A datagram, in either form, or what serial.ts took off a line. */
export const open = (bytes: Uint8Array, ring: KeyRing): Result<Opened, PacketError> =>
  bytes[0] === CLASSIC_FIRST ? openClassic(bytes, ring) : openNetstrings(bytes, ring);

function openNetstrings(bytes: Uint8Array, ring: KeyRing): Result<Opened, PacketError> {
  const decoded = decodeNetstrings(bytes);
  if (!decoded.ok) return fail(decoded.error.kind);
  const { message, signed, signature } = decoded.value;
  const index = verify(ring, signature, bytes.subarray(0, signed));
  if (typeof index !== "number") return fail(index);
  // Only now: what nobody vouches for may not cost us memory.
  const plain = decompressed(message);
  return plain.ok ? ok({ message: plain.value, index }) : fail(plain.error.kind);
}

function openClassic(bytes: Uint8Array, ring: KeyRing): Result<Opened, PacketError> {
  const decoded = decodeClassic(bytes);
  if (!decoded.ok) return fail(decoded.error.kind);
  const message = decoded.value;
  const index = verify(ring, valueOf(message, AUTH_FIELD), classicSigned(message));
  return typeof index === "number" ? ok({ message, index }) : fail(index);
}

function withAuth(message: Message, ring: KeyRing, index: number): Message {
  assert(valueOf(message, AUTH_FIELD) === null, "a message is signed once");
  return [...message, { name: AUTH_FIELD, type: TEXT, value: sign(ring, index, classicSigned(message)) }];
}

/** The datagram of a message without `auth`, signed twice as the daemon does by default. */
export function sealDatagram(message: Message, ring: KeyRing, index: number): Uint8Array<ArrayBuffer> {
  const body = encodeNetstrings(withAuth(message, ring, index));
  const trailer = encodeTrailer(sign(ring, index, body));
  const bytes = new Uint8Array(body.length + trailer.length);
  bytes.set(body);
  bytes.set(trailer, body.length);
  return bytes;
}

/** What a serial line carries for a message without `auth`. */
export const sealSerial = (message: Message, ring: KeyRing, index: number): Uint8Array<ArrayBuffer> =>
  encodeClassic(withAuth(message, ring, index));
