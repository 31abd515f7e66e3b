/**
 * The devices of virtual MAC addresses: when they are wanted, and what to make of the kernel's answers. A master's adverts bear the
 * address from the first one on, whether its device is up yet or not.
 */
import type { Family } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import { after, ms, NEVER } from "../base/units.ts";
import { assess } from "./assess.ts";
import type { Event } from "./boundary.ts";
import { refusalAnswered, retryRefusal, settleRefusal } from "./refusal.ts";
import type { Router } from "./router.ts";
import type { VirtualMac, VirtualMacResult } from "./virtual-mac.ts";
import { virtualMac } from "./virtual-mac.ts";
import type { Turn, World } from "./world.ts";
import { NOTHING } from "./world.ts";

/** A device that could not be had is asked for again this often. */
const RETRY = ms(10_000);

function wanted(world: World, router: Router): VirtualMac[] {
  const { device, index, config, machine } = router;
  const link = index === null ? null : world.kernel.link(index);
  if (device === null || link === null || !link.ethernet) return [];
  // Down or on its way out: what is there may stay, and nothing new is asked for.
  if (!link.up && !router.deviceReady) return [];
  // Who leaves keeps it as long as its hooks hold it up.
  if (world.stopping !== null && machine.kind === "init") return [];
  const carried = router.carried.filter((address) => address.interface === device);
  const families = new Set<Family>(carried.map(({ address }) => familyOf(address)));
  const up = router.holds && link.up;
  if (router.deviceAttempt === 0) askAgain(world, router);
  const { deviceAttempt: attempt } = router;
  return [
    { name: device, base: link.index, mac: virtualMac(config), up, families: [...families].sort(), attempt },
  ];
}

function askAgain(world: World, router: Router): void {
  world.virtualMacs.attempts += 1;
  router.deviceAttempt = world.virtualMacs.attempts;
}

/** Tells the edge when other devices, or another packet filter, are wanted than it was told last. */
export function settleDevices(world: World, turn: Turn): void {
  settleVirtualMacs(world, turn);
  settleRefusal(world, turn);
}

function settleVirtualMacs(world: World, turn: Turn): void {
  const { virtualMacs } = world;
  const routers = [...world.routers.values()].filter(({ device }) => device !== null);
  if (routers.length === 0 && virtualMacs.told === NOTHING) return;
  const devices = routers.flatMap((router) => wanted(world, router));
  const names = new Set(devices.map(({ name }) => name));
  for (const router of routers) {
    if (router.device === null || names.has(router.device)) continue;
    router.deviceReady = false;
    router.deviceFailure = null;
    router.deviceAttempt = 0;
  }
  const text = JSON.stringify(devices);
  if (text === virtualMacs.told) return;
  virtualMacs.told = text;
  turn.out.beforeAddresses({ kind: "virtual-macs", devices });
}

/** The kernel's answers. */
export function devicesAnswered(
  world: World,
  turn: Turn,
  event: Extract<Event, { kind: "virtual-macs" | "refused" }>,
): void {
  if (event.kind === "refused") refusalAnswered(world, turn, event.failure);
  else virtualMacsAnswered(world, turn, event.results);
}

/** Addresses go to devices that are there now; what could not be had is a fault, and tried again. */
function virtualMacsAnswered(world: World, turn: Turn, results: readonly VirtualMacResult[]): void {
  const { virtualMacs, kernel } = world;
  const changed: Router[] = [];
  virtualMacs.retryAt = NEVER;
  for (const { name, link, failure } of results) {
    if (failure !== null) virtualMacs.retryAt = after(turn.now, RETRY);
    const moved = link !== null && kernel.named(name)?.index !== link.index;
    if (link !== null) kernel.putLink(link);
    for (const router of world.routers.values()) {
      if (router.device !== name) continue;
      if (router.deviceFailure !== failure) changed.push(router);
      router.deviceFailure = failure;
      const ready = failure === null;
      if (router.deviceReady !== ready || moved) turn.addresses = true;
      router.deviceReady = ready;
    }
  }
  if (changed.length > 0) assess(world, turn, changed);
}

/** Has the edge try again what failed when that is due: devices, and the packet filter. */
export function retryDevices(world: World, turn: Turn): void {
  retryRefusal(world, turn);
  const { virtualMacs } = world;
  if (turn.now < virtualMacs.retryAt) return;
  virtualMacs.retryAt = NEVER;
  virtualMacs.told = "";
  turn.addresses = true;
}

/** A link of that name changed or went: a device of ours that somebody touched is had back at once. */
export function deviceTouched(world: World, turn: Turn, name: string, index: number): void {
  // It is silent as long as it lives.
  if (world.refusal.told?.devices.includes(index) === true) turn.addresses = true;
  const link = world.kernel.named(name);
  // What was told of one that we replaced ourselves is past.
  if (link !== null && link.index !== index) return;
  for (const router of world.routers.values()) if (router.device === name) examine(world, turn, router);
}

/** The same of all of them, after a dump. */
export function devicesCompared(world: World, turn: Turn): void {
  for (const router of world.routers.values()) if (router.deviceReady) examine(world, turn, router);
}

function examine(world: World, turn: Turn, router: Router): void {
  const link = router.device === null ? null : world.kernel.named(router.device);
  if (link === null) router.deviceReady = false;
  if (link !== null && link.mac === virtualMac(router.config) && (link.up || !router.holds)) return;
  askAgain(world, router);
  turn.addresses = true;
}
