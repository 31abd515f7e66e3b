/** A virtual router in the backup state, RFC 9568 6.4.2: whom it hears, how long it is patient, when it takes over. */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { after, earlier, elapsed, later, NEVER } from "../base/units.ts";
import { patience, same, toBackup, toMaster } from "./enter.ts";
import { overslept } from "./lateness.ts";
import type { Event, Master, Settings, State, Step } from "./state.ts";
import { RELEASING } from "./state.ts";
import { outranksSurely } from "./tie.ts";
import { believedInterval } from "./timing.ts";

type Backup = Extract<State, { kind: "backup" }>;

/** The backup state. */
export function fromBackup(settings: Settings, state: Backup, event: Event, now: Instant): Step {
  switch (event.kind) {
    case "advert":
      return hearAsBackup(settings, state, event, now);
    case "released":
      return masterReleased(settings, state, event, now);
    case "outranked":
      if (now >= event.until) return same(state);
      // Whoever it follows: one that is worse has to give way, too, and not to this one.
      return same({
        ...state,
        masterDownAt: state.expired ? event.until : later(state.masterDownAt, event.until),
        expired: false,
      });
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
    case "slept":
      return same({ ...state, masterDownAt: patience(settings, state.master, now), expired: false });
    case "promote":
      return toMaster(settings, now, silence(state, now));
    case "take-over":
      return toMaster(settings, now, "takeover by the operator");
    case "settings":
      return resettle(settings, state, now);
    case "withhold":
      return same({ ...state, masterDownAt: event.until, expired: false });
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

/**
 * What a priority of 0 would say (RFC 9568 6.4.2), of the master that is followed and of nobody else. The skew lets the best of several
 * backups come first: who is alone need not wait for it.
 */
function masterReleased(
  settings: Settings,
  state: Backup,
  { source, alone, sureAt }: Extract<Event, { kind: "released" }>,
  now: Instant,
): Step {
  const known = state.master;
  if (known === null || known.address !== source || state.expired) return same(state);
  const gone: Master = { ...known, priority: RELEASING, heardAt: now };
  const sure = later(now, sureAt);
  const latest = alone ? later(sure, settings.listensUntil) : patience(settings, gone, sure);
  const masterDownAt = earlier(state.masterDownAt, latest);
  if (now < sure) return same({ ...state, masterDownAt });
  return fromBackup(settings, { ...state, master: gone, masterDownAt }, { kind: "deadline" }, now);
}

/**
 * A reload may have taken it out of its sync group, so that nobody promotes it any more, or changed its startup delay. Where its own
 * priority fell below that of the master it was taking over from, that one, heard lately, is a better one by now.
 */
function resettle(settings: Settings, state: Backup, now: Instant): Step {
  const { master, preemptAt } = state;
  if (master !== null && preemptAt !== null && master.priority >= settings.priority) {
    const masterDownAt = patience(settings, master, master.heardAt);
    if (now < masterDownAt) return same({ ...state, masterDownAt, expired: false, preemptAt: null });
  }
  if (state.expired) return same(settings.grouped ? state : { ...state, masterDownAt: now, expired: false });
  const anew = patience(settings, state.master, now);
  const masterDownAt = now < settings.listensUntil ? anew : earlier(state.masterDownAt, anew);
  return same({ ...state, masterDownAt });
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
  const { source: address, priority, version } = advert;
  const master: Master = { address, priority, interval, heardAt: now, version };
  const known = state.master;
  const alive =
    known !== null && known.address !== address && elapsed(known.heardAt, now) <= 2 * known.interval;
  if (priority === RELEASING) {
    // RFC 9568 6.4.2 waits only the skew, whoever sends this; a loser that leaves is no reason to stop waiting for the winner.
    if (alive) return same(state);
    return same({ ...state, master, masterDownAt: patience(settings, master, now), expired: false });
  }
  // The last word of a router that lost to the master we know: believing its interval, when that is the shorter one, would make us
  // take over before the master speaks again, and lose, and mislead the next one with our own last word.
  if (alive && outranksSurely(settings, known, priority, address)) return same(state);
  const better = priority >= settings.priority;
  const patient = patience(settings, master, now);
  if (better || !settings.preempt) {
    return same({ kind: "backup", masterDownAt: patient, expired: false, master, preemptAt: null });
  }
  const preemptAt = state.preemptAt ?? after(now, settings.preemptDelay);
  // A master of lower priority is let alone until preempt_delay is over, then no longer heard (RFC 9568 6.4.2).
  return now < preemptAt
    ? same({ kind: "backup", masterDownAt: patient, expired: false, master, preemptAt })
    : same({ ...state, master, preemptAt });
}
