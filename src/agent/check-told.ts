/** What is told of a check besides its health. */
import type { Instant, Milliseconds } from "../base/units.ts";

/** How often a check is probed, in milliseconds. */
export interface Pace {
  readonly interval: Milliseconds;
  /** As it was lately, from start to start: more where there is more to probe than this machine can. Null: not known yet. */
  readonly achieved: number | null;
}

/** The last probe of a check that failed, however good others are. */
export interface Failure {
  readonly at: Instant;
  readonly detail: string;
  /** What was said, a line each; empty where nothing was. */
  readonly transcript: readonly string[];
}

/** A check that warns of something new. */
export interface Warning {
  readonly name: string;
  readonly text: string;
}
