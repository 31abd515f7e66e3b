/** The routes and rules of a kernel stand-in, each with who put it there, which the real kernel does not know. */
import type { Link } from "../../src/agent/boundary.ts";
import type { Forwarding, ForwardingChange, ForwardingResult } from "../../src/wire/forwarding.ts";
import { forwardingKey } from "../../src/agent/routing.ts";
import type { Ip } from "../../src/base/address.ts";

export interface Entry {
  readonly entry: Forwarding;
  readonly agents: boolean;
}

/** What a table asks of the rest of its kernel. */
export interface Surroundings {
  link(index: number): Link | null;
  has(address: Ip): boolean;
}

export class ForwardingTable {
  readonly #surroundings: Surroundings;
  #entries = new Map<string, Entry>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** Those that agents put there: what a dump by protocol number gives. */
  added(): Forwarding[] {
    return this.all()
      .filter(({ agents }) => agents)
      .map(({ entry }) => entry);
  }

  all(): Entry[] {
    return [...this.#entries.values()];
  }

  has(entry: Forwarding): boolean {
    return this.#entries.has(forwardingKey(entry));
  }

  /** An agent's changes, with the answers to them. */
  batch(changes: readonly ForwardingChange[]): ForwardingResult[] {
    return changes.map((change) => ({ change, errno: this.change(change) }));
  }

  /** An agent's change: null, or the name of the error. */
  change({ op, entry }: ForwardingChange): string | null {
    const key = forwardingKey(entry);
    const known = this.#entries.get(key);
    if (op === "delete") {
      if (known === undefined || !known.agents) return entry.kind === "route" ? "ESRCH" : "ENOENT";
      this.#entries.delete(key);
      return null;
    }
    if (known !== undefined) return "EEXIST";
    if (entry.kind === "route") {
      if (entry.index !== null && this.#surroundings.link(entry.index)?.up !== true) return "ENETDOWN";
      if (entry.source !== null && !this.#surroundings.has(entry.source)) return "EINVAL";
    }
    this.#entries.set(key, { entry, agents: true });
    return null;
  }

  /** `ip route add` by somebody else, in the place of what is there. */
  put(entry: Forwarding): void {
    this.#entries.set(forwardingKey(entry), { entry, agents: false });
  }

  /** `ip route del` by somebody else; true when there was something to remove. */
  remove(entry: Forwarding): boolean {
    return this.#entries.delete(forwardingKey(entry));
  }

  /** What needs a link that is down, or an address that is gone, goes with it; gives how many. */
  prune(): number {
    const gone = this.all().filter(({ entry }) => {
      if (entry.kind === "rule") return false;
      const dead = entry.index !== null && this.#surroundings.link(entry.index)?.up !== true;
      return dead || (entry.source !== null && !this.#surroundings.has(entry.source));
    });
    for (const { entry } of gone) this.#entries.delete(forwardingKey(entry));
    return gone.length;
  }

  clear(): void {
    this.#entries = new Map();
  }
}
