/** Takeover under another configuration, while it runs: groups come, go, and change; what stays is as it was. */
import type { Instant } from "../base/units.ts";
import { mayRun, UNKNOWN } from "./group.ts";
import type { GroupPlan, Settings, State, Step } from "./takeover-state.ts";
import { Turn } from "./takeover-turn.ts";

/**
 * `state` of `before`, with the groups of `settings`. A group that is new is looked at, stopped where it runs, and started where we hold its
 * class; one that is retired is stopped. A group must be retired before it is left out: see {@link isRetired}.
 */
export function regrouped(before: Settings, settings: Settings, state: State, now: Instant): Step {
  const known = new Set(settings.groups.map(({ key }) => key));
  const turn = new Turn(settings, state, now);
  turn.set({
    groups: new Map(settings.groups.map(({ key }) => [key, state.groups.get(key) ?? UNKNOWN])),
    barred: new Set([...state.barred].filter((key) => known.has(key))),
    requested: new Set([...state.requested].filter((key) => known.has(key))),
  });
  for (const plan of settings.groups) {
    const fresh = !state.groups.has(plan.key);
    const revived = before.groups.some(({ key, retired }) => key === plan.key && retired);
    if (plan.retired || fresh) turn.drive(plan, { kind: "stop" });
    if ((fresh || revived) && turn.mayStart(plan)) adopt(turn, plan);
  }
  return { state: turn.state, actions: turn.actions };
}

/** A new group goes with its class; in the old way the other node is asked for what prefers us, as it may have it already. */
function adopt(turn: Turn, plan: GroupPlan): void {
  const { hold, peer } = turn.state;
  if (!(plan.local ? hold.local : hold.foreign)) return;
  if (turn.settings.failback === "legacy" && plan.local && peer.status === "alive") {
    turn.set({ requestAt: turn.now });
  } else turn.drive(plan, { kind: "start" });
}

/** Nothing of a retired group can run here any more: it may be left out, or come back as it is now. */
export function isRetired({ groups }: Settings, state: State, key: string): boolean {
  const plan = groups.find((each) => each.key === key);
  const group = state.groups.get(key);
  return plan?.retired === true && (group === undefined || !mayRun(group));
}
