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

/** A length without leading zeros: what we would write. */
const LENGTH = /(0|[1-9][0-9]{0,6}):/y;
const FIELD = /^\(([0-9])\)([^=]+)=/;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** The netstring at `at`; null when there is no whole one. */
function spanAt(text: string, at: number): Span | null {
  LENGTH.lastIndex = at;
  const length = LENGTH.exec(text);
  if (length === null) return null;
  const start = at + length[0].length;
  const end = start + Number(length[1]);
  return text[end] === "," ? { start, end } : null;
}

function fieldOf(text: string): Field | null {
  const head = FIELD.exec(text);
  const [prefix = "", digit = "", name = ""] = head ?? [];
  const type = fieldType(digit);
  // A name that the other form could not tell from a type.
  if (type === null || name.startsWith("(") || name.includes("\n")) return null;
  return { name, type, value: text.slice(prefix.length) };
}

/** A whole datagram; nothing may follow. */
export function decodeNetstrings(bytes: Uint8Array): Result<Netstrings, MessageError> {
  if (bytes.length > MESSAGE_BYTES_MAX) return fail({ kind: "oversized" });
  const text = octets(bytes);
  if (!text.startsWith(NETSTRING_START)) return fail({ kind: "start" });
  const message: Field[] = [];
  let at = NETSTRING_START.length;
  while (!text.startsWith(END, at)) {
    if (END.startsWith(text.slice(at))) return fail({ kind: "truncated" });
    if (message.length === FIELDS_MAX) return fail({ kind: "oversized" });
    const span = spanAt(text, at);
    const field = span === null ? null : fieldOf(text.slice(span.start, span.end));
    if (span === null || field === null) return fail({ kind: "field", at });
    message.push(field);
    at = span.end + 1;
  }
  const signed = at + END.length;
  if (signed === text.length) return ok({ message, signed, signature: null });
  const trailer = spanAt(text, signed);
  if (trailer === null || trailer.end + 1 !== text.length) return fail({ kind: "trailer" });
  return ok({ message, signed, signature: text.slice(trailer.start, trailer.end) });
}

const netstring = (text: string): string => `${text.length}:${text},`;

/** From the start to the end mark: what is signed. */
export const encodeNetstrings = (message: Message): Uint8Array<ArrayBuffer> =>
  octetBytes(
    NETSTRING_START +
      message.map(({ name, type, value }) => netstring(`(${type})${name}=${value}`)).join("") +
      END,
  );

/** What stands behind the end mark. */
export const encodeTrailer = (signature: Octets): Uint8Array<ArrayBuffer> => octetBytes(netstring(signature));
