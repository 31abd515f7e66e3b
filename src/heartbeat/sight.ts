/**
 * Two nodes that do not hear each other both fence, and the one that is cut off must not shoot the one that serves. A node that hears none of its
 * ping nodes is the one that is cut off, unless the gateway is dead too: it waits until the other one must have shot it, and then fences. One that
 * has not met the other in its life is not known there to have come, and so not shot: it waits until a ping node answers, the other one is
 * heard, or an operator confirms, for ever where a fence that fails blocks. Only an answer that came after the other one was taken for dead counts.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, later, ms, NEVER } from "../base/units.ts";
import type { Fence, FenceSettings, Settings, Sight, State } from "./takeover-state.ts";
import type { Turn } from "./takeover-turn.ts";

type Waiting = Extract<Fence, { readonly kind: "waiting" }>;

/** How long the node waits that fewer groups prefer: the other one's shot has reached it by then. */
export const FENCE_DELAY = ms(5000);
/** Ping nodes are asked once in a keepalive: one answer may be lost, and a stall of ours is not shorter for us being quick. */
const KEEPALIVES = 2;
const FRESH_LEAST = 1000;

const fresh = ({ keepalive }: Pick<Settings, "keepalive">): Milliseconds =>
  ms(Math.max(FRESH_LEAST, KEEPALIVES * keepalive));

/**
 * The longest that the other node can need until it has fenced us or given it up, from when we take it for dead: it may have heard us for a deadtime
 * more, has a delay, and tries as often, each time for as long, as we would. Both have the same `fence`.
 */
export const patience = (
  { delay, timeout, tries, pause }: Omit<FenceSettings, "blind" | "onFailure">,
  times: Pick<Settings, "keepalive" | "deadtime">,
): Milliseconds =>
  ms(times.deadtime + Math.max(delay, FENCE_DELAY) + tries * timeout + (tries - 1) * pause + fresh(times));

/** The other one is taken for dead. */
export const unsighted = (now: Instant): Sight => ({ since: now, seen: false, told: false });

/**
 * A ping node answers. Where none did for a while the way may be back just now, and the other one, healthy, has had no time to be heard on it: it
 * is given a deadtime, as at any other time.
 */
export function sighted(turn: Turn): void {
  const { settings, now } = turn;
  const { fence } = turn.state;
  if (fence.kind === "idle") return;
  const returned = elapsed(fence.sight.since, now) > fresh(settings);
  const sight: Sight = { since: now, seen: true, told: false };
  if (fence.kind !== "waiting" || !returned) return turn.set({ fence: { ...fence, sight } });
  const at = later(fence.at, after(now, settings.deadtime));
  turn.set({ fence: { ...fence, at, wakeAt: at, sight } });
}

/**
 * We did not run for a while. What was said meanwhile waits to be read, and nobody is shot before it is; and the other one may have begun a
 * life of which we heard nothing, so that one who sees no ping node leaves it as much time as from its last word.
 */
export function slept(turn: Turn): void {
  const { fence } = turn.state;
  if (fence.kind === "idle") return;
  const sight = { ...fence.sight, since: turn.now, seen: false };
  if (fence.kind === "running") return turn.set({ fence: { ...fence, sight } });
  const at = later(fence.at, after(turn.now, fresh(turn.settings)));
  turn.set({ fence: { ...fence, at, wakeAt: at, sight } });
}

/** Notes that the other one has heard us in this life. */
export function meet(turn: Turn): void {
  const { met, peer } = turn.state;
  const legacy = turn.settings.failback === "legacy";
  if (!met && peer.status === "alive" && (peer.reported || legacy)) turn.set({ met: true });
}

/** Whether time alone does not let a blind node fence. */
export const waitsForWord = ({ fence }: Settings, { met }: Pick<State, "met">): boolean =>
  !met && fence?.onFailure === "block";

/** Until when a fence that is due is held back; in the past where it is not, {@link NEVER} where only somebody's word ends it. */
export function heldUntil(settings: Settings, state: State, { sight, at }: Waiting, now: Instant): Instant {
  const { fence } = settings;
  if (fence === null || fence.blind === null) return at;
  if (sight.seen && after(sight.since, fresh(settings)) >= now) return at;
  if (waitsForWord(settings, state)) return NEVER;
  return later(at, after(sight.since, ms(fence.delay + fence.blind)));
}

/** Whether a run that is due must wait; says so when that has lasted. */
export function isHeld(turn: Turn, fence: Waiting): boolean {
  const { settings, state, now } = turn;
  const until = heldUntil(settings, state, fence, now);
  if (until <= now) return false;
  const tellAt = later(fence.at, after(fence.sight.since, fresh(settings)));
  const told = fence.sight.told || (fence.at <= now && tellAt <= now);
  // One that has failed so often is told to be blocked, and an operator knows.
  const failing = fence.failed >= (settings.fence?.tries ?? 0);
  if (told && !fence.sight.told && !failing) turn.news("fence-blind");
  const wakeAt = fence.at > now ? fence.at : told ? until : earlier(tellAt, until);
  turn.set({ fence: { ...fence, wakeAt, sight: { ...fence.sight, told } } });
  return true;
}
