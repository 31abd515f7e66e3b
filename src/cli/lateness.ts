/** What is said of probes that come later than they should. */
import { duration } from "./duration.ts";

/** More than so much of the interval from one probe to the next is said. */
const LATE = 1.1;

/** How often something is to be probed, and how often it lately was, in milliseconds; null: not known. */
interface Pace {
  readonly interval_ms?: number | null;
  readonly achieved_interval_ms?: number | null;
}

/** Empty for those that keep their interval. */
export function lateness({ interval_ms: interval, achieved_interval_ms: achieved }: Pace): string {
  if (interval == null || achieved == null || achieved <= interval * LATE) return "";
  // What rounds to the same is not worth a word.
  if (duration(achieved) === duration(interval)) return "";
  return `probed every ${duration(achieved)} instead of ${duration(interval)}`;
}
