/** A limit on how many things go on at once: who comes when all places are taken waits, in order. */

export class Turnstile {
  readonly #most: number;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  /** `most`: places, 1 or more. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Calls `begin` once there is a place, at once if there is one. Gives the function that leaves it, or stops waiting; calling it again is harmless. */
  enter(begin: () => void): () => void {
    let left = false;
    const enter = (): void => {
      this.#inside += 1;
      begin();
    };
    const leave = (): void => {
      if (left) return;
      left = true;
      if (this.#waiting.delete(enter)) return;
      this.#inside -= 1;
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next();
    };
    if (this.#inside < this.#most) enter();
    else this.#waiting.add(enter);
    return leave;
  }
}
