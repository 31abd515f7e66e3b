/**
 * Both nodes had everything, and hear each other again. A heartbeat gives up what it has and starts anew, always: beside one we keep
 * ours, and let go only if it does not. Among haagents each says what it holds and how many ping nodes it hears, and both come to the
 * same: who hears fewer lets go of all that both have, else each keeps the groups that prefer it.
 */
import type { Instant } from "../base/units.ts";
import { after, later, ms, NEVER } from "../base/units.ts";
import { hasBegun } from "./group.ts";
import type { Holding } from "./holding.ts";
import { isNothing, mirrored, NOTHING, overlap, wordOf } from "./holding.ts";
import { forget } from "./death.ts";
import { cancel, isWaiting } from "./standby.ts";
import type { GroupPlan } from "./takeover-state.ts";
import type { Turn } from "./takeover-turn.ts";

/** A heartbeat has let go by then: it begins after two seconds, and its stops take their time. */
const YIELD_WITHIN = ms(30_000);
/** Between two reports while both have the same, at least. */
const REPORT_EVERY = ms(1000);

/** It is heard. Where we had everything because it never was, it may have everything too: nothing tells its first word from a return. */
export function peerHeard(turn: Turn): void {
  const { peer, phase } = turn.state;
  if (peer.status === "gone") return;
  turn.setPeer({ status: "alive" });
  turn.set({ fence: { kind: "idle" } });
  if (peer.status !== "dead" || phase !== "stable") return;
  turn.report(true);
  doubt(turn);
}

/** It was taken for dead without having been so. */
export function peerReturned(turn: Turn): void {
  const { phase } = turn.state;
  turn.setPeer({ status: "alive", hold: NOTHING, stable: false, reported: false });
  forget(turn);
  turn.news("partition");
  if (phase !== "stable") return;
  turn.report(true);
  doubt(turn);
}

/** A heartbeat, or one that has not said what it is, may have the same, and has some time to let go of it. */
function doubt(turn: Turn): void {
  if (!turn.state.peer.haagent) turn.set({ yieldAt: after(turn.now, YIELD_WITHIN) });
}

/** The other one has said what it holds. */
export function compare(turn: Turn): void {
  const { phase, standby, peer, told } = turn.state;
  if (phase !== "stable" || (standby.role !== "none" && !isWaiting(standby))) return;
  const shared = turn.doubled;
  if (isNothing(shared)) return turn.set({ yieldAt: NEVER });
  // What was asked for before rests on what is not so.
  if (standby.role !== "none") cancel(turn);
  if (!peer.haagent) {
    if (turn.state.yieldAt === NEVER) doubt(turn);
    return;
  }
  turn.set({ yieldAt: NEVER });
  const more = (told ?? 0) - (peer.pings ?? 0);
  const loses = more < 0 ? shared : more > 0 ? NOTHING : { ...shared, local: false };
  unrepeatable(turn, shared, loses);
  if (!isNothing(loses)) letGo(turn, loses);
  else if (after(turn.state.reportedAt, REPORT_EVERY) <= turn.now) turn.report(true);
}

/** Groups whose data two nodes may have destroyed: whoever lets go of one does not start it again, and who keeps it does not give it. */
function unrepeatable(turn: Turn, shared: Holding, loses: Holding): void {
  if (turn.settings.fence !== null) return;
  const written = (of: Holding): readonly GroupPlan[] =>
    turn.plansOf(of).filter((plan) => {
      const group = turn.state.groups.get(plan.key);
      return plan.shared && group !== undefined && hasBegun(group);
    });
  if (written(shared).length > 0) turn.set({ pinned: true });
  const barred = written(loses);
  if (barred.length === 0) return;
  turn.set({ barred: new Set([...turn.state.barred, ...barred.map(({ key }) => key)]) });
  turn.news("barred", wordOf(loses));
}

function letGo(turn: Turn, loses: Holding): void {
  turn.news("let-go", wordOf(loses));
  turn.stop(loses);
  turn.report(true);
}

/** Sees when what we let go of, in a standby that nobody waits for any more too, is stopped. */
export function letGoProgress(turn: Turn): void {
  const { phase, standby, lettingGo, peer } = turn.state;
  const now = phase === "stable" && standby.role === "none" && turn.isLettingGo;
  if (now === lettingGo) return;
  turn.set({ lettingGo: now });
  if (!now && phase === "stable" && (turn.settings.failback !== "legacy" || peer.haagent)) turn.report(true);
}

/** A heartbeat came back and has not let go: it did not see us return. Then we do. */
export function yieldDue(turn: Turn): void {
  const { yieldAt, peer, hold } = turn.state;
  if (yieldAt > turn.now) return;
  turn.set({ yieldAt: NEVER });
  const theirs = peer.reported ? peer.hold : peer.before;
  const loses = overlap(hold, mirrored(theirs));
  if (isNothing(loses)) return;
  unrepeatable(turn, loses, loses);
  letGo(turn, loses);
}

/** When to say again what we hold, while both have the same. */
export const reportAgainAt = (turn: Turn): Instant =>
  later(turn.now, after(turn.state.reportedAt, REPORT_EVERY));

/** An operator has looked: what was barred here may be started, and what failed is tried again. */
export function unbar(turn: Turn): void {
  const barred = turn.state.barred;
  turn.set({ barred: new Set(), pinned: false });
  for (const plan of turn.plansOf(turn.state.hold)) {
    if (barred.has(plan.key) && turn.mayStart(plan)) turn.drive(plan, { kind: "start" });
  }
  turn.retry();
}
