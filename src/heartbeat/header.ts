/** What every message says beside its content: who sent it, to whom, and which one of his it is. The daemon writes these fields last, in this order. */
import { assert } from "../base/assert.ts";
import type { Field, Message, Octets } from "../wire/heartbeat-message.ts";
import { BYTES, TEXT, valueOf } from "../wire/heartbeat-message.ts";

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

/** Null when a message lacks what each must have: type, sender, time, and number and generation unless its type has none. */
export function readHeader(message: Message): Header | null {
  const type = valueOf(message, "t");
  const source = parseName(valueOf(message, "src"));
  const time = parseHex(valueOf(message, "ts"));
  if (type === null || source === null || time === null || time === 0) return null;
  const numbered = !type.startsWith(UNNUMBERED);
  const sequence = numbered ? parseHex(valueOf(message, "seq")) : null;
  const generation = parseHex(valueOf(message, "hg"));
  if (numbered && (sequence === null || generation === null || sequence === 0)) return null;
  const destination = valueOf(message, "dest");
  const name = parseName(destination);
  if (destination !== null && name === null) return null;
  return {
    type,
    source,
    uuid: parseUuid(valueOf(message, "srcuuid")),
    destination: name,
    destinationUuid: parseUuid(valueOf(message, "destuuid")),
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
  const field = (key: string, value: string): Field => ({ name: key, type: TEXT, value });
  const control: readonly (Field | null)[] = [
    stamp.destinationUuid === null || valueOf(content, "dest") === null
      ? null
      : { name: "destuuid", type: BYTES, value: stamp.destinationUuid },
    field("src", name),
    { name: "srcuuid", type: BYTES, value: uuid },
    numbered ? field("seq", hex(stamp.sequence)) : null,
    field("hg", hex(stamp.generation)),
    field("ts", hex(stamp.time).padStart(8, "0")),
    numbered ? field("ld", stamp.load) : null,
    field("ttl", String(stamp.ttl)),
  ];
  const missing = control.filter(
    (each): each is Field => each !== null && valueOf(content, each.name) === null,
  );
  return [...content, ...missing];
}
