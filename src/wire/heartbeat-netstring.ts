/**
 * The form of a heartbeat message in datagrams, each field a netstring (LENGTH ":" TEXT ","), and the signature one more behind the end:
 *
 *     ###\n 11:(0)t=status,8:(0)src=a,27:(1)srcuuid=................, %%%\n 10:1 5d0d36ea,
 */
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { Field, Message, MessageError, Octets } from "./heartbeat-message.ts";
import { FIELDS_MAX, fieldType, MESSAGE_BYTES_MAX, octetBytes, octets } from "./heartbeat-message.ts";

const NETSTRING_START = "###\n";
const END = "%%%\n";

/** A message as it was sent: what its signature is over ends at `signed`. */
export interface Netstrings {
  readonly message: Message;
  /** Bytes from the start to the end mark inclusive. */
  readonly signed: number;
  /** `INDEX TOKEN`, as it stands; null where there is none, as within a compressed message. */
  readonly signature: Octets | null;
}

const LENGTH_DIGITS_MAX = 7;
const ZERO = 0x30;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPENS = 0x28;
const CLOSES = 0x29;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The netstring at `at`, its length without leading zeros, which is what we would write; null when there is no whole one. */
function spanAt(bytes: Uint8Array, at: number): Span | null {
  let length = 0;
  let start = at;
  for (;;) {
    const digit = (bytes[start] ?? 0) - ZERO;
    if (digit < 0 || digit > 9) break;
    length = 10 * length + digit;
    start++;
  }
  const digits = start - at;
  if (digits < 1 || digits > LENGTH_DIGITS_MAX || (digits > 1 && bytes[at] === ZERO)) return null;
  const end = start + 1 + length;
  return bytes[start] === COLON && bytes[end] === COMMA ? { start: start + 1, end } : null;
}

/** A datagram, as bytes and as the same octets, and where its first line feed behind the start is. */
interface Datagram {
  readonly bytes: Uint8Array;
  readonly text: Octets;
  readonly lineFeed: number;
}

/** `(TYPE)NAME=VALUE`. */
function fieldAt({ bytes, text, lineFeed }: Datagram, { start, end }: Span): Field | null {
  const type = fieldType((bytes[start + 1] ?? 0) - ZERO);
  if (type === null || bytes[start] !== OPENS || bytes[start + 2] !== CLOSES) return null;
  const from = start + 3;
  const equals = text.indexOf("=", from);
  // A name that the other form could not tell from a type.
  if (equals <= from || equals >= end || bytes[from] === OPENS) return null;
  const name = text.slice(from, equals);
  if (lineFeed < equals && name.includes("\n")) return null;
  return { name, type, value: text.slice(equals + 1, end) };
}

/** A whole datagram; nothing may follow. */
export function decodeNetstrings(bytes: Uint8Array): Result<Netstrings, MessageError> {
  if (bytes.length > MESSAGE_BYTES_MAX) return fail({ kind: "oversized" });
  const text = octets(bytes);
  if (!text.startsWith(NETSTRING_START)) return fail({ kind: "start" });
  const message: Field[] = [];
  let at = NETSTRING_START.length;
  const datagram: Datagram = { bytes, text, lineFeed: text.indexOf("\n", at) };
  while (!text.startsWith(END, at)) {
    if (text.length - at < END.length && END.startsWith(text.slice(at))) return fail({ kind: "truncated" });
    if (message.length === FIELDS_MAX) return fail({ kind: "oversized" });
    const span = spanAt(bytes, at);
    const field = span === null ? null : fieldAt(datagram, span);
    if (span === null || field === null) return fail({ kind: "field", at });
    message.push(field);
    at = span.end + 1;
  }
  const signed = at + END.length;
  if (signed === text.length) return ok({ message, signed, signature: null });
  const trailer = spanAt(bytes, signed);
  if (trailer === null || trailer.end + 1 !== text.length) return fail({ kind: "trailer" });
  return ok({ message, signed, signature: text.slice(trailer.start, trailer.end) });
}

const netstring = (text: string): string => `${text.length}:${text},`;

/** From the start to the end mark: what is signed. */
export function encodeNetstrings(message: Message): Uint8Array<ArrayBuffer> {
  let text = NETSTRING_START;
  for (const { name, type, value } of message) text += netstring(`(${type})${name}=${value}`);
  return octetBytes(text + END);
}

/** What stands behind the end mark. */
export const encodeTrailer = (signature: Octets): Uint8Array<ArrayBuffer> => octetBytes(netstring(signature));
