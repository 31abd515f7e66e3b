/** Bad inputs made from good ones; the same seed makes the same inputs for ever. */

/** Longer inputs are cut, so that the growth of one stays bounded: every good input is shorter. */
const INPUT_BYTES_MAX = 4096;
/** Changes to one input, at most. */
const CHANGES_MAX = 4;
/** Bytes inserted, removed or copied at once, at most. */
const RANGE_MAX = 24;
/** Values at which a decoder's comparisons turn. */
const EDGES = [
  0, 1, 2, 3, 4, 7, 8, 15, 16, 0x7f, 0x80, 0xfe, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0xffff_ffff,
];

/** A field that states a length or a count; mutation aims at it. */
export interface LengthField {
  readonly at: number;
  readonly bytes: 1 | 2 | 4;
  readonly order: "network" | "little";
}

/** Mulberry32: 32 bits of state, good enough for inputs, and not for anything secret. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0 to 2^32 - 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  /** 0 to `limit` - 1; 0 for a limit of 0. */
  below(limit: number): number {
    return limit === 0 ? 0 : this.next() % limit;
  }

  pick<Value>(values: readonly Value[]): Value {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  }
}

/** One of `golden`, changed in one to four places. */
export function mutate(
  random: Random,
  golden: readonly Uint8Array[],
  lengthFields: readonly LengthField[],
): Uint8Array<ArrayBuffer> {
  let bytes = random.pick(golden).slice();
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--) {
    bytes = change(random, bytes, golden, lengthFields);
  }
  return bytes.length > INPUT_BYTES_MAX ? bytes.slice(0, INPUT_BYTES_MAX) : bytes;
}

/** Changes in place where the length stays; gives other bytes where it does not. */
function change(
  random: Random,
  bytes: Uint8Array<ArrayBuffer>,
  golden: readonly Uint8Array[],
  lengthFields: readonly LengthField[],
): Uint8Array<ArrayBuffer> {
  const at = random.below(bytes.length);
  const end = Math.min(bytes.length, at + 1 + random.below(RANGE_MAX));
  switch (random.below(10)) {
    case 0:
    case 1:
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return bytes;
    case 2:
      bytes.fill(random.next() & 0xff, at, at + 1);
      return bytes;
    case 3: {
      const anywhere = {
        at,
        bytes: random.pick([1, 2, 4] as const),
        order: random.pick(["network", "little"] as const),
      };
      return state(random, bytes, anywhere);
    }
    case 4:
      return lengthFields.length === 0 ? bytes : state(random, bytes, random.pick(lengthFields));
    case 5:
      return bytes.slice(0, at);
    case 6:
      return join(bytes.subarray(0, at), noise(random), bytes.subarray(at));
    case 7:
      return join(bytes.subarray(0, at), bytes.subarray(end));
    case 8:
      return join(bytes.subarray(0, end), bytes.subarray(at));
    default: {
      const other = random.pick(golden);
      return join(bytes.subarray(0, at), other.subarray(random.below(other.length)));
    }
  }
}

function noise(random: Random): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(1 + random.below(RANGE_MAX));
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.next() & 0xff;
  return bytes;
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Writes an edge, a length near the true one, or the field's own value a little off. */
function state(random: Random, bytes: Uint8Array<ArrayBuffer>, field: LengthField): Uint8Array<ArrayBuffer> {
  if (field.at + field.bytes > bytes.length) return bytes;
  const place = (index: number): number =>
    field.at + (field.order === "network" ? field.bytes - 1 - index : index);
  let value = 0;
  for (let index = field.bytes - 1; index >= 0; index--) value = value * 256 + (bytes[place(index)] ?? 0);
  const near = random.below(9) - 4;
  value = random.pick([
    random.pick(EDGES),
    bytes.length + near,
    bytes.length - field.at + near,
    value + near,
  ]);
  for (let index = 0; index < field.bytes; index++) bytes[place(index)] = (value >>> (8 * index)) & 0xff;
  return bytes;
}
