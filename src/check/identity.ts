/** When two checks are one: the same probe, run once for both. */
import type { Milliseconds } from "../base/units.ts";

/** All that a check's course depends on. */
export interface Course {
  /** Plain data; what is probed, where and how, credentials included. */
  readonly probe: unknown;
  readonly interval: Milliseconds;
  readonly fastInterval: Milliseconds;
  readonly jitter: number;
  readonly timeout: Milliseconds;
  readonly rise: number;
  readonly fall: number;
}

/** The same text for the same probe: every parameter counts, and the order in which they were written does not. */
export function probeIdentity(probe: unknown): string {
  learn(probe);
  return JSON.stringify(probe, names);
}

/** The same text for checks whose results are always the same: these may share one probe. A single parameter that differs parts them. */
export const courseIdentity = ({
  probe,
  interval,
  fastInterval,
  jitter,
  timeout,
  rise,
  fall,
}: Course): string =>
  `${[interval, fastInterval, jitter, timeout, rise, fall].join(" ")} ${probeIdentity(probe)}`;

/**
 * The names of all members that were ever seen, in order: JSON.stringify writes those it is given, as they come there. To sort the members of
 * each of thousands of probes would leave megabytes behind.
 */
let names: string[] = [];
const seen = new Set<string>();

function learn(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) {
    for (const name of Object.keys(value)) {
      if (seen.has(name)) continue;
      seen.add(name);
      names = [...seen].toSorted();
    }
  }
  for (const member of Object.values(value)) learn(member);
}
