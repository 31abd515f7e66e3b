/**
 * Whether a master is cut off from its witnesses: asked regularly while it is master, by who lets an isolated master release; and, once it has
 * released, until one answers.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, ms } from "../base/units.ts";

/** Witnesses are other people's hosts: they are not asked more often than this. */
const ASK_EVERY_MIN = 1000;
/** As many adverts as a backup misses before it takes over. */
const UNANSWERED_MAX = 3;

export interface Watch {
  readonly askAt: Instant;
  /** Questions since a witness answered last. */
  readonly unanswered: number;
  /** It gave its addresses up for that: it takes nothing before a witness answers. */
  readonly released: boolean;
}

/** It is master from now on. */
export const watch = (now: Instant): Watch => ({ askAt: now, unanswered: 0, released: false });

/** A witness answered. */
export const answered = (state: Watch): Watch => ({ ...state, unanswered: 0 });

/** It is time to ask: the next time for it, and whether it is isolated. `interval`: that of its adverts. */
export function watched(
  state: Watch,
  interval: Milliseconds,
  now: Instant,
): { readonly watch: Watch; readonly isolated: boolean } {
  const isolated = state.unanswered >= UNANSWERED_MAX;
  const askAt = after(now, ms(Math.max(interval, ASK_EVERY_MIN)));
  return {
    watch: { ...state, askAt, unanswered: isolated ? UNANSWERED_MAX : state.unanswered + 1 },
    isolated,
  };
}
