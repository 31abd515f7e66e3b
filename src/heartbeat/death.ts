/** The other node is silent, or has left: everything is ours, behind a fence if there is one. */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, NEVER } from "../base/units.ts";
import { EVERYTHING, NOTHING, without, wordOf } from "./holding.ts";
import { heldUntil, isHeld, unsighted } from "./sight.ts";
import type { Settings, Sight, State } from "./takeover-state.ts";
import type { Turn } from "./takeover-turn.ts";
import { ACQUIRES } from "./takeover-turn.ts";

/** It is taken for dead. */
export function peerDied(turn: Turn): void {
  const { peer, phase } = turn.state;
  const status = peer.status === "gone" ? "gone" : "dead";
  const before = peer.reported ? peer.hold : peer.before;
  turn.setPeer({ status, before, hold: NOTHING, stable: false, reported: false });
  forget(turn);
  // What it left is ours already.
  if (status === "gone" && phase === "stable") return;
  if (phase === "starting" || phase === "received" || phase === "stable") takeOver(turn);
}

/** What was under way with the other one is not any more. */
export const forget = (turn: Turn): void =>
  turn.set({
    standby: { role: "none" },
    fence: { kind: "idle" },
    auditAt: NEVER,
    yieldAt: NEVER,
    giveUp: null,
    requested: new Set(),
  });

/** Everything becomes ours: at once if it has cleanly gone, or as soon as it is fenced. */
export function takeOver(turn: Turn): void {
  const { fence } = turn.settings;
  const { peer } = turn.state;
  if (fence === null || peer.status === "gone") {
    const taken = wordOf(without(EVERYTHING, turn.state.hold));
    if (peer.status !== "gone" && taken !== "none") turn.news("unfenced", taken);
    return acquire(turn);
  }
  wait(turn, fence.delay, 0, unsighted(turn.now));
}

/** The next run is due after so long. */
function wait(turn: Turn, span: Milliseconds, failed: number, sight: Sight): void {
  const at = after(turn.now, span);
  turn.set({ fence: { kind: "waiting", at, wakeAt: at, failed, sight } });
}

/** It has stopped all that it had, and ends. */
export function peerLeft(turn: Turn): void {
  turn.setPeer({ status: "gone", hold: NOTHING, stable: false, reported: true });
  forget(turn);
  const { phase } = turn.state;
  if (phase === "starting" || phase === "received" || phase === "stable") acquire(turn);
}

function acquire(turn: Turn): void {
  turn.set({ phase: "stable", stableAt: NEVER, fence: { kind: "idle" }, owed: true, requestAt: NEVER });
  turn.start(EVERYTHING);
  if (turn.settings.failback !== "legacy") turn.report(true, ACQUIRES);
}

/** Runs the fence's command when it is due. */
export function fenceDue(turn: Turn): void {
  const { fence, runs } = turn.state;
  if (turn.settings.fence === null) {
    // The configuration has none any more.
    if (fence.kind === "idle") return;
    turn.news("unfenced", wordOf(without(EVERYTHING, turn.state.hold)));
    return acquire(turn);
  }
  if (fence.kind !== "waiting" || isHeld(turn, fence)) return;
  const run = runs + 1;
  turn.set({ runs: run, fence: { kind: "running", run, failed: fence.failed, sight: fence.sight } });
  turn.actions.push({ kind: "fence", run, timeout: turn.settings.fence.timeout });
}

/** The fence's command has ended. One that was started against an earlier silence says nothing about this one. */
export function fenceRan(turn: Turn, run: number, ok: boolean): void {
  const { fence } = turn.state;
  const { fence: settings } = turn.settings;
  if (fence.kind !== "running" || fence.run !== run || settings === null) return;
  if (ok) {
    turn.news("fenced", wordOf(without(EVERYTHING, turn.state.hold)));
    return acquire(turn);
  }
  const failed = fence.failed + 1;
  // After that it is told to be blocked, however often it fails.
  if (failed <= settings.tries) turn.news("fence-failed");
  if (failed >= settings.tries) {
    switch (settings.onFailure) {
      case "proceed":
        turn.news("unfenced", wordOf(without(EVERYTHING, turn.state.hold)));
        return acquire(turn);
      case "block":
        if (failed === settings.tries) turn.news("fence-blocked");
        break;
      default:
        unreachable(settings.onFailure);
    }
  }
  wait(turn, settings.pause, failed, fence.sight);
}

/** An operator vouches for it that the other node is off. */
export function fenceConfirmed(turn: Turn): void {
  if (turn.state.fence.kind !== "idle") acquire(turn);
}

/**
 * Where a fence is that groups wait for. `blocked`: it has failed so often that an operator is told, who can confirm instead; `blind`: no ping node
 * answers.
 */
export type FenceState = "waiting" | "blind" | "running" | "blocked";

/** Null: nothing waits for it. */
export function fenceStateOf(settings: Settings, { fence }: State): FenceState | null {
  if (fence.kind === "idle" || settings.fence === null) return null;
  const { onFailure, tries } = settings.fence;
  if (onFailure === "block" && fence.failed >= tries) return "blocked";
  return fence.kind === "waiting" && fence.sight.told ? "blind" : fence.kind;
}

/** When the next run is due; {@link NEVER}: not before somebody is heard. Null: none is waited for. */
export const fenceDueAt = (settings: Settings, state: State, now: Instant): Instant | null =>
  state.fence.kind === "waiting" ? heldUntil(settings, state, state.fence, now) : null;
