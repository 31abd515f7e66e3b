/**
 * A master that goes tells it to the cluster: when its addresses are off, as the kernel says, or their interface is gone, and its
 * before_release has ended. By the cluster's links that reaches who would take over when the link of the router itself carries nothing
 * any more, and names a time from which nobody else holds the addresses.
 */
import type { AddressResult } from "./boundary.ts";
import { claimOf, tellClaims } from "./cluster/claims.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Whether anything of a router is still to go before it can be said that it released. */
function lingers(world: World, router: Router): boolean {
  const { name } = router.config;
  if (router.owesRelease || world.hooks.has(name, "before_release")) return true;
  return world.ownership.of(name).length > 0;
}

/** Says `released` of the routers that owe it and hold nothing any more. */
export function sayReleased(world: World, turn: Turn): void {
  const { owed } = world;
  if (owed.size === 0) return;
  const gone: Router[] = [];
  for (const router of owed) {
    // It is master again, itself or as a reload made it anew: there is nothing to say.
    if (world.routers.get(router.config.name)?.machine.kind === "master") owed.delete(router);
    else if (!lingers(world, router)) gone.push(router);
  }
  if (gone.length === 0) return;
  for (const router of gone) owed.delete(router);
  tellClaims(
    world,
    turn,
    gone.map((router) => claimOf(world, turn.now, router, "released")),
  );
}

/** Answers to a removal by which the address is not there. */
const GONE: ReadonlySet<string | null> = new Set([null, "EADDRNOTAVAIL", "ENODEV"]);

/** An address that the kernel refused to take away is not gone: nobody is told that its router released. */
export function keepSilent(world: World, results: readonly AddressResult[]): void {
  if (world.owed.size === 0) return;
  for (const { change, errno } of results) {
    if (change.op !== "delete" || GONE.has(errno)) continue;
    const name = world.ownership.get(change.key)?.holder;
    for (const router of world.owed) if (router.config.name === name) world.owed.delete(router);
  }
}
