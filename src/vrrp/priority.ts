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
}

/**
 * Effective priority: a positive weight is added while its track is up, a negative one while it is down, clamped to 1..254.
 * An owner stays 255 (as in keepalived.conf(5): 255 is not adjusted).
 */
export function effectivePriority(configured: Priority, tracks: readonly Track[]): Priority {
  if (configured === OWNER) return OWNER;
  let sum: number = configured;
  for (const { up, weight } of tracks) {
    if (weight > 0 && up === true) sum += weight;
    if (weight < 0 && up === false) sum += weight;
  }
  return priority(Math.min(254, Math.max(1, sum)));
}
