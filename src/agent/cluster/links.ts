/** The links of a cluster as the kernel has them at the moment: what the edge is told to open. */
import type { Ip } from "../../base/address.ts";
import { familyOf, ip4At, ipBytes } from "../../base/address.ts";
import { after, ms, NEVER } from "../../base/units.ts";
import type { Cluster, Link } from "./cluster.ts";
import { tellLink } from "./notify.ts";
import type { HeartbeatEvent, Medium } from "./boundary.ts";
import type { Kernel } from "../kernel.ts";
import type { Turn, World } from "../world.ts";

/** A link that is not open is tried again this often: a port that returns is in use a second later. */
const RETRY_EVERY = ms(1000);
/** Where an interface has no address: every host on the link. */
const EVERYONE = "255.255.255.255" as Ip;

/** The broadcast address of the first own network of an interface; virtual addresses come and go. */
function broadcastOf(kernel: Kernel, index: number, moved: ReadonlySet<Ip>): Ip {
  const own = kernel
    .addresses(index)
    .find(({ address, prefix }) => familyOf(address) === 4 && prefix < 31 && !moved.has(address));
  if (own === undefined) return EVERYONE;
  const bytes = ipBytes(own.address);
  for (let bit = own.prefix; bit < 32; bit++) bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) | (0x80 >> (bit & 7));
  return ip4At(bytes, 0);
}

/** The medium of a link; null while its interface is not there. */
function mediumOf(
  { virtual, kernel }: World,
  { udpPort: port }: Cluster["config"],
  link: Link,
): Medium | null {
  const { id, config } = link;
  if (config.type === "serial") {
    return { kind: "serial", id, device: config.name, baud: config.baud, rtscts: config.rtscts };
  }
  const found = kernel.named(config.name);
  if (found === null) return null;
  const common = { kind: "udp", id, interface: config.name, index: found.index, port } as const;
  switch (config.type) {
    case "broadcast": {
      const destinations = [broadcastOf(kernel, found.index, virtual)];
      return { ...common, family: 4, group: null, destinations };
    }
    case "multicast": {
      const { group: address, ttl } = config;
      return { ...common, family: familyOf(address), group: { address, ttl }, destinations: [address] };
    }
    case "unicast":
      return { ...common, family: config.family, group: null, destinations: config.peers };
    default:
      return config;
  }
}

/** Tells the edge which links are wanted, where that is another set than before or some are not open and due. */
export function settleLinks(world: World, turn: Turn, cluster: Cluster): void {
  const media: Medium[] = [];
  for (const link of cluster.links.values()) {
    const medium = cluster.left ? null : mediumOf(world, cluster.config, link);
    if (medium !== null) media.push(medium);
    else if (!cluster.left) closed(cluster, turn, link, "no such interface");
  }
  const told = JSON.stringify(media);
  if (told === cluster.told && cluster.retryAt > turn.now) return;
  cluster.told = told;
  cluster.retryAt = NEVER;
  turn.out.prepare({ kind: "heartbeat", what: "media", media });
}

/** A link is open from now on, or is not, with the reason. */
export function linkOpened(
  cluster: Cluster,
  turn: Turn,
  { link: id, failure }: Extract<HeartbeatEvent, { readonly what: "opened" }>,
): void {
  const link = cluster.links.get(id);
  if (link === undefined) return;
  if (failure === null) {
    if (link.failure !== null) {
      const { type, name } = link.config;
      tellLink(cluster, turn, "info", { link: name, type, state: "open" }, "failed");
    }
    link.open = true;
    link.failure = null;
    return;
  }
  closed(cluster, turn, link, failure);
  if (cluster.retryAt === NEVER) cluster.retryAt = after(turn.now, RETRY_EVERY);
}

/** Says so when it was open, or the reason is a new one. */
function closed(cluster: Cluster, turn: Turn, link: Link, failure: string): void {
  if (link.open || link.failure !== failure) {
    const { type, name } = link.config;
    const previous = link.open ? "open" : link.failure === null ? "" : "failed";
    tellLink(cluster, turn, "warning", { link: name, type, state: "failed", reason: failure }, previous);
  }
  link.open = false;
  link.failure = failure;
}

/** A message was not sent on a link. */
export function unsent(
  cluster: Cluster,
  turn: Turn,
  { link: id, reason }: Extract<HeartbeatEvent, { readonly what: "unsent" }>,
): void {
  const link = cluster.links.get(id);
  if (link === undefined) return;
  link.counters.errors++;
  link.unsent = { reason, at: turn.now };
}
