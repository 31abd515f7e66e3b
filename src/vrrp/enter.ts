/** The states as one function each: what a machine does on entering stands here and nowhere else. */
import type { Instant } from "../base/units.ts";
import { after } from "../base/units.ts";
import type { Action, Master, Settings, State, Step } from "./state.ts";
import { RELEASING } from "./state.ts";
import { masterDownInterval } from "./timing.ts";

/** Stays as it is, but for the data in it. */
export const same = (state: State, actions: readonly Action[] = []): Step => ({
  state,
  actions,
  reason: null,
});

/** Fault or end. A master says so and gives everything back; `silent`: its interface cannot carry a word. */
export function toInit(from: State, silent: boolean): Step {
  const actions: Action[] = [];
  if (from.kind === "master") {
    if (!silent) actions.push({ kind: "advertise", priority: RELEASING });
    actions.push({ kind: "release" });
  }
  return { state: { kind: "init" }, actions, reason: "stopped" };
}

/** Listens anew: for the interval of `master`, or of its own where that is null. */
export function toBackup(
  settings: Settings,
  master: Master | null,
  now: Instant,
  actions: readonly Action[],
  reason: string,
): Step {
  const interval = master === null ? settings.interval : master.interval;
  const masterDownAt = after(now, masterDownInterval(settings.version, settings.priority, interval));
  return {
    state: { kind: "backup", masterDownAt, expired: false, master, preemptAt: null },
    actions,
    reason,
  };
}

/** Takes over: advertises at once, and takes the addresses. */
export function toMaster(settings: Settings, now: Instant, reason: string): Step {
  return {
    state: {
      kind: "master",
      advertiseAt: after(now, settings.interval),
      sentAt: now,
      sentBefore: null,
      assertAt: now,
    },
    actions: [{ kind: "advertise", priority: settings.priority }, { kind: "take" }],
    reason,
  };
}
