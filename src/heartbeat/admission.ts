/**
 * Which messages of a node count, and which of them are missing: by their numbers, which count up from 1 in each life of the sender,
 * and by its generation, which grows from life to life. So what somebody recorded and sends again is not believed, and what arrives on
 * several links counts once.
 *
 * Two rules are stricter than the daemon's. Of a life that no status has begun yet, nothing counts; and of a node that was taken for dead only
 * what is newer than all that was heard of it, not than its last status only.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, ms, NEVER } from "../base/units.ts";
import { isBelievable, isEarlierLife } from "./generation.ts";

/** More lost at once are not asked for: it is no loss but another time. */
const GAP_MAX = 250;
/** More are not remembered as missing; the oldest are given up. */
const MISSING_MAX = 500;
/** Asked for at once. */
const ASKS_MAX = 50;
/** The longest until it is asked for again. */
const ASK_EVERY_MAX = 4000;
/** Every tenth number is acknowledged. */
const ACK_EVERY = 10;

/** A number that was passed over, and when to ask for it next. */
interface Missing {
  readonly sequence: number;
  readonly askAt: Instant;
  /** How often it was asked for. */
  readonly asked: number;
}

/** What is known of one sender's numbers. */
export interface Tracking {
  /** Of the life that counts; null before any. */
  readonly generation: number | null;
  /** The highest number of that life. */
  readonly highest: number;
  /** Whether numbers follow on `highest`: not in a new life, nor after a death. */
  readonly followed: boolean;
  /** In ascending order. */
  readonly missing: readonly Missing[];
}

/** Of a node that was never heard. */
export const UNHEARD: Tracking = { generation: null, highest: 0, followed: false, missing: [] };

/** What a numbered message says of itself. */
export interface Arrival {
  readonly generation: number;
  /** From 1. */
  readonly sequence: number;
  readonly isStatus: boolean;
}

/** Why a message counts for nothing; each is a counter. A duplicate still shows that its link lives. */
export const ADMISSION_ERRORS = ["duplicate", "old", "replay", "future", "stale", "early"] as const;
export type AdmissionError =
  /** The newest number again, as over a second link. */
  | "duplicate"
  /** A number that was passed already, and is not missing. */
  | "old"
  /** Of an earlier life. */
  | "replay"
  /** Of a life with a number that is not to be believed, where one was heard that is: see generation.ts. */
  | "future"
  /** Of a node taken for dead, and not newer than what was heard of it before. */
  | "stale"
  /** Of a life that no status has begun, or of a node taken for dead that no status has brought back. A `reqnodes` may be, of a node that was there before us: it is only a question. */
  | "early";

export type Admission =
  | {
      readonly kind: "accepted";
      /** The sender began a new life after one that we knew, or is back after it was taken for dead without having been so. */
      readonly change: "none" | "restarted" | "returned";
      /** Numbers passed over, which will be asked for; or, with `lot`, too many for that. */
      readonly lost: number;
      readonly lot: boolean;
    }
  | { readonly kind: "dropped"; readonly reason: AdmissionError };

export interface Admitted {
  readonly tracking: Tracking;
  readonly admission: Admission;
}

const accepted = (change: "none" | "restarted" | "returned", lost = 0, lot = false): Admission => ({
  kind: "accepted",
  change,
  lost,
  lot,
});

/**
 * Judges one message of a sender who is taken for dead, or not. What it shows to be missing is asked for at `askAt`, a random
 * 50 to 250 ms from now: the daemon sends out of order, so most of it is just about to come.
 */
export function admit(tracking: Tracking, arrival: Arrival, dead: boolean, askAt: Instant): Admitted {
  const { generation, highest, followed } = tracking;
  const { sequence } = arrival;
  const drop = (reason: AdmissionError): Admitted => ({ tracking, admission: { kind: "dropped", reason } });
  if (generation !== null && isEarlierLife(arrival.generation, generation)) {
    return drop(isBelievable(arrival.generation) ? "replay" : "future");
  }
  if (generation === null || isEarlierLife(generation, arrival.generation)) {
    if (!arrival.isStatus) return drop("early");
    const begun = { generation: arrival.generation, highest: sequence, followed: true, missing: [] };
    return { tracking: begun, admission: accepted(generation === null ? "none" : "restarted") };
  }
  if (dead && sequence <= highest) return drop("stale");
  // Nothing but its status brings it back; what overtakes that must not make it old.
  if (dead && !arrival.isStatus) return drop("early");
  if (dead || !followed || sequence === highest + 1) {
    const change = dead && arrival.isStatus ? "returned" : "none";
    return { tracking: { ...tracking, highest: sequence, followed: true }, admission: accepted(change) };
  }
  if (sequence === highest) return drop("duplicate");
  if (sequence > highest) return leap(tracking, sequence, askAt);
  if (!tracking.missing.some((each) => each.sequence === sequence)) return drop("old");
  return { tracking: without(tracking, sequence), admission: accepted("none") };
}

function leap(tracking: Tracking, sequence: number, askAt: Instant): Admitted {
  const lost = sequence - tracking.highest - 1;
  if (lost > GAP_MAX) {
    const anew = { ...tracking, highest: sequence, missing: [] };
    return { tracking: anew, admission: accepted("none", lost, true) };
  }
  const gap = Array.from({ length: lost }, (_, at) => ({
    ...{ sequence: tracking.highest + 1 + at, askAt },
    asked: 0,
  }));
  const missing = [...tracking.missing, ...gap].slice(-MISSING_MAX);
  return { tracking: { ...tracking, highest: sequence, missing }, admission: accepted("none", lost) };
}

/** A number is no more missing: it came, or the sender said that it never will. */
export const without = (tracking: Tracking, sequence: number): Tracking => ({
  ...tracking,
  missing: tracking.missing.filter((each) => each.sequence !== sequence),
});

/** Of a node that is taken for dead from now on: nothing is asked of it, but its life and highest number stay known. */
export const forsaken = (tracking: Tracking): Tracking => ({ ...tracking, followed: false, missing: [] });

/**
 * The numbers to ask for at `now`, one request each as the daemon does, and again after `interval`, then twice as long, until they come: a
 * slow line has just lost them for want of room.
 */
export function due(
  tracking: Tracking,
  now: Instant,
  interval: Milliseconds,
): { readonly tracking: Tracking; readonly ask: readonly number[] } {
  const ask = tracking.missing
    .filter(({ askAt }) => askAt <= now)
    .slice(0, ASKS_MAX)
    .map(({ sequence }) => sequence);
  if (ask.length === 0) return { tracking, ask };
  const asked = new Set(ask);
  const missing = tracking.missing.map((each) =>
    asked.has(each.sequence)
      ? { ...each, askAt: after(now, waits(each, interval)), asked: each.asked + 1 }
      : each,
  );
  return { tracking: { ...tracking, missing }, ask };
}

const waits = ({ asked }: Missing, interval: Milliseconds): Milliseconds =>
  ms(Math.min(ASK_EVERY_MAX, interval * 2 ** asked));

/** When to ask next. */
export const nextAsk = (tracking: Tracking): Instant =>
  tracking.missing.reduce((least, { askAt }) => earlier(least, askAt), NEVER);

/** Whether an accepted number is to be acknowledged: one in ten, which ones each receiver draws (`turn`, 0 to 9), when nothing before it is missing. */
export const owesAck = (tracking: Tracking, sequence: number, turn: number): boolean =>
  sequence % ACK_EVERY === turn && !tracking.missing.some((each) => each.sequence < sequence);
