/** Decompression of bzip2: the runtime has none, and the daemon may be told to use it. One stream of any number of blocks. */
import { crc32 } from "./crc32.ts";

const BLOCK_MAGIC = 0x3141_5926_5359;
const END_MAGIC = 0x1772_4538_5090;
/** Bytes of a block before run lengths are undone, for each step of the level in the header. */
const LEVEL_BYTES = 100_000;
const CODE_BITS_MAX = 20;
/** Symbols that one table is used for. */
const GROUP = 50;
const RUN_A = 0;
const RUN_B = 1;
/** So many equal bytes are followed by a count of more. */
const RUN = 4;

/** The stream is not one: thrown within this file only. */
class Malformed extends Error {}

function need(condition: boolean): asserts condition {
  if (!condition) throw new Malformed();
}

class Bits {
  readonly #bytes: Uint8Array;
  #at = 0;
  #held = 0;
  #count = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next `count` bits, 0 to 24, highest first. */
  take(count: number): number {
    while (this.#count < count) {
      need(this.#at < this.#bytes.length);
      this.#held = ((this.#held << 8) | (this.#bytes[this.#at++] ?? 0)) >>> 0;
      this.#count += 8;
    }
    this.#count -= count;
    const value = this.#held >>> this.#count;
    this.#held &= (1 << this.#count) - 1;
    return value & (2 ** count - 1);
  }

  flag(): boolean {
    return this.take(1) === 1;
  }

  /** 48 bits. */
  magic(): number {
    return this.take(24) * 2 ** 24 + this.take(24);
  }

  word(): number {
    return this.take(16) * 2 ** 16 + this.take(16);
  }
}

/** A canonical Huffman code: for each length the last code and where its symbols stand. */
interface Table {
  readonly limit: Int32Array;
  readonly offset: Int32Array;
  readonly symbols: Uint16Array;
}

function readTable(bits: Bits, size: number): Table {
  const lengths = new Uint8Array(size);
  let length = bits.take(5);
  for (let symbol = 0; symbol < size; symbol++) {
    for (;;) {
      need(length >= 1 && length <= CODE_BITS_MAX);
      if (!bits.flag()) break;
      length += bits.flag() ? -1 : 1;
    }
    lengths[symbol] = length;
  }
  const table = {
    limit: new Int32Array(CODE_BITS_MAX + 1).fill(-1),
    offset: new Int32Array(CODE_BITS_MAX + 1),
    symbols: new Uint16Array(size),
  };
  let code = 0;
  let placed = 0;
  for (let width = 1; width <= CODE_BITS_MAX; width++) {
    table.offset[width] = placed - code;
    for (const [symbol, each] of lengths.entries()) {
      if (each !== width) continue;
      table.symbols[placed++] = symbol;
      code++;
    }
    table.limit[width] = code - 1;
    need(code <= 2 ** width);
    code *= 2;
  }
  return table;
}

function readSymbol(bits: Bits, table: Table): number {
  let code = 0;
  for (let width = 1; width <= CODE_BITS_MAX; width++) {
    code = code * 2 + bits.take(1);
    if (code <= (table.limit[width] ?? -1)) return table.symbols[code + (table.offset[width] ?? 0)] ?? 0;
  }
  throw new Malformed();
}

/** The byte values that a block uses, in order. */
function readUsed(bits: Bits): number[] {
  const used: number[] = [];
  const rows = bits.take(16);
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = bits.take(16);
    for (let column = 0; column < 16; column++) {
      if ((columns & (0x8000 >> column)) !== 0) used.push(row * 16 + column);
    }
  }
  need(used.length > 0);
  return used;
}

/** Takes the element at `place` to the front. */
function toFront(list: number[], place: number): number {
  need(place < list.length);
  const [moved = 0] = list.splice(place, 1);
  list.unshift(moved);
  return moved;
}

/** For each group of symbols the number of its table. */
function readSelectors(bits: Bits, tables: number): number[] {
  const count = bits.take(15);
  need(count >= 1);
  const order = Array.from({ length: tables }, (_, table) => table);
  return Array.from({ length: count }, () => {
    let place = 0;
    while (bits.flag()) need(++place < tables);
    return toFront(order, place);
  });
}

/** The last column of the sorted rotations: Huffman codes, runs of the front-most byte, and places in a list of recent bytes. */
function readColumn(bits: Bits, most: number): Uint8Array {
  const recent = readUsed(bits);
  const tableCount = bits.take(3);
  need(tableCount >= 2 && tableCount <= 6);
  const selectors = readSelectors(bits, tableCount);
  const end = recent.length + 1;
  const tables = Array.from({ length: tableCount }, () => readTable(bits, end + 1));
  const column = new Uint8Array(most);
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let read = 0; ; read++) {
    const table = tables[selectors[Math.floor(read / GROUP)] ?? -1];
    need(table !== undefined);
    const symbol = readSymbol(bits, table);
    if (symbol === RUN_A || symbol === RUN_B) {
      need(weight <= most);
      run += weight << symbol;
      weight *= 2;
      continue;
    }
    need(length + run <= most);
    column.fill(recent[0] ?? 0, length, length + run);
    length += run;
    run = 0;
    weight = 1;
    if (symbol === end) return column.subarray(0, length);
    need(length < most);
    column[length++] = toFront(recent, symbol - 1);
  }
}

/** Undoes the sorting: `origin` is the row that is the block itself. */
function unsorted(column: Uint8Array, origin: number): Uint8Array {
  need(origin < column.length);
  const starts = new Uint32Array(257);
  for (const byte of column) starts[byte + 1] = (starts[byte + 1] ?? 0) + 1;
  for (let byte = 0; byte < 256; byte++) starts[byte + 1] = (starts[byte + 1] ?? 0) + (starts[byte] ?? 0);
  const next = new Uint32Array(column.length);
  for (const [row, byte] of column.entries()) {
    const place = starts[byte] ?? 0;
    next[place] = row;
    starts[byte] = place + 1;
  }
  const block = new Uint8Array(column.length);
  let row = next[origin] ?? 0;
  for (let at = 0; at < block.length; at++) {
    block[at] = column[row] ?? 0;
    row = next[row] ?? 0;
  }
  return block;
}

/** Writes a block behind `start` of `output` with its runs spread; gives the new end. */
function spread(block: Uint8Array, output: Uint8Array, start: number): number {
  let end = start;
  let equal = 0;
  let before = -1;
  for (const byte of block) {
    if (equal === RUN) {
      need(end + byte <= output.length);
      output.fill(before, end, end + byte);
      end += byte;
      equal = 0;
      before = -1;
      continue;
    }
    need(end < output.length);
    output[end++] = byte;
    equal = byte === before ? equal + 1 : 1;
    before = byte;
  }
  return end;
}

/** The content of a stream, or null: when it is none, is damaged, or holds more than `most` bytes. What follows it is not looked at. */
export function bunzip2(bytes: Uint8Array, most: number): Uint8Array | null {
  try {
    const bits = new Bits(bytes);
    need(bits.take(24) === 0x42_5a_68);
    const level = bits.take(8) - 0x30;
    need(level >= 1 && level <= 9);
    // Runs of four, each with a count of 0, take the most room before they are spread.
    const blockBytes = Math.min(level * LEVEL_BYTES, Math.ceil((most * (RUN + 1)) / RUN));
    const output = new Uint8Array(most);
    let length = 0;
    let combined = 0;
    for (let magic = bits.magic(); magic !== END_MAGIC; magic = bits.magic()) {
      need(magic === BLOCK_MAGIC);
      const crc = bits.word();
      // Blocks with a random bit were last written in the year 2000.
      need(!bits.flag());
      const origin = bits.take(24);
      const end = spread(unsorted(readColumn(bits, blockBytes), origin), output, length);
      need(crc32(output.subarray(length, end), 0xffff_ffff) === crc);
      combined = ((combined << 1) | (combined >>> 31)) ^ crc;
      length = end;
    }
    need(bits.word() === combined >>> 0);
    return output.slice(0, length);
  } catch (cause) {
    if (cause instanceof Malformed) return null;
    throw cause;
  }
}
