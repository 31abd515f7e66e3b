/** The clock of the program: CLOCK_BOOTTIME, so that a suspended machine notices how long it was gone. */
import { bootTime } from "../../native/process.ts";
import type { Instant } from "../base/units.ts";
import { instant } from "../base/units.ts";

/** Where `now` comes from. */
export interface Clock {
  now(): Instant;
}

export const bootClock: Clock = { now: () => instant(bootTime()) };
