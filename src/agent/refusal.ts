/**
 * What the kernel's packet filter must do for us: with `accept = false` a master that is not the owner takes no packets for its
 * addresses but neighbour discovery (RFC 9568 6.1, 6.4.3), and devices of virtual MAC addresses send no IGMP and no MLD.
 */
import type { Ip } from "../base/address.ts";
import { after, ms, NEVER } from "../base/units.ts";
import type { Action } from "./boundary.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

type Refused = Extract<Action, { kind: "refuse" }>["refused"];

/** A filter that could not be had is asked for again this often. */
const RETRY = ms(10_000);

/** Whether a router asks for it at all: the owner of the addresses accepts whatever the setting says. */
export const refuses = (router: Router): boolean => !router.config.accept && !router.owner;

function wanted(world: World): Refused {
  const routers = [...world.routers.values()].filter(
    (router) =>
      (router.device !== null || refuses(router)) &&
      (world.stopping === null || router.machine.kind !== "init"),
  );
  const addresses = new Set<Ip>();
  // A device that goes says so by MLD, unless it is silent to its end.
  const devices = new Set(world.refusal.told?.devices.filter((index) => world.kernel.link(index) !== null));
  for (const router of routers) {
    if (refuses(router) && router.holds) for (const { address } of router.carried) addresses.add(address);
    const link = router.device === null ? null : world.kernel.named(router.device);
    if (router.deviceReady && link !== null) devices.add(link.index);
  }
  if (routers.length === 0 && devices.size === 0) return null;
  return { addresses: [...addresses].sort(), devices: [...devices].sort((a, b) => a - b) };
}

/** Tells the edge when something else is wanted: what is refused before the addresses are there, what is not any more after them. */
export function settleRefusal(world: World, turn: Turn): void {
  const { refusal } = world;
  const next = wanted(world);
  const before = refusal.sound ? refusal.told : null;
  if (refusal.sound && JSON.stringify(next) === JSON.stringify(before)) return;
  const kept = before?.addresses ?? [];
  const both: Refused =
    next === null || kept.every((address) => next.addresses.includes(address))
      ? next
      : { ...next, addresses: [...new Set([...kept, ...next.addresses])].sort() };
  refusal.told = next;
  refusal.sound = true;
  if (both !== null && JSON.stringify(both) !== JSON.stringify(before)) {
    turn.out.beforeAddresses({ kind: "refuse", refused: both });
  }
  if (JSON.stringify(both) !== JSON.stringify(next) || next === null) {
    turn.out.afterAddresses({ kind: "refuse", refused: next });
  }
}

/** The kernel's answer. What cannot be had is said, once, and tried again; nobody is in fault over it. */
export function refusalAnswered(world: World, turn: Turn, failure: string | null): void {
  const { refusal } = world;
  refusal.retryAt = failure === null ? NEVER : after(turn.now, RETRY);
  if (failure === refusal.failure) return;
  refusal.failure = failure;
  if (failure === null) return;
  const accepting = [...world.routers.values()].some(refuses);
  const what = accepting ? "accept = false is not kept" : "MLD leaves from virtual MAC addresses";
  turn.out.log("warning", "agent.warning", { what, detail: failure });
}

/** Asks again when that is due. */
export function retryRefusal(world: World, turn: Turn): void {
  if (turn.now < world.refusal.retryAt) return;
  world.refusal.retryAt = NEVER;
  world.refusal.sound = false;
  turn.addresses = true;
}

/** Why a router takes packets although it should not; null when it does not, or may. */
export const acceptFailure = (world: World, router: Router): string | null =>
  refuses(router) ? world.refusal.failure : null;
