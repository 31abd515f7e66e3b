/**
 * The virtual server table of the kernel as values (ipvsadm(8), <linux/ip_vs.h>): what both of its interfaces carry, the socket options
 * (ipvs-sockopt.ts) and generic netlink (ipvs-netlink.ts).
 */
import type { Family, Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";

export type Protocol = "tcp" | "udp" | "sctp";

/** Protocol numbers. */
export const PROTOCOLS = { tcp: 6, udp: 17, sctp: 132 } as const satisfies Record<Protocol, number>;

/** What tells one virtual service from another. */
export type ServiceId =
  | {
      readonly kind: "address";
      readonly protocol: Protocol;
      readonly address: Ip;
      /** 0 to 65535; 0 serves every port, and needs persistence. */
      readonly port: number;
    }
  | {
      /** All packets that a packet filter gave this mark, 1 to 2³² − 1. */
      readonly kind: "fwmark";
      readonly mark: number;
      readonly family: Family;
    };

/** A client stays with its server until `timeout` after its last connection. */
export interface Persistence {
  readonly timeout: Seconds;
  /** Clients whose first bits agree are one: 0 to 32, IPv6 1 to 128. Null: a mask that is no prefix, as only others set it. */
  readonly prefix: number | null;
}

/** A virtual service. */
export interface Service {
  readonly id: ServiceId;
  /** The kernel's name of it: `wlc`; empty for none. */
  readonly scheduler: string;
  /** The three bits whose meaning is the scheduler's: 1 is flag-1, 2 flag-2, 4 flag-3. */
  readonly schedulerFlags: number;
  readonly persistence: Persistence | null;
  /** UDP: each datagram is scheduled for itself. */
  readonly onePacket: boolean;
  /** The persistence engine, as `sip`; empty for none, and where the kernel was asked by socket option. */
  readonly engine: string;
}

/** sh and mh: where the server chosen is out of service another one is, or not; the client's port counts as well. */
export const SCHEDULER_FLAG = { fallback: 1, port: 2 } as const;

/** How packets get to a server: nat rewrites them, dr and tun do not; the other two are only set by others. */
export type Forward = "nat" | "local" | "tun" | "dr" | "bypass";
const FORWARDS: readonly Forward[] = ["nat", "local", "tun", "dr", "bypass"];

/** What `tun` wraps packets in. */
export interface Tunnel {
  readonly type: "ipip" | "gue" | "gre";
  /** Of gue, 1 to 65535; else 0. */
  readonly port: number;
  /** Checksums of gue and gre: 0 none, 1 some, 2 remote. */
  readonly flags: number;
}
const TUNNELS: readonly Tunnel["type"][] = ["ipip", "gue", "gre"];

/** IP in IP, and what a server has that is not reached through a tunnel. */
export const IPIP: Tunnel = { type: "ipip", port: 0, flags: 0 };

/** A real server of a virtual service; its address and port tell it from others. */
export interface Destination {
  readonly address: Ip;
  readonly port: number;
  readonly forward: Forward;
  /** 0 takes no new connections and keeps the others; up to 2³¹ − 1. */
  readonly weight: number;
  /** With as many connections it takes no more, until they are fewer than `lower`; 0: no limit. */
  readonly upper: number;
  readonly lower: number;
  readonly tunnel: Tunnel;
}

/** Counters since the service or server was added, and rates a second. By socket option all but bytes wrap at 2³². */
export interface Statistics {
  readonly connections: number;
  readonly inPackets: number;
  readonly outPackets: number;
  readonly inBytes: number;
  readonly outBytes: number;
  readonly connectionRate: number;
  readonly inPacketRate: number;
  readonly outPacketRate: number;
  readonly inByteRate: number;
  readonly outByteRate: number;
}

/** Of what was just added. */
export const UNUSED: Statistics = {
  connections: 0,
  inPackets: 0,
  outPackets: 0,
  inBytes: 0,
  outBytes: 0,
  connectionRate: 0,
  inPacketRate: 0,
  outPacketRate: 0,
  inByteRate: 0,
  outByteRate: 0,
};

/** A server as the kernel tells it. */
export interface ToldDestination {
  readonly destination: Destination;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly statistics: Statistics;
}

/** A service as the kernel tells it, without its servers. */
export interface ToldService {
  readonly service: Service;
  readonly statistics: Statistics;
}

/** One entry of the table. */
export interface Entry extends ToldService {
  readonly destinations: readonly ToldDestination[];
}

/** How long the kernel remembers a connection in which nothing happens; 0 in a change leaves it as it is. */
export interface Timeouts {
  readonly tcp: Seconds;
  readonly tcpFin: Seconds;
  readonly udp: Seconds;
}

/** Nothing is another than it was. */
export const UNCHANGED: Timeouts = { tcp: seconds(0), tcpFin: seconds(0), udp: seconds(0) };

/** One write. */
export type Change =
  | { readonly kind: "add-service"; readonly service: Service }
  | { readonly kind: "edit-service"; readonly service: Service }
  | { readonly kind: "delete-service"; readonly id: ServiceId }
  | { readonly kind: "add-destination"; readonly id: ServiceId; readonly destination: Destination }
  | { readonly kind: "edit-destination"; readonly id: ServiceId; readonly destination: Destination }
  | {
      readonly kind: "delete-destination";
      readonly id: ServiceId;
      readonly address: Ip;
      readonly port: number;
    };

/** The family of the packets of a service. */
export const serviceFamily = (id: ServiceId): Family =>
  id.kind === "fwmark" ? id.family : familyOf(id.address);

/** Equal for equal ids: `tcp 10.0.0.1 80`. */
export const serviceKey = (id: ServiceId): string =>
  id.kind === "fwmark" ? `fwmark ${id.mark} IPv${id.family}` : `${id.protocol} ${id.address} ${id.port}`;

/** Equal for the same server: `10.0.0.2 80`. */
export const destinationKey = ({ address, port }: { readonly address: Ip; readonly port: number }): string =>
  `${address} ${port}`;

/** The server of that key among those of a service, as much as is known of it; null: it is not there. */
export const destinationAt = <Told extends { readonly destination: Destination }>(
  entry: { readonly destinations: readonly Told[] } | null,
  key: string,
): Told | null => entry?.destinations.find(({ destination }) => destinationKey(destination) === key) ?? null;

/** Bytes of a scheduler's name, with the NUL behind it. */
export const NAME_BYTES = 16;

/** Flags of a service. IP_VS_SVC_F_HASHED (2) is the kernel's own. */
const FLAG = { persistent: 0x01, onePacket: 0x04, schedulerShift: 3 } as const;
const SCHEDULER_FLAGS_MASK = 7;

/** The flags of a service in their bits. */
export const flagsOf = ({ persistence, onePacket, schedulerFlags }: Service): number =>
  (persistence === null ? 0 : FLAG.persistent) |
  (onePacket ? FLAG.onePacket : 0) |
  ((schedulerFlags & SCHEDULER_FLAGS_MASK) << FLAG.schedulerShift);

/** What the bits say of a service. */
export const readFlags = (
  bits: number,
): { readonly persistent: boolean; readonly onePacket: boolean; readonly schedulerFlags: number } => ({
  persistent: (bits & FLAG.persistent) !== 0,
  onePacket: (bits & FLAG.onePacket) !== 0,
  schedulerFlags: (bits >> FLAG.schedulerShift) & SCHEDULER_FLAGS_MASK,
});

/** The forwarding method in the flags of a connection; the other bits are the kernel's own. */
const FORWARD_MASK = 0x07;

/** The number of a forwarding method. */
export const forwardNumber = (forward: Forward): number => FORWARDS.indexOf(forward);

/** The method in some flags; null for a number that has none. */
export const forwardOf = (flags: number): Forward | null => FORWARDS[flags & FORWARD_MASK] ?? null;

/** The number of a kind of tunnel. */
export const tunnelNumber = (type: Tunnel["type"]): number => TUNNELS.indexOf(type);

/** The kind of tunnel of a number; null for one of a later kernel. */
export const tunnelOf = (number: number): Tunnel["type"] | null => TUNNELS[number] ?? null;

/** The protocol of a number; null for one that the kernel does not balance. */
export function protocolOf(number: number): Protocol | null {
  if (number === PROTOCOLS.tcp) return "tcp";
  if (number === PROTOCOLS.udp) return "udp";
  return number === PROTOCOLS.sctp ? "sctp" : null;
}

/** An IPv4 mask of that many bits, as a number. */
export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0);

/** The bits of an IPv4 mask; null when it is no prefix. */
export function prefixOf(mask: number): number | null {
  const prefix = Math.clz32(~mask >>> 0);
  return maskOf(prefix) === mask >>> 0 ? prefix : null;
}

/** Whether two services are the same in everything that can be set. */
export const sameService = (a: Service, b: Service): boolean =>
  serviceKey(a.id) === serviceKey(b.id) &&
  a.scheduler === b.scheduler &&
  flagsOf(a) === flagsOf(b) &&
  a.engine === b.engine &&
  a.persistence?.timeout === b.persistence?.timeout &&
  a.persistence?.prefix === b.persistence?.prefix;

/** Whether two servers are the same in everything that can be set. */
export const sameDestination = (a: Destination, b: Destination): boolean =>
  destinationKey(a) === destinationKey(b) &&
  a.forward === b.forward &&
  a.weight === b.weight &&
  a.upper === b.upper &&
  a.lower === b.lower &&
  a.tunnel.type === b.tunnel.type &&
  a.tunnel.port === b.tunnel.port &&
  a.tunnel.flags === b.tunnel.flags;
