/** The priority a router runs with: the configured one and the weights of what it tracks. */
import type { Priority } from "../base/units.ts";
import { priority } from "../base/units.ts";
import { OWNER } from "./state.ts";

/** Something tracked: an interface or a check. `up` is null while nothing is known yet, which changes nothing. */
export interface Track {
  readonly name: string;
  readonly up: boolean | null;
  /** 0: required; then a failure is a fault and no matter of priority. */
  readonly weight: number;
  /** What counts besides while it is up: the number in a file. */
  readonly bonus: number;
}

/** A number in a file that means fault, from here down: as in keepalived.conf(5), "track_file". */
const FATAL = -254;

/** What a track adds to the priority as things are: a positive weight while it is up, a negative one while it is down. */
export function effectOf({ up, weight, bonus }: Track): number {
  if (up === true) return (weight > 0 ? weight : 0) + bonus;
  return up === false && weight < 0 ? weight : 0;
}

/** Whether a track keeps its router from running. */
export const isFatal = ({ up, weight, bonus }: Track): boolean =>
  (weight === 0 && up === false) || (up === true && bonus <= FATAL);

/**
 * Effective priority: the configured one and what every track adds, clamped to 1..254 at the end.
 * An owner stays 255 (as in keepalived.conf(5): 255 is not adjusted).
 */
export function effectivePriority(configured: Priority, tracks: readonly Track[]): Priority {
  if (configured === OWNER) return OWNER;
  let sum: number = configured;
  for (const track of tracks) sum += effectOf(track);
  return priority(Math.min(254, Math.max(1, sum)));
}
