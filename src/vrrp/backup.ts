/** A virtual router in the backup state, RFC 9568 6.4.2: whom it hears, how long it is patient, when it takes over. */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { after, elapsed, NEVER } from "../base/units.ts";
import { same, toBackup, toMaster } from "./enter.ts";
import { overslept } from "./lateness.ts";
import { outranks } from "./rank.ts";
import type { Event, Master, Settings, State, Step } from "./state.ts";
import { RELEASING } from "./state.ts";
import { believedInterval, masterDownInterval, skew } from "./timing.ts";

type Backup = Extract<State, { kind: "backup" }>;

/** The backup state. */
export function fromBackup(settings: Settings, state: Backup, event: Event, now: Instant): Step {
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
    case "take-over":
      return toMaster(settings, now, "takeover by the operator");
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
