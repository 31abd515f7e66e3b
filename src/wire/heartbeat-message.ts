/**
 * The message of Linux-HA heartbeat, an ordered list of named fields, whichever of its two forms it travels in: netstrings
 * (heartbeat-netstring.ts) in datagrams, text (heartbeat-classic.ts) on a serial line. The order counts: signatures are over it.
 */

/**
 * What kind of value a field has, by its digit on the wire: 0 text, 1 bytes, 2 a nested message, 3 a list of texts, 4 a compressed
 * message. Messages between nodes without a cluster resource manager have 0 and 1 only. Of a nested message nothing is read: its value stays in
 * the form that it came in.
 */
export type FieldType = 0 | 1 | 2 | 3 | 4;

export const TEXT = 0 as const;
export const BYTES = 1 as const;

/**
 * Octets as a string, one character of 0 to 255 for each: values may hold any byte, must come back unchanged, and most are compared with
 * words or serve as keys.
 */
export type Octets = string;

export interface Field {
  /** At least one character; no `=`, no LF, and no `(` in front. */
  readonly name: Octets;
  readonly type: FieldType;
  readonly value: Octets;
}

export type Message = readonly Field[];

/** Bytes of a message, decompressed if it was: a thousand times the usual one. The daemon takes 2 MiB, but sends so much for its clients only. */
export const MESSAGE_BYTES_MAX = 256 * 1024;
/** Fields of a message; the longest of the daemon has 16. */
export const FIELDS_MAX = 256;

/** Why bytes are no message. */
export type MessageError =
  /** They do not begin as one. */
  | { readonly kind: "start" }
  /** More than {@link MESSAGE_BYTES_MAX} bytes or {@link FIELDS_MAX} fields. */
  | { readonly kind: "oversized" }
  /** They end before the message does. */
  | { readonly kind: "truncated" }
  /** The field at this offset has no length, or another than it says; or is no `name=value`; or is of no type that there is. */
  | { readonly kind: "field"; readonly at: number }
  /** What follows the last field is no signature and the end. */
  | { readonly kind: "trailer" };

/** The value of the first field of this name, which is the one that counts; null when there is none. */
export function valueOf(message: Message, name: string): Octets | null {
  // No call for each field: this is asked a dozen times of each message, in an interpreter.
  for (let at = 0; at < message.length; at++) {
    const field = message[at];
    if (field?.name === name) return field.value;
  }
  return null;
}

/** The values of a message by their names, where most of them are wanted. */
export type Values = ReadonlyMap<Octets, Octets>;

/** Of several fields of one name the first one counts. */
export function valuesOf(message: Message): Values {
  const values = new Map<Octets, Octets>();
  for (let at = message.length - 1; at >= 0; at--) {
    const field = message[at];
    if (field !== undefined) values.set(field.name, field.value);
  }
  return values;
}

export const valueIn = (values: Values, name: string): Octets | null => values.get(name) ?? null;

/** By the runtime's own conversion, a hundred times as fast as a loop: it is done before anything is known of who sent the bytes. */
export const octets = (bytes: Uint8Array): Octets =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");

/** Whether two messages have the same bytes. */
export const sameBytes = (one: Uint8Array, other: Uint8Array): boolean =>
  one.length === other.length && Buffer.compare(one, other) === 0;

export const octetBytes = (text: Octets): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.from(text, "latin1"));

const TYPES = [0, 1, 2, 3, 4] as const satisfies readonly FieldType[];

/** The type that a digit stands for; null for one that no message has. */
export const fieldType = (digit: number): FieldType | null => TYPES[digit] ?? null;
