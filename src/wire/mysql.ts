/**
 * The protocol of MySQL and MariaDB as far as a login goes (dev.mysql.com/doc/dev/mysql-server, "Connection Phase"; mariadb.com/kb,
 * "Connecting"). Numbers are little-endian.
 */

/** Before each packet: three bytes of length, one of sequence. */
export const HEADER_LENGTH = 4;
/** No packet of a login is longer. */
export const PACKET_MAX = 4096;

/** Capability flags. */
const LONG_PASSWORD = 0x1;
const CONNECT_WITH_DB = 0x8;
const PROTOCOL_41 = 0x200;
const SSL = 0x800;
const SECURE_CONNECTION = 0x8000;
const PLUGIN_AUTH = 0x8_0000;
/** utf8_general_ci. */
const CHARSET = 33;
/** Bytes of a challenge, less the NUL behind it. */
export const CHALLENGE_LENGTH = 20;

export interface PacketHeader {
  readonly length: number;
  readonly sequence: number;
}

export const decodeHeader = (bytes: Uint8Array): PacketHeader => ({
  length: (bytes[0] ?? 0) | ((bytes[1] ?? 0) << 8) | ((bytes[2] ?? 0) << 16),
  sequence: bytes[3] ?? 0,
});

/** A payload with its header. */
export function encodePacket(sequence: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_LENGTH + payload.length);
  bytes.set([payload.length & 0xff, (payload.length >> 8) & 0xff, payload.length >> 16, sequence & 0xff]);
  bytes.set(payload, HEADER_LENGTH);
  return bytes;
}

/** What a server says first: Protocol::HandshakeV10, or why it will not talk. */
export type Greeting =
  | {
      readonly kind: "hello";
      readonly version: string;
      readonly plugin: string;
      readonly challenge: Uint8Array;
      /** It can do TLS. */
      readonly tls: boolean;
    }
  | ServerError
  | { readonly kind: "bad"; readonly why: string };

/** ERR_Packet. */
export interface ServerError {
  readonly kind: "error";
  readonly code: number;
  readonly text: string;
}

const latin1 = new TextDecoder("latin1");

/** The text up to a NUL, and where it ends; null without one. */
function text(bytes: Uint8Array, from: number): { readonly value: string; readonly end: number } | null {
  const end = bytes.indexOf(0, from);
  return end < 0 ? null : { value: latin1.decode(bytes.subarray(from, end)), end: end + 1 };
}

/** Reads an ERR_Packet behind its 0xff. */
export function decodeError(payload: Uint8Array): ServerError {
  const code = (payload[1] ?? 0) | ((payload[2] ?? 0) << 8);
  // "#" and five characters of SQLSTATE, once a server knows what we understand.
  const start = payload[3] === 0x23 ? 9 : 3;
  const words = latin1.decode(payload.subarray(start, start + 120)).replace(/[^\x20-\x7e]/g, "?");
  return { kind: "error", code, text: words };
}

export function decodeGreeting(payload: Uint8Array): Greeting {
  if (payload[0] === 0xff) return decodeError(payload);
  const version = payload[0] === 10 ? text(payload, 1) : null;
  if (version === null) return { kind: "bad", why: "no greeting of MySQL" };
  // Thread id, eight bytes of challenge, NUL, low flags, charset, status, high flags, length of challenge, ten of nothing.
  const challenge = version.end + 4;
  const more = challenge + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10;
  if (payload.length < more + 12) return { kind: "bad", why: "greeting cut short" };
  const bytes = new Uint8Array(CHALLENGE_LENGTH);
  bytes.set(payload.subarray(challenge, challenge + 8));
  bytes.set(payload.subarray(more, more + 12), 8);
  const plugin = text(payload, more + 13)?.value ?? "mysql_native_password";
  const flags = challenge + 8 + 1;
  const low = (payload[flags] ?? 0) | ((payload[flags + 1] ?? 0) << 8);
  return { kind: "hello", version: version.value, plugin, challenge: bytes, tls: (low & SSL) !== 0 };
}

const BASE = LONG_PASSWORD | PROTOCOL_41 | SECURE_CONNECTION | PLUGIN_AUTH;

/** What a login begins with, and all that is said of it before TLS: Protocol::SSLRequest. */
function head(flags: number): Uint8Array {
  const bytes = new Uint8Array(32);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, flags, true);
  view.setUint32(4, PACKET_MAX, true);
  bytes[8] = CHARSET;
  return bytes;
}

export const encodeTlsRequest = (): Uint8Array => head(BASE | SSL);

/** Protocol::HandshakeResponse41. `proof` answers the challenge by `plugin`, empty for an empty password; `secured`: over TLS. */
export function encodeLogin(
  username: string,
  proof: Uint8Array,
  database: string | null,
  plugin: string,
  secured = false,
): Uint8Array {
  const utf8 = new TextEncoder();
  const flags = BASE | (secured ? SSL : 0) | (database === null ? 0 : CONNECT_WITH_DB);
  return joined([
    ...[head(flags), utf8.encode(`${username}\0`), Uint8Array.of(proof.length), proof],
    ...[utf8.encode(database === null ? "" : `${database}\0`), utf8.encode(`${plugin}\0`)],
  ]);
}

/** Protocol::AuthSwitchRequest, behind its 0xfe: by which other plugin a new challenge is to be answered. */
export function decodeSwitch(
  payload: Uint8Array,
): { readonly plugin: string; readonly challenge: Uint8Array } | null {
  const plugin = text(payload, 1);
  if (plugin === null) return null;
  const word = plugin.value.slice(0, 60).replace(/[^\x20-\x7e]/g, "?");
  return { plugin: word, challenge: payload.slice(plugin.end, plugin.end + CHALLENGE_LENGTH) };
}

/** Of caching_sha2_password: the server is to send its public key, by which the password can be encrypted. */
export const REQUEST_KEY = Uint8Array.of(2);

/** COM_QUIT. */
export const QUIT = Uint8Array.of(1);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
