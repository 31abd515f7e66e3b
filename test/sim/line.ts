/** A serial line between two nodes: one way of it, with its pace, its noise and a plug that can be pulled. Bytes come out as they went in, or not. */
import type { Precedence } from "../../src/agent/cluster/boundary.ts";
import { LineQueue } from "../../src/io/line-queue.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";

/** Bits of a byte: one to start, eight, one to stop. */
const BITS_PER_BYTE = 10;
/** Milliseconds from a write until its first byte is out. */
const LATENCY = 1;
/** Of chunks, so many have some noise before them, and so many are damaged, while there is noise. */
const NOISE = 0.3;
const DAMAGE = 0.3;
const NOISE_MAX = 40;

/** One direction. */
export class LineWay {
  readonly #schedule: Schedule;
  readonly #chance: Prng;
  readonly #byteTime: number;
  readonly #arrive: (bytes: Uint8Array) => void;
  #queue: LineQueue;
  readonly #baud: number;
  #outAt = 0;
  #armed = false;
  /** Cut so many times. */
  cuts = 0;
  noisy = false;

  constructor(schedule: Schedule, chance: Prng, baud: number, arrive: (bytes: Uint8Array) => void) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#baud = baud;
    this.#byteTime = (BITS_PER_BYTE * 1000) / baud;
    this.#arrive = arrive;
    this.#queue = new LineQueue(baud);
  }

  /** Another process has the port: what waited in the one before is gone. */
  reopen(): void {
    this.#queue = new LineQueue(this.#baud);
  }

  /** Says how many other messages are left out for it. */
  offer(bytes: Uint8Array, precedence: Precedence): number {
    const dropped = this.#queue.offer(bytes, precedence);
    this.#pump();
    return dropped;
  }

  #pump(): void {
    const { now } = this.#schedule;
    for (let chunk = this.#queue.next(now); chunk !== null; chunk = this.#queue.next(now)) {
      this.#queue.wrote(chunk.length, now);
      this.#outAt = Math.max(this.#outAt, now) + chunk.length * this.#byteTime;
      const bytes = chunk.slice();
      this.#schedule.at(this.#outAt + LATENCY, () => this.#out(bytes));
    }
    const wait = this.#queue.wait(now);
    if (wait === 0 || this.#armed) return;
    this.#armed = true;
    this.#schedule.after(wait, () => {
      this.#armed = false;
      this.#pump();
    });
  }

  #out(bytes: Uint8Array): void {
    if (this.cuts > 0) return;
    if (!this.noisy) return this.#arrive(bytes);
    const chance = this.#chance;
    if (chance.chance(NOISE)) {
      this.#arrive(Uint8Array.from({ length: chance.integer(1, NOISE_MAX) }, () => chance.integer(0, 255)));
    }
    if (chance.chance(DAMAGE)) bytes[chance.integer(0, bytes.length - 1)] = chance.integer(0, 255);
    this.#arrive(bytes);
  }
}
