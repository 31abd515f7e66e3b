/**
 * Who holds which route and rule: what the routers that are master should have, what we have, and the difference as a batch to take
 * away and one to add. What somebody else has in the place of ours is "found": it may be used where the router adopts it, and is
 * never removed.
 */
import type { Instant } from "../base/units.ts";
import { instant, NEVER } from "../base/units.ts";
import type { RouteConfig } from "../config/route.ts";
import type { RuleConfig } from "../config/rule.ts";
import type { KernelRoute } from "../wire/route.ts";
import type { KernelRule } from "../wire/rule.ts";
import type { Forwarding, ForwardingChange, ForwardingResult } from "../wire/forwarding.ts";
import type { Kernel } from "./kernel.ts";
import type { Router } from "./router.ts";

/** A route or rule that a router uses. */
export interface HeldForwarding {
  readonly entry: Forwarding;
  readonly router: string;
  /** `pending`: asked of the kernel in this turn; `added`: ours; `found`: somebody's; `leaving`: being removed. */
  state: "pending" | "added" | "found" | "leaving";
  /** It had been taken away and comes back: said when it is there. */
  readonly restores: boolean;
}

/** What {@link Routing.reconcile} wants done. */
export interface Rerouting {
  /** In this order: rules before the tables that they lead to, routes after those that lead by them. */
  readonly deletes: readonly ForwardingChange[];
  readonly adds: readonly ForwardingChange[];
  /** Routers that the ledger must say something else of. */
  readonly changed: ReadonlySet<string>;
}

/** What the answers of the kernel mean. */
export interface RoutingOutcome {
  readonly changed: ReadonlySet<string>;
  /** Added after a loss. */
  readonly restored: readonly HeldForwarding[];
  /** What could not be added: EEXIST is somebody else's. */
  readonly refused: readonly { readonly held: HeldForwarding; readonly errno: string }[];
}

/** What the kernel has one of: a route to a destination of one metric in a table; a rule as a whole. */
export function forwardingKey(entry: Forwarding): string {
  if (entry.kind === "route") {
    const { destination, prefix, table, metric } = entry;
    return `${destination}/${prefix} ${table} ${metric}`;
  }
  const { family, priority, action, table, not, from, to, iif, oif, mark } = entry;
  return JSON.stringify([family, priority, action, table, not, from, to, iif, oif, mark]);
}

/** Whether the kernel's entry is all that ours says; both have the same key. */
function fulfils(told: Forwarding, wanted: Forwarding): boolean {
  if (told.kind === "rule" || wanted.kind === "rule") return true;
  const { type, via, source, mtu, onlink, scope, index } = wanted;
  if (told.type !== type || told.scope !== scope || told.mtu !== mtu) return false;
  // A route that refuses is on the loopback interface in IPv6.
  if (type !== "unicast") return true;
  const place = index === null || told.index === index;
  return place && told.via === via && told.source === source && told.onlink === onlink;
}

/** A configured route as the kernel knows it; null while its interface is not there. */
export function routeEntry(kernel: Kernel, config: RouteConfig): KernelRoute | null {
  const { interface: name, ...rest } = config;
  const link = name === null ? null : kernel.named(name);
  if (name !== null && link === null) return null;
  return { kind: "route", ...rest, index: link?.index ?? null };
}

/** A configured rule as the kernel knows it. */
export const ruleEntry = (config: RuleConfig): KernelRule => ({ kind: "rule", ...config });

/** All that a router wants, routes first: a rule must not lead to a table that is still empty. */
function entriesOf(kernel: Kernel, { config }: Router): Forwarding[] {
  const routes = config.routes.map((route) => routeEntry(kernel, route)).filter((route) => route !== null);
  return [...routes, ...config.rules.map(ruleEntry)];
}

interface Wanted {
  readonly router: string;
  readonly entry: Forwarding;
  /** Its addresses are there or come in this turn. */
  readonly ready: boolean;
}

export class Routing {
  private readonly held = new Map<string, HeldForwarding>();
  private readonly lost = new Set<string>();
  /** When the kernel was last asked what there is of ours, and when it is to be asked next. */
  lookedAt: Instant = instant(0);
  lookAt: Instant = NEVER;

  get(entry: Forwarding): HeldForwarding | null {
    return this.held.get(forwardingKey(entry)) ?? null;
  }

  /** Whether all that a router wants is there. */
  complete(kernel: Kernel, router: Router): boolean {
    return entriesOf(kernel, router).every((entry) => {
      const state = this.get(entry)?.state;
      return state === "added" || state === "found";
    });
  }

  /** What a router uses now, whoever added it. */
  of(router: string): HeldForwarding[] {
    return this.all().filter((held) => held.router === router);
  }

  /** Everything held, by whichever router. */
  all(): HeldForwarding[] {
    return [...this.held.values()];
  }

  /** What the ledger must say of a router: everything that we added or are about to add. */
  record(router: string): Forwarding[] {
    return this.of(router)
      .filter(({ state }) => state !== "found")
      .map(({ entry }) => entry);
  }

  /** Takes over what an earlier agent added for a router: kept if that router is master and still wants it, else removed. */
  inherit(router: string, entry: Forwarding): void {
    this.held.set(forwardingKey(entry), { entry, router, state: "added", restores: false });
  }

  /** Whether a route of ours may go with this interface: it is on it, or the kernel chose where it is. */
  uses(index: number): boolean {
    return this.all().some(
      ({ entry }) => entry.kind === "route" && (entry.index === index || entry.index === null),
    );
  }

  /** The batches that make what we hold equal to what the masters should hold; marks it as asked for. */
  reconcile(routers: Iterable<Router>, kernel: Kernel, lacks: (router: string) => boolean): Rerouting {
    const wanted = new Map<string, Wanted>();
    for (const router of routers) {
      if (!router.holds) continue;
      for (const entry of entriesOf(kernel, router)) {
        const key = forwardingKey(entry);
        // Two routers may want the same one: there is one, and it stays as long as either is master.
        if (wanted.get(key)?.ready === true) continue;
        const { name } = router.config;
        // As its addresses do, they wait for the device of its virtual MAC address, and then for the last address.
        const ready = (router.device === null || router.deviceReady) && !lacks(name);
        wanted.set(key, { router: name, entry, ready });
      }
    }
    const changed = new Set<string>();
    const deletes = this.dismiss(wanted, changed);
    const adds: ForwardingChange[] = [];
    for (const [key, { router, entry, ready }] of wanted) {
      const known = this.held.get(key);
      if (!ready || (known !== undefined && known.state !== "leaving")) continue;
      this.held.set(key, { entry, router, state: "pending", restores: this.lost.has(key) });
      changed.add(router);
      adds.push({ op: "add", entry });
    }
    this.lost.clear();
    return { deletes: inOrderOfRemoval(deletes), adds, changed };
  }

  /** Sends away what nobody wants any more as it is, and gives what another router of ours wants to that one, where it stands. */
  private dismiss(wanted: ReadonlyMap<string, Wanted>, changed: Set<string>): Forwarding[] {
    const deletes: Forwarding[] = [];
    for (const [key, held] of this.held) {
      // What is still asked for may turn out to be somebody else's: the kernel's answer comes first.
      if (held.state === "pending" || held.state === "leaving") continue;
      const want = wanted.get(key);
      if (want !== undefined && (held.state === "found" || fulfils(held.entry, want.entry))) {
        if (want.router === held.router) continue;
        this.held.set(key, { ...held, router: want.router });
        changed.add(held.router).add(want.router);
        continue;
      }
      changed.add(held.router);
      if (held.state === "found") {
        this.held.delete(key);
      } else {
        held.state = "leaving";
        deletes.push(held.entry);
      }
    }
    return deletes;
  }

  /** The kernel's answers to a batch. */
  settle(results: readonly ForwardingResult[], adopts: (router: string) => boolean): RoutingOutcome {
    const changed = new Set<string>();
    const restored: HeldForwarding[] = [];
    const refused: { held: HeldForwarding; errno: string }[] = [];
    for (const { change, errno } of results) {
      const key = forwardingKey(change.entry);
      const held = this.held.get(key);
      if (held === undefined) continue;
      changed.add(held.router);
      if (change.op === "delete") {
        // Whatever the kernel says, it is not ours any more. A pending one is asked for after this.
        if (held.state === "leaving") this.held.delete(key);
      } else if (errno === null) {
        held.state = "added";
        if (held.restores) restored.push(held);
      } else if (errno === "EEXIST" && (change.entry.kind === "rule" || adopts(held.router))) {
        // A rule that is there already is the same to the last word: it does what ours would.
        held.state = "found";
      } else {
        this.held.delete(key);
        refused.push({ held, errno });
      }
    }
    return { changed, restored, refused };
  }

  /** Compares with what the kernel has of ours: gives what is gone, or is not what it was, for the next reconciliation to put right. */
  missing(told: readonly Forwarding[]): HeldForwarding[] {
    const present = new Map(told.map((entry) => [forwardingKey(entry), entry]));
    const missing: HeldForwarding[] = [];
    for (const [key, held] of this.held) {
      if (held.state !== "added") continue;
      const entry = present.get(key);
      if (entry === undefined) this.held.delete(key);
      // The kernel takes the source from a route of IPv6 whose address went, and keeps the route.
      else if (!fulfils(entry, held.entry)) this.held.set(key, { ...held, entry });
      else continue;
      missing.push(held);
    }
    return missing;
  }

  /** Somebody took this away: when the next reconciliation adds it, that is worth a word. */
  expectBack(entry: Forwarding): void {
    this.lost.add(forwardingKey(entry));
  }

  /** A link that vanished took its routes with it. */
  forgetLink(index: number): void {
    for (const [key, { entry }] of this.held) {
      if (entry.kind === "route" && entry.index === index) this.held.delete(key);
    }
  }
}

/** Rules first, and routes the last added first. */
export function inOrderOfRemoval(entries: readonly Forwarding[]): ForwardingChange[] {
  const rules = entries.filter(({ kind }) => kind === "rule");
  const routes = entries.filter(({ kind }) => kind === "route").reverse();
  return [...rules, ...routes].map((entry) => ({ op: "delete", entry }));
}
