/**
 * The kernel's table of virtual services of a node, and the thread of its agent that reads and writes it: one order at a time, one change at
 * a time, with which the agent may die. The table outlives the agent, not the power.
 */
import type { Event } from "../../src/agent/boundary.ts";
import type { ChangeResult, OwnedService, ServiceAction } from "../../src/agent/service/boundary.ts";
import type { Change, Entry, ServiceId, ToldDestination } from "../../src/wire/ipvs.ts";
import { serviceKey } from "../../src/wire/ipvs.ts";
import { applied, entry, ip, server, service } from "../ipvs/values.ts";
import type { ServicePlan } from "./balance-plan.ts";
import type { Node } from "./node.ts";
import type { Prng } from "./prng.ts";

/** What an operator of the node has there for himself. */
export const FOREIGN_ID: ServiceId = { kind: "address", protocol: "tcp", address: ip("10.0.5.99"), port: 99 };
const FOREIGN = entry(service({ id: FOREIGN_ID }));
export const FOREIGN_KEY = serviceKey(FOREIGN_ID);
/** How long a look takes, and a change, at least and at most, milliseconds. */
const LOOKS: readonly [number, number] = [0.5, 30];
const CHANGES: readonly [number, number] = [0.05, 3];

/** The service that a change is of. */
export const keyOf = (change: Change): string =>
  serviceKey("service" in change ? change.service.id : change.id);

/** A change that the kernel made, and what the table had of its service before and has now. */
export interface Made {
  readonly change: Change;
  readonly before: Entry | null;
  readonly after: Entry | null;
  readonly ordered: Ordered;
  /** How long before this the configuration by which it was ordered was loaded, or its agent started, at most. */
  readonly configured: number;
  /** Servers with connections of which the kernel drops the packets now, by address. */
  readonly cut: readonly string[];
}

/** When the agent ordered a change, and the services of the configuration by which it did. */
interface Ordered {
  readonly at: number;
  readonly plans: readonly ServicePlan[];
}

export class Balance {
  /** In this order. */
  entries: readonly Entry[] = [FOREIGN];
  /** What agents have noted as their own. */
  owned: readonly OwnedService[] = [];
  /** Nothing can be read or written. */
  fails = false;
  readonly #node: Node;
  readonly #chance: Prng;
  /** What the agent that lives has ordered. */
  #waiting: { readonly action: ServiceAction; readonly ordered: Ordered }[] = [];
  #busy = false;
  #told = false;
  #life = 0;
  /** When the agent that lives had its configuration. */
  #configuredAt = 0;
  /** Until when a server without weight has connections, by address. */
  readonly #busyUntil = new Map<string, number>();

  constructor(node: Node, chance: Prng) {
    this.#node = node;
    this.#chance = chance;
  }

  entry(key: string): Entry | null {
    return this.entries.find((each) => serviceKey(each.service.id) === key) ?? null;
  }

  /** An agent begins. */
  begin(): void {
    this.#life++;
    this.configured();
    this.#waiting = [];
    this.#busy = false;
    this.#told = false;
  }

  /** It has a configuration from now on. */
  configured(): void {
    this.#configuredAt = this.#node.schedule.now;
  }

  /** It has left in order: what is its own goes with it. */
  leave(): void {
    const ours = new Set(this.owned.map(({ id }) => serviceKey(id)));
    this.entries = this.entries.filter(({ service: { id } }) => !ours.has(serviceKey(id)));
    this.owned = [];
  }

  /** The power is gone. */
  clear(): void {
    this.begin();
    this.entries = [FOREIGN];
    this.owned = [];
  }

  /** `ipvsadm -C`, and what others want is there again. */
  flush(): void {
    this.entries = [FOREIGN];
    this.#node.observer.kernelChanged(this.#node);
  }

  /** `ipvsadm -a` by hand, to each service that is there but that of others. */
  add(address: string, port: number): void {
    this.entries = this.entries.map((one) => {
      const there = one.destinations.some(({ destination }) => destination.address === address);
      if (there || serviceKey(one.service.id) === FOREIGN_KEY) return one;
      const { destinations } = entry(one.service, { ...server(2), address: ip(address), port });
      return { ...one, destinations: [...destinations, ...one.destinations] };
    });
    this.#node.observer.kernelChanged(this.#node);
  }

  perform(action: ServiceAction): void {
    const { schedule, config } = this.#node;
    this.#waiting.push({ action, ordered: { at: schedule.now, plans: config.services } });
    if (!this.#busy) this.#next();
  }

  #next(): void {
    const order = this.#waiting.shift();
    this.#busy = order !== undefined;
    if (order === undefined) return;
    const { action, ordered } = order;
    if (action.what === "maintain") this.#next();
    else if (action.what === "read") this.#later(LOOKS, () => this.#read(action));
    else {
      this.owned = action.owned ?? this.owned;
      this.#write(action, ordered, []);
    }
  }

  /** As the thread comes to it: not while the process is stopped, and never after its death. */
  #later(range: readonly [number, number], run: () => void): void {
    const life = this.#life;
    this.#node.schedule.after(this.#chance.between(...range), () => {
      const { process } = this.#node;
      if (this.#life !== life || process === null || !process.alive) return;
      if (process.frozen) this.#later(LOOKS, run);
      else run();
    });
  }

  #tell(event: Event): void {
    this.#node.process?.control(event);
    this.#next();
  }

  #read({ ways }: Extract<ServiceAction, { what: "read" }>): void {
    const left = this.#told ? [] : this.owned;
    this.#told = true;
    const failure = this.fails ? "ETIMEDOUT" : null;
    const entries = this.fails ? null : this.entries.map((each) => this.#counted(each));
    const all = [...new Set([...ways, ...left.map(({ way }) => way)])];
    for (const way of all.slice(0, -1)) {
      this.#node.process?.control({ kind: "services", what: "told", way, entries, failure, left, took: 1 });
    }
    const way = all.at(-1);
    if (way === undefined) this.#next();
    else this.#tell({ kind: "services", what: "told", way, entries, failure, left, took: 1 });
  }

  /** The changes that are left, one after another. */
  #write(
    { way, changes }: Extract<ServiceAction, { what: "write" }>,
    ordered: Ordered,
    results: readonly ChangeResult[],
    refused = this.fails,
  ): void {
    const change = changes[results.length];
    if (change === undefined) {
      this.#tell({ kind: "services", what: "written", way, results });
      return;
    }
    this.#later(CHANGES, () => {
      const errno = refused ? "EINVAL" : this.#make(change, ordered);
      const made = { kind: "services", what: "write", way, changes, owned: null } as const;
      this.#write(made, ordered, [...results, { change, errno }], refused);
    });
  }

  /** As the kernel counts: a server with weight has a connection. */
  #counted(one: Entry): Entry {
    const destinations = one.destinations.map((each) => ({ ...each, active: this.#isBusy(each) ? 1 : 0 }));
    return { ...one, destinations };
  }

  #isBusy({ destination: { address, weight } }: ToldDestination): boolean {
    return weight > 0 || (this.#busyUntil.get(address) ?? 0) > this.#node.schedule.now;
  }

  /** Servers that lose their weight have their connections for a while. */
  #drained(before: Entry | null, after: Entry | null): void {
    const { schedule, plan } = this.#node;
    const lasting = Math.max(
      0,
      ...[...plan.config.services, ...plan.later.services].map((each) => each.lasting),
    );
    for (const { destination: had } of before?.destinations ?? []) {
      const has = after?.destinations.find(({ destination }) => destination.address === had.address);
      if (had.weight > 0 && has?.destination.weight === 0) {
        this.#busyUntil.set(had.address, schedule.now + lasting);
      }
    }
  }

  #make(change: Change, ordered: Ordered): string | null {
    const key = keyOf(change);
    const before = this.entry(key);
    try {
      this.entries = applied(this.entries, change);
    } catch (error) {
      return /^E[A-Z]+/.exec(error instanceof Error ? error.message : "")?.[0] ?? "EINVAL";
    }
    const after = this.entry(key);
    this.#drained(before, after);
    const there = new Set(after?.destinations.map(({ destination }) => destination.address));
    const cut = (before?.destinations ?? [])
      .filter((each) => !there.has(each.destination.address) && this.#isBusy(each))
      .map(({ destination }) => destination.address);
    const configured = this.#node.schedule.now - this.#configuredAt;
    this.#node.observer.balances.made(this.#node, { change, before, after, ordered, configured, cut });
    this.#node.observer.kernelChanged(this.#node);
    return null;
  }
}
