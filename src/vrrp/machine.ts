/**
 * One virtual router as a pure machine: `step(settings, state, event, now)` gives the next state and what to do, RFC 9568
 * section 6.4 (RFC 3768 6.4 for version 2). Each state holds exactly the data that exists in it, its deadline included.
 *
 *            start, priority 255                        start, below 255
 *   init ────────────────────────► master    init ────────────────────────► backup
 *   backup ── nobody heard for Active_Down_Interval, or `promote` ─────────► master
 *   master ── a better master heard, `yield`, or a stall ──────────────────► backup
 *   any ───── `stop` ──────────────────────────────────────────────────────► init
 *
 * Where we depart from the RFC, because its users were bitten, the place says so.
 */
import type { Ip } from "../base/address.ts";
import { compareIp } from "../base/address.ts";
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds, Priority } from "../base/units.ts";
import { after, elapsed, ms, NEVER } from "../base/units.ts";
import type { Action, Event, Master, Settings, State, Step } from "./state.ts";
import { OWNER, RELEASING } from "./state.ts";
import { believedInterval, masterDownInterval, skew } from "./timing.ts";

type Backup = Extract<State, { kind: "backup" }>;
type Active = Extract<State, { kind: "master" }>;

/** An advert may leave this much early, so that routers due at almost the same time share one wake-up and one system call. */
const COALESCE: Milliseconds = ms(1);

/** Beyond this lateness a backup's expired timer proves nothing: it was us who did not run. */
const LATE: Milliseconds = ms(100);

/** A master silent for more than two of its intervals may have been replaced: it must listen before it speaks. */
export function stalled(settings: Settings, state: State, now: Instant): boolean {
  return state.kind === "master" && elapsed(state.sentAt, now) > 2 * settings.interval;
}

/**
 * A backup that should have taken over long ago was not running, and what waits for it is as old: it heard nobody because it slept.
 */
export function overslept(settings: Settings, state: State, now: Instant): boolean {
  if (state.kind !== "backup") return false;
  const interval = state.master === null ? settings.interval : state.master.interval;
  return elapsed(state.masterDownAt, now) > Math.max(LATE, interval);
}

/** The transition function. */
export function step(settings: Settings, state: State, event: Event, now: Instant): Step {
  if (event.kind === "stop") return toInit(state, event.silent);
  switch (state.kind) {
    case "init":
      return fromInit(settings, state, event, now);
    case "backup":
      return fromBackup(settings, state, event, now);
    case "master":
      return fromMaster(settings, state, event, now);
    default:
      return unreachable(state);
  }
}

const same = (state: State, actions: readonly Action[] = []): Step => ({ state, actions, reason: null });

function toInit(from: State, silent: boolean): Step {
  const actions: Action[] = [];
  if (from.kind === "master") {
    if (!silent) actions.push({ kind: "advertise", priority: RELEASING });
    actions.push({ kind: "release" });
  }
  return { state: { kind: "init" }, actions, reason: "stopped" };
}

function toBackup(
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

function toMaster(settings: Settings, now: Instant, reason: string): Step {
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

function fromInit(settings: Settings, state: State, event: Event, now: Instant): Step {
  switch (event.kind) {
    case "start":
      // RFC 9568 6.4.1. A grouped owner waits for its group like everybody else.
      return settings.priority === OWNER && !settings.grouped
        ? toMaster(settings, now, "owner of the addresses")
        : toBackup(settings, null, now, [], "started");
    case "resume": {
      const step = toMaster(settings, now, "resumed after a restart");
      return step.state.kind === "master"
        ? { ...step, state: { ...step.state, sentBefore: event.sentAt } }
        : step;
    }
    case "advert":
    case "deadline":
    case "unsent":
    case "settings":
    case "promote":
    case "yield":
    case "stop":
      return same(state);
    default:
      return unreachable(event);
  }
}

function fromBackup(settings: Settings, state: Backup, event: Event, now: Instant): Step {
  switch (event.kind) {
    case "advert":
      return hearAsBackup(settings, state, event, now);
    case "deadline": {
      if (now < state.masterDownAt) return same(state);
      if (overslept(settings, state, now)) {
        // Departs from RFC 9568 6.4.2, which would have it take over.
        const late = elapsed(state.masterDownAt, now);
        return toBackup(
          settings,
          null,
          now,
          [{ kind: "drop-queued" }],
          `late by ${Math.round(late)} ms, listening`,
        );
      }
      if (settings.grouped) return same({ ...state, masterDownAt: NEVER, expired: true });
      return toMaster(settings, now, silence(state, now));
    }
    case "promote":
      return toMaster(settings, now, silence(state, now));
    case "settings":
      // Out of its sync group by a reload: nobody promotes it any more.
      return state.expired && !settings.grouped
        ? same({ ...state, masterDownAt: now, expired: false })
        : same(state);
    case "start":
    case "resume":
    case "unsent":
    case "yield":
    case "stop":
      return same(state);
    default:
      return unreachable(event);
  }
}

function silence(state: Backup, now: Instant): string {
  if (state.master === null) return "no master heard";
  const { address, heardAt } = state.master;
  if (state.master.priority === RELEASING) return `${address} released it`;
  const silent = Math.round(elapsed(heardAt, now));
  return state.preemptAt !== null ? `preempting ${address}` : `${address} silent for ${silent} ms`;
}

function hearAsBackup(
  settings: Settings,
  state: Backup,
  advert: Extract<Event, { kind: "advert" }>,
  now: Instant,
): Step {
  const interval = believedInterval(settings.version, settings.interval, advert.interval);
  const master: Master = { address: advert.source, priority: advert.priority, interval, heardAt: now };
  const known = state.master;
  const alive =
    known !== null && known.address !== advert.source && elapsed(known.heardAt, now) <= 2 * known.interval;
  if (advert.priority === RELEASING) {
    // RFC 9568 6.4.2 waits only the skew, whoever sends this; a loser that leaves is no reason to stop waiting for the winner.
    if (alive) return same(state);
    const masterDownAt = after(now, skew(settings.version, settings.priority, interval));
    return same({ ...state, master, masterDownAt, expired: false });
  }
  // The last word of a router that lost to the master we know: believing its interval, when that is the shorter one, would make us
  // take over before the master speaks again, and lose, and mislead the next one with our own last word.
  if (alive && outranks(known.priority, known.address, advert.priority, advert.source)) return same(state);
  const better = advert.priority >= settings.priority;
  const patient = after(now, masterDownInterval(settings.version, settings.priority, interval));
  if (better || !settings.preempt) {
    return same({ kind: "backup", masterDownAt: patient, expired: false, master, preemptAt: null });
  }
  const preemptAt = state.preemptAt ?? after(now, settings.preemptDelay);
  // A master of lower priority is let alone until preempt_delay is over, then no longer heard (RFC 9568 6.4.2).
  return now < preemptAt
    ? same({ kind: "backup", masterDownAt: patient, expired: false, master, preemptAt })
    : same({ ...state, master, preemptAt });
}

function fromMaster(settings: Settings, state: Active, event: Event, now: Instant): Step {
  // Whatever woke us: after a stall nothing may be said before we have listened (two owners otherwise).
  if (event.kind !== "settings" && event.kind !== "unsent" && stalled(settings, state, now)) {
    const silent = Math.round(elapsed(state.sentAt, now));
    const actions: Action[] = [{ kind: "drop-queued" }, { kind: "release" }];
    return toBackup(settings, null, now, actions, `stalled: no advert sent for ${silent} ms`);
  }
  switch (event.kind) {
    case "deadline": {
      const late = elapsed(state.advertiseAt, now);
      if (late < -Math.min(COALESCE, settings.interval / 20)) return same(state);
      // From the due time when a little late, so that lateness does not add up; from now when early or very late.
      const from = late < 0 || late > settings.interval / 2 ? now : state.advertiseAt;
      const advert = advertise(settings, state, now, from);
      return late > settings.interval / 2
        ? { ...advert, actions: [...advert.actions, { kind: "announce" }] }
        : advert;
    }
    case "settings":
      return advertise(settings, state, now, now);
    case "unsent":
      // Nobody has heard of a mastership whose first advert did not leave: it has not begun.
      return state.sentBefore === null
        ? toBackup(settings, null, now, [{ kind: "release" }], "the first advert could not be sent")
        : same({ ...state, sentAt: state.sentBefore });
    case "advert":
      return hearAsMaster(settings, state, event, now);
    case "yield":
      return toBackup(
        settings,
        null,
        now,
        [{ kind: "advertise", priority: RELEASING }, { kind: "release" }],
        "sync group lost",
      );
    case "start":
    case "resume":
    case "promote":
    case "stop":
      return same(state);
    default:
      return unreachable(event);
  }
}

/** The regular advert; the next one is due an interval after `from`, so small lateness does not add up. */
function advertise(settings: Settings, state: Active, now: Instant, from: Instant): Step {
  return same(
    { ...state, advertiseAt: after(from, settings.interval), sentAt: now, sentBefore: state.sentAt },
    [{ kind: "advertise", priority: settings.priority }],
  );
}

/** Who of two masters stays, RFC 9568 6.4.3: the higher priority, then the higher address. */
const outranks = (priority: Priority, address: Ip, thanPriority: Priority, thanAddress: Ip): boolean =>
  priority > thanPriority || (priority === thanPriority && compareIp(address, thanAddress) > 0);

function hearAsMaster(
  settings: Settings,
  state: Active,
  advert: Extract<Event, { kind: "advert" }>,
  now: Instant,
): Step {
  const { source, priority: theirs } = advert;
  if (outranks(theirs, source, settings.priority, settings.source)) {
    const interval = believedInterval(settings.version, settings.interval, advert.interval);
    const master: Master = { address: source, priority: theirs, interval, heardAt: now };
    // Departs from RFC 9568 6.4.3, which is silent here: one last advert lets the winner know that it was contested, so that it
    // announces its addresses again. Never priority 0, which would make third routers believe that the winner left.
    const actions: Action[] = [{ kind: "advertise", priority: settings.priority }, { kind: "release" }];
    return toBackup(settings, master, now, actions, `${source} has priority ${theirs}`);
  }
  // RFC 9568 6.4.3: assert at once, so that the other router and the learning bridges hear us. Limited, as a peer that cannot
  // hear us would make us talk for ever; the addresses are told all the same, as this may be the loser's last word, and what was
  // told before it the loser may have told over.
  if (now < state.assertAt) return same(state, [{ kind: "announce" }]);
  const assertion = advertise(settings, state, now, now);
  const assertAt = after(now, ms(Math.max(5, settings.interval / 10)));
  return {
    ...assertion,
    state: assertion.state.kind === "master" ? { ...assertion.state, assertAt } : assertion.state,
    actions: [...assertion.actions, { kind: "announce" }],
  };
}
