/** Keeps the kernel's routes and rules equal to what the masters should hold, and finds out when they go. */
import type { Ip } from "../base/address.ts";
import { after, elapsed, ms, NEVER } from "../base/units.ts";
import { showRoute } from "../config/route.ts";
import { showRule } from "../config/rule.ts";
import { requestResync, robbed, trouble, TROUBLE_LASTING } from "./addresses.ts";
import { assess } from "./assess.ts";
import type { Forwarding, ForwardingResult } from "../wire/forwarding.ts";
import type { Router } from "./router.ts";
import { routeEntry, ruleEntry } from "./routing.ts";
import { usable } from "./tracking.ts";
import type { Turn, World } from "./world.ts";

/** The kernel is asked at most this often. */
const LOOK = ms(20);
/** What is gone within this of another loss went with it: an address takes the routes that send from it along. */
const TOGETHER = ms(200);

/** A route or rule in the words of ip(8), without its first one. */
export function forwardingText(entry: Forwarding, nameOf: (index: number) => string | null): string {
  if (entry.kind === "rule") return showRule(entry);
  const { index } = entry;
  return showRoute({ ...entry, interface: index === null ? null : (nameOf(index) ?? `if${index}`) });
}

const described = (world: World, entry: Forwarding): string =>
  forwardingText(entry, (index) => world.kernel.link(index)?.name ?? null);

/** Brings the kernel's routes and rules in line: taken away before the addresses are, added after them. */
export function reroute(world: World, turn: Turn): void {
  const lacks = (name: string): boolean => world.ownership.lacks(name);
  const { deletes, adds, changed } = world.routing.reconcile(world.routers.values(), world.kernel, lacks);
  turn.out.withdraw(deletes);
  turn.out.forward(adds);
  for (const name of changed) turn.records.add(name);
}

/** The kernel's answers: what is held now, and refusals as faults. */
export function forwarded(world: World, turn: Turn, results: readonly ForwardingResult[]): void {
  const adopts = (name: string): boolean => world.routers.get(name)?.adopts ?? false;
  const { changed, restored, refused } = world.routing.settle(results, adopts);
  for (const { entry, router } of restored) {
    turn.out.log("info", "route.restored", { name: router, [entry.kind]: described(world, entry) });
  }
  const unwell = new Set<Router>();
  for (const { held, errno } of refused) {
    const router = world.routers.get(held.router);
    // Without the address that was refused before, the route that sends from it is, too.
    if (router === undefined || !router.holds) continue;
    unwell.add(router);
    const text = `${held.entry.kind} ${described(world, held.entry)}`;
    const why =
      errno === "EEXIST"
        ? `${text}: another one with its metric is there already, and not by us`
        : `${text} could not be added: ${errno}`;
    // Each try takes mastership from who can do it; what may cure it ends this at once (networkChanged).
    trouble(world, turn, router, { text: why, span: TROUBLE_LASTING, cure: "network" });
  }
  for (const name of changed) {
    turn.records.add(name);
    // Mastership may have gone while the kernel was asked.
    if (world.routers.get(name)?.holds !== true) turn.addresses = true;
  }
  if (unwell.size > 0) assess(world, turn, unwell);
}

/** A route of ours that sends from an address: the address must be there again before the route can be. */
const sends = (world: World): boolean =>
  world.routing.all().some(({ entry, state }) => {
    return state === "added" && entry.kind === "route" && entry.source !== null;
  });

/** Asks what there is of ours, not more often than {@link LOOK}; addresses first where routes need them. */
export function look(world: World, turn: Turn): void {
  const { routing } = world;
  routing.lookAt = NEVER;
  if (!routing.all().some(({ state }) => state === "added")) return;
  if (sends(world)) {
    requestResync(world, turn);
    return;
  }
  const next = after(routing.lookedAt, LOOK);
  if (turn.now < next) {
    routing.lookAt = next;
    return;
  }
  routing.lookedAt = turn.now;
  turn.out.lookForwarding();
}

/** The addresses were told, and what is missing of them is being added: now the routes that send from them. */
export function lookBehind(world: World, turn: Turn): void {
  if (sends(world)) turn.out.lookForwarding();
}

/** What there is of ours: what is not goes back at once. */
export function compareForwarding(world: World, turn: Turn, entries: readonly Forwarding[]): void {
  const lost = new Map<Router, string>();
  for (const { entry, router: name } of world.routing.missing(entries)) {
    turn.records.add(name);
    turn.addresses = true;
    const router = world.routers.get(name);
    if (router === undefined || !router.holds) continue;
    // An interface that is down took the route along; that is a fault of its own, told as such.
    if (entry.kind === "route" && entry.index !== null && !usable(world.kernel.link(entry.index))) continue;
    world.routing.expectBack(entry);
    const text = described(world, entry);
    turn.out.log("warning", "route.lost", { name, [entry.kind]: text });
    lost.set(router, `${entry.kind} ${text}`);
  }
  for (const [router, what] of lost) {
    if (router.losses.some((at) => elapsed(at, turn.now) < TOGETHER)) continue;
    robbed(world, turn, router, what);
  }
  if (lost.size > 0) assess(world, turn, lost.keys());
}

/** An address is new: a route that the kernel refused it may take now. */
export function networkChanged(world: World, turn: Turn): void {
  const cured = [...world.routers.values()].filter(({ trouble: over }) => over?.cure === "network");
  for (const router of cured) router.trouble = null;
  if (cured.length > 0) assess(world, turn, cured);
}

/** An address went that is not ours: it may have taken routes along without a word. */
export function sourceGone(world: World, turn: Turn, address: Ip): void {
  const sender = world.routing.all().some(({ entry }) => entry.kind === "route" && entry.source === address);
  if (sender) look(world, turn);
}

/** For the status: every route or rule that a router is to have. */
export function forwardingStatus(world: World, router: Router): { routes: object[]; rules: object[] } {
  const stateOf = (entry: Forwarding | null): { held: boolean; found: boolean } => {
    const known = entry === null ? null : world.routing.get(entry);
    return {
      held: known !== null && (known.state === "added" || known.state === "found") && router.holds,
      found: known?.state === "found",
    };
  };
  const { routes, rules } = router.config;
  return {
    routes: routes.map((route) => ({
      route: showRoute(route),
      ...stateOf(routeEntry(world.kernel, route)),
    })),
    rules: rules.map((rule) => ({ rule: showRule(rule), ...stateOf(ruleEntry(rule)) })),
  };
}
