/** The tasks of resources that are under way, and those that have ended and were not told yet. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { instant, NEVER } from "../base/units.ts";
import type { Outcome, Task } from "../heartbeat/group.ts";
import type { Group, Resource } from "../heartbeat/haresources.ts";
import type { ResourceAddress } from "./resource-address.ts";

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

export class ResourceRuns {
  /** Addresses that are started or about to be, or not gone yet, by name. */
  readonly addresses = new Map<string, ResourceAddress>();
  /** Tasks of addresses that are to be begun. */
  #addressTasks: Underway[] = [];
  readonly #underway = new Map<string, Underway>();
  #outcomes: { readonly order: Order; readonly outcome: Outcome }[] = [];

  /** Names a run to the edge, unlike any other of this boot: one of a cluster that a reload made anew has another time. */
  begin(order: Order, resource: Resource, now: Instant): string {
    const id = `${order.group.key} ${order.run} ${now}`;
    this.#underway.set(id, { ...order, resource, since: now });
    return id;
  }

  /** A task of an address: for the end of the turn, where the kernel's picture is at hand. */
  beginAddress(order: Order, resource: Resource, now: Instant): void {
    this.#addressTasks.push({ ...order, resource, since: now });
  }

  /** The tasks of addresses that are to be begun. */
  takeAddressTasks(): readonly Underway[] {
    const taken = this.#addressTasks;
    this.#addressTasks = [];
    return taken;
  }

  /** Null: nobody waits for it. */
  end(id: string): Underway | null {
    const known = this.#underway.get(id) ?? null;
    this.#underway.delete(id);
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

  /** When something is to be told: in the past, or {@link NEVER}. */
  deadline(): Instant {
    return this.#outcomes.length + this.#addressTasks.length > 0 ? instant(0) : NEVER;
  }
}
