/**
 * What waits to go out over a serial line: at most a second of it, paced so that the line's own buffer holds a moment's worth only. A
 * status that still waits is replaced by the next: nobody wants to hear how we were.
 */

/** Bits of a byte: one to start, eight, one to stop. */
const BITS_PER_BYTE = 10;
/** Milliseconds of bytes that wait here, at most; and that are handed to the line ahead. */
const QUEUE_MAX = 1000;
const AHEAD_MAX = 50;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly status: boolean;
}

export class LineQueue {
  readonly #byteTime: number;
  #waiting: Waiting[] = [];
  /** Of the first that waits, bytes that have gone. */
  #gone = 0;
  /** When the line will have sent what it was given. */
  #busyUntil = 0;

  constructor(baud: number) {
    this.#byteTime = (BITS_PER_BYTE * 1000) / baud;
  }

  get length(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0) - this.#gone;
  }

  /**
   * Takes a message; says how many others are left out for it. A status goes before all that waits: answers to what was lost must not
   * make a line look dead.
   */
  offer(bytes: Uint8Array, status: boolean): number {
    // One that has begun to go ends whole.
    const first = this.#gone > 0 ? 1 : 0;
    if (status) {
      this.#waiting = this.#waiting.filter((each, at) => at < first || !each.status);
      this.#waiting.splice(first, 0, { bytes, status });
    } else this.#waiting.push({ bytes, status });
    let dropped = 0;
    // On a line on which one takes longer, that one still goes.
    while (this.length * this.#byteTime > QUEUE_MAX && this.#waiting.length > first + 1) {
      const oldest = this.#waiting.findIndex((each, at) => at >= first && !each.status);
      if (oldest < 0) break;
      this.#waiting.splice(oldest, 1);
      dropped++;
    }
    return dropped;
  }

  /** What may be written at `now`, milliseconds; null: nothing yet. {@link wrote} says how much of it went. */
  next(now: number): Uint8Array | null {
    const [first] = this.#waiting;
    if (first === undefined || this.#busyUntil - now > AHEAD_MAX) return null;
    const most = Math.max(1, Math.floor(AHEAD_MAX / this.#byteTime));
    return first.bytes.subarray(this.#gone, this.#gone + most);
  }

  wrote(count: number, now: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, now) + count * this.#byteTime;
    this.#gone += count;
    const [first] = this.#waiting;
    if (first === undefined || this.#gone < first.bytes.length) return;
    this.#waiting.shift();
    this.#gone = 0;
  }

  /** When to look again, from `now`: 0 when nothing waits. */
  wait(now: number): number {
    return this.#waiting.length === 0 ? 0 : Math.max(1, this.#busyUntil - AHEAD_MAX / 2 - now);
  }
}
