/** When two checks are one: the same probe, run once for both. */
import type { Milliseconds } from "../base/units.ts";

/** All that a check's course depends on. */
export interface Course {
  /** Plain data; what is probed, where and how, credentials included. */
  readonly probe: unknown;
  readonly interval: Milliseconds;
  readonly fastInterval: Milliseconds;
  readonly timeout: Milliseconds;
  readonly rise: number;
  readonly fall: number;
}

/** The same text for the same probe: every parameter counts, and the order in which they were written does not. */
export const probeIdentity = (probe: unknown): string => JSON.stringify(probe, inOrder);

/** The same text for checks whose results are always the same: these may share one probe. A single parameter that differs parts them. */
export const courseIdentity = ({ probe, interval, fastInterval, timeout, rise, fall }: Course): string =>
  `${[interval, fastInterval, timeout, rise, fall].join(" ")} ${probeIdentity(probe)}`;

/** For JSON.stringify: members by their names. */
function inOrder(_: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
