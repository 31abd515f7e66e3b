/**
 * The virtual clock: what happens next in the world, and when. World time is milliseconds since the world began, a plain
 * number; a node's own clock is an `Instant` of src/base/units.ts, so that the two cannot be mistaken for each other.
 */

interface Entry {
  readonly at: number;
  /** Of entries at one time the one scheduled first goes first. */
  readonly order: number;
  readonly run: () => void;
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** A binary heap of things to do, and the clock that it drives. */
export class Schedule {
  now = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  /** Runs `run` at world time `at`, or now when that has passed. */
  at(at: number, run: () => void): void {
    const heap = this.#heap;
    const entry = { at: Math.max(at, this.now), order: this.#order++, run };
    let child = heap.push(entry) - 1;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || before(above, entry)) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = entry;
  }

  /** Runs `run` after `span` milliseconds. */
  after(span: number, run: () => void): void {
    this.at(this.now + span, run);
  }

  /** When the next thing happens; infinite when nothing will. */
  next(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** Moves the clock to the next thing and does it. */
  step(): void {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return;
    if (heap.length > 0) this.#sink(last);
    this.now = first.at;
    first.run();
  }

  #sink(entry: Entry): void {
    const heap = this.#heap;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      const right = heap[child + 1];
      const left = heap[child];
      if (left === undefined) break;
      let smaller = left;
      if (right !== undefined && before(right, left)) {
        smaller = right;
        child++;
      }
      if (before(entry, smaller)) break;
      heap[parent] = smaller;
      parent = child;
    }
    heap[parent] = entry;
  }
}
