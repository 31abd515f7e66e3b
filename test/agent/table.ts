/** The kernel's table of virtual services behind a box: answers what the agent orders, when it is told to, as a thread would. */
import type { Action, Event } from "../../src/agent/boundary.ts";
import type { ChangeResult, OwnedService } from "../../src/agent/service/boundary.ts";
import type { Change, Entry } from "../../src/wire/ipvs.ts";
import { destinationKey, serviceKey } from "../../src/wire/ipvs.ts";
import { applied } from "../ipvs/values.ts";

type Order = Extract<Action, { kind: "services" }>;

/** A node whose table this is. */
interface Node {
  /** Everything the agent ever wanted done, in order. */
  readonly actions: readonly Action[];
  event(event: Event): unknown;
}

export class TestTable {
  readonly #box: Node;
  #seen = 0;
  entries: readonly Entry[] = [];
  /** What an earlier agent noted. */
  left: readonly OwnedService[] = [];
  /** What the agent has noted as its own. */
  owned: readonly OwnedService[] = [];
  /** Why it cannot be read. */
  failure: string | null = null;
  /** Refuses a change with the name of an error. */
  refuses: (change: Change) => string | null = () => null;
  /** Others write to it as well: what cannot be done is an answer, and no fault of the agent. */
  shared = false;
  /** Every change that was made, in words. */
  readonly done: string[] = [];

  constructor(box: Node) {
    this.#box = box;
  }

  /** Answers everything that was ordered, and what is ordered on that. */
  answer(): void {
    for (let order = this.#next(); order !== undefined; order = this.#next()) this.#obey(order);
  }

  #next(): Order | undefined {
    while (this.#seen < this.#box.actions.length) {
      const action = this.#box.actions[this.#seen++];
      if (action?.kind === "services") return action;
    }
    return undefined;
  }

  #obey(order: Order): void {
    if (order.what === "maintain") return;
    if (order.what === "read") {
      const { left, failure } = this;
      this.left = [];
      const entries = failure === null ? this.entries : null;
      const ways = new Set([...order.ways, ...left.map(({ way }) => way)]);
      for (const way of ways)
        this.#box.event({ kind: "services", what: "told", way, entries, failure, left, took: 1 });
      return;
    }
    this.owned = order.owned ?? this.owned;
    const results = order.changes.map((change): ChangeResult => {
      const refused = this.refuses(change);
      if (refused !== null) return { change, errno: refused };
      try {
        this.entries = applied(this.entries, change);
      } catch (error) {
        const errno = /^E[A-Z]+/.exec(error instanceof Error ? error.message : "")?.[0];
        if (!this.shared || errno === undefined) throw error;
        return { change, errno };
      }
      this.done.push(text(change));
      return { change, errno: null };
    });
    this.#box.event({ kind: "services", what: "written", way: order.way, results });
  }

  /** `10.0.0.2 80 w1`, of the only service there is. */
  get servers(): string[] {
    return (this.entries[0]?.destinations ?? [])
      .map(({ destination }) => `${destinationKey(destination)} w${destination.weight}`)
      .toSorted();
  }
}

function text(change: Change): string {
  if ("service" in change) return `${change.kind} ${serviceKey(change.service.id)}`;
  if (change.kind === "delete-service") return `delete-service ${serviceKey(change.id)}`;
  const { kind } = change;
  if (kind === "delete-destination") return `${kind} ${destinationKey(change)}`;
  return `${kind} ${destinationKey(change.destination)} w${change.destination.weight}`;
}
