/** Who has something at each moment of a run, and how that is told in the cell of a table. */

/** From `since` on, milliseconds of world time, just these nodes have it. */
interface Span {
  readonly since: number;
  readonly holders: string;
}

/** Shorter ones are the moment of a hand-over, milliseconds. */
const MOMENT = 100;
/** Times are told in steps of so many milliseconds, rounded up. */
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

const seconds = (lasts: number): string => `${(Math.ceil(lasts / STEP) * STEP) / 1000} s`;

/** In words, of stays of which the last one lasts on. */
export function tell(stays: readonly Stay[]): string {
  return stays
    .map(({ holders, lasts }, index) => {
      const last = index === stays.length - 1;
      const time = last ? "" : ` for ${seconds(lasts)}`;
      if (holders === "") return `none${time}`;
      return holders.includes("+")
        ? `**both**${time}`
        : last || index > 0
          ? `${holders}${last ? "" : time}`
          : "";
    })
    .filter((text) => text !== "")
    .join(", ");
}
