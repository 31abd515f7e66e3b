/** Who has something at each moment of a run, and how that is told in the cell of a table. */

/** From `since` on, milliseconds of world time, just these nodes have it. */
interface Span {
  readonly since: number;
  readonly holders: string;
}

/** Shorter ones are the moment of a hand-over, milliseconds. */
const MOMENT = 100;
/** Times are told in steps of so many milliseconds, one at least. */
const STEP = 500;

export class Holders {
  readonly #spans: Span[] = [];

  /** Names of those that have it from now on, in order. */
  look(now: number, holders: readonly string[]): void {
    const text = holders.join("+");
    if (this.#spans.at(-1)?.holders === text) return;
    this.#spans.push({ since: now, holders: text });
  }

  /** What was so from one time to another: moments left out, neighbours joined, with how long each lasted. */
  between(from: number, until: number): Stay[] {
    const stays: Stay[] = [];
    for (const [index, { since, holders }] of this.#spans.entries()) {
      const ends = Math.min(this.#spans[index + 1]?.since ?? until, until);
      const begins = Math.max(since, from);
      if (ends <= begins) continue;
      const last = stays.at(-1);
      if (ends - begins < MOMENT && ends < until) continue;
      if (last?.holders === holders) stays.splice(-1, 1, { holders, lasts: last.lasts + ends - begins });
      else stays.push({ holders, lasts: ends - begins });
    }
    return stays;
  }
}

export interface Stay {
  readonly holders: string;
  /** Milliseconds. */
  readonly lasts: number;
}

const seconds = (lasts: number): string => `${(Math.max(1, Math.round(lasts / STEP)) * STEP) / 1000} s`;

/** In words, of stays of which the last one lasts on, and the first one, where one node had it, is how it was. */
export function tell(stays: readonly Stay[]): string {
  const [first] = stays;
  const usual = stays.length > 1 && first !== undefined && /^[^+]+$/.test(first.holders);
  const rest = (usual ? stays.slice(1) : stays).map(({ holders, lasts }, index, all) => {
    const time = index === all.length - 1 ? "" : ` for ${seconds(lasts)}`;
    return `${holders === "" ? "none" : holders.includes("+") ? "**both**" : holders}${time}`;
  });
  return `${usual && first !== undefined ? `after ${seconds(first.lasts)} ` : ""}${rest.join(", then ")}`;
}
