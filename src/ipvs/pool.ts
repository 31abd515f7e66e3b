/**
 * The servers that a virtual service should have, of what its configuration and their checks say and what the kernel has of it already.
 */
import type { Destination } from "../wire/ipvs.ts";
import { destinationKey } from "../wire/ipvs.ts";
import type { Other } from "./leaving.ts";

/** What is known of a server. Undecided: no check of it has come to a verdict since we started, or since it was configured. */
export type Verdict = "up" | "down" | "undecided";

/** What the operator wants of a server: to serve, to take no new connections, to be out of the table. */
export type Duty = "serve" | "drain" | "out";

export interface Member {
  /** As configured, with its full weight. */
  readonly destination: Destination;
  readonly verdict: Verdict;
  readonly duty: Duty;
}

export interface Pool {
  readonly members: readonly Member[];
  /** A server out of service stays in the table at weight 0, where its connections go on; else it is removed. */
  readonly quiescent: boolean;
  /** The least sum of weights that will do; with less the fallback takes everything. At least 1. */
  readonly quorum: number;
  /** The quorum is reached at so much more, and lost at so much less. */
  readonly hysteresis: number;
  /** Percent of the servers: with less of them left, those that fail stay in. 0: never. */
  readonly panicBelow: number;
  readonly fallback: Destination | null;
  /** Its check has not failed. */
  readonly fallbackGood: boolean;
  /** Who else is in the table: servers that are configured no more, or never were, and the fallback. */
  readonly others: readonly Other[];
}

/** What follows for the table. */
export interface Filled {
  readonly quorum: boolean;
  /** The sum of the weights that count for it. */
  readonly sum: number;
  /** Nobody is undecided any more. */
  readonly decided: boolean;
  /** The servers that failed and stay in all the same, by their keys. */
  readonly held: ReadonlySet<string>;
  /** The servers to have in the table. */
  readonly destinations: readonly Destination[];
  /** Those of them that are there for their connections alone, until these have ended. */
  readonly leaving: readonly Destination[];
}

/** What a service has: in the kernel, or had when that was last worked out. */
export interface Standing {
  readonly destinations: readonly { readonly destination: Destination }[];
}

/**
 * `entry` is what the kernel has of the service, null where it has none; `had` whether there was a quorum, null before anybody knew.
 * Servers that are configured no more serve on until those who came for them have the quorum, or are all judged.
 */
export function fill(pool: Pool, entry: Standing | null, had: boolean | null = null): Filled {
  const found = fillWith(pool, entry, had);
  if (found.quorum || found.decided) return found;
  const spare = keyOf(pool.fallback);
  const serves = ({ destination }: Other): boolean =>
    destination.weight > 0 && destinationKey(destination) !== spare;
  const former = pool.others
    .filter(serves)
    .map(({ destination }): Member => ({ destination, verdict: "undecided", duty: "serve" }));
  if (former.length === 0) return found;
  const others = pool.others.filter((each) => !serves(each));
  return fillWith({ ...pool, others, members: [...pool.members, ...former] }, entry, had);
}

function fillWith(pool: Pool, entry: Standing | null, had: boolean | null): Filled {
  const { members, quiescent } = pool;
  const fallback = pool.fallbackGood ? pool.fallback : null;
  const there = new Map(
    (entry?.destinations ?? []).map(({ destination }) => [destinationKey(destination), destination.weight]),
  );
  const held = heldBy(pool, there);
  const weights = members.map((member) => {
    const key = destinationKey(member.destination);
    return held.has(key) ? member.destination.weight : weightOf(member, there.get(key) ?? 0);
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const quorum = sum >= Math.max(1, pool.quorum + slack(had) * pool.hysteresis);
  const served = quorum || fallback === null;
  const destinations = members.flatMap(({ destination, verdict, duty }, index): Destination[] => {
    const weight = served ? (weights[index] ?? 0) : 0;
    if (duty === "out") return [];
    // Connections end by themselves where a server is drained by hand, here or, before we came, in the kernel.
    const ending = duty === "drain" || (verdict === "undecided" && there.has(destinationKey(destination)));
    return weight > 0 || quiescent || ending ? [weighing(destination, weight)] : [];
  });
  const leaving = leavers(pool, served);
  return {
    quorum,
    sum,
    decided: members.every(({ verdict, duty }) => duty !== "serve" || verdict !== "undecided"),
    held,
    destinations: [...(served ? destinations : [fallback, ...without(destinations, fallback)]), ...leaving],
    leaving,
  };
}

/** Who serves no more, the fallback among them while others do: their connections end by themselves before they go. */
function leavers({ others, fallback }: Pool, served: boolean): Destination[] {
  const spare = served ? null : keyOf(fallback);
  return others
    .filter(({ destination, gone }) => !gone && destinationKey(destination) !== spare)
    .map(({ destination }) => weighing(destination, 0));
}

const keyOf = (destination: Destination | null): string | null =>
  destination === null ? null : destinationKey(destination);

/** A server with another weight, or as it is: there may be thousands. */
export const weighing = (destination: Destination, weight: number): Destination =>
  destination.weight === weight ? destination : { ...destination, weight };

/** Which way the hysteresis counts. */
const slack = (had: boolean | null): number => (had === null ? 0 : had ? -1 : 1);

/**
 * The servers that have failed, are in service now, and stay there, as too few others would be left: it is likelier that we are cut off
 * than that all of them are ill. Who is not in service by then stays out.
 */
function heldBy({ members, panicBelow }: Pool, there: ReadonlyMap<string, number>): ReadonlySet<string> {
  const serving = members.filter(({ duty }) => duty === "serve");
  const weightAt = ({ destination }: Member): number => there.get(destinationKey(destination)) ?? 0;
  const good = serving.filter(
    (member) => member.verdict === "up" || (member.verdict === "undecided" && weightAt(member) > 0),
  );
  if (good.length * 100 >= panicBelow * serving.length) return new Set();
  const failed = serving.filter((member) => member.verdict === "down" && weightAt(member) > 0);
  return new Set(failed.map(({ destination }) => destinationKey(destination)));
}

/** The weight with which a server serves; `kernel` is what it has there, 0 where it is absent. */
function weightOf({ destination, verdict, duty }: Member, kernel: number): number {
  if (duty !== "serve" || verdict === "down") return 0;
  // Until its first verdict a server is what it was: who served goes on, and nobody begins.
  return verdict === "up" ? destination.weight : kernel;
}

/** The fallback may be one of the servers. */
const without = (destinations: readonly Destination[], one: Destination): Destination[] =>
  destinations.filter((each) => destinationKey(each) !== destinationKey(one));
