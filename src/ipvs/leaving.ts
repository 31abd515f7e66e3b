/**
 * The servers that leave a service: those in the kernel's table that its configuration does not name, and a fallback that serves no more. At
 * weight 0 their connections go on; the kernel drops the packets of a connection whose server is out of the table (ip_vs_in, unless
 * net.ipv4.vs.expire_nodest_conn is set: then it forgets the connection, and what follows is refused).
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, NEVER } from "../base/units.ts";
import type { Destination, ToldDestination } from "../wire/ipvs.ts";
import { destinationKey } from "../wire/ipvs.ts";

/**
 * Without a packet for so long, those connections have ended that the kernel has as inactive, milliseconds. A connection of TCP is active up
 * to its first FIN; what follows still needs the server in the table: acknowledgements of the last of an answer, the other FIN, with up to
 * four retransmissions. The kernel itself forgets it only two minutes later, and a flow of UDP, which never is active, five: to wait for
 * none at all would be to wait for the whole `drain_timeout` each time. Its counters of packets are up to two seconds old.
 */
const QUIET = 5000;

/** One that is in the table and no server of the configuration. */
export interface Other {
  readonly destination: Destination;
  /** Its connections have ended, or its time is over: it can go. */
  readonly gone: boolean;
}

/** What is known of such a one. */
export interface Leaver {
  /** As the kernel has it. */
  readonly told: ToldDestination;
  /** Since when it is to go; null: it serves, as a fallback, or until those who come instead are judged. */
  readonly since: Instant | null;
  /** The last reading that found another number of packets than the one before it. */
  readonly quietSince: Instant;
  readonly packets: number;
  readonly ended: boolean;
  readonly gone: boolean;
  /** It left, and is gone: that it is removed is not the repair of what others did. */
  readonly left: boolean;
}

/** What becomes of one: it begins to leave, or is gone. */
export interface Departure {
  readonly leaver: Leaver;
  readonly what: "leaving" | "gone";
}

export class Leavers {
  readonly #known = new Map<string, Leaver>();
  /** Those who leave and are not gone. */
  #leaving: ReadonlyMap<string, Leaver> = new Map();

  /**
   * What the kernel has besides the servers of the configuration; `counted`: it was just read. `limit` is how long a key's connections may go
   * on at most, from when it began to leave.
   */
  look(
    others: readonly ToldDestination[],
    limit: (key: string) => Milliseconds,
    counted: boolean,
    now: Instant,
  ): Other[] {
    const before = new Map(this.#known);
    this.#known.clear();
    return others.map((told) => {
      const key = destinationKey(told.destination);
      const leaver = looked(told, before.get(key) ?? null, limit(key), counted, now);
      this.#known.set(key, leaver);
      return { destination: told.destination, gone: leaver.gone };
    });
  }

  /** These are to be in the table without weight, until they are gone: tells for whom that is new, and who is gone. */
  follow(leaving: readonly Destination[], now: Instant): Departure[] {
    if (leaving.length === 0 && this.#leaving.size === 0) return [];
    const keys = new Set(leaving.map(destinationKey));
    const found: Departure[] = [];
    const still = new Map<string, Leaver>();
    for (const [key, leaver] of this.#known) {
      const leaves = keys.has(key);
      const left = leaver.gone && (leaver.left || this.#leaving.has(key));
      const next = { ...leaver, left, since: leaves || leaver.gone ? (leaver.since ?? now) : null };
      this.#known.set(key, next);
      if (leaves) still.set(key, next);
      if (leaves && leaver.since === null) found.push({ leaver: next, what: "leaving" });
      if (left && !leaver.left) found.push({ leaver: next, what: "gone" });
    }
    this.#leaving = still;
    return found;
  }

  /** Whether the one of that key left and is gone. */
  hasLeft(key: string): boolean {
    return this.#known.get(key)?.left === true;
  }

  /** Those who leave, by their keys. */
  get leaving(): ReadonlyMap<string, Leaver> {
    return this.#leaving;
  }

  /** When the time of the next one is over. */
  next(limit: (key: string) => Milliseconds): Instant {
    let next = NEVER;
    for (const [key, { since }] of this.#leaving)
      if (since !== null) next = earlier(next, after(since, limit(key)));
    return next;
  }
}

/** One of them after a look at the table; `counted`: the kernel was just asked. */
function looked(
  told: ToldDestination,
  before: Leaver | null,
  limit: Milliseconds,
  counted: boolean,
  now: Instant,
): Leaver {
  const { destination, active, inactive, statistics } = told;
  const counts = statistics.inPackets + statistics.outPackets;
  const packets = counted || before === null ? counts : before.packets;
  const quietSince = before !== null && before.packets === packets ? before.quietSince : now;
  const since = before?.since ?? null;
  const silent = inactive === 0 || elapsed(quietSince, now) >= QUIET;
  // With weight it could have got another one since.
  const ended = destination.weight === 0 && (before?.ended === true || (counted && active === 0 && silent));
  const late = since !== null && now >= after(since, limit);
  const gone = limit === 0 || ended || late;
  return { told, since, quietSince, packets, ended, gone, left: before?.left ?? false };
}
