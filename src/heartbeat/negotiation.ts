/**
 * How a node that begins comes to what prefers it: it says `starting`, hears what the other one holds, and takes its own groups as soon as
 * the other one is stable, or after ten seconds, unless the other one has them. Then, what either is owed, and what nobody has.
 */
import { after, ms, NEVER } from "../base/units.ts";
import type { Content } from "./content.ts";
import { holdingOf, isNothing, mirrored, NOTHING, union } from "./holding.ts";
import { compare, reportAgainAt } from "./partition.ts";
import { takeOver } from "./death.ts";
import { tellPings } from "./ipfail.ts";
import { give, standbyReported } from "./standby.ts";
import type { Turn } from "./takeover-turn.ts";
import { ACQUIRES, LEAVES } from "./takeover-turn.ts";

/** A negotiation without a stable one ends. */
const STABLE_AFTER = ms(10_000);
/** So long nobody may hold what prefers us before we take it: a report may be on its way. */
const AUDIT_AFTER = ms(2000);
/** Between two reports to a node that makes none; the first comes after so many keepalives: it hears us, too, by then. */
const SILENCE = ms(5000);
const HEARS_US = 1.5;

/** Takes part as soon as membership does, and nothing of an earlier agent runs. */
export function begin(turn: Turn): void {
  const { phase, active, peer } = turn.state;
  if (phase !== "init" || !active || !turn.settled({ local: true, foreign: true })) return;
  const legacy = turn.settings.failback === "legacy";
  turn.set({
    phase: legacy ? "stable" : "starting",
    stableAt: legacy ? NEVER : after(turn.now, STABLE_AFTER),
  });
  if (!legacy) turn.say({ kind: "starting" });
  if (legacy) turn.set({ requestAt: turn.now });
  if (peer.status === "dead" || peer.status === "gone") takeOver(turn);
}

/** The other one begins: it holds nothing. */
export function peerStarts(turn: Turn, sequence: number): void {
  turn.setPeer({ hold: NOTHING, stable: false, reported: true, sequence });
  const { phase, standby } = turn.state;
  if (phase !== "starting" && phase !== "received" && phase !== "stable") return;
  turn.set({ owed: true });
  turn.report(phase === "stable" && standby.role === "none");
  if (phase === "starting") receive(turn);
}

const receive = (turn: Turn): void =>
  turn.set({ phase: "received", stableAt: after(turn.now, STABLE_AFTER) });

/** The other one says what it holds. */
export function peerReports(
  turn: Turn,
  { hold, full, stable, info, pings }: Extract<Content, { readonly kind: "resource" }>,
  sequence: number,
): void {
  const { peer } = turn.state;
  // One that was lost, and came only now.
  if (sequence <= peer.sequence) return;
  if (!full) return turn.setPeer({ hold: union(peer.hold, holdingOf(hold)) });
  const settles = !peer.stable && stable === true;
  // One that leaves says that it holds nothing before it has stopped it: `shutdone` is the word for that.
  const reported = info !== LEAVES;
  turn.setPeer({ hold: holdingOf(hold), stable: stable === true, reported, sequence });
  if (!reported) turn.set({ yieldAt: NEVER });
  if (pings !== null) turn.setPeer({ haagent: true, pings });
  if (stable === true) standbyReported(turn, sequence);
  const { phase } = turn.state;
  if (phase === "starting") receive(turn);
  if (phase === "starting" || phase === "received") {
    if (stable === true) settle(turn);
  } else if (settles && turn.agreed && turn.settings.failback !== "legacy") turn.report(true);
  if (stable === true) compare(turn);
  if (settles) tellPings(turn);
}

/** The negotiation is over. */
function settle(turn: Turn): void {
  turn.set({ phase: "stable", stableAt: NEVER });
  const { peer } = turn.state;
  if (peer.hold.foreign) return turn.report(true);
  turn.start({ local: true, foreign: false });
  turn.report(true, ACQUIRES);
}

/** The ten seconds are over. Without a word from the other one nothing is taken: it lives, and may hold everything. */
export function negotiationDue(turn: Turn): void {
  const { phase, stableAt, peer } = turn.state;
  if (stableAt > turn.now) return;
  if (phase === "received" && peer.reported) return settle(turn);
  turn.set({ stableAt: after(turn.now, STABLE_AFTER) });
  if (peer.status === "alive") turn.say({ kind: "starting" });
}

/** Whether the other one is to be asked now to take what prefers it. */
export function failbackDue(turn: Turn): void {
  const { state, settings } = turn;
  const { owed, hold, peer, pings } = state;
  if (settings.failback !== true || !owed || !turn.agreed) return;
  if (!hold.foreign) return turn.set({ owed: false });
  // To the side that sees less nothing goes by itself.
  if (state.pinned || (peer.pings !== null && peer.pings < (pings ?? 0)) || state.giveUp !== null) return;
  give(turn, "foreign", "failback");
}

/** Says what we hold, again, to a node that lives and does not say what it holds: what either said before it was heard is lost. */
function silence(turn: Turn): void {
  const { phase, peer, auditAt, standby, yieldAt } = turn.state;
  const { keepalive } = turn.settings;
  const legacy = turn.settings.failback === "legacy";
  // In the old way nobody reports but after a partition.
  if (legacy && yieldAt === NEVER) return turn.set({ auditAt: NEVER });
  if (phase !== "stable" || peer.status !== "alive" || peer.reported || standby.role !== "none") {
    return turn.set({ auditAt: NEVER });
  }
  if (auditAt <= turn.now) turn.report(true);
  if (auditAt === NEVER) turn.set({ auditAt: after(turn.now, ms(HEARS_US * keepalive)) });
  else if (auditAt <= turn.now) turn.set({ auditAt: after(turn.now, SILENCE) });
}

/** Looks for groups that nobody has, or both. */
export function audit(turn: Turn): void {
  const { state, settings } = turn;
  const { hold, peer, auditAt, phase, standby } = state;
  const doubled =
    phase === "stable" &&
    peer.status === "alive" &&
    standby.role === "none" &&
    peer.haagent &&
    !isNothing(turn.doubled);
  if (!turn.agreed && !doubled) return silence(turn);
  const theirs = mirrored(peer.hold);
  // The old way asks for its own until it has them.
  const legacy = settings.failback === "legacy";
  const local = !legacy && !hold.local && !theirs.local;
  // An haagent does the same with its own.
  const foreign = !legacy && !hold.foreign && !theirs.foreign && !peer.haagent;
  if (!local && !foreign && !doubled) return turn.set({ auditAt: NEVER });
  // Of a silence that has ended it may be set, and too late.
  const next = doubled ? reportAgainAt(turn) : after(turn.now, AUDIT_AFTER);
  if (auditAt > next) return turn.set({ auditAt: next });
  if (auditAt > turn.now) return;
  turn.set({ auditAt: after(turn.now, AUDIT_AFTER) });
  if (doubled) return turn.report(true);
  if (!local) return void give(turn, "foreign", "unheld");
  turn.start({ local: true, foreign: false });
  turn.report(true, ACQUIRES);
}
