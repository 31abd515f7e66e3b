/** A seeded source of chance: sfc32, seeded by splitmix32. The same seed gives the same stream on every machine. */

/** One stream. Every concern of the simulation has a stream of its own, so that one more draw here moves nothing there. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    let state = seed >>> 0;
    const splitmix = (): number => {
      state = (state + 0x9e3779b9) | 0;
      let mixed = state ^ (state >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#a = splitmix();
    this.#b = splitmix();
    this.#c = splitmix();
    for (let round = 0; round < 12; round++) this.#draw();
  }

  #draw(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (this.#draw() / 0x1_0000_0000) * (high - low);
  }

  /** A whole number, uniform in low..high, both included. */
  integer(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  /** True with probability `odds`. Draws nothing when the answer is certain. */
  chance(odds: number): boolean {
    if (odds <= 0) return false;
    return odds >= 1 || this.between(0, 1) < odds;
  }

  /** One of the items; throws when there are none. */
  pick<Item>(items: readonly Item[]): Item {
    const index = this.integer(0, items.length - 1);
    const item = items[index];
    if (item === undefined) throw new RangeError("nothing to pick from");
    return item;
  }

  /** A shuffled copy. */
  shuffle<Item>(items: readonly Item[]): Item[] {
    const left = [...items];
    const shuffled: Item[] = [];
    while (left.length > 0) shuffled.push(...left.splice(this.integer(0, left.length - 1), 1));
    return shuffled;
  }

  /** A new independent stream. */
  fork(): Prng {
    return new Prng(this.#draw());
  }
}
