/** When a router was not running: what it then believes of the others is as old as its sleep. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import type { Settings, State } from "./state.ts";

/** Beyond this lateness a backup's expired timer proves nothing: it was us who did not run. */
const LATE: Milliseconds = ms(100);

/** A master silent for more than two of its intervals may have been replaced: it must listen before it speaks. */
export function stalled(settings: Settings, state: State, now: Instant): boolean {
  return state.kind === "master" && elapsed(state.sentAt, now) > 2 * settings.interval;
}

/**
 * A backup that should have taken over long ago was not running, and what waits for it is as old: it heard nobody because it slept.
 */
export function overslept(settings: Settings, state: State, now: Instant): boolean {
  if (state.kind !== "backup") return false;
  return elapsed(state.masterDownAt, now) > Math.max(LATE, awaited(settings, state));
}

/** A backup that may have missed an advert when all that waited for so long was thrown away, as another router's stall has it done. */
export function missed(settings: Settings, state: State, span: Milliseconds): boolean {
  return state.kind === "backup" && span >= awaited(settings, state);
}

/** The interval of the master that a backup listens for. */
const awaited = (settings: Settings, { master }: Extract<State, { kind: "backup" }>): Milliseconds =>
  master === null ? settings.interval : master.interval;
