/** A virtual router in the master state, RFC 9568 6.4.3: it advertises, asserts itself, and yields to a better one. */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, elapsed, later, ms } from "../base/units.ts";
import { patience, same, toBackup } from "./enter.ts";
import { stalled } from "./lateness.ts";
import type { Action, Event, Master, Settings, State, Step } from "./state.ts";
import { RELEASING } from "./state.ts";
import { tieWith, yields } from "./tie.ts";
import { believedInterval, rulesOf } from "./timing.ts";

type Active = Extract<State, { kind: "master" }>;

/** An advert may leave this much early, so that routers due at almost the same time share one wake-up and one system call. */
const COALESCE: Milliseconds = ms(1);

/** The master state. */
export function fromMaster(settings: Settings, state: Active, event: Event, now: Instant): Step {
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
        event.reason,
      );
    case "outranked":
      return outranked(settings, event, now);
    case "start":
    case "resume":
    case "promote":
    case "released":
    case "slept":
    case "take-over":
    case "withhold":
    case "stop":
      return same(state);
    default:
      return unreachable(event);
  }
}

/** Gives way to a better master whose adverts do not come, and maybe ours do not reach it: no last word. */
function outranked(
  settings: Settings,
  { source: address, priority, until }: Extract<Event, { kind: "outranked" }>,
  now: Instant,
): Step {
  const version = rulesOf(settings.version, null);
  const master: Master = { address, priority, interval: settings.interval, heardAt: now, version };
  const masterDownAt = later(patience(settings, master, now), until);
  return {
    state: { kind: "backup", masterDownAt, expired: false, master, preemptAt: null },
    actions: [{ kind: "release" }],
    reason: `${address} has priority ${priority} and is master, though no advert of it comes`,
  };
}

/** The regular advert; the next one is due an interval after `from`, so small lateness does not add up. */
function advertise(settings: Settings, state: Active, now: Instant, from: Instant): Step {
  return same(
    { ...state, advertiseAt: after(from, settings.interval), sentAt: now, sentBefore: state.sentAt },
    [{ kind: "advertise", priority: settings.priority }],
  );
}

function hearAsMaster(
  settings: Settings,
  state: Active,
  advert: Extract<Event, { kind: "advert" }>,
  now: Instant,
): Step {
  const { source, priority: theirs, version } = advert;
  const tie = tieWith(settings, state, advert, now);
  if (yields(settings, state, tie, advert, now)) {
    const interval = believedInterval(settings.version, settings.interval, advert.interval);
    const master: Master = { address: source, priority: theirs, interval, heardAt: now, version };
    // Departs from RFC 9568 6.4.3, which is silent here: one last advert lets the winner know that it was contested, so that it
    // announces its addresses again. Never priority 0, which would make third routers believe that the winner left.
    const actions: Action[] = [{ kind: "advertise", priority: settings.priority }, { kind: "release" }];
    return toBackup(settings, master, now, actions, `${source} has priority ${theirs}`);
  }
  // RFC 9568 6.4.3: assert at once, so that the other router and the learning bridges hear us. Limited, as a peer that cannot
  // hear us would make us talk for ever; the addresses are told all the same, as this may be the loser's last word, and what was
  // told before it the loser may have told over.
  const standing = { ...state, tie };
  if (now < state.assertAt) return same(standing, [{ kind: "announce" }]);
  const assertion = advertise(settings, standing, now, now);
  const assertAt = after(now, ms(Math.max(5, settings.interval / 10)));
  return {
    ...assertion,
    state: assertion.state.kind === "master" ? { ...assertion.state, assertAt } : assertion.state,
    actions: [...assertion.actions, { kind: "announce" }],
  };
}
