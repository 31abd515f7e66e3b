/**
 * The servers that a virtual service should have, of what its configuration and their checks say and what the kernel has of it already.
 */
import type { Destination, Entry } from "../wire/ipvs.ts";
import { destinationKey } from "../wire/ipvs.ts";

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
  readonly fallback: Destination | null;
}

/** Whether a pool has its quorum, and the servers to have in the table. */
export interface Filled {
  readonly quorum: boolean;
  readonly destinations: readonly Destination[];
}

/** `entry` is what the kernel has of the service, null where it has none. */
export function fill(pool: Pool, entry: Entry | null): Filled {
  const { members, quiescent, fallback } = pool;
  const there = new Map(
    (entry?.destinations ?? []).map(({ destination }) => [destinationKey(destination), destination.weight]),
  );
  const weights = members.map((member) =>
    weightOf(member, there.get(destinationKey(member.destination)) ?? 0),
  );
  const quorum = weights.reduce((sum, weight) => sum + weight, 0) >= pool.quorum;
  const served = quorum || fallback === null;
  const destinations = members.flatMap(({ destination, verdict, duty }, index): Destination[] => {
    const weight = served ? (weights[index] ?? 0) : 0;
    if (duty === "out") return [];
    // Connections end by themselves where a server is drained by hand, here or, before we came, in the kernel.
    const ending = duty === "drain" || (verdict === "undecided" && there.has(destinationKey(destination)));
    return weight > 0 || quiescent || ending ? [{ ...destination, weight }] : [];
  });
  return { quorum, destinations: served ? destinations : [fallback, ...without(destinations, fallback)] };
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
