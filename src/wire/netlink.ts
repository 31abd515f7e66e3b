/**
 * netlink(7): messages and attributes. All integers are in the byte order of the host, little-endian on every machine this is built
 * for. Walking never reads past the end and never throws.
 *
 *     nlmsghdr    length u32 | type u16 | flags u16 | sequence u32 | port u32           <linux/netlink.h>
 *     nlattr      length u16 | type u16 | payload, padded to 4
 */

/** Bytes of struct nlmsghdr. */
const NETLINK_HEADER = 16;
/** Types that every family of netlink has: an answer or an acknowledgement, the end of a dump, and messages that were lost. */
export const NLMSG = { error: 2, done: 3, overrun: 4 } as const;
const NLM_F_REQUEST = 0x01;
/** Attributes read of one message: more than the kernel has kinds of. */
const ATTRIBUTES_MAX = 256;
/** The low 14 bits name the attribute, the others say how it is coded (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const ATTRIBUTE_TYPE_MASK = 0x3fff;
const NLA_F_NESTED = 0x8000;
const LITTLE = true;

/** Payloads by attribute type. */
export type Attributes = ReadonlyMap<number, Uint8Array>;

/** A view of the whole of some bytes. */
export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
/** The next multiple of 4. */
export const align = (length: number): number => (length + 3) & ~3;
/** The first four bytes as an integer. */
export const u32 = (bytes: Uint8Array): number => viewOf(bytes).getUint32(0, LITTLE);

/** The eight bytes from `at` as an integer: exact up to 2⁵³, and without the detour of a bigint. */
export const u64At = (view: DataView, at: number): number =>
  view.getUint32(at + 4, LITTLE) * 2 ** 32 + view.getUint32(at, LITTLE);

const decoder = new TextDecoder();
/** Text up to the first NUL, or to the end. */
export function untilNul(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** What the kernel says: struct nlmsghdr without its length, and what follows it. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** Every message of one datagram, in order; false: what does not fit its own lengths has ended the walk. */
export function eachMessage(bytes: Uint8Array, visit: (message: Message) => void): boolean {
  const view = viewOf(bytes);
  let at = 0;
  while (at < bytes.length) {
    const length = at + NETLINK_HEADER <= bytes.length ? view.getUint32(at, LITTLE) : 0;
    if (length < NETLINK_HEADER || at + length > bytes.length) return false;
    visit({
      type: view.getUint16(at + 4, LITTLE),
      flags: view.getUint16(at + 6, LITTLE),
      sequence: view.getUint32(at + 8, LITTLE),
      body: bytes.subarray(at + NETLINK_HEADER, at + length),
    });
    at += align(length);
  }
  return true;
}

/** The error number that the bodies of {@link NLMSG}.error and done begin with, negative there; 0 for none. */
export const errnoOf = (body: Uint8Array): number =>
  body.length < 4 ? 0 : Math.abs(viewOf(body).getInt32(0, LITTLE));

/** The attributes of a message; a length that does not fit ends the walk. */
export function attributesOf(bytes: Uint8Array): Attributes {
  const found = new Map<number, Uint8Array>();
  const view = viewOf(bytes);
  let at = 0;
  for (let count = 0; count < ATTRIBUTES_MAX && at + 4 <= bytes.length; count++) {
    const length = view.getUint16(at, LITTLE);
    if (length < 4 || at + length > bytes.length) break;
    found.set(view.getUint16(at + 2, LITTLE) & ATTRIBUTE_TYPE_MASK, bytes.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** An attribute of at least that many bytes. */
export function attribute(attributes: Attributes, type: number, least: number): Uint8Array | null {
  const bytes = attributes.get(type);
  return bytes !== undefined && bytes.length >= least ? bytes : null;
}

/** A request: its header, then `parts`, each padded. */
export function encodeMessage(
  type: number,
  flags: number,
  sequence: number,
  parts: readonly Uint8Array[],
): Uint8Array {
  const length = parts.reduce((sum, part) => sum + align(part.length), NETLINK_HEADER);
  const bytes = new Uint8Array(length);
  const view = viewOf(bytes);
  view.setUint32(0, length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, NLM_F_REQUEST | flags, LITTLE);
  view.setUint32(8, sequence, LITTLE);
  let at = NETLINK_HEADER;
  for (const part of parts) {
    bytes.set(part, at);
    at += align(part.length);
  }
  return bytes;
}

/** An attribute with room for its payload. A message has dozens: each is one array, and no view of it. */
function roomFor(type: number, length: number): Uint8Array {
  const whole = 4 + length;
  const bytes = new Uint8Array(whole);
  bytes[0] = whole & 0xff;
  bytes[1] = whole >> 8;
  bytes[2] = type & 0xff;
  bytes[3] = type >> 8;
  return bytes;
}

/** One attribute. */
export function encodeAttribute(type: number, payload: Uint8Array): Uint8Array {
  const bytes = roomFor(type, payload.length);
  bytes.set(payload, 4);
  return bytes;
}

/** One attribute of an integer of 16 bits. */
export function attribute16(type: number, value: number): Uint8Array {
  const bytes = roomFor(type, 2);
  bytes[4] = value & 0xff;
  bytes[5] = (value >> 8) & 0xff;
  return bytes;
}

/** One attribute of an integer of 32 bits. */
export function attribute32(type: number, value: number): Uint8Array {
  const bytes = roomFor(type, 4);
  for (let at = 0; at < 4; at++) bytes[4 + at] = (value >>> (8 * at)) & 0xff;
  return bytes;
}

const encoder = new TextEncoder();

/** A text, with its NUL. */
export const string = (type: number, value: string): Uint8Array =>
  encodeAttribute(type, encoder.encode(`${value}\0`));

/** Attributes in an attribute, marked as such. */
export const nested = (type: number, ...parts: readonly Uint8Array[]): Uint8Array =>
  encodeAttribute(type | NLA_F_NESTED, joined(parts));

/** Attributes or messages one after the other, each padded. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + align(part.length), 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += align(part.length);
  }
  return whole;
}

/** Integers one after the other. */
export function encode32(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  for (const [index, value] of values.entries()) viewOf(bytes).setUint32(index * 4, value, LITTLE);
  return bytes;
}
