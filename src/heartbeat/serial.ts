/**
 * Finds messages in what comes off a serial line, whatever stands around and between them: noise, halves of messages, breaks, which
 * arrive as zero bytes, and what a peer at another speed makes of it. Whether a message is whole its signature tells.
 */

/** Bytes of a message on a line: four seconds at 19,200 baud, and forty times the usual one. */
export const SERIAL_BYTES_MAX = 8192;

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;
const OPENING = 0x3e;
const CLOSING = 0x3c;
/** `>>>` begins a message, `<<<` ends it. */
const MARK = 3;

/** What some bytes of a line came to. */
export interface Taken {
  /** Whole messages, marks included, for `open` of packet.ts. */
  readonly frames: readonly Uint8Array[];
  /** Bytes that belong to no message. */
  readonly skipped: number;
  /** Messages in which another one began. */
  readonly halves: number;
  /** Messages longer than {@link SERIAL_BYTES_MAX}. */
  readonly oversized: number;
}

/** One direction of one line. Keeps at most {@link SERIAL_BYTES_MAX} bytes. */
export class SerialFramer {
  /** The message that has begun, up to now. */
  readonly #bytes = new Uint8Array(SERIAL_BYTES_MAX);
  /** 0 outside of a message. */
  #length = 0;
  #lineStart = 0;
  /** The same bytes at the end of the line outside of a message, up to {@link MARK}. */
  #opening = 0;

  /** The next bytes; any cut of them gives the same messages. */
  take(chunk: Uint8Array): Taken {
    const frames: Uint8Array[] = [];
    const taken = { frames, skipped: 0, halves: 0, oversized: 0 };
    for (const byte of chunk) {
      // heartbeat's reader drops CR too, and no message has a zero byte.
      if (byte === CR || byte === NUL) continue;
      if (this.#length === 0) {
        taken.skipped += this.#outside(byte);
        continue;
      }
      if (this.#length === SERIAL_BYTES_MAX) {
        this.#length = 0;
        this.#opening = 0;
        taken.oversized++;
        taken.skipped += this.#outside(byte);
        continue;
      }
      this.#bytes[this.#length++] = byte;
      if (byte !== LF) continue;
      if (this.#lineEndsWith(OPENING)) {
        // The first half may have lost its line end too, so the mark need not be the whole line.
        taken.halves++;
        this.#begin();
      } else if (this.#lineEndsWith(CLOSING) && this.#length - 1 - this.#lineStart === MARK) {
        frames.push(this.#bytes.slice(0, this.#length));
        this.#length = 0;
      } else {
        this.#lineStart = this.#length;
      }
    }
    return taken;
  }

  /** A byte outside of any message; gives how many bytes are known now to belong to none. */
  #outside(byte: number): number {
    if (byte === OPENING && this.#opening < MARK) {
      this.#opening++;
      return 0;
    }
    // Noise in front of the mark on its line hides nothing from us, though it does from the daemon.
    if (byte === LF && this.#opening === MARK) {
      this.#begin();
      return 0;
    }
    if (byte === OPENING) return 1;
    const skipped = this.#opening + 1;
    this.#opening = 0;
    return skipped;
  }

  #begin(): void {
    this.#bytes.fill(OPENING, 0, MARK);
    this.#bytes[MARK] = LF;
    this.#length = MARK + 1;
    this.#lineStart = this.#length;
    this.#opening = 0;
  }

  #lineEndsWith(byte: number): boolean {
    const end = this.#length - 1;
    if (end - this.#lineStart < MARK) return false;
    for (let at = end - MARK; at < end; at++) if (this.#bytes[at] !== byte) return false;
    return true;
  }
}
