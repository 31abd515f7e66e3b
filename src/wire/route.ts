/**
 * Routes as rtnetlink(7) has them. Each message of netlink.ts carries, before its attributes,
 *
 *     rtmsg   family u8 | destination bits u8 | source bits u8 | tos u8                  <linux/rtnetlink.h>
 *             table u8 | protocol u8 | scope u8 | type u8 | flags u32
 */
import type { Family, Ip } from "../base/address.ts";
import { addressBits, ipBytes, ipFromBytes } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { attribute, attributesOf, encode32, encodeAttribute, encodeMessage, u32, viewOf } from "./netlink.ts";

/** What becomes of a packet that a route matches; all but `unicast` refuse it, each with another ICMP answer or none. */
export type RouteType = "unicast" | "blackhole" | "unreachable" | "prohibit" | "throw";

/** A route: one entry of a forwarding table of the kernel. */
export interface KernelRoute {
  readonly kind: "route";
  readonly family: Family;
  readonly type: RouteType;
  /** The network's address, all bits behind the prefix zero. */
  readonly destination: Ip;
  readonly prefix: number;
  readonly table: number;
  /** Metric; the lowest of equal destinations is used. IPv6: 1 or more. */
  readonly metric: number;
  /** The next router; null: the destination is on the link. */
  readonly via: Ip | null;
  /** Interface index; null: the kernel finds it by `via`. */
  readonly index: number | null;
  /** Source address of what this host sends by it; null: the kernel chooses. */
  readonly source: Ip | null;
  /** RT_SCOPE_*: IPv4 only, 0 for IPv6. */
  readonly scope: number;
  /** RTNH_F_ONLINK: take `via` for reachable on the interface, whatever the addresses there say. */
  readonly onlink: boolean;
  /** RTAX_MTU; null: that of the interface. */
  readonly mtu: number | null;
}

/**
 * What marks routes and rules as ours (RTA_PROTOCOL, FRA_PROTOCOL): the IP protocol number of VRRP, which nobody else uses here. It
 * keeps us from what is not ours: the kernel removes only what carries it.
 */
export const PROTOCOL_HAAGENT = 112;

const AF_INET = 2;
const AF_INET6 = 10;
/** struct rtmsg, struct fib_rule_hdr: the same length. */
export const HEADER_BYTES = 12;
/** Tables from here on do not fit the header: RTA_TABLE says them. */
export const TABLE_BYTE_MAX = 255;

/** RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE */
export const RTM_ROUTE = { new: 24, delete: 25, get: 26 } as const;
const NLM_F = { ack: 0x04, exclusive: 0x200, dump: 0x300, create: 0x400 } as const;
const RTA = {
  destination: 1,
  interface: 4,
  gateway: 5,
  priority: 6,
  preferredSource: 7,
  metrics: 8,
  table: 15,
} as const;
const RTAX_MTU = 2;
const RTNH_F_ONLINK = 4;
const RTN: Readonly<Record<RouteType, number>> = {
  unicast: 1,
  blackhole: 6,
  unreachable: 7,
  prohibit: 8,
  throw: 9,
};
const TYPES: ReadonlyMap<number, RouteType> = new Map([
  [RTN.unicast, "unicast"],
  [RTN.blackhole, "blackhole"],
  [RTN.unreachable, "unreachable"],
  [RTN.prohibit, "prohibit"],
  [RTN.throw, "throw"],
]);
/** RT_SCOPE_NOWHERE: any, when a route is to be removed. */
const SCOPE_ANY = 255;

/** The family of a message, or null for another protocol's. */
export const familyFrom = (number: number): Family | null =>
  number === AF_INET ? 4 : number === AF_INET6 ? 6 : null;

/** AF_INET or AF_INET6. */
export const familyNumber = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

/** Any address of a family. */
export const unspecified = (family: Family): Ip => ipFromBytes(new Uint8Array(family === 4 ? 4 : 16));

/** A route and who says it is there; null for one of a type that is not ours to make (local, broadcast, multicast). */
export function decodeRoute(
  body: Uint8Array,
): { readonly route: KernelRoute; readonly protocol: number } | null {
  if (body.length < HEADER_BYTES) return null;
  const view = viewOf(body);
  const family = familyFrom(view.getUint8(0));
  const type = TYPES.get(view.getUint8(7));
  if (family === null || type === undefined) return null;
  const size = family === 4 ? 4 : 16;
  const attributes = attributesOf(body.subarray(HEADER_BYTES));
  const address = (kind: number): Ip | null => {
    const bytes = attribute(attributes, kind, size);
    return bytes === null ? null : ipFromBytes(bytes.subarray(0, size));
  };
  const number = (kind: number): number | null => {
    const bytes = attribute(attributes, kind, 4);
    return bytes === null ? null : u32(bytes);
  };
  const metrics = attribute(attributes, RTA.metrics, 4);
  const mtu = metrics === null ? null : attribute(attributesOf(metrics), RTAX_MTU, 4);
  const route: KernelRoute = {
    kind: "route",
    family,
    type,
    destination: address(RTA.destination) ?? unspecified(family),
    prefix: Math.min(view.getUint8(1), addressBits(family)),
    table: number(RTA.table) ?? view.getUint8(4),
    metric: number(RTA.priority) ?? 0,
    via: address(RTA.gateway),
    index: number(RTA.interface),
    source: address(RTA.preferredSource),
    scope: view.getUint8(6),
    onlink: (view.getUint32(8, true) & RTNH_F_ONLINK) !== 0,
    mtu: mtu === null ? null : u32(mtu),
  };
  return { route, protocol: view.getUint8(5) };
}

function header(route: KernelRoute, scope: number): Uint8Array {
  const { family, prefix, table, type, onlink } = route;
  assert(prefix >= 0 && prefix <= addressBits(family), `prefix length of a route: ${prefix}`);
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint8(0, familyNumber(family));
  view.setUint8(1, prefix);
  view.setUint8(4, table <= TABLE_BYTE_MAX ? table : 0);
  view.setUint8(5, PROTOCOL_HAAGENT);
  view.setUint8(6, scope);
  view.setUint8(7, RTN[type]);
  view.setUint32(8, onlink ? RTNH_F_ONLINK : 0, true);
  return bytes;
}

/**
 * A route to add or to remove, acknowledged. `add` fails with EEXIST where one of that destination, metric and table stands, whatever
 * it leads to; `delete` with ESRCH where none of ours does.
 */
export function encodeRouteChange(op: "add" | "delete", route: KernelRoute, sequence: number): Uint8Array {
  const { destination, prefix, table, metric, via, index, source, scope, mtu } = route;
  const parts = [
    encodeAttribute(RTA.table, encode32(table)),
    encodeAttribute(RTA.priority, encode32(metric)),
  ];
  if (prefix > 0) parts.push(encodeAttribute(RTA.destination, ipBytes(destination)));
  if (via !== null) parts.push(encodeAttribute(RTA.gateway, ipBytes(via)));
  if (index !== null) parts.push(encodeAttribute(RTA.interface, encode32(index)));
  if (op === "delete") {
    // IPv6 forgets the source of a route when that address goes, so it names no route.
    return encodeMessage(RTM_ROUTE.delete, NLM_F.ack, sequence, [header(route, SCOPE_ANY), ...parts]);
  }
  if (source !== null) parts.push(encodeAttribute(RTA.preferredSource, ipBytes(source)));
  if (mtu !== null) parts.push(encodeAttribute(RTA.metrics, encodeAttribute(RTAX_MTU, encode32(mtu))));
  const flags = NLM_F.ack | NLM_F.create | NLM_F.exclusive;
  return encodeMessage(RTM_ROUTE.new, flags, sequence, [header(route, scope), ...parts]);
}

/**
 * RTM_GETROUTE for the routes of ours in all tables of a family. A kernel before 4.20, or a socket without NETLINK_GET_STRICT_CHK,
 * tells those of all protocols.
 */
export function encodeRouteDump(family: Family, sequence: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  bytes[0] = familyNumber(family);
  bytes[5] = PROTOCOL_HAAGENT;
  return encodeMessage(RTM_ROUTE.get, NLM_F.dump, sequence, [bytes]);
}
