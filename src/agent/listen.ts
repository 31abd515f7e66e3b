/** Which receiving sockets are needed: one for each usable interface and family that a router runs on. */
import type { Family, Ip } from "../base/address.ts";
import { after, earlier, ms, NEVER } from "../base/units.ts";
import type { Event } from "./boundary.ts";
import { groupsFor } from "./virtual-mac-base.ts";
import type { Turn, World } from "./world.ts";

/** A socket that could not be opened is tried again this often. */
const RETRY = ms(1000);
/** A socket that was opened again and did not fail by then works. */
const OPENED = ms(20);
/** By then the feed has told what closed a socket, if that still lasts. */
const FEED_LAG = ms(20);

/** A receiving socket: one per interface and family, with the groups joined on it. */
export interface Listener {
  readonly index: number;
  readonly family: Family;
  readonly groups: readonly Ip[];
  /**
   * A macvlan of ours may be on the interface: it takes every frame that bears its own MAC address as the sender's, and so the adverts
   * of another router that is master too. Such a socket hears what comes in before any device on top of the interface has its turn.
   */
  readonly tap: boolean;
}

/** Tells the edge when the set of sockets changed. */
export function listen(world: World, turn: Turn): void {
  const wanted = new Map<string, { index: number; family: Family; groups: Set<Ip>; tap: boolean }>();
  for (const router of world.routers.values()) {
    const { config, index, machine } = router;
    const link = index === null ? null : world.kernel.link(index);
    if (link === null || !link.up || (world.stopping !== null && machine.kind === "init")) continue;
    const on = (family: Family): { groups: Set<Ip>; tap: boolean } => {
      const text = `${link.index} ${family}`;
      const known = wanted.get(text) ?? { index: link.index, family, groups: new Set<Ip>(), tap: false };
      wanted.set(text, known);
      return known;
    };
    const known = on(config.family);
    // Unicast routers join as well: a peer that is set to multicast by mistake must be heard all the same.
    if (link.ethernet || config.unicastPeers.length === 0) known.groups.add(config.multicastGroup);
    if (router.device !== null) known.tap = true;
    for (const group of groupsFor(router)) on(6).groups.add(group);
  }
  const listeners: Listener[] = [...wanted.values()].map(({ index, family, groups, tap }) => ({
    index,
    family,
    groups: [...groups].sort(),
    tap,
  }));
  for (const text of world.deaf.keys()) if (!wanted.has(text)) world.deaf.delete(text);
  if (JSON.stringify(listeners) === JSON.stringify(world.listeners)) return;
  world.listeners = listeners;
  open(world, turn);
}

function open(world: World, turn: Turn): void {
  world.reopening = new Set(world.deaf.keys());
  world.listenAgainAt = world.deaf.size > 0 ? after(turn.now, OPENED) : NEVER;
  turn.out.prepare({ kind: "listen", listeners: world.listeners });
}

/**
 * A socket failed: its routers are deaf until it is open again. Says whether they are to be judged at once: a link that went down or
 * away says so better, and soon, but it may have come back while we slept, and then only a dump has them judged.
 */
export function deafened(
  world: World,
  turn: Turn,
  failed: Extract<Event, { kind: "listener-failed" }>,
): boolean {
  const { index, family, errno } = failed;
  const text = `${index} ${family}`;
  world.deaf.set(text, errno);
  world.reopening.delete(text);
  if (world.reopening.size === 0) world.listenAgainAt = after(turn.now, RETRY);
  if (errno !== "ENETDOWN" && errno !== "ENODEV") return true;
  world.resyncAt = earlier(world.resyncAt, after(turn.now, FEED_LAG));
  return false;
}

/**
 * Tries sockets again that failed, when that is due. The edge tells a failure, never a success: who has not failed again in a moment
 * hears. Says whether somebody does, who could not before.
 */
export function listenAgain(world: World, turn: Turn): boolean {
  if (turn.now < world.listenAgainAt) return false;
  if (world.reopening.size === 0) {
    open(world, turn);
    return false;
  }
  for (const text of world.reopening) world.deaf.delete(text);
  world.reopening = new Set();
  world.listenAgainAt = world.deaf.size > 0 ? after(turn.now, RETRY) : NEVER;
  return true;
}
