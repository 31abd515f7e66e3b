/**
 * What waits to go out over a serial line: at most a second of it, paced so that the line's own buffer holds a moment's worth only. A
 * status that still waits is replaced by the next: nobody wants to hear how we were.
 */

import type { Precedence } from "../agent/cluster/boundary.ts";

/** Bits of a byte: one to start, eight, one to stop. */
const BITS_PER_BYTE = 10;
/** Milliseconds of bytes that wait here, at most; and that are handed to the line ahead. */
const QUEUE_MAX = 1000;
const AHEAD_MAX = 50;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly precedence: Precedence;
}

/** The least goes first. */
const RANKS: Readonly<Record<Precedence, number>> = { urgent: 0, status: 1, other: 2, again: 3 };

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
   * Takes a message; says how many are left out for it. What is urgent goes before a status, and that before all others, of which those that were
   * said before are the last: answers to what was lost must not make a line look dead, nor lose what is new.
   */
  offer(bytes: Uint8Array, precedence: Precedence): number {
    // One that has begun to go ends whole.
    const first = this.#gone > 0 ? 1 : 0;
    const begun = this.#waiting.slice(0, first);
    const replaced = (each: Waiting): boolean => precedence === "status" && each.precedence === "status";
    const rest = this.#waiting.slice(first).filter((each) => !replaced(each));
    const rank = RANKS[precedence];
    const ahead = rest.filter((each) => RANKS[each.precedence] <= rank);
    const behind = rest.filter((each) => RANKS[each.precedence] > rank);
    this.#waiting = [...begun, ...ahead, { bytes, precedence }, ...behind];
    let dropped = 0;
    // On a line on which one takes longer, that one still goes.
    while (this.length * this.#byteTime > QUEUE_MAX && this.#waiting.length > first + 1) {
      const at = this.#least(first);
      if (at < first) break;
      this.#waiting.splice(at, 1);
      dropped++;
    }
    return dropped;
  }

  /**
   * Of those from `first` on, which is missed least; less than `first`: none may be left out. What was said before has its turn when the line has:
   * a line that repeats what it had no room for would have room for less and less.
   */
  #least(first: number): number {
    const again = this.#waiting.findLastIndex(({ precedence }) => precedence === "again");
    if (again >= first) return again;
    // Of what is urgent the first is the most so, of the others the last.
    const oldest = this.#waiting.findIndex((each, at) => at >= first && each.precedence === "other");
    return oldest >= 0 ? oldest : this.#waiting.findLastIndex(({ precedence }) => precedence === "urgent");
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
