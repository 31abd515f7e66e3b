/**
 * When a check is probed. Those that are new together are probed a millisecond apart at first; from its first verdict on each has a place of
 * its own in its interval, so that no stall, no incident and no start makes a burst that comes again in each interval.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, ms } from "../base/units.ts";
import type { Health } from "../check/damping.ts";

/** First probes: so far apart if there are few, over the whole interval if many. Milliseconds, as below. */
const FIRST_STEP = 1;
/** Starts are put together on a grid: the loop need not wake for each. */
const GRID = ms(5);
/** Places in the interval: one at each line of the grid if there are few, over the whole interval if many. */
const PLACE_STEP = GRID;
/** A start that is late by more than this part of its interval was kept by a stall: what follows is counted from when it really was. */
const LATE_SHARE = 1 / 4;
/** Between two starts at least, however often what is looked at changes. */
const HINT_GAP = ms(50);
/** From a hint to the look: whoever writes a file in place empties it first. */
const HINT_DELAY = ms(20);

/** How often. */
export interface Rhythm {
  readonly interval: Milliseconds;
  /** While it is undecided. */
  readonly fastInterval: Milliseconds;
  /** Each start is later by a part of its interval that is drawn anew: so many per cent at most. */
  readonly jitter: number;
}

/** The times of one check. */
export interface Times {
  dueAt: Instant;
  /** Its place in every interval: one of the instants that are an interval apart. */
  place: Instant;
  startedAt: Instant;
  /** The same without its jitter. */
  steadyAt: Instant;
  /** When the last probe should have started, its jitter not counted. */
  slot: Instant;
  /** What of `dueAt` is jitter. */
  wander: Milliseconds;
}

export const timesFrom = (now: Instant): Times => ({
  ...{ dueAt: now, place: now, startedAt: now, steadyAt: now, slot: now },
  wander: ms(0),
});

/** Gives checks that are new together their first starts, and their places from then on. What is decided already waits for its place. */
export function spread(
  fresh: readonly { readonly times: Times; readonly config: Rhythm; readonly health: Health }[],
  now: Instant,
): void {
  for (const [turn, { times, config, health }] of fresh.entries()) {
    const { interval } = config;
    const share = interval / fresh.length;
    times.place = after(now, ms(interval - onGrid(turn * Math.min(PLACE_STEP, share))));
    times.dueAt = isSteady(health)
      ? earlier(times.dueAt, times.place)
      : after(now, onGrid(turn * Math.min(FIRST_STEP, share)));
  }
}

/** A probe starts. `draw` is from 0 to below 1. */
export function started(times: Times, config: Rhythm, health: Health, now: Instant, draw: number): void {
  const late = elapsed(times.dueAt, now) > paceOf(config, health) * LATE_SHARE;
  times.slot = late ? now : after(times.dueAt, ms(-times.wander));
  times.startedAt = now;
  times.steadyAt = after(now, ms(-times.wander));
  times.wander = onGrid(draw * (config.jitter / 100) * paceOf(config, health));
  plan(times, config, health, times.slot);
}

/** From the last start to now, where the next is due, as if there were no jitter. */
export const sinceStart = ({ steadyAt, wander }: Times, now: Instant): Milliseconds =>
  ms(elapsed(steadyAt, now) - wander);

/** It has ended, with a verdict or what may become one. */
export function ended(times: Times, config: Rhythm, before: Health, health: Health, now: Instant): void {
  // From its fast pace it comes to its place; the one that has just passed is let go by.
  const settled = isSteady(health) && !isSteady(before);
  plan(times, config, health, settled ? now : times.slot);
}

/** What is looked at has changed: it is due soon. */
export function hasten(times: Times, now: Instant): void {
  const gap = after(times.startedAt, HINT_GAP);
  const delay = after(now, HINT_DELAY);
  times.dueAt = earlier(times.dueAt, gap > delay ? gap : delay);
  times.wander = ms(0);
}

/** Nothing is undecided. */
export const isSteady = ({ up, contrary }: Health): boolean => up !== null && contrary === 0;

const paceOf = ({ interval, fastInterval }: Rhythm, health: Health): Milliseconds =>
  isSteady(health) ? interval : fastInterval;

const onGrid = (span: number): Milliseconds => ms(Math.floor(span / GRID) * GRID);

function plan(times: Times, { interval, fastInterval }: Rhythm, health: Health, from: Instant): void {
  const next = isSteady(health) ? nextPlace(times.place, interval, from) : after(from, fastInterval);
  times.dueAt = after(next, times.wander);
}

/** The first place after `from`; one that is as good as now is not meant. */
function nextPlace(place: Instant, interval: Milliseconds, from: Instant): Instant {
  const passed = Math.floor((elapsed(place, from) + GRID) / interval) + 1;
  return after(place, ms(passed * interval));
}
