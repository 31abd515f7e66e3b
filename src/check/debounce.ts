/** Debounce of a link: it counts as up or down only when it has been so for a while, without a break. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, NEVER } from "../base/units.ts";

/** How long a state must last to count. */
export interface Delays {
  readonly up: Milliseconds;
  readonly down: Milliseconds;
}

export interface Steady {
  /** What counts. */
  readonly up: boolean;
  /** Since when the opposite is seen; null: it is not. */
  readonly since: Instant | null;
}

/** When the opposite of what counts will have lasted long enough. */
export function settlesAt(delays: Delays, { up, since }: Steady): Instant {
  return since === null ? NEVER : after(since, up ? delays.down : delays.up);
}

/** What counts after a look; the first look (`before` is null) counts at once. */
export function settle(delays: Delays, before: Steady | null, seen: boolean, now: Instant): Steady {
  if (before === null || before.up === seen) return { up: seen, since: null };
  const waiting = { up: before.up, since: before.since ?? now };
  return settlesAt(delays, waiting) <= now ? { up: seen, since: null } : waiting;
}
