/**
 * Who holds which address: what routers that are master and resources that are started should have, what we have, and the difference as
 * one batch. What was there before us is "found": it may be used where its holder adopts it, and is never removed.
 */
import { familyOf } from "../base/address.ts";
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";
import type { AddressConfig, AgentConfig } from "../config/model.ts";
import { methodFor } from "./address-method.ts";
import type { AddressChange, AddressKey, AddressResult, KernelAddress } from "./boundary.ts";
import type { Kernel } from "./kernel.ts";
import { keyOf, keyText } from "./kernel.ts";
import type { Held } from "./held.ts";
import { HeldAddresses } from "./held.ts";
import type { Holder } from "./holder.ts";
import type { LedgerAddress } from "./ledger.ts";
import { lifetimeOf } from "./lifetimes.ts";

/** Added in one batch: the kernel takes some milliseconds for them, and adverts of 10 ms must find time between two. */
const ADDITIONS_MAX = 64;

/** What {@link Ownership.reconcile} wants done. */
interface Reconciliation {
  /** One batch. */
  readonly changes: readonly AddressChange[];
  /** Holders that the ledger must say something else of. */
  readonly changed: ReadonlySet<string>;
  /** Holders that got an address without asking the kernel: adopted, or from another one of ours. */
  readonly gained: ReadonlySet<string>;
}

/** What the answers of the kernel mean. */
export interface Outcome {
  /** Holders whose set of addresses changed. */
  readonly changed: ReadonlySet<string>;
  /** Those of them that hold more than before. */
  readonly gained: ReadonlySet<string>;
  /** Added after a loss. */
  readonly restored: readonly Held[];
  /** What could not be added: EEXIST is somebody else's address. */
  readonly refused: readonly { readonly held: Held; readonly errno: string }[];
}

/** An earlier agent's lifetime: whatever it was, it is to be armed anew. */
const UNKNOWN: Seconds = seconds(0);

type Rearmed = Pick<Held, "key" | "label" | "lifetime" | "metric">;
const rearm = (held: Rearmed): AddressChange => {
  const { key, label, lifetime, metric } = held;
  return { op: "refresh", key, label, lifetime, method: "netlink", metric };
};

/** An address that should be held. */
interface Wanted {
  readonly holder: Holder;
  readonly address: AddressConfig;
  readonly key: AddressKey;
  readonly lifetime: Seconds | null;
  readonly metric: number | null;
}

/**
 * Of the subnet routes that come with addresses on a virtual MAC's device: whatever the interface below has is preferred, as a strict
 * rp_filter there drops what would be answered by another way, and this host would speak to the subnet from a virtual address.
 */
const DEVICE_METRIC = 1_000_000;

export class Ownership {
  private readonly held = new HeldAddresses();
  private readonly lost = new Set<string>();
  /** Holders of which some addresses wait for the next batch, by name. */
  private readonly incomplete = new Set<string>();

  get(key: AddressKey): Held | null {
    return this.held.get(keyText(key)) ?? null;
  }

  /** Whether this address is used there, under whatever prefix: an adopted one has its own. */
  uses({ index, address }: AddressKey): boolean {
    for (const { key } of this.held.values()) if (key.index === index && key.address === address) return true;
    return false;
  }

  /** Whether some addresses of a holder, or of any, were not asked for yet: there were too many for one batch. */
  lacks(holder: string | null): boolean {
    return holder === null ? this.incomplete.size > 0 : this.incomplete.has(holder);
  }

  /** Everything held, by whichever holder. */
  all(): Held[] {
    return [...this.held.values()];
  }

  /** The addresses a holder uses now, whoever added them. */
  of(holder: string): Held[] {
    return this.held.of(holder);
  }

  /** What the ledger must say of a holder: everything that we added or are about to add. */
  record(holder: string): LedgerAddress[] {
    return this.of(holder)
      .filter(({ state }) => state !== "found")
      .map(({ key, state, lifetime }) => ({ ...key, confirmed: state !== "pending" && lifetime === null }));
  }

  /** Takes over an address that an earlier agent added for a holder: kept if that one holds, else removed. */
  inherit(holder: string, { index, address, prefix, label }: KernelAddress): void {
    const key = { index, address, prefix };
    const held = {
      key,
      holder,
      label,
      lifetime: UNKNOWN,
      metric: null,
      state: "added",
      restores: false,
    } as const;
    this.held.put(keyText(key), held);
  }

  /** The batch that makes what we hold equal to what should be held; marks it as asked for. */
  reconcile(holders: Iterable<Holder>, agent: AgentConfig, kernel: Kernel, total: number): Reconciliation {
    const wanted = new Map<string, Wanted>();
    for (const holder of holders) {
      if (!holder.holds) continue;
      // Its device first: a name in the kernel may be somebody else's.
      if (holder.device !== null && !holder.deviceReady) continue;
      const lifetime = lifetimeOf(agent, holder, total);
      for (const address of holder.carried) {
        const key = keyOf(kernel, address);
        const metric = address.interface === holder.device ? DEVICE_METRIC : null;
        if (key !== null) wanted.set(keyText(key), { holder, address, key, lifetime, metric });
      }
    }
    const changed = new Set<string>();
    const gained = new Set<string>();
    const deletes = this.dismiss(wanted, changed, gained);
    const changes: AddressChange[] = [];
    this.incomplete.clear();
    let additions = 0;
    for (const [text, { holder, address, key, lifetime, metric }] of wanted) {
      const { label } = address;
      const known = this.held.get(text);
      if (known !== undefined && known.state !== "leaving") {
        if (known.state !== "added" || known.lifetime === lifetime) continue;
        this.held.put(text, { ...known, lifetime, metric });
        changed.add(known.holder);
        changes.push(rearm({ key, label, lifetime, metric }));
        continue;
      }
      const { name } = holder;
      if (additions >= ADDITIONS_MAX) {
        this.incomplete.add(name);
        continue;
      }
      const there = holder.adopts ? kernel.find(key.index, key.address) : null;
      const found = there !== null && this.get(there) === null;
      const state = found ? "found" : "pending";
      const restores = this.lost.has(text);
      this.held.put(text, { key, holder: name, label, lifetime, metric, state, restores });
      changed.add(name);
      if (found) {
        gained.add(name);
        continue;
      }
      additions += 1;
      const method = methodFor(agent, address, kernel, key);
      const broadcast = address.broadcast ?? null;
      changes.push({
        ...{ op: "add", key, label, lifetime, method, metric },
        ...(broadcast === null ? {} : { broadcast }),
      });
    }
    if (this.incomplete.size === 0) this.lost.clear();
    // The last one first: where the first one of a subnet goes, the kernel makes the next one the first, and tells all the others.
    return { changes: [...deletes.reverse(), ...changes], changed, gained };
  }

  /** Sends away what nobody wants any more, and gives what another holder of ours wants to that one, where it stands. */
  private dismiss(
    wanted: ReadonlyMap<string, Wanted>,
    changed: Set<string>,
    gained: Set<string>,
  ): AddressChange[] {
    const deletes: AddressChange[] = [];
    for (const [text, held] of this.held.entries()) {
      // What is still asked for may turn out to be somebody else's: the kernel's answer comes first.
      if (held.state === "pending" || held.state === "leaving") continue;
      const want = wanted.get(text);
      const relabelled = held.state === "added" && want !== undefined && want.address.label !== held.label;
      if (want !== undefined && !relabelled) {
        const { name } = want.holder;
        if (name === held.holder) continue;
        this.held.put(text, { ...held, holder: name });
        changed.add(held.holder).add(name);
        gained.add(name);
        continue;
      }
      changed.add(held.holder);
      if (held.state === "found") {
        this.held.drop(text);
      } else {
        held.state = "leaving";
        deletes.push({ op: "delete", key: held.key });
      }
    }
    return deletes;
  }

  /** The kernel's answers to a batch. */
  settle(results: readonly AddressResult[], kernel: Kernel, adopts: (holder: string) => boolean): Outcome {
    const changed = new Set<string>();
    const gained = new Set<string>();
    const restored: Held[] = [];
    const refused: { held: Held; errno: string }[] = [];
    for (const { change, errno } of results) {
      const text = keyText(change.key);
      const held = this.held.get(text);
      if (change.op === "delete") {
        // Whatever the kernel says, it is not ours any more; EADDRNOTAVAIL and ENODEV say it is gone already.
        kernel.removeAddress(change.key);
        if (held !== undefined) changed.add(held.holder);
        // A pending one is asked for later in this batch.
        if (held?.state === "leaving") this.held.drop(text);
        continue;
      }
      if (held === undefined || change.op === "refresh") continue;
      changed.add(held.holder);
      if (errno === null) {
        held.state = "added";
        gained.add(held.holder);
        const { key, label, lifetime: validLifetime } = held;
        kernel.putAddress({ ...key, label, secondary: false, tentative: false, validLifetime });
        if (held.restores) restored.push(held);
      } else if (errno === "EEXIST" && adopts(held.holder)) {
        held.state = "found";
        gained.add(held.holder);
      } else {
        this.held.drop(text);
        refused.push({ held, errno });
      }
    }
    return { changed, gained, restored, refused };
  }

  /** Compares with a dump: what we held and is gone is forgotten, so that the next reconciliation adds it again. */
  missing(kernel: Kernel): Held[] {
    const gone = [...this.held.values()].filter(({ key, state, lifetime }) => {
      // The dump may be older than what the kernel has been asked since.
      if (state === "pending" || state === "leaving") return false;
      if (state === "found") return kernel.find(key.index, key.address) === null;
      const known = kernel.get(key);
      // One for ever in the place of ours, which had a lifetime, is somebody else's.
      return known === null || (lifetime !== null && known.validLifetime === null);
    });
    for (const { key } of gone) this.held.drop(keyText(key));
    return gone;
  }

  /** One of those was taken away by somebody: when the next reconciliation adds it, that is worth a word. */
  expectBack(key: AddressKey): void {
    this.lost.add(keyText(key));
  }

  /** A link that vanished took its addresses with it. */
  forgetLink(index: number): void {
    for (const [text, { key }] of this.held.entries()) {
      if (key.index === index) this.held.drop(text);
    }
  }

  /** The batch that re-arms the lifetimes of everything we added. */
  refresh(): AddressChange[] {
    return [...this.held.values()]
      .filter(({ state, lifetime }) => state === "added" && lifetime !== null)
      .map(rearm);
  }

  /** The shortest lifetime among what we added; null when all are for ever. */
  shortestLifetime(): Seconds | null {
    let shortest: Seconds | null = null;
    for (const { state, lifetime } of this.held.values()) {
      if (state !== "added" || lifetime === null) continue;
      if (shortest === null || lifetime < shortest) shortest = lifetime;
    }
    return shortest;
  }

  /** Interfaces on which an IPv4 address of ours stands or is about to. */
  interfaces4(): Set<number> {
    const indexes = new Set<number>();
    for (const { key, state } of this.held.values()) {
      if ((state === "added" || state === "pending") && familyOf(key.address) === 4) indexes.add(key.index);
    }
    return indexes;
  }
}
