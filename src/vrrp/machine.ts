/**
 * One virtual router as a pure machine: `step(settings, state, event, now)` gives the next state and what to do, RFC 9568
 * section 6.4 (RFC 3768 6.4 for version 2). Each state holds exactly the data that exists in it, its deadline included.
 *
 *            start, priority 255                        start, below 255, or in the startup delay
 *   init ────────────────────────► master    init ──────────────────────────────────────────► backup
 *   backup ── nobody heard for Active_Down_Interval, `promote`, `take-over` ► master
 *   master ── a better master heard, `yield`, or a stall ──────────────────► backup
 *   any ───── `stop` ──────────────────────────────────────────────────────► init
 *
 * Where we depart from the RFC, because its users were bitten, the place says so.
 */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { elapsed, instant } from "../base/units.ts";
import { fromBackup } from "./backup.ts";
import { same, toBackup, toInit, toMaster } from "./enter.ts";
import { fromMaster } from "./master.ts";
import type { Event, Settings, State, Step } from "./state.ts";
import { OWNER } from "./state.ts";

/** A mastership that went on over a restart is no new one. */
const LONG_AGO = instant(Number.NEGATIVE_INFINITY);

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

/** Whether `start` makes a master of it at once (RFC 9568 6.4.1). A grouped owner waits for its group like everybody else. */
export const startsAsMaster = ({ priority, grouped, listensUntil }: Settings, now: Instant): boolean =>
  priority === OWNER && !grouped && now >= listensUntil;

function fromInit(settings: Settings, state: State, event: Event, now: Instant): Step {
  switch (event.kind) {
    case "start": {
      const listens = elapsed(now, settings.listensUntil);
      if (listens > 0) {
        const reason = `started, only listens for ${Math.ceil(listens / 1000)} s (startup_delay)`;
        return toBackup(settings, null, now, [], reason);
      }
      return startsAsMaster(settings, now)
        ? toMaster(settings, now, "owner of the addresses")
        : toBackup(settings, null, now, [], "started");
    }
    case "resume": {
      const step = toMaster(settings, now, "resumed after a restart");
      return step.state.kind === "master"
        ? { ...step, state: { ...step.state, sentBefore: event.sentAt, since: LONG_AGO } }
        : step;
    }
    case "advert":
    case "deadline":
    case "released":
    case "outranked":
    case "slept":
    case "unsent":
    case "settings":
    case "promote":
    case "take-over":
    case "yield":
    case "withhold":
    case "stop":
      return same(state);
    default:
      return unreachable(event);
  }
}
