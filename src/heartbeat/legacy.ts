/**
 * auto_failback "legacy": no negotiation. A node that begins asks the other one for each group that prefers it, and starts it when the other one
 * has answered, which does so when it has stopped it.
 */
import { after, ms, NEVER } from "../base/units.ts";
import type { Octets } from "../wire/heartbeat-message.ts";
import { mayRun } from "./group.ts";
import type { GroupPlan } from "./takeover-state.ts";
import type { Turn } from "./takeover-turn.ts";

/** Between two requests for a group: a node that is not active does not answer. */
const REQUEST_EVERY = ms(2000);

/** Groups that prefer us, and that we have not begun to start. */
const missing = (turn: Turn): readonly GroupPlan[] =>
  turn.plansOf({ local: true, foreign: false }).filter((plan) => {
    const group = turn.state.groups.get(plan.key);
    return group?.wanted === "down" && turn.mayStart(plan);
  });

/** Asks for what prefers us and does not run here. */
function requestGroups(turn: Turn): void {
  const groups = missing(turn);
  for (const { key } of groups) turn.say({ kind: "ip-request", group: key });
  turn.set({ requestAt: groups.length === 0 ? NEVER : after(turn.now, REQUEST_EVERY) });
}

export function requestDue(turn: Turn): void {
  const { requestAt, phase, peer } = turn.state;
  if (requestAt > turn.now) return;
  if (phase === "stable" && peer.status === "alive") requestGroups(turn);
  // It may be back before it is fenced: then nothing is taken over.
  else turn.set({ requestAt: phase === "stable" ? after(turn.now, REQUEST_EVERY) : NEVER });
}

/** The other one asks for a group that prefers it: it is stopped, then answered for. */
export function groupRequested(turn: Turn, group: Octets): void {
  const plan = turn.settings.groups.find(({ key }) => key === group);
  if (turn.settings.failback !== "legacy" || plan === undefined || plan.local) return;
  turn.set({ requested: new Set([...turn.state.requested, group]) });
  turn.drive(plan, { kind: "stop" });
  const foreign = turn
    .plansOf({ local: false, foreign: true })
    .some(({ key }) => turn.state.groups.get(key)?.wanted === "up");
  turn.set({ hold: { ...turn.state.hold, foreign } });
}

/** Answers for what is stopped. */
export function requestProgress(turn: Turn): void {
  for (const group of turn.state.requested) {
    const state = turn.state.groups.get(group);
    if (state !== undefined && mayRun(state)) continue;
    const requested = new Set(turn.state.requested);
    requested.delete(group);
    turn.set({ requested });
    turn.say({ kind: "ip-response", to: turn.settings.peer, group, owned: true });
  }
}

/** The other one does not have a group any more. */
export function groupGranted(turn: Turn, group: Octets): void {
  const plan = missing(turn).find(({ key }) => key === group);
  if (turn.settings.failback !== "legacy" || turn.state.phase !== "stable" || plan === undefined) return;
  turn.set({ hold: { ...turn.state.hold, local: true } });
  turn.drive(plan, { kind: "start" });
}
