/** Listens on the wire for some seconds, as the agent would, and only keeps what it hears. */
import type { Link } from "../agent/boundary.ts";
import type { Listener } from "../agent/listen.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { RouterConfig } from "../config/model.ts";
import type { Facts, Overheard } from "../doctor/facts.ts";
import { bootClock } from "./clock.ts";
import { Packets } from "./packets.ts";

/** Packets kept: 255 routers for ten seconds, and a flood has its end. */
const PACKETS_MAX = 20_000;

/** What there is to hear of these routers within `span`. */
export async function overhear(
  routers: readonly RouterConfig[],
  links: readonly Link[],
  span: Milliseconds,
): Promise<Pick<Facts, "overheard" | "listened" | "deaf">> {
  const overheard: Overheard[] = [];
  const deaf: { interface: string; errno: string }[] = [];
  const nameOf = (index: number): string => links.find((link) => link.index === index)?.name ?? `${index}`;
  const packets = new Packets(
    (event) => {
      if (event.kind === "listener-failed") deaf.push({ interface: nameOf(event.index), errno: event.errno });
      if (event.kind !== "frame" || overheard.length >= PACKETS_MAX) return;
      const { index, family, bytes } = event;
      overheard.push({ at: bootClock.now(), index, family, bytes });
    },
    () => undefined,
  );
  const wanted = listenersOf(routers, links);
  for (const event of packets.listen(wanted)) {
    if (event.kind === "listener-failed") deaf.push({ interface: nameOf(event.index), errno: event.errno });
  }
  const listens = wanted.length > deaf.length;
  if (listens) await Bun.sleep(span);
  packets.close();
  return { overheard, listened: listens ? span : ms(0), deaf };
}

/** A socket for each interface that is up and family that a router runs on. */
function listenersOf(routers: readonly RouterConfig[], links: readonly Link[]): Listener[] {
  const listeners = new Map<string, Listener>();
  for (const { interface: name, family, multicastGroup, unicastPeers, virtualMac } of routers) {
    const link = links.find((each) => each.name === name);
    if (link === undefined || !link.up) continue;
    const key = `${link.index} ${family}`;
    const known = listeners.get(key);
    // A unicast router hears a peer, too, that is set to multicast by mistake.
    const groups = link.ethernet || unicastPeers.length === 0 ? [multicastGroup] : [];
    listeners.set(key, {
      index: link.index,
      family,
      groups: [...new Set([...(known?.groups ?? []), ...groups])],
      tap: known?.tap === true || virtualMac !== false,
    });
  }
  return [...listeners.values()];
}
