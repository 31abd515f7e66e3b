/**
 * Conditions that must not hold for long. "Never two masters longer than a bound" is a condition, a bound and a clock: while the
 * condition holds its deadline stands, when it ceases the deadline is forgotten, and a deadline that passes is a violation.
 */

interface Open {
  readonly bound: number;
  readonly deadline: number;
  readonly text: () => string;
}

/** A broken promise, at a moment of world time. */
export interface Violation {
  readonly at: number;
  readonly text: string;
}

export class Watches {
  readonly #open = new Map<string, Open>();
  readonly #seen = new Set<string>();

  /** Tells whether the condition `key` holds now; `text` says what is wrong once it has held for more than `bound` ms. */
  update(key: string, holds: boolean, bound: number, now: number, text: () => string): void {
    this.#seen.add(key);
    if (!holds) this.#open.delete(key);
    else if (!this.#open.has(key)) this.#open.set(key, { bound, deadline: now + bound, text });
  }

  /** What the condition waited for has just happened and is waited for again: its clock starts anew. */
  renew(key: string, now: number): void {
    const open = this.#open.get(key);
    if (open !== undefined) this.#open.set(key, { ...open, deadline: now + open.bound });
  }

  /** What the condition waited for has happened. */
  forget(key: string): void {
    this.#open.delete(key);
  }

  /** Every condition has been looked at: what nobody asked about any more is forgotten. */
  sweep(): void {
    for (const key of this.#open.keys()) if (!this.#seen.has(key)) this.#open.delete(key);
    this.#seen.clear();
  }

  /** The first deadline that lies before `now`. */
  overdue(now: number): Violation | null {
    let first: Open | null = null;
    for (const open of this.#open.values()) {
      if (open.deadline < now && (first === null || open.deadline < first.deadline)) first = open;
    }
    if (first === null) return null;
    return { at: first.deadline, text: `${first.text()}, for more than ${first.bound.toFixed(1)} ms` };
  }
}
