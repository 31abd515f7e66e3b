/**
 * Two masters that hear each other: who stays. The higher priority does, and of equals the higher address (RFC 9568 6.4.3). With
 * `tie = "sticky"` of equals the one that is master for longer: a newcomer that could not hear it, behind a switch port that was still
 * learning, does not take from it what it has just been alone with.
 *
 * An advert does not say since when its sender is master, so what each does on its own must fit together. It yields to an equal that
 * goes on for so many intervals after it was first heard:
 *
 *                     lower address    higher address
 *   newcomer          at once          0.5
 *   running for long  2.5              never
 *
 * A newcomer yields to a running master before that one's patience ends, whoever has the higher address. Two newcomers, and two that ran
 * for long on either side of a partition, are told apart by their addresses, as is any pair of which one is not sticky (keepalived): one
 * of them has the higher address and yields last or never, so that there cannot be two masters for ever.
 */
import type { Ip } from "../base/address.ts";
import { compareIp } from "../base/address.ts";
import type { Instant, Milliseconds, Priority } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import { outranks } from "./rank.ts";
import type { Event, Master, Settings, State, Tie } from "./state.ts";

type Active = Extract<State, { kind: "master" }>;
type Advert = Extract<Event, { kind: "advert" }>;

/** A master is a newcomer for so many of its intervals, and for {@link NEW_MAX} at most. */
const NEW_INTERVALS = 60;
const NEW_MAX: Milliseconds = ms(60_000);
/** Long enough for the last word of one that yields at once, and the next regular advert comes after it. */
const WAITS_FOR_LAST_WORD = 0.5;
/** Two regular adverts, of which one may be lost, make a newcomer yield first. */
const WAITS_FOR_NEWCOMER = 2.5;
/** An equal that was silent for so many intervals has yielded: the next advert begins another contest. */
const OVER = 2;

/** What both can be asked to have said something in: the longer of the two intervals. */
const slower = (settings: Settings, advert: Advert): Milliseconds =>
  ms(Math.max(settings.interval, advert.interval));

/** The contest with an equal as it stands with this advert; null where addresses decide. */
export function tieWith(settings: Settings, state: Active, advert: Advert, now: Instant): Tie | null {
  const { tie } = state;
  if (settings.tie === "address") return null;
  if (advert.priority !== settings.priority) return tie;
  const goesOn = tie !== null && elapsed(tie.heardAt, now) <= OVER * slower(settings, advert);
  return { since: goesOn ? tie.since : now, heardAt: now };
}

/** Whether the last advert of one that lost to the known master can be told from its winner's: not where equals do not obey their addresses. */
export const outranksSurely = ({ tie }: Settings, known: Master, priority: Priority, address: Ip): boolean =>
  tie === "sticky" ? known.priority > priority : outranks(known.priority, known.address, priority, address);

/** Whether this master gives way to the sender of this advert. */
export function yields(
  settings: Settings,
  state: Active,
  tie: Tie | null,
  advert: Advert,
  now: Instant,
): boolean {
  const { priority, interval } = settings;
  const { priority: theirs, source } = advert;
  const unit = slower(settings, advert);
  if (tie === null || theirs !== priority) return outranks(theirs, source, priority, settings.source);
  const isNew = elapsed(state.since, now) < Math.min(NEW_INTERVALS * interval, NEW_MAX);
  const goesOnFor = elapsed(tie.since, now);
  const theirsHigher = compareIp(source, settings.source) > 0;
  if (isNew) return theirsHigher || goesOnFor >= WAITS_FOR_LAST_WORD * unit;
  return theirsHigher && goesOnFor >= WAITS_FOR_NEWCOMER * unit;
}
