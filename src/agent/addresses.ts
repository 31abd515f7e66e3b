/** Keeps the kernel's addresses equal to what the masters should hold, and finds out when somebody else changes them. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, fromSeconds, ms, NEVER } from "../base/units.ts";
import type { Ip } from "../base/address.ts";
import { assess } from "./assess.ts";
import type { AddressResult } from "./boundary.ts";
import { devicesCompared } from "./devices.ts";
import { announce } from "./drive.ts";
import type { Holder } from "./holder.ts";
import { holderOf, holders } from "./holder.ts";
import { hasLifetimes } from "./lifetimes.ts";
import { ResourceAddress } from "./resource/address.ts";
import { addressRefused, endPauses, pause } from "./resource/addresses.ts";
import type { Trouble } from "./router.ts";
import { Router } from "./router.ts";
import { usable } from "./tracking.ts";
import type { Turn, World } from "./world.ts";

/** So often within {@link LOSS_WINDOW} an address taken from us is put back; once more is a quarrel we stop, by a fault. */
const RESTORES_MAX = 3;
const LOSS_WINDOW = ms(10_000);
/** How long such a fault, or one from an address the kernel refused, lasts before the next try. */
const TROUBLE = ms(10_000);
/** And where the refusal is the host's settings, as where IPv6 is off: each try takes mastership from who can do it. */
export const TROUBLE_LASTING = ms(300_000);
const LASTING: ReadonlySet<string> = new Set(["EACCES", "EPERM", "EINVAL", "EOPNOTSUPP"]);
/** Dumps are asked for at most this often. */
const RESYNC = ms(20);

/** Brings the kernel's addresses in line, with promote_secondaries set before and the ledger written first. */
export function reconcile(world: World, turn: Turn): void {
  const { ownership, kernel, config, addressTotal } = world;
  const { changes, changed, gained } = ownership.reconcile(
    holders(world),
    config.agent,
    kernel,
    addressTotal,
  );
  turn.out.change(changes);
  for (const name of changed) turn.records.add(name);
  for (const name of gained) turn.gained.add(name);
  promote(world, turn);
  schedule(world, turn.now);
  tellAll(world, turn, turn.gained);
}

/** Announces what these hold, unless the kernel's answer is still awaited: it will be told with that. */
function tellAll(world: World, turn: Turn, names: ReadonlySet<string>): void {
  for (const name of names) {
    const holder = holderOf(world, name);
    if (holder?.holds !== true) continue;
    if (world.ownership.lacks(name)) continue;
    if (world.ownership.of(name).every(({ state }) => state !== "pending")) announce(world, turn, holder);
  }
}

/**
 * promote_secondaries while an IPv4 address of ours stands on an interface: removing the first address of a subnet would take
 * the others of that subnet with it (net.ipv4.conf.IF.promote_secondaries in the kernel's ip-sysctl).
 */
function promote(world: World, turn: Turn): void {
  const wanted = world.ownership.interfaces4();
  for (const index of wanted) {
    if (world.promoted.has(index)) continue;
    world.promoted.add(index);
    turn.out.beforeAddresses({ kind: "promote-secondaries", index, enable: true });
  }
  for (const index of world.promoted) {
    if (wanted.has(index)) continue;
    world.promoted.delete(index);
    turn.out.finally({ kind: "promote-secondaries", index, enable: false });
  }
}

/** Says that there is no dead-man's switch because there are too many addresses. */
export function warnOfLifetimes(world: World, turn: Turn): void {
  const { addressTotal, config } = world;
  if (config.agent.addressLifetime === "forever" || hasLifetimes(config.agent, addressTotal)) return;
  const text = `${addressTotal} addresses: without kernel lifetimes, so a killed agent leaves them until it is started again`;
  turn.out.log("warning", "config.warning", { text });
}

/** When the lifetimes must be re-armed next: at a quarter of the shortest one. */
function schedule(world: World, now: Instant): void {
  const shortest = world.ownership.shortestLifetime();
  const due = shortest === null ? NEVER : after(now, ms(fromSeconds(shortest) / 4));
  world.refreshAt = shortest === null ? NEVER : earlier(world.refreshAt, due);
}

/** The kernel's answers: tell what is held now, and turn refusals into faults. */
export function answered(world: World, turn: Turn, results: readonly AddressResult[]): void {
  const outcome = world.ownership.settle(
    results,
    world.kernel,
    (name) => holderOf(world, name)?.adopts ?? false,
  );
  for (const { key, holder } of outcome.restored) {
    turn.out.log("info", "address.restored", { name: holder, address: key.address });
  }
  const unwell = new Set<Router>();
  for (const { held, errno } of outcome.refused) {
    if (errno === "EEXIST") requestResync(world, turn);
    addressRefused(world, turn, held, errno);
    const router = world.routers.get(held.holder);
    if (router === undefined) continue;
    unwell.add(router);
    const text =
      errno === "EEXIST"
        ? `address ${held.key.address} is there already, and not by us`
        : `address ${held.key.address} could not be added: ${errno}`;
    const span = LASTING.has(errno) ? TROUBLE_LASTING : TROUBLE;
    trouble(world, turn, router, { text, span, cure: "link" });
  }
  for (const name of outcome.changed) {
    turn.records.add(name);
    // Mastership may have gone while the kernel was asked.
    if (holderOf(world, name)?.holds !== true) turn.addresses = true;
  }
  if (world.ownership.lacks(null)) turn.addresses = true;
  promote(world, turn);
  schedule(world, turn.now);
  if (unwell.size > 0) assess(world, turn, unwell);
  tellAll(world, turn, outcome.gained);
}

/** Re-arms the lifetimes when that is due. */
export function refresh(world: World, turn: Turn): void {
  if (turn.now < world.refreshAt) return;
  world.refreshAt = NEVER;
  turn.out.change(world.ownership.refresh());
  schedule(world, turn.now);
}

/** Asks for a dump, not more often than {@link RESYNC}. */
export function requestResync(world: World, turn: Turn): void {
  const next = after(world.resyncedAt, RESYNC);
  if (turn.now < next) {
    world.resyncAt = next;
    return;
  }
  world.resyncedAt = turn.now;
  world.resyncAt = NEVER;
  turn.out.resync();
}

/** A dump came: what we hold and is not in it was taken from us, and goes back at once. */
export function compare(world: World, turn: Turn): void {
  devicesCompared(world, turn);
  const lost = new Map<Holder, Ip>();
  for (const { key, holder: name } of world.ownership.missing(world.kernel)) {
    turn.records.add(name);
    const holder = holderOf(world, name);
    // An interface that is gone or down took the address along; that is a fault of its own, told as such.
    if (holder === null || !usable(world.kernel.link(key.index))) continue;
    turn.addresses = true;
    // Whoever gives up its addresses in this very turn, after a stall in which their lifetime ended, was robbed of nothing.
    if (!holder.holds) continue;
    world.ownership.expectBack(key);
    turn.out.log("warning", "address.lost", { name, address: key.address });
    lost.set(holder, key.address);
  }
  // Several addresses gone at once are one loss.
  for (const [holder, address] of lost) robbed(world, turn, holder, `address ${address}`);
}

/** Something was taken from its holder: it goes back, but so often within {@link LOSS_WINDOW} only. */
export function robbed(world: World, turn: Turn, holder: Holder, what: string): void {
  holder.losses = [...holder.losses.filter((at) => elapsed(at, turn.now) < LOSS_WINDOW), turn.now];
  if (holder.losses.length <= RESTORES_MAX) return;
  const text = `${what} was taken away ${RESTORES_MAX + 1} times in ${LOSS_WINDOW / 1000} s`;
  if (holder instanceof Router) trouble(world, turn, holder, { text, span: TROUBLE, cure: "link" });
  if (holder instanceof ResourceAddress) pause(world, turn, holder, text);
  holder.losses = [];
}

/** A router is in fault for a while, or until its cure comes. */
export function trouble(
  world: World,
  turn: Turn,
  router: Router,
  { text, span, cure }: Omit<Trouble, "until"> & { readonly span: Milliseconds },
): void {
  router.trouble = { text, until: after(turn.now, span), cure };
  world.troubleUntil = earlier(world.troubleUntil, router.trouble.until);
}

/** Ends the troubles whose time is over: those routers may try again. */
export function endTroubles(world: World, turn: Turn): void {
  if (turn.now < world.troubleUntil) return;
  world.troubleUntil = NEVER;
  const over: Router[] = [];
  for (const router of world.routers.values()) {
    if (router.trouble === null) continue;
    if (router.trouble.until > turn.now) {
      world.troubleUntil = earlier(world.troubleUntil, router.trouble.until);
    } else {
      router.trouble = null;
      over.push(router);
    }
  }
  endPauses(world, turn);
  assess(world, turn, over);
}
