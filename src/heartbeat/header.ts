/** What every message says beside its content: who sent it, to whom, and which one of his it is. The daemon writes these fields last, in this order. */
import { assert } from "../base/assert.ts";
import type { Field, Message, Octets, Values } from "../wire/heartbeat-message.ts";
import { BYTES, TEXT, valueIn, valueOf, valuesOf } from "../wire/heartbeat-message.ts";

/** Bytes of a node's UUID. */
export const UUID_BYTES = 16;
/** 12 hexadecimal digits: more is no number of ours, and no count or time of anybody. */
const NUMBER_DIGITS_MAX = 12;
/** What heartbeat takes for a node's name, in characters. */
const NAME_LENGTH_MAX = 100;
/** Types that begin so have no number: they are repeated, or superseded by the next. */
const UNNUMBERED = "NS_";

export interface Header {
  readonly type: Octets;
  /** The sender's name, lower case. */
  readonly source: string;
  /** 16 octets, or null where it says none, as what a ping node echoes. */
  readonly uuid: Octets | null;
  /** Whom it is for, lower case; null: everyone. */
  readonly destination: string | null;
  readonly destinationUuid: Octets | null;
  /** From 1 in each life of the sender; null for the types that have none. */
  readonly sequence: number | null;
  /** The life of the sender: it grows with each start. Null as for `uuid`. */
  readonly generation: number | null;
  /** The sender's Unix time, seconds: told, never decided on. */
  readonly time: number;
}

/** Digits of a number as the daemon writes it, without a sign; null when it is none. */
export function parseHex(text: Octets | null): number | null {
  if (text === null || text.length > NUMBER_DIGITS_MAX || !/^[0-9a-f]+$/i.test(text)) return null;
  return Number.parseInt(text, 16);
}

function parseName(text: Octets | null): string | null {
  if (text === null || text.length > NAME_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(text)) return null;
  return text.toLowerCase();
}

function parseUuid(text: Octets | null): Octets | null {
  return text === null || text.length !== UUID_BYTES || /^\0*$/.test(text) ? null : text;
}

/** `values` are those of the message, where they are at hand. Null when it lacks what each must have: type, sender, time, and number and generation unless its type has none. */
export function readHeader(message: Message, values: Values = valuesOf(message)): Header | null {
  const type = valueIn(values, "t");
  const source = parseName(valueIn(values, "src"));
  const time = parseHex(valueIn(values, "ts"));
  if (type === null || source === null || time === null || time === 0) return null;
  const numbered = isNumbered(type);
  const sequence = numbered ? parseHex(valueIn(values, "seq")) : null;
  const generation = parseHex(valueIn(values, "hg"));
  if (numbered && (sequence === null || generation === null || sequence === 0)) return null;
  const destination = valueIn(values, "dest");
  const name = parseName(destination);
  if (destination !== null && name === null) return null;
  return {
    type,
    source,
    uuid: parseUuid(valueIn(values, "srcuuid")),
    destination: name,
    destinationUuid: parseUuid(valueIn(values, "destuuid")),
    sequence,
    generation,
    time,
  };
}

/** Who sends. */
export interface Identity {
  /** Lower case. */
  readonly name: string;
  /** 16 octets, kept for the life of the node, never all zero. */
  readonly uuid: Octets;
}

/** What changes from one message to the next. */
export interface Stamp {
  readonly generation: number;
  /** Of a numbered message, from 1; not looked at for others. */
  readonly sequence: number;
  /** Unix time, seconds, above 0. */
  readonly time: number;
  /** The line of /proc/loadavg, without its end. */
  readonly load: string;
  /** Hops that nobody counts any more: one more than there are nodes, ping nodes included. */
  readonly ttl: number;
  /** Of the node in the field `dest`, where there is one and its UUID is known. */
  readonly destinationUuid: Octets | null;
}

/** Whether messages of this type are counted, kept for retransmission and acknowledged. */
export const isNumbered = (type: Octets): boolean => !type.startsWith(UNNUMBERED);

const hex = (value: number): string => value.toString(16);

/** A message to be signed: the content's fields, and behind them the control fields that it does not have already. */
export function compose(content: Message, { name, uuid }: Identity, stamp: Stamp): Message {
  const type = valueOf(content, "t");
  assert(type !== null, "a message has a type");
  assert(uuid.length === UUID_BYTES, "a UUID has 16 bytes");
  assert(stamp.time > 0, "the daemon drops a message of the time 0");
  const numbered = isNumbered(type);
  const message: Field[] = [...content];
  const add = (field: Field): void => {
    if (valueOf(content, field.name) === null) message.push(field);
  };
  const { destinationUuid } = stamp;
  if (destinationUuid !== null && valueOf(content, "dest") !== null)
    add({ name: "destuuid", type: BYTES, value: destinationUuid });
  add({ name: "src", type: TEXT, value: name });
  add({ name: "srcuuid", type: BYTES, value: uuid });
  if (numbered) add({ name: "seq", type: TEXT, value: hex(stamp.sequence) });
  add({ name: "hg", type: TEXT, value: hex(stamp.generation) });
  add({ name: "ts", type: TEXT, value: hex(stamp.time).padStart(8, "0") });
  if (numbered) add({ name: "ld", type: TEXT, value: stamp.load });
  add({ name: "ttl", type: TEXT, value: String(stamp.ttl) });
  return message;
}
