/** The way out of a node: which interface, which errors, which link-layer address, as the kernel would decide it. */
import type { Ip, Mac } from "../../src/base/address.ts";
import { isMulticast, multicastMac } from "../../src/base/address.ts";
import type { Link } from "../../src/agent/boundary.ts";
import type { Frame, Network } from "./network.ts";
import type { Node } from "./node.ts";
import type { Sent } from "./observer.ts";
import { ETHERTYPE_IPV4, ETHERTYPE_IPV6, sightAdvert } from "./packets.ts";
import { type ConfigPlan, type SegmentName, segmentOf } from "./plan.ts";

/** What a route of the kind `unreachable` answers. */
const NO_WAY = "EHOSTUNREACH";

/** Sends; the name of the error, or null. Without a carrier the kernel drops silently. */
export function transmit(node: Node, network: Network, action: Sent): string | null {
  const link = action.index === null ? route(node, action) : node.kernel.link(action.index);
  const segment = segmentOf(link?.name ?? "");
  const errno = failure(action, link) ?? (action.router !== null && node.mute.has(segment) ? NO_WAY : null);
  node.observer.sent(node, segment, action, errno);
  const record = action.router === null ? undefined : node.ledger.get(action.router);
  if (errno === null && record !== undefined) {
    node.ledger.set(record.router, { ...record, lastAdvertAt: node.clock() });
  }
  if (errno !== null || link?.carrier !== true) return errno;
  const destination =
    action.kind === "frame" ? action.destination : resolve(network, action.destination, segment);
  if (destination === null) return null;
  const ethertype =
    action.kind === "frame" ? action.ethertype : action.family === 4 ? ETHERTYPE_IPV4 : ETHERTYPE_IPV6;
  network.send({ segment, source: node.number, destination, ethertype, bytes: action.bytes });
  return null;
}

/** An advert that a strict router does not hear, as it is of another version. */
export function foreign({ routers }: ConfigPlan, { segment, ethertype, bytes }: Frame): boolean {
  const family = ethertype === ETHERTYPE_IPV6 ? 6 : 4;
  const strict = routers.filter((router) => router.strict && router.segment === segment);
  if (strict.length === 0 || (ethertype !== ETHERTYPE_IPV4 && family === 4)) return false;
  const advert = sightAdvert(family, bytes);
  return strict.some(
    (router) => router.family === family && router.vrid === advert?.vrid && router.version !== advert.version,
  );
}

function failure(action: Sent, link: Link | null): string | null {
  if (link === null) return action.index === null ? "ENETUNREACH" : "ENODEV";
  return link.up ? null : "ENETDOWN";
}

/** All peers are on-link: the interface that has the source leads to them. */
function route(node: Node, action: Sent): Link | null {
  const source = action.kind === "packet" ? sightAdvert(action.family, action.bytes)?.source : undefined;
  const known = node.kernel.addresses().find(({ address }) => address === source);
  return known === undefined ? null : node.kernel.link(known.index);
}

/** The link-layer address behind an IP address, as neighbour discovery would find it; null when nobody answers. */
const resolve = (network: Network, address: Ip, segment: SegmentName): Mac | null =>
  isMulticast(address) ? multicastMac(address) : network.resolve(address, segment);
