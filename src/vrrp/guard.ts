/**
 * What a backup must know before it takes over from a master that it hears no more: whether that one is gone, or only unheard. As a pure
 * machine beside the router's own, which it lets take over or holds back.
 *
 *   since the last advert     1.25      2.25             3 and the skew
 *                              ask       ask              the timer: a claim  ─► blocked: ask again; two unanswered questions end it
 *                                                          no claim, no witness ─► isolated: stay; then, when a witness answers, listen anew
 *                                                          else take over, as early as without a guard
 *
 * Asking means both: the other nodes of the cluster, of which a healthy master claims to be one, and the witnesses, hosts that answer
 * whoever is on the right side of a cut. Evidence counts when it answers one of the last two questions, all of which are later than
 * the last advert. So a master that died before the timer delays nothing by more than one interval; one that dies while it blocks is
 * followed two and a half after its last answer.
 */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, ms, NEVER } from "../base/units.ts";

/** Which evidence is asked for. */
export interface GuardSettings {
  /** Some host must answer: at least one is configured. */
  readonly witnesses: boolean;
  /** A member of a sync group that waits for the others: what let it pass must go on being true. */
  readonly grouped: boolean;
  /** It was master and gave the addresses up as no witness answered: whatever else speaks for it, one must. */
  readonly isolated: boolean;
}

/** In intervals: when an advert is overdue, and the first and the second question are asked. */
const FIRST = 1.25;
const SECOND = 2.25;
/** After the timer, and after an unanswered question, the next comes so soon: two unanswered ones fit into the one interval that we may take. */
const SOON = 0.5;

/** `passed`: nothing keeps it from taking over. */
export type Outcome = "waiting" | "blocked" | "isolated" | "passed";

/** One silence of a master, or of nobody in particular, after the start. Questions are named by numbers that grow. */
export interface Guard {
  readonly since: Instant;
  /** Of the adverts that are waited for. */
  readonly interval: Milliseconds;
  /** The last two questions in it; null as long as there were not so many. */
  readonly before: number | null;
  readonly last: number | null;
  /** When the first question in it was asked. */
  readonly firstAt: Instant;
  /** When to ask next without being told: {@link NEVER} once the timer decides on that. */
  readonly askAt: Instant;
  /** The nodes that said last that they are a healthy master, and the last question that each answered so. */
  readonly claims: ReadonlyMap<string, number>;
  /** The last question when a witness answered last. */
  readonly seen: number | null;
  readonly outcome: Outcome;
}

export type GuardEvent =
  /** It is time to ask: `askAt` has come. */
  | { readonly kind: "deadline" }
  /** The router's patience has ended: may it take over? */
  | { readonly kind: "expired" }
  /** A node said of its router whether it is a healthy master, in answer to this question. */
  | { readonly kind: "claim"; readonly node: string; readonly master: boolean; readonly question: number }
  /** A witness answered. */
  | { readonly kind: "witness" };

export interface GuardStep {
  readonly guard: Guard;
  /** Everybody is to be asked now, under the number that was given. */
  readonly asks: boolean;
  /**
   * Take over; stay, and come back with `expired` then; or listen as after a sleep, with a guard of its own. Null: whatever was decided
   * stands.
   */
  readonly verdict:
    { readonly kind: "take" | "listen" } | { readonly kind: "stay"; readonly until: Instant } | null;
}

/** Silence begins. */
export const silence = (since: Instant, interval: Milliseconds): Guard => ({
  ...{ since, interval, before: null, last: null, claims: new Map<string, number>(), seen: null },
  firstAt: NEVER,
  askAt: after(since, ms(FIRST * interval)),
  outcome: "waiting",
});

/** The node that said last that it is a healthy master; null: none. */
export function claimant({ claims }: Guard): string | null {
  const [newest = null] = [...claims].toSorted(([, one], [, other]) => other - one);
  return newest === null ? null : newest[0];
}

const same = (guard: Guard): GuardStep => ({ guard, asks: false, verdict: null });

/** The transition function; `question` is the number of a question that is asked now. */
export function step(
  settings: GuardSettings,
  guard: Guard,
  event: GuardEvent,
  question: number,
  now: Instant,
): GuardStep {
  switch (event.kind) {
    case "deadline":
      if (guard.outcome === "passed") return judge(settings, guard, question, now);
      return { guard: asked(guard, question, second(guard), now), asks: true, verdict: null };
    case "expired":
      return judge(settings, guard, question, now);
    case "claim":
      return told(guard, event, now);
    case "witness": {
      const seen = { ...guard, seen: guard.last };
      // What else it may have been deaf to until now, it has not heard.
      return guard.outcome === "isolated"
        ? { guard: seen, asks: false, verdict: { kind: "listen" } }
        : same(seen);
    }
    default:
      return unreachable(event);
  }
}

const second = ({ last, since, interval }: Guard): Instant =>
  last === null ? after(since, ms(SECOND * interval)) : NEVER;

const asked = (guard: Guard, question: number, askAt: Instant, now: Instant): Guard => ({
  ...guard,
  firstAt: earlier(guard.firstAt, now),
  before: guard.last,
  last: question,
  askAt,
});

/** Whether evidence answers one of the last two questions. */
const counts = ({ before, last }: Guard, question: number | null): boolean =>
  question !== null && last !== null && question >= (before ?? last);

function judge(settings: GuardSettings, guard: Guard, question: number, now: Instant): GuardStep {
  const { interval, outcome } = guard;
  const stay = (to: Outcome, wait: number): GuardStep => {
    const until = after(now, ms(wait * interval));
    const guarded = { ...asked(guard, question, NEVER, now), outcome: to };
    return { guard: guarded, asks: true, verdict: { kind: "stay", until } };
  };
  if (settings.isolated) return stay("isolated", 1);
  // It heard the master a moment ago: it preempts.
  if (guard.last === null) return { guard, asks: false, verdict: { kind: "take" } };
  const claimed = guard.claims.size === 0 ? null : Math.max(...guard.claims.values());
  if (counts(guard, claimed)) {
    return stay("blocked", outcome === "waiting" || claimed !== guard.last ? SOON : 1);
  }
  // We ran late, or it preempts: what was asked just now cannot have been answered yet.
  const answered = after(guard.firstAt, ms(SOON * interval));
  if (now < answered) return { guard, asks: false, verdict: { kind: "stay", until: answered } };
  if (settings.witnesses && !counts(guard, guard.seen)) return stay("isolated", 1);
  const verdict = { kind: "take" } as const;
  if (!settings.grouped)
    return { guard: { ...guard, askAt: NEVER, outcome: "passed" }, asks: false, verdict };
  const again = asked(guard, question, after(now, interval), now);
  return { guard: { ...again, outcome: "passed" }, asks: true, verdict };
}

function told(
  guard: Guard,
  { node, master, question }: Extract<GuardEvent, { readonly kind: "claim" }>,
  now: Instant,
): GuardStep {
  const { outcome } = guard;
  const claims = new Map(guard.claims);
  const known = claims.get(node) ?? null;
  const recheck = { kind: "stay", until: now } as const;
  if (master) {
    claims.set(node, Math.max(question, known ?? 0));
    return { guard: { ...guard, claims }, asks: false, verdict: outcome === "passed" ? recheck : null };
  }
  if (known === null || question < known) return same(guard);
  claims.delete(node);
  return { guard: { ...guard, claims }, asks: false, verdict: outcome === "blocked" ? recheck : null };
}
