/** PostgreSQL's protocol 3.0 as far as a login goes (postgresql.org/docs, "Message Formats"). Numbers are big-endian. */

/** Of every message but the first: its kind, then its length with itself. */
export const HEADER_LENGTH = 5;
/** No message of a login is longer. */
const MESSAGE_MAX = 32 * 1024;
const PROTOCOL = 196_608;
const SSL_REQUEST = 80_877_103;

const utf8 = new TextEncoder();
const latin1 = new TextDecoder("latin1");

/** StartupMessage. */
export function encodeStartup(user: string, database: string | null): Uint8Array {
  const words = ["user", user, "application_name", "haagent"];
  if (database !== null) words.push("database", database);
  const body = utf8.encode(`${words.join("\0")}\0\0`);
  const bytes = new Uint8Array(8 + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, PROTOCOL);
  bytes.set(body, 8);
  return bytes;
}

/** SSLRequest, which is answered with one byte. */
export function encodeTlsRequest(): Uint8Array {
  const bytes = new Uint8Array(8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.length);
  view.setUint32(4, SSL_REQUEST);
  return bytes;
}

/** The answer to it that means that TLS follows. */
export const TLS_FOLLOWS = 0x53;

/** A message of a kind: `p` answers a request for a password, `X` ends. */
export function encodeMessage(kind: "p" | "X", body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + body.length);
  bytes.set(utf8.encode(kind));
  new DataView(bytes.buffer).setUint32(1, 4 + body.length);
  bytes.set(body, HEADER_LENGTH);
  return bytes;
}

/** SASLInitialResponse. */
export function encodeSaslFirst(mechanism: string, data: string): Uint8Array {
  const name = utf8.encode(`${mechanism}\0`);
  const text = utf8.encode(data);
  const bytes = new Uint8Array(name.length + 4 + text.length);
  bytes.set(name);
  new DataView(bytes.buffer).setUint32(name.length, text.length);
  bytes.set(text, name.length + 4);
  return encodeMessage("p", bytes);
}

/** Kind and length of what follows; null for what is no message. */
export function decodeHeader(bytes: Uint8Array): { readonly kind: string; readonly length: number } | null {
  const kind = String.fromCharCode(bytes[0] ?? 0);
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(1) - 4;
  return /[A-Za-z0-9]/.test(kind) && length >= 0 && length <= MESSAGE_MAX ? { kind, length } : null;
}

/** What is asked in an Authentication message. */
export type Demand =
  | { readonly kind: "none" | "password" }
  | { readonly kind: "md5"; readonly salt: Uint8Array }
  /** Names of mechanisms. */
  | { readonly kind: "sasl"; readonly mechanisms: readonly string[] }
  /** Of SCRAM (RFC 5802): the server's first message, and its last. */
  | { readonly kind: "sasl-first" | "sasl-last"; readonly text: string }
  | { readonly kind: "other"; readonly number: number };

export function decodeDemand(body: Uint8Array): Demand {
  const number = body.length < 4 ? -1 : new DataView(body.buffer, body.byteOffset, body.length).getInt32(0);
  const rest = body.subarray(4);
  switch (number) {
    case 0:
      return { kind: "none" };
    case 3:
      return { kind: "password" };
    case 5:
      return { kind: "md5", salt: rest.slice(0, 4) };
    case 10:
      return {
        kind: "sasl",
        mechanisms: latin1
          .decode(rest)
          .split("\0")
          .filter((word) => word !== ""),
      };
    case 11:
      return { kind: "sasl-first", text: latin1.decode(rest) };
    case 12:
      return { kind: "sasl-last", text: latin1.decode(rest) };
    default:
      return { kind: "other", number };
  }
}

/** The fields of an ErrorResponse: SQLSTATE and words. */
export function decodeError(body: Uint8Array): { readonly code: string; readonly text: string } {
  const fields = latin1.decode(body).split("\0");
  const field = (letter: string): string =>
    (fields.find((each) => each.startsWith(letter))?.slice(1, 121) ?? "").replace(/[^\x20-\x7e]/g, "?");
  return { code: field("C"), text: field("M") };
}
