/** What we have sent, for those who lost some of it. */
import { assert } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, instant } from "../base/units.ts";
import type { Message } from "../wire/heartbeat-message.ts";
import type { Nak } from "./content.ts";

/** Messages kept: as many as the daemon keeps. At two a second they last four minutes. */
export const HISTORY_MAX = 500;
/** Numbers answered of one request. */
const ANSWERS_MAX = 50;
/** What was sent again so shortly before the asker's interval has passed is on its way. */
const REPEAT_SLACK = 10;

interface Sent {
  readonly sequence: number;
  readonly message: Message;
  repeatedAt: Instant;
}

/** The answer to one request. */
export interface Answer {
  /** To be sent again as they were, with the same number: on every link. */
  readonly again: readonly Message[];
  /** Numbers that we do not have any more, and the word for it. */
  readonly naks: readonly { readonly sequence: number; readonly why: Nak }[];
}

/** The messages of this life, counted. */
export class History {
  /** In ascending order of their numbers. */
  readonly #sent: Sent[] = [];
  /** The highest number that each node, of those configured, has acknowledged. */
  readonly #acked = new Map<string, number>();
  readonly #interval: Milliseconds;
  #highest = 0;

  /** `interval`: how often a peer asks for the same message, `max_rexmit_delay`. */
  constructor(interval: Milliseconds) {
    this.#interval = interval;
  }

  /** The number of the next message. */
  get next(): number {
    return this.#highest + 1;
  }

  /** Messages that somebody may still ask for. */
  get length(): number {
    return this.#sent.length;
  }

  /** A message was sent under the number {@link next}. */
  add(message: Message): void {
    this.#highest++;
    this.#sent.push({
      sequence: this.#highest,
      message,
      repeatedAt: instant(Number.NEGATIVE_INFINITY),
    });
    if (this.#sent.length > HISTORY_MAX) this.#sent.shift();
  }

  /** `node`, a configured one, has everything up to `sequence`. What all of `alive`, node names, have is let go. */
  acknowledge(node: string, sequence: number, alive: readonly string[]): void {
    // Nobody can have what was never sent.
    if (sequence > this.#highest || sequence <= (this.#acked.get(node) ?? 0)) return;
    this.#acked.set(node, sequence);
    const least = Math.min(sequence, ...alive.map((each) => this.#acked.get(each) ?? 0));
    const kept = this.#sent.findIndex((each) => each.sequence > least);
    this.#sent.splice(0, kept < 0 ? this.#sent.length : kept);
  }

  /** `node` has begun a new life, or was dead: what it acknowledged says nothing any more. */
  forget(node: string): void {
    this.#acked.delete(node);
  }

  /** `node` asks for `first` to `last`. */
  answer(node: string, first: number, last: number, now: Instant): Answer {
    assert(first <= last, "a request has its numbers in order");
    const again: Message[] = [];
    const naks: { sequence: number; why: Nak }[] = [];
    const oldest = this.#sent[0]?.sequence ?? this.next;
    const end = Math.min(last, this.#highest, first + ANSWERS_MAX - 1);
    for (let sequence = first; sequence <= end; sequence++) {
      // A request that crossed its own answer.
      if (sequence <= (this.#acked.get(node) ?? 0)) continue;
      if (sequence < oldest) {
        naks.push({ sequence, why: "seqno too low" });
        continue;
      }
      const found = this.#sent[sequence - oldest];
      assert(found?.sequence === sequence, "no number is left out");
      if (elapsed(found.repeatedAt, now) < this.#interval - REPEAT_SLACK) continue;
      found.repeatedAt = now;
      again.push(found.message);
    }
    return { again, naks };
  }
}
