/**
 * A move of groups that both nodes have agreed on: ours by `hb_standby`, theirs, a failback, or what `hb_takeover` asked for.
 *
 *   giver ── `me` ─► taker ── `other` ─► giver stops, then ── `done` ─► taker starts, then ── `done`, a report ─► giver
 *
 * The taker starts nothing before the giver has stopped. What it is about is always said in the giver's view.
 */
import { unreachable } from "../base/assert.ts";
import { after, ms, NEVER } from "../base/units.ts";
import type { Content, Hold } from "./content.ts";
import { holdingOf, mirrored } from "./holding.ts";
import type { MoveReason, Standby } from "./takeover-state.ts";
import type { Turn } from "./takeover-turn.ts";

/** Until a taker has agreed. */
const ANSWER_WITHIN = ms(10_000);
/** For the starts of one side, as in the daemon. */
const WORK_WITHIN = ms(3_600_000);

/** Asks the other node to take so much of what we hold; false: not now. */
export function give(turn: Turn, what: Hold, why: MoveReason): boolean {
  if (what === "none" || turn.settings.failback === "legacy" || !turn.agreed) return false;
  const until = after(turn.now, ANSWER_WITHIN);
  turn.set({ standby: { role: "giving", what, why, step: "asked", until, sequence: 0 } });
  turn.say({ kind: "standby", hold: what, step: "me" });
  return true;
}

/** What the giver gives for what the taker wants to have. */
export function inverse(what: Hold): Hold {
  switch (what) {
    case "local":
      return "foreign";
    case "foreign":
      return "local";
    case "none":
    case "all":
      return what;
    default:
      return unreachable(what);
  }
}

/** A word of the other node in this. */
export function standbyMessage(
  turn: Turn,
  { hold: what, step }: Extract<Content, { readonly kind: "standby" }>,
  sequence: number,
): void {
  const { standby, phase } = turn.state;
  if (turn.settings.failback === "legacy" || phase !== "stable") return;
  if (step === "me") return asked(turn, what, sequence);
  if (step === "other") {
    if (standby.role !== "giving" || standby.step !== "asked" || standby.what !== what) {
      // It waits for a `done` that will not come, unless it sees that nothing is under way.
      if (standby.role === "none") turn.report(true);
      return;
    }
    // However long it takes: what may run here is not given up.
    turn.set({ standby: { ...standby, step: "stopping", until: NEVER, sequence } });
    turn.stop(holdingOf(what));
    turn.reportGiven("standby");
    return;
  }
  if (step !== "done") return;
  if (standby.role === "none") return turn.report(true);
  // That of a move before it may have been under way for longer than the word that began this one.
  if (standby.what !== what || sequence <= standby.sequence) return;
  if (standby.role === "giving") {
    if (standby.step === "taking") finish(turn);
    return;
  }
  if (standby.step !== "offered") return;
  turn.set({ standby: { ...standby, step: "starting", until: after(turn.now, WORK_WITHIN), sequence } });
  turn.start(mirrored(holdingOf(what)));
}

function asked(turn: Turn, what: Hold, sequence: number): void {
  const { standby, peer } = turn.state;
  const crossed = standby.role === "giving" && standby.step === "asked";
  // Each waits for the other's answer. A heartbeat is deaf to our question from when it has asked.
  if (crossed && (turn.settings.yields || !peer.haagent)) cancel(turn);
  const classes = mirrored(holdingOf(what));
  // What an operator has to look at first is not taken.
  if (what === "none" || !turn.agreed || turn.bars(classes)) return;
  turn.set({ standby: { role: "taking", what, step: "offered", until: NEVER, sequence } });
  turn.say({ kind: "standby", hold: what, step: "other" });
}

/** Goes on when our scripts are through. */
export function standbyProgress(turn: Turn): void {
  const { standby } = turn.state;
  if (standby.role === "none") return;
  const { role, step, what } = standby;
  if (role === "giving" && step === "stopping" && turn.stopped(holdingOf(what))) {
    turn.set({ standby: { ...standby, step: "taking", until: after(turn.now, WORK_WITHIN) } });
    turn.say({ kind: "standby", hold: what, step: "done" });
  }
  if (role === "taking" && step === "starting" && turn.settled(mirrored(holdingOf(what)))) {
    turn.say({ kind: "standby", hold: what, step: "done" });
    finish(turn);
  }
}

function finish(turn: Turn): void {
  const { standby } = turn.state;
  if (standby.role === "none") return;
  if (standby.role === "giving" && holdingOf(standby.what).foreign) turn.set({ owed: false });
  turn.set({ standby: { role: "none" } });
  turn.report(true);
  turn.news("standby-done", standby.what);
}

/** Whether nothing of it has begun on this node. */
export const isWaiting = (standby: Standby): boolean =>
  standby.role !== "none" && (standby.step === "asked" || standby.step === "offered");

/** The other one has said what it holds, and that nothing is under way there: then nothing is under way between us either. */
export function standbyReported(turn: Turn, sequence: number): void {
  const { standby } = turn.state;
  if (standby.role === "none" || sequence <= standby.sequence) return;
  if (standby.role === "giving" && standby.step === "taking") finish(turn);
  if (standby.role === "taking" && standby.step === "offered") cancel(turn);
}

/** Ends it where it stands. */
export function cancel(turn: Turn): void {
  const { standby } = turn.state;
  if (standby.role === "none") return;
  turn.set({ standby: { role: "none" } });
  turn.news("standby-cancelled", standby.what);
}

/** Too long without an answer; or the other one is no more there to give one. What nobody holds then is found by the audit. */
export function standbyOver(turn: Turn): void {
  const { standby } = turn.state;
  if (standby.role === "none" || standby.until > turn.now) return;
  cancel(turn);
  turn.report(true);
  // It may have been offered because it failed here.
  turn.retry();
}
