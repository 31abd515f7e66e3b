/** Numbers that keep machines from doing the same thing at the same time; nothing that must be secret comes from here. */
export class Random {
  #seed: number;

  constructor(seed: number) {
    this.#seed = seed >>> 0;
  }

  /** Makes the sequence another one. */
  mix(value: number): void {
    this.#seed = (this.#seed * 31 + value) >>> 0;
  }

  /** From 0 to below 1. */
  next(): number {
    // Numerical Recipes' linear congruential generator; its high bits are the good ones.
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed / 2 ** 32;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }
}
