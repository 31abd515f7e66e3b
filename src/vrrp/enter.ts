/** The states as one function each: what a machine does on entering stands here and nowhere else. */
import type { Instant } from "../base/units.ts";
import { after, later } from "../base/units.ts";
import type { Action, Master, Settings, State, Step } from "./state.ts";
import { OWNER, RELEASING } from "./state.ts";
import { masterDownInterval, rulesOf, skew } from "./timing.ts";

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

/**
 * When a backup takes over from a master that says no more. In the startup delay everything is as if it happened at its end, as
 * keepalived has it: who has only just begun to hear, behind a switch port that learns or a bond that forms, has not listened yet.
 */
export function patience(settings: Settings, master: Master | null, now: Instant): Instant {
  const { priority, listensUntil } = settings;
  // An owner waits for nobody (RFC 9568 6.4.1).
  if (priority === OWNER && now < listensUntil) return listensUntil;
  const rules = rulesOf(settings.version, master?.version ?? null);
  const interval = master?.interval ?? settings.interval;
  const span = master?.priority === RELEASING ? skew : masterDownInterval;
  return after(later(now, listensUntil), span(rules, priority, interval));
}

/** Listens anew: for the interval of `master`, or of its own where that is null. */
export function toBackup(
  settings: Settings,
  master: Master | null,
  now: Instant,
  actions: readonly Action[],
  reason: string,
): Step {
  const masterDownAt = patience(settings, master, now);
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
      since: now,
      tie: null,
      assertAt: now,
    },
    actions: [{ kind: "advertise", priority: settings.priority }, { kind: "take" }],
    reason,
  };
}
