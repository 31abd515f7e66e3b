/** Rise and fall: how many results in a row make a check good or bad. Starts neutral: neither, until there is evidence. */

/** How many results in a row it takes. */
interface Thresholds {
  /** Successes that make a failed check good, from 1. */
  readonly rise: number;
  /** Failures that make a good check failed, from 1. */
  readonly fall: number;
}

export interface Health {
  /** Null: neutral, as at the start: nobody loses mastership because a check was just added. */
  readonly up: boolean | null;
  /** Results in a row that contradict `up`. */
  readonly contrary: number;
}

export const NEUTRAL: Health = { up: null, contrary: 0 };
const GOOD: Health = { up: true, contrary: 0 };
const FAILED: Health = { up: false, contrary: 0 };

/**
 * The health after one more result; where nothing is being counted, which is nearly always, the same object as for all others. Out of
 * neutral the first success counts as good at once; a failure needs `fall` in a row, as from good.
 */
export function judge(thresholds: Thresholds, health: Health, healthy: boolean): Health {
  const agreed = healthy ? GOOD : FAILED;
  if ((health.up === null && healthy) || health.up === healthy) return agreed;
  const contrary = health.contrary + 1;
  const needed = healthy ? thresholds.rise : thresholds.fall;
  return contrary >= needed ? agreed : { up: health.up, contrary };
}
