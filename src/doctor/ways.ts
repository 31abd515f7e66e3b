/** By which interfaces packets come to an address and leave for another, as far as links, addresses and the main table of routes tell. */
import type { Link } from "../agent/boundary.ts";
import type { Ip } from "../base/address.ts";
import { within } from "../base/address.ts";
import type { Facts, RouteFact } from "./facts.ts";

const LOOPBACK = "lo";
/** Devices of the kernel by which packets come out of IP in IP, of IPv4 and of IPv6. */
export const TUNNELS: readonly string[] = ["tunl0", "ip6tnl0"];

/**
 * The interfaces that are up by which clients' packets for an address come in: those in whose network it is; all where it is in none, or
 * null (a mark's). Without the ends of tunnels.
 */
export function entrances({ links, addresses }: Facts, address: Ip | null): readonly Link[] {
  const open = links.filter(({ name, up }) => up && name !== LOOPBACK && !TUNNELS.includes(name));
  if (address === null) return open;
  const near = open.filter(({ index }) =>
    addresses.some((each) => each.index === index && within(address, each.address, each.prefix)),
  );
  return near.length > 0 ? near : open;
}

/** The route that the main table has for an address: the longest prefix, and of equal ones the first. */
export function routeTo({ routes }: Facts, address: Ip): RouteFact | null {
  return routes
    .filter(({ destination, prefix }) => within(address, destination, prefix))
    .reduce<RouteFact | null>(
      (best, each) => (best === null || each.prefix > best.prefix ? each : best),
      null,
    );
}
