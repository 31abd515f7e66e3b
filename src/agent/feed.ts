/** What the kernel's feed tells of links and addresses: a hint that may be stale, where an address of ours is concerned. */
import { requestResync } from "./addresses.ts";
import { assess, concerned } from "./assess.ts";
import type { AddressKey, KernelAddress, Link } from "./boundary.ts";
import { deviceTouched } from "./devices.ts";
import { look, networkChanged, sourceGone } from "./forwarding.ts";
import { addressLink, addressPlaces } from "./resource/addresses.ts";
import { usable } from "./tracking.ts";
import type { Turn, World } from "./world.ts";

/** Judges the routers anew that this interface matters to. */
export function reassess(world: World, turn: Turn, index: number): void {
  const link = world.kernel.link(index);
  if (link !== null) assess(world, turn, concerned(world, link.name));
}

/** A link is new, or changed. */
export function linkTold(world: World, turn: Turn, link: Link): void {
  const before = world.kernel.link(link.index);
  world.kernel.putLink(link);
  const renamed = before !== null && before.name !== link.name;
  if (before?.mac !== link.mac) {
    for (const router of world.routers.values()) {
      if (router.index === link.index) turn.records.add(router.config.name);
      // The neighbours know the old one.
      if (router.holds && router.addresses.some(({ interface: name }) => name === link.name)) {
        turn.gained.add(router.config.name);
        turn.addresses = true;
      }
    }
  }
  const back = usable(link) && !usable(before);
  if (before?.mac !== link.mac || back) addressLink(world, turn, link);
  const names = renamed ? [before.name, link.name] : [link.name];
  const routers = new Set(names.flatMap((name) => concerned(world, name)));
  // What the kernel refused on an interface as it was, it may take now.
  if (before?.up !== link.up || before.carrier !== link.carrier) {
    for (const router of routers) {
      if (router.trouble !== null && router.trouble.cure !== "time" && router.device !== link.name)
        router.trouble = null;
    }
    // IPv4 routes go with a link that goes down, and the kernel does not say so.
    if (world.routing.uses(link.index)) look(world, turn);
  }
  deviceTouched(world, turn, link.name, link.index);
  assess(world, turn, routers);
}

/** A link is no more, and its addresses with it. */
export function linkGone(world: World, turn: Turn, index: number): void {
  const link = world.kernel.link(index);
  world.kernel.removeLink(index);
  world.ownership.forgetLink(index);
  if (world.routing.uses(index)) look(world, turn);
  world.routing.forgetLink(index);
  if (link === null) return;
  deviceTouched(world, turn, link.name, index);
  assess(world, turn, concerned(world, link.name));
}

/** An address of ours where we hold none is either somebody else's or an echo of the past: the dump tells which. */
export function addressTold(world: World, turn: Turn, address: KernelAddress): void {
  if (world.ownership.get(address) !== null) {
    world.kernel.putAddress(address);
    return;
  }
  const name = world.kernel.link(address.index)?.name;
  const routers = [...world.routers.values()];
  const ours = [...routers.flatMap(({ addresses }) => addresses), ...addressPlaces(world)].some(
    (wanted) => wanted.address === address.address && wanted.interface === name,
  );
  if (ours) requestResync(world, turn);
  else {
    const fresh = world.kernel.get(address) === null;
    world.kernel.putAddress(address);
    reassess(world, turn, address.index);
    if (fresh) networkChanged(world, turn);
  }
}

/** An address is gone; one that we use is missed by the dump, which knows what the feed does not. */
export function addressGone(world: World, turn: Turn, key: AddressKey): void {
  if (world.ownership.uses(key)) requestResync(world, turn);
  else {
    world.kernel.removeAddress(key);
    sourceGone(world, turn, key.address);
    reassess(world, turn, key.index);
  }
}
