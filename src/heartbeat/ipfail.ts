/**
 * ipfail: the side that hears more ping nodes gets the resources. Whoever sees a change tells its count; whoever hears of one compares. A node
 * gives up only after twice the keepalive, and only if it still hears fewer then: a ping node that both lose is lost to one of them first.
 */
import { after, ms } from "../base/units.ts";
import { isNothing } from "./holding.ts";
import { give } from "./standby.ts";
import type { Turn } from "./takeover-turn.ts";

/** Between two tries to give up, while something else is under way. */
const AGAIN_AFTER = ms(1000);

/** We hear more or fewer ping nodes. */
export function pingsChanged(turn: Turn, alive: number): void {
  if (alive < (turn.state.pings ?? 0)) turn.news("ping-nodes-lost");
  turn.set({ pings: alive });
  tellPings(turn);
}

/** Says how many we hear. */
export function tellPings(turn: Turn): void {
  const { peer, phase, pings } = turn.state;
  if (turn.settings.failback === "legacy" || phase !== "stable" || peer.status !== "alive") return;
  if (pings !== null) turn.say({ kind: "ping-count", to: turn.settings.peer, count: pings });
}

/** The other one hears so many. */
export function pingsTold(turn: Turn, theirs: number): void {
  const { pings: counted, phase } = turn.state;
  const pings = counted ?? 0;
  const { peer: to, failback } = turn.settings;
  if (failback === "legacy" || phase !== "stable") return;
  turn.setPeer({ pings: theirs });
  if (pings > theirs) return turn.say({ kind: "give-up", to, really: true });
  if (pings < theirs) return schedule(turn);
  turn.say({ kind: "give-up", to, really: false });
  turn.set({ giveUp: null, owed: true });
}

function schedule(turn: Turn): void {
  turn.set({ giveUp: { what: "all", at: after(turn.now, ms(2 * turn.settings.keepalive)) } });
}

/** The other one has compared: we hear fewer, or as many. */
export function giveUpTold(turn: Turn, really: boolean): void {
  if (turn.settings.failback === "legacy" || turn.state.phase !== "stable") return;
  if (really) schedule(turn);
  else turn.set({ giveUp: null });
}

export function giveUpDue(turn: Turn): void {
  const { giveUp, hold, pinned } = turn.state;
  if (giveUp === null || giveUp.at > turn.now) return;
  const done = pinned || isNothing(hold) || give(turn, giveUp.what);
  turn.set({ giveUp: done ? null : { ...giveUp, at: after(turn.now, AGAIN_AFTER) } });
}
