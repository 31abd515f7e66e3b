/**
 * The virtual server table by socket options of an IPv4 socket (<linux/ip_vs.h>): IPv4 only, as ipvsadm spoke before netlink. Addresses
 * and ports are in network order, all else in the host's, little-endian.
 *
 *     service_user  44   protocol u16, pad | address | port u16, pad | fwmark u32 | scheduler 16 | flags u32 | timeout u32 | netmask
 *     dest_user     24   address | port u16, pad | flags u32 | weight i32 | upper u32 | lower u32
 *     service_entry 104  service_user | number of destinations u32 | stats_user 56
 *     dest_entry    96   dest_user | active u32 | inactive u32 | persistent u32, pad | stats_user 56
 */
import { unreachable } from "../base/assert.ts";
import type { Family } from "../base/address.ts";
import { familyOf, ip4At, ipBytes } from "../base/address.ts";
import { seconds } from "../base/units.ts";
import type {
  Change,
  Destination,
  Service,
  ServiceId,
  Statistics,
  Timeouts,
  ToldDestination,
  ToldService,
} from "./ipvs.ts";
import {
  flagsOf,
  forwardNumber,
  forwardOf,
  IPIP,
  maskOf,
  NAME_BYTES,
  prefixOf,
  PROTOCOLS,
  protocolOf,
  readFlags,
  serviceFamily,
} from "./ipvs.ts";
import { u64At, untilNul, viewOf } from "./netlink.ts";

/** Options to set. */
const SET = {
  "add-service": 1154,
  "edit-service": 1155,
  "delete-service": 1156,
  "add-destination": 1159,
  "edit-destination": 1161,
  "delete-destination": 1160,
} as const satisfies Record<Change["kind"], number>;
export const SET_TIMEOUTS = 1162;

/** Options to get. */
export const GET = { info: 1153, services: 1154, destinations: 1156, timeouts: 1158 } as const;

export const INFO_BYTES = 12;
export const TIMEOUTS_BYTES = 12;
const SERVICE = {
  address: 4,
  port: 8,
  mark: 12,
  scheduler: 16,
  flags: 32,
  timeout: 36,
  netmask: 40,
  size: 44,
};
const DESTINATION = { port: 4, flags: 8, weight: 12, upper: 16, lower: 20, size: 24 };
const SERVICE_ENTRY = { destinations: 44, statistics: 48, size: 104 };
const DESTINATION_ENTRY = { active: 24, inactive: 28, persistent: 32, statistics: 40, size: 96 };
/** Before the entries: of services their number, of destinations the service and their number. */
const SERVICES_HEAD = 8;
const DESTINATIONS_HEAD = { address: 4, port: 8, mark: 12, count: 16, size: 24 };
const LITTLE = true;

/** A socket option to set. */
export interface Option {
  readonly name: number;
  readonly bytes: Uint8Array;
}

/** Of a server that is to go only address and port count; ipvsadm sends the rest like this. */
const GOING = { forward: "dr", weight: 1, upper: 0, lower: 0, tunnel: IPIP } as const;

/** One write; null where socket options cannot say it: IPv6, tunnels other than IP in IP, a persistence engine. */
export function encodeChange(change: Change): Option | null {
  const name = SET[change.kind];
  switch (change.kind) {
    case "add-service":
    case "edit-service":
      if (serviceFamily(change.service.id) !== 4 || change.service.engine !== "") return null;
      return { name, bytes: encodeService(change.service.id, change.service) };
    case "delete-service":
      return serviceFamily(change.id) === 4 ? { name, bytes: encodeService(change.id, null) } : null;
    case "add-destination":
    case "edit-destination":
      return encodeDestination(name, change.id, change.destination);
    case "delete-destination":
      return encodeDestination(name, change.id, { ...GOING, address: change.address, port: change.port });
    default:
      return unreachable(change);
  }
}

/** struct ip_vs_service_user; without a service only the id counts. */
function encodeService(id: ServiceId, service: Service | null): Uint8Array {
  const bytes = new Uint8Array(SERVICE.size);
  const view = viewOf(bytes);
  if (id.kind === "address") {
    view.setUint16(0, PROTOCOLS[id.protocol], LITTLE);
    bytes.set(ipBytes(id.address), SERVICE.address);
    view.setUint16(SERVICE.port, id.port);
  } else {
    // Some protocol has to be named, always the same: the kernel compares it.
    view.setUint16(0, PROTOCOLS.tcp, LITTLE);
    view.setUint32(SERVICE.mark, id.mark, LITTLE);
  }
  view.setUint32(SERVICE.netmask, maskOf(service?.persistence?.prefix ?? 32));
  if (service === null) return bytes;
  bytes.set(new TextEncoder().encode(service.scheduler).subarray(0, NAME_BYTES - 1), SERVICE.scheduler);
  view.setUint32(SERVICE.flags, flagsOf(service), LITTLE);
  view.setUint32(SERVICE.timeout, service.persistence?.timeout ?? 0, LITTLE);
  return bytes;
}

function encodeDestination(name: number, id: ServiceId, destination: Destination): Option | null {
  if (serviceFamily(id) !== 4 || familyOf(destination.address) !== 4 || destination.tunnel.type !== "ipip")
    return null;
  const bytes = new Uint8Array(SERVICE.size + DESTINATION.size);
  bytes.set(encodeService(id, null));
  const part = bytes.subarray(SERVICE.size);
  const view = viewOf(part);
  part.set(ipBytes(destination.address));
  view.setUint16(DESTINATION.port, destination.port);
  view.setUint32(DESTINATION.flags, forwardNumber(destination.forward), LITTLE);
  view.setInt32(DESTINATION.weight, destination.weight, LITTLE);
  view.setUint32(DESTINATION.upper, destination.upper, LITTLE);
  view.setUint32(DESTINATION.lower, destination.lower, LITTLE);
  return { name, bytes };
}

export function encodeTimeouts({ tcp, tcpFin, udp }: Timeouts): Uint8Array {
  const bytes = new Uint8Array(TIMEOUTS_BYTES);
  for (const [index, value] of [tcp, tcpFin, udp].entries())
    viewOf(bytes).setUint32(4 * index, value, LITTLE);
  return bytes;
}

/** Null when there are too few bytes. */
export function decodeTimeouts(bytes: Uint8Array): Timeouts | null {
  if (bytes.length < TIMEOUTS_BYTES) return null;
  const at = (index: number) => seconds(viewOf(bytes).getUint32(4 * index, LITTLE));
  return { tcp: at(0), tcpFin: at(1), udp: at(2) };
}

/** How many IPv4 services there are; null when there are too few bytes. */
export const decodeCount = (bytes: Uint8Array): number | null =>
  bytes.length < INFO_BYTES ? null : viewOf(bytes).getUint32(8, LITTLE);

/** What the kernel fills with `count` services, exactly. */
export function servicesBuffer(count: number): Uint8Array {
  const bytes = new Uint8Array(SERVICES_HEAD + count * SERVICE_ENTRY.size);
  viewOf(bytes).setUint32(0, count, LITTLE);
  return bytes;
}

/** What the kernel fills with `count` destinations of an IPv4 service, exactly. */
export function destinationsBuffer(id: ServiceId, count: number): Uint8Array {
  const bytes = new Uint8Array(DESTINATIONS_HEAD.size + count * DESTINATION_ENTRY.size);
  const view = viewOf(bytes);
  // The same as in struct ip_vs_service_user.
  bytes.set(encodeService(id, null).subarray(0, DESTINATIONS_HEAD.count));
  view.setUint32(DESTINATIONS_HEAD.count, count, LITTLE);
  return bytes;
}

/** A service, and how many destinations it has. */
export interface CountedService extends ToldService {
  readonly count: number;
}

/** The services of a filled buffer. The kernel says nowhere how many there are: the first empty entry ends them. */
export function decodeServices(bytes: Uint8Array): CountedService[] {
  const found: CountedService[] = [];
  for (let at = SERVICES_HEAD; at + SERVICE_ENTRY.size <= bytes.length; at += SERVICE_ENTRY.size) {
    const told = decodeService(bytes.subarray(at, at + SERVICE_ENTRY.size));
    if (told === null) break;
    found.push(told);
  }
  return found;
}

function decodeService(entry: Uint8Array): CountedService | null {
  const view = viewOf(entry);
  const protocol = protocolOf(view.getUint16(0, LITTLE));
  if (protocol === null) return null;
  const mark = view.getUint32(SERVICE.mark, LITTLE);
  const address = ip4At(entry, SERVICE.address);
  const family: Family = 4;
  const id: ServiceId =
    mark === 0
      ? { kind: "address", protocol, address, port: view.getUint16(SERVICE.port) }
      : { kind: "fwmark", mark, family };
  const name = entry.subarray(SERVICE.scheduler, SERVICE.scheduler + NAME_BYTES);
  const { persistent, onePacket, schedulerFlags } = readFlags(view.getUint32(SERVICE.flags, LITTLE));
  const timeout = seconds(view.getUint32(SERVICE.timeout, LITTLE));
  const prefix = prefixOf(view.getUint32(SERVICE.netmask));
  return {
    service: {
      id,
      scheduler: untilNul(name),
      schedulerFlags,
      persistence: persistent ? { timeout, prefix } : null,
      onePacket,
      engine: "",
    },
    count: view.getUint32(SERVICE_ENTRY.destinations, LITTLE),
    statistics: decodeStatistics(view, SERVICE_ENTRY.statistics),
  };
}

/** The destinations of a filled buffer, up to the first empty entry. */
export function decodeDestinations(bytes: Uint8Array): ToldDestination[] {
  const found: ToldDestination[] = [];
  for (
    let at = DESTINATIONS_HEAD.size;
    at + DESTINATION_ENTRY.size <= bytes.length;
    at += DESTINATION_ENTRY.size
  ) {
    const told = decodeDestination(bytes.subarray(at, at + DESTINATION_ENTRY.size));
    if (told === null) break;
    found.push(told);
  }
  return found;
}

function decodeDestination(entry: Uint8Array): ToldDestination | null {
  const view = viewOf(entry);
  const flags = view.getUint32(DESTINATION.flags, LITTLE);
  const forward = forwardOf(flags);
  // A destination that is there carries flags of the kernel's own, whatever its method (IP_VS_CONN_F_INACTIVE).
  if (flags === 0 || forward === null) return null;
  return {
    destination: {
      address: ip4At(entry, 0),
      port: view.getUint16(DESTINATION.port),
      forward,
      weight: view.getInt32(DESTINATION.weight, LITTLE),
      upper: view.getUint32(DESTINATION.upper, LITTLE),
      lower: view.getUint32(DESTINATION.lower, LITTLE),
      tunnel: IPIP,
    },
    active: view.getUint32(DESTINATION_ENTRY.active, LITTLE),
    inactive: view.getUint32(DESTINATION_ENTRY.inactive, LITTLE),
    persistent: view.getUint32(DESTINATION_ENTRY.persistent, LITTLE),
    statistics: decodeStatistics(view, DESTINATION_ENTRY.statistics),
  };
}

/** struct ip_vs_stats_user. Bytes are 64 bits wide, read as far as a number is exact. */
function decodeStatistics(view: DataView, at: number): Statistics {
  const narrow = (offset: number): number => view.getUint32(at + offset, LITTLE);
  const wide = (offset: number): number => u64At(view, at + offset);
  return {
    connections: narrow(0),
    inPackets: narrow(4),
    outPackets: narrow(8),
    inBytes: wide(16),
    outBytes: wide(24),
    connectionRate: narrow(32),
    inPacketRate: narrow(36),
    outPacketRate: narrow(40),
    inByteRate: narrow(44),
    outByteRate: narrow(48),
  };
}
