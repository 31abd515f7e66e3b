/**
 * ipfail: the side that hears more ping nodes gets the resources. Whoever sees a change tells its count; whoever hears of one compares. A node
 * gives up only after a while, and only if it still hears fewer then: a ping node that both lose is lost to one of them first. A count that
 * grows again is told only when it has lasted, longer after each loss: a ping node that comes and goes moves the groups away, and not back.
 * What is compared is what was told, on both sides: else two nodes that hear one again would send each other away until both have told it.
 */
import type { Milliseconds } from "../base/units.ts";
import { after, ms, NEVER } from "../base/units.ts";
import { isNothing } from "./holding.ts";
import { give } from "./standby.ts";
import type { Turn } from "./takeover-turn.ts";

/** Between two tries to give up, while something else is under way. */
const AGAIN_AFTER = ms(1000);
/** Until a node gives up, at least: heartbeat's two keepalives where those are of a second. A stall of the other one is not shorter for us being quick. */
const WAIT_LEAST = 2000;
/** A count that grows has to last for deadtime, twice as long after each loss, up to this. */
const LASTS_MOST = 300_000;
/** So long after a loss it counts no more. */
const FORGOTTEN_AFTER = ms(1_800_000);

/** How long a count that has grown must stay. */
const lasting = ({ settings: { deadtime }, state: { losses } }: Turn): Milliseconds =>
  ms(Math.max(deadtime, Math.min(LASTS_MOST, deadtime * 2 ** losses)));

/** We hear more or fewer ping nodes; null: there are none, or not all of them were heard or given up yet. */
export function pingsChanged(turn: Turn, alive: number | null): void {
  const { pings, told, losses, lostAt, giveUp, hold } = turn.state;
  if (alive === null) return turn.set({ pings: null, told: null, tellAt: NEVER, giveUp: null });
  if (pings !== null && alive < pings) {
    turn.news("ping-nodes-lost");
    const recent = after(lostAt, FORGOTTEN_AFTER) > turn.now;
    turn.set({ losses: recent ? losses + 1 : 1, lostAt: turn.now });
  }
  turn.set({ pings: alive });
  const saves = giveUp !== null && !isNothing(hold);
  if (told === null || alive <= told || saves) tell(turn);
  else turn.set({ tellAt: after(turn.now, lasting(turn)) });
}

/** Says how many we hear, now. */
function tell(turn: Turn): void {
  turn.set({ told: turn.state.pings, tellAt: NEVER });
  tellPings(turn);
}

/** Says how many we hear, as far as that has lasted. */
export function tellPings(turn: Turn): void {
  const { peer, phase, told } = turn.state;
  if (turn.settings.failback === "legacy" || phase !== "stable" || peer.status !== "alive") return;
  if (told !== null) turn.say({ kind: "ping-count", to: turn.settings.peer, count: told });
}

/** A count that has grown has lasted. */
export function pingsDue(turn: Turn): void {
  if (turn.state.tellAt <= turn.now) tell(turn);
}

/** The other one hears so many. */
export function pingsTold(turn: Turn, theirs: number): void {
  const { told, phase } = turn.state;
  const { peer: to, failback } = turn.settings;
  if (failback === "legacy" || phase !== "stable" || told === null) return;
  turn.setPeer({ pings: theirs });
  const ours = told < theirs ? saved(turn, told) : told;
  if (ours > theirs) return turn.say({ kind: "give-up", to, really: true });
  if (ours < theirs) return schedule(turn);
  turn.say({ kind: "give-up", to, really: false });
  turn.set({ giveUp: null, owed: true });
}

/** What we have told, and, where we may lose what we have for that, what we hear: told in time it keeps everything in its place. */
function saved(turn: Turn, told: number): number {
  const { pings, hold } = turn.state;
  if (pings === null || pings <= told || isNothing(hold)) return told;
  tell(turn);
  return pings;
}

function schedule(turn: Turn): void {
  const wait = ms(Math.max(WAIT_LEAST, 2 * turn.settings.keepalive));
  turn.set({ giveUp: { what: "all", at: after(turn.now, wait) } });
}

/** The other one has compared: we hear fewer, or as many. */
export function giveUpTold(turn: Turn, really: boolean): void {
  const { phase, told } = turn.state;
  if (turn.settings.failback === "legacy" || phase !== "stable" || told === null) return;
  if (!really) return turn.set({ giveUp: null });
  saved(turn, told);
  schedule(turn);
}

export function giveUpDue(turn: Turn): void {
  const { giveUp, hold, pinned } = turn.state;
  if (giveUp === null || giveUp.at > turn.now) return;
  const done =
    pinned || isNothing(hold) || give(turn, giveUp.what, giveUp.what === "all" ? "pings" : "failback");
  turn.set({ giveUp: done ? null : { ...giveUp, at: after(turn.now, AGAIN_AFTER) } });
}
