/** The tasks of resources that are under way, and those that have ended and were not told yet. */
import type { Instant, Milliseconds } from "../../base/units.ts";
import { after, earlier, instant, ms, NEVER } from "../../base/units.ts";
import type { Outcome, Task } from "../../heartbeat/group.ts";
import type { Group, Resource } from "../../heartbeat/haresources.ts";
import type { ResourceAddress } from "./address.ts";

/** One run that the machine of a group wants: see heartbeat/group.ts. */
export interface Order {
  readonly group: Group;
  /** The resource of the group, from 0. */
  readonly at: number;
  readonly task: Task;
  /** Its number, which the answer carries. */
  readonly run: number;
  readonly timeout: Milliseconds;
}

/** One under way. */
export interface Underway extends Order {
  readonly resource: Resource;
  readonly since: Instant;
}

/** What a resource of a group is called; as a holder of addresses, too, for no router has a blank in its name. */
export const nameOf = ({
  group: { key },
  resource: { text },
}: Pick<Underway, "group" | "resource">): string =>
  text === key ? `resource ${text}` : `resource ${text} of ${key}`;

/** A task that is over by itself. */
interface Wait {
  readonly run: Underway;
  readonly until: Instant;
}

export class ResourceRuns {
  /** Addresses that are started or about to be, or not gone yet, by name. */
  readonly addresses = new Map<string, ResourceAddress>();
  /** Resources that are nothing but a state of ours, and are started, by name. */
  readonly started = new Set<string>();
  /** Mails under way. */
  readonly #mails = new Map<string, Underway>();
  readonly #underway = new Map<string, Underway>();
  /** Of these, the ones that were told to take long. */
  readonly #slow = new Set<string>();
  #waits: Wait[] = [];
  /** Tasks of addresses that are to be begun. */
  #addressTasks: Underway[] = [];
  #outcomes: { readonly order: Order; readonly outcome: Outcome }[] = [];

  /** What is under way of a group; null: nothing. */
  current(key: string): Underway | null {
    const found = [...this.#underway.values()].find(({ group }) => group.key === key);
    if (found !== undefined) return found;
    const waits = this.#waits.find(({ run }) => run.group.key === key);
    return waits?.run ?? null;
  }

  /** Those that take so long that somebody should know, each once. */
  takeSlow(now: Instant): readonly Underway[] {
    const slow = [...this.#underway].filter(([id, run]) => !this.#slow.has(id) && slowAt(run) <= now);
    for (const [id] of slow) this.#slow.add(id);
    return slow.map(([, run]) => run);
  }

  /** Names a run to the edge, unlike any other of this boot: one of a cluster that a reload made anew has another time. */
  begin(run: Underway): string {
    const id = idOf(run);
    this.#underway.set(id, run);
    return id;
  }

  /** The same for a mail, which nobody waits for. */
  beginMail(run: Underway): string {
    const id = idOf(run);
    this.#mails.set(id, run);
    return id;
  }

  /** A task of an address: for the end of the turn, where the kernel's picture is at hand. */
  beginAddress(run: Underway): void {
    this.#addressTasks.push(run);
  }

  /** A task that takes this long, and does nothing else. */
  beginWait(run: Underway, span: Milliseconds): void {
    this.#waits.push({ run, until: after(run.since, span) });
  }

  /** The tasks of addresses that are to be begun. */
  takeAddressTasks(): readonly Underway[] {
    const taken = this.#addressTasks;
    this.#addressTasks = [];
    return taken;
  }

  /** Those whose time is over. */
  takeWaits(now: Instant): readonly Underway[] {
    const over = this.#waits.filter(({ until }) => until <= now);
    if (over.length > 0) this.#waits = this.#waits.filter(({ until }) => until > now);
    return over.map(({ run }) => run);
  }

  /** Null: nobody waits for it. */
  end(id: string): Underway | null {
    const known = this.#underway.get(id) ?? null;
    this.#underway.delete(id);
    this.#slow.delete(id);
    return known;
  }

  /** Null: it was no mail. */
  endMail(id: string): Underway | null {
    const known = this.#mails.get(id) ?? null;
    this.#mails.delete(id);
    return known;
  }

  /** To be told at the end of the turn, so that no machine is driven from within its own step. */
  add(order: Order, outcome: Outcome): void {
    this.#outcomes.push({ order, outcome });
  }

  /** The outcomes that are to be told. */
  take(): readonly { readonly order: Order; readonly outcome: Outcome }[] {
    const taken = this.#outcomes;
    this.#outcomes = [];
    return taken;
  }

  /** When something is to be begun or told; in the past where that is now. */
  deadline(): Instant {
    if (this.#outcomes.length + this.#addressTasks.length > 0) return instant(0);
    let soonest = NEVER;
    for (const { until } of this.#waits) soonest = earlier(soonest, until);
    for (const [id, run] of this.#underway) if (!this.#slow.has(id)) soonest = earlier(soonest, slowAt(run));
    for (const { awaited } of this.addresses.values()) {
      if (awaited !== null) soonest = earlier(soonest, after(awaited.since, awaited.timeout));
    }
    return soonest;
  }
}

/** A script that runs longer is told, once: it may hang. Of one that may take less, at half of that. */
const SLOW = ms(10_000);

const slowAt = ({ since, timeout }: Underway): Instant => after(since, ms(Math.min(SLOW, timeout / 2)));

const idOf = ({ group, run, since }: Underway): string => `${group.key} ${run} ${since}`;
