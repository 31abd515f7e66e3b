/** Time limits of thousands of things that nearly all end before: one timer for all that have the same span, not one for each. */

/** Something that must not take longer than a span. Its place among others is kept in it. */
export abstract class Limited {
  expiresAt = 0;
  before: Limited | null = null;
  after: Limited | null = null;
  queue: Queue | null = null;

  /** Its time is over. */
  abstract expire(): void;
}

/** All that have the same span, in the order in which they began, which is that in which they expire. */
class Queue {
  readonly #span: number;
  first: Limited | null = null;
  last: Limited | null = null;
  #timer: Timer | null = null;

  constructor(span: number) {
    this.#span = span;
  }

  add(one: Limited): void {
    one.queue = this;
    one.expiresAt = performance.now() + this.#span;
    one.before = this.last;
    if (this.last === null) this.first = one;
    else this.last.after = one;
    this.last = one;
    if (one === this.first) this.#wait(this.#span);
  }

  remove(one: Limited): void {
    if (one.before === null) this.first = one.after;
    else one.before.after = one.after;
    if (one.after === null) this.last = one.before;
    else one.after.before = one.before;
    one.queue = null;
    one.before = null;
    one.after = null;
  }

  #wait(span: number): void {
    this.#timer ??= setTimeout(() => this.#look(), span);
  }

  /** Those whose time has come go; the timer is set again for the first of the others, and is not touched when one goes before. */
  #look(): void {
    this.#timer = null;
    const now = performance.now();
    while (this.first !== null && this.first.expiresAt <= now) {
      const { first } = this;
      this.remove(first);
      first.expire();
    }
    if (this.first === null) queues.delete(this.#span);
    else this.#wait(Math.max(1, Math.ceil(this.first.expiresAt - now)));
  }
}

/** By span, milliseconds. */
const queues = new Map<number, Queue>();

/** Begins the time of something; milliseconds. */
export function limit(one: Limited, span: number): void {
  const queue = queues.get(span) ?? new Queue(span);
  queues.set(span, queue);
  queue.add(one);
}

/** It came to its end before; harmless where it did not. */
export const lift = (one: Limited): void => one.queue?.remove(one);
