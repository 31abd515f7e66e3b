/**
 * The form of a heartbeat message on a serial line, a field a line; the signature is a field, `auth`, over the lines of all others. Old
 * daemons send it in datagrams too.
 *
 *     >>>\n t=status\n src=a\n (1)srcuuid=eKCDHJ7qRZyaabQi4zZAUg==\n auth=1 d23f1b5d\n <<<\n
 */
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import type { Field, Message, MessageError, Octets } from "./heartbeat-message.ts";
import { BYTES, FIELDS_MAX, fieldType, MESSAGE_BYTES_MAX } from "./heartbeat-message.ts";
import { octetBytes, octets, TEXT } from "./heartbeat-message.ts";

const CLASSIC_START = ">>>\n";
/** The byte that tells this form from the other. */
export const CLASSIC_FIRST = 0x3e;
const END = "<<<\n";
/** The field that signs the others. */
export const AUTH_FIELD = "auth";

/** LF within a text: this form has no other escape, so that a DC3 in one comes back as LF. */
const LF_WITHIN = "\x13";
const COMPRESSED = 4;

/** Values of these types are in base64. */
const isBinary = (type: Field["type"]): boolean => type === BYTES || type === COMPRESSED;
/** Of a nested message the line feeds are replaced by bytes that tell its depth: it stays as it is. */
const isPlain = (type: Field["type"]): boolean => type !== 2 && !isBinary(type);

const withoutLf = (text: Octets): Octets => (text.includes("\n") ? text.replaceAll("\n", LF_WITHIN) : text);

function lineOf({ name, type, value }: Field): Octets {
  if (type === TEXT) return `${name}=${withoutLf(value)}\n`;
  const text = isBinary(type) ? octetBytes(value).toBase64() : isPlain(type) ? withoutLf(value) : value;
  return `(${type})${name}=${text}\n`;
}

/** Only what we would write: other spellings of the same bytes are refused. */
function fromBase64(text: string): Octets | null {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  const bytes = Uint8Array.fromBase64(text);
  return bytes.toBase64() === text ? octets(bytes) : null;
}

const LINE = /^(?:\(([1-9])\))?([^(=][^=]*)=/;

function fieldOf(line: string): Field | null {
  const head = LINE.exec(line);
  const [prefix = "", digit, name = ""] = head ?? [];
  const type = head === null ? null : digit === undefined ? TEXT : fieldType(Number(digit));
  if (type === null) return null;
  const text = line.slice(prefix.length);
  const value = isBinary(type) ? fromBase64(text) : isPlain(type) ? text.replaceAll(LF_WITHIN, "\n") : text;
  return value === null ? null : { name, type, value };
}

/** A whole message; one zero byte may follow, as old daemons send it in datagrams. Empty lines are passed over. */
export function decodeClassic(bytes: Uint8Array): Result<Message, MessageError> {
  if (bytes.length > MESSAGE_BYTES_MAX) return fail({ kind: "oversized" });
  const text = octets(bytes);
  if (!text.startsWith(CLASSIC_START)) return fail({ kind: "start" });
  const message: Field[] = [];
  let at = CLASSIC_START.length;
  while (!text.startsWith(END, at)) {
    const end = text.indexOf("\n", at);
    if (end < 0) return fail({ kind: "truncated" });
    if (end > at) {
      if (message.length === FIELDS_MAX) return fail({ kind: "oversized" });
      const field = fieldOf(text.slice(at, end));
      if (field === null) return fail({ kind: "field", at });
      message.push(field);
    }
    at = end + 1;
  }
  const rest = text.slice(at + END.length);
  return rest === "" || rest === "\0" ? ok(message) : fail({ kind: "trailer" });
}

/** The whole message. */
export const encodeClassic = (message: Message): Uint8Array<ArrayBuffer> =>
  octetBytes(CLASSIC_START + message.map(lineOf).join("") + END);

/** What the field `auth` is over: the lines of all others, in their order. */
export function classicSigned(message: Message): Uint8Array<ArrayBuffer> {
  let text = "";
  for (const field of message) if (field.name !== AUTH_FIELD) text += lineOf(field);
  return octetBytes(text);
}
