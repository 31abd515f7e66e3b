/** A limit on how many things go on at once: who comes when all places are taken waits, in order. */

/** Who goes through a {@link Turnstile}. */
export interface Entrant {
  /** It has a place now. */
  begin(): void;
}

export class Turnstile {
  readonly #most: number;
  // Counted, not kept: a set that thousands enter and leave in a second has a new table again and again, each of which outlives its use.
  #inside = 0;
  readonly #waiting = new Set<Entrant>();

  /** `most`: places, 1 or more. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Lets an entrant begin once there is a place, at once if there is one. */
  enter(entrant: Entrant): void {
    if (this.#inside >= this.#most) this.#waiting.add(entrant);
    else this.#admit(entrant);
  }

  #admit(entrant: Entrant): void {
    this.#inside += 1;
    entrant.begin();
  }

  /** One that entered gives its place up, or waits no longer; once. */
  leave(entrant: Entrant): void {
    if (this.#waiting.delete(entrant)) return;
    this.#inside -= 1;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#admit(next);
  }
}
