/** Time, wires and power of a simulated cluster: events in the order of their time, links that lose and delay, two machines. */
import type { Message } from "../../../src/wire/heartbeat-message.ts";
import { Prng } from "../../sim/prng.ts";

interface Due {
  readonly at: number;
  /** Of those due at once, the first one that was put in comes first. */
  readonly order: number;
  readonly run: () => void;
}

/** A queue of what will happen: a binary heap. */
export class Agenda {
  readonly #heap: Due[] = [];
  #order = 0;
  now = 0;

  at(at: number, run: () => void): void {
    const due: Due = { at: Math.max(at, this.now), order: this.#order++, run };
    let place = this.#heap.push(due) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#swapIfLater(parent, place)) break;
      place = parent;
    }
  }

  /** Lets the next thing happen, unless it is later than `until`; false then. */
  next(until: number): boolean {
    const [first] = this.#heap;
    if (first === undefined || first.at > until) {
      this.now = until;
      return false;
    }
    const last = this.#heap.pop();
    if (last !== undefined && this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#sink();
    }
    this.now = first.at;
    first.run();
    return true;
  }

  #sink(): void {
    for (let place = 0; ;) {
      const left = 2 * place + 1;
      const right = left + 1;
      const child = this.#isLater(left, right) ? right : left;
      if (child >= this.#heap.length || !this.#swapIfLater(place, child)) return;
      place = child;
    }
  }

  #isLater(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a], this.#heap[b]];
    if (left === undefined || right === undefined) return false;
    return left.at > right.at || (left.at === right.at && left.order > right.order);
  }

  #swapIfLater(parent: number, child: number): boolean {
    if (!this.#isLater(parent, child)) return false;
    const [upper, lower] = [this.#heap[parent], this.#heap[child]];
    if (upper === undefined || lower === undefined) return false;
    this.#heap[parent] = lower;
    this.#heap[child] = upper;
    return true;
  }
}

/** One direction of a link. */
interface Way {
  cut: boolean;
  /** Of packets, 0 to 1. */
  loss: number;
}

/** A link of both nodes, by the index of the sender. */
export interface Link {
  readonly name: string;
  readonly ways: readonly [Way, Way];
  /** Longest delay, milliseconds. */
  readonly delay: number;
}

/** More loss than this is no link to the checkers. */
const CARRIES = 0.3;

export class Wires {
  readonly links: readonly Link[];
  /** Nothing passes, whatever the links are. */
  torn = false;
  readonly #agenda: Agenda;
  readonly #prng: Prng;
  readonly #deliver: (to: 0 | 1, link: string, message: Message) => void;

  constructor(
    agenda: Agenda,
    prng: Prng,
    count: number,
    deliver: (to: 0 | 1, link: string, message: Message) => void,
  ) {
    this.#agenda = agenda;
    this.#prng = prng;
    this.#deliver = deliver;
    this.links = Array.from({ length: count }, (_, at) => ({
      name: `link${at}`,
      ways: [
        { cut: false, loss: 0 },
        { cut: false, loss: 0 },
      ],
      delay: prng.pick([1, 5, 40, 150]),
    }));
  }

  /** Some link carries everything both ways, or nearly. */
  get connected(): boolean {
    return (
      !this.torn && this.links.some(({ ways }) => ways.every(({ cut, loss }) => !cut && loss <= CARRIES))
    );
  }

  send(from: 0 | 1, message: Message): void {
    for (const { name, ways, delay } of this.links) {
      const way = ways[from];
      const arrives = this.#agenda.now + this.#prng.between(0, delay);
      if (this.torn || way.cut || this.#prng.chance(way.loss)) continue;
      this.#agenda.at(arrives, () => this.#deliver(from === 0 ? 1 : 0, name, message));
    }
  }

  heal(): void {
    for (const { ways } of this.links) for (const way of ways) Object.assign(way, { cut: false, loss: 0 });
  }
}
