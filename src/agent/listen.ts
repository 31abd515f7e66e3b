/** Which receiving sockets are needed: one for each usable interface and family that a router runs on. */
import type { Ip } from "../base/address.ts";
import { after, ms, NEVER } from "../base/units.ts";
import type { Listener } from "./boundary.ts";
import type { Turn, World } from "./world.ts";

/** A socket that could not be opened is tried again this often. */
const RETRY = ms(1000);

/** Tells the edge when the set of sockets changed, or when one that failed may work again. */
export function listen(world: World, turn: Turn): void {
  const wanted = new Map<string, { index: number; family: 4 | 6; groups: Set<Ip> }>();
  for (const { config, index } of world.routers.values()) {
    const link = index === null ? null : world.kernel.link(index);
    if (link === null || !link.up || world.stopping) continue;
    const text = `${link.index} ${config.family}`;
    const known = wanted.get(text) ?? { index: link.index, family: config.family, groups: new Set<Ip>() };
    // Unicast routers join as well: a peer that is set to multicast by mistake must be heard all the same.
    if (link.ethernet || config.unicastPeers.length === 0) known.groups.add(config.multicastGroup);
    wanted.set(text, known);
  }
  const listeners: Listener[] = [...wanted.values()].map(({ index, family, groups }) => ({
    index,
    family,
    groups: [...groups].sort(),
  }));
  const same = JSON.stringify(listeners) === JSON.stringify(world.listeners);
  if (same && turn.now < world.listenAgainAt) return;
  world.listeners = listeners;
  world.deaf.clear();
  world.listenAgainAt = NEVER;
  turn.out.prepare({ kind: "listen", listeners });
}

/** A socket failed: its routers are deaf until it is open again. */
export function deafened(world: World, turn: Turn, index: number, family: 4 | 6, errno: string): void {
  world.deaf.set(`${index} ${family}`, errno);
  world.listenAgainAt = after(turn.now, RETRY);
}
