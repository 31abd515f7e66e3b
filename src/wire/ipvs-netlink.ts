/**
 * What is asked of the virtual server table by the generic netlink family IPVS, Linux 2.6.28 and later: both families, tunnels (Linux
 * 5.2). Addresses, ports and IPv4 masks are in network order, all else in the host's. ipvs-told.ts reads the answers.
 */
import { unreachable } from "../base/assert.ts";
import type { Family, Ip } from "../base/address.ts";
import { addressBits, familyOf, ipBytes } from "../base/address.ts";
import { encodeQuestion } from "./genetlink.ts";
import type { Change, Destination, Service, ServiceId, Timeouts } from "./ipvs.ts";
import {
  flagsOf,
  forwardNumber,
  IPIP,
  maskOf,
  NAME_BYTES,
  PROTOCOLS,
  serviceFamily,
  tunnelNumber,
} from "./ipvs.ts";
import { AF, COMMAND, DESTINATION, SERVICE, TOP, VERSION } from "./ipvs-attributes.ts";
import { attribute16, attribute32, encode32, encodeAttribute, nested, string, viewOf } from "./netlink.ts";

/** The name of the family. */
export const FAMILY_NAME = "IPVS";
/** IPv4 addresses, too, take as many. */
const ADDRESS_BYTES = 16;
/** All bits of the flags are meant. */
const FLAGS_MASK = 0xffff_ffff;

/** In network order. */
const port = (type: number, value: number): Uint8Array =>
  attribute16(type, ((value & 0xff) << 8) | (value >> 8));
const address = (type: number, ip: Ip): Uint8Array => {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  bytes.set(ipBytes(ip));
  return encodeAttribute(type, bytes);
};

const ask = (
  family: number,
  command: keyof typeof COMMAND,
  sequence: number,
  attributes: readonly Uint8Array[] = [],
  dump = false,
): Uint8Array =>
  encodeQuestion({ family, version: VERSION, command: COMMAND[command], dump }, sequence, attributes);

/** Of a server that is to go only address and port count. */
const GOING = { forward: "dr", weight: 1, upper: 0, lower: 0, tunnel: IPIP } as const;

/** One write; `family` is the number that the kernel gave the family IPVS. */
export function encodeChange(family: number, change: Change, sequence: number): Uint8Array {
  const of = (...attributes: readonly Uint8Array[]): Uint8Array =>
    ask(family, change.kind, sequence, attributes);
  switch (change.kind) {
    case "add-service":
    case "edit-service":
      return of(encodeService(change.service.id, change.service));
    case "delete-service":
      return of(encodeName(change.id));
    case "add-destination":
    case "edit-destination":
      return of(encodeName(change.id), encodeDestination(change.destination));
    case "delete-destination":
      return of(
        encodeName(change.id),
        encodeDestination({ ...GOING, address: change.address, port: change.port }),
      );
    default:
      return unreachable(change);
  }
}

/** Asks for every service. */
export const encodeServiceDump = (family: number, sequence: number): Uint8Array =>
  ask(family, "getService", sequence, [], true);

/** Asks for the servers of a service: none, and no error, where there is no such service. */
export const encodeDestinationDump = (family: number, id: ServiceId, sequence: number): Uint8Array =>
  ask(family, "getDestination", sequence, [encodeName(id)], true);

export const encodeTimeouts = (
  family: number,
  { tcp, tcpFin, udp }: Timeouts,
  sequence: number,
): Uint8Array =>
  ask(family, "setTimeouts", sequence, [
    attribute32(TOP.tcp, tcp),
    attribute32(TOP.tcpFin, tcpFin),
    attribute32(TOP.udp, udp),
  ]);

export const encodeTimeoutsLook = (family: number, sequence: number): Uint8Array =>
  ask(family, "getTimeouts", sequence);

/** Names as they were encoded: that of a service stands in front of each of its servers. */
const NAMED = new WeakMap<ServiceId, Uint8Array>();

/** What tells which service is meant. */
function encodeName(id: ServiceId): Uint8Array {
  const known = NAMED.get(id) ?? encodeService(id, null);
  NAMED.set(id, known);
  return known;
}

/** Without a service only the id counts; ipvsadm, too, sends the rest empty then. */
function encodeService(id: ServiceId, service: Service | null): Uint8Array {
  const family = serviceFamily(id);
  const identity =
    id.kind === "fwmark"
      ? [attribute32(SERVICE.mark, id.mark)]
      : [
          attribute16(SERVICE.protocol, PROTOCOLS[id.protocol]),
          address(SERVICE.address, id.address),
          port(SERVICE.port, id.port),
        ];
  const flags = service === null ? 0 : flagsOf(service);
  const engine = service?.engine ?? "";
  return nested(
    TOP.service,
    attribute16(SERVICE.family, AF[family]),
    ...identity,
    string(SERVICE.scheduler, (service?.scheduler ?? "").slice(0, NAME_BYTES - 1)),
    encodeAttribute(SERVICE.flags, encode32(flags, FLAGS_MASK)),
    attribute32(SERVICE.timeout, service?.persistence?.timeout ?? 0),
    encodeNetmask(family, service?.persistence?.prefix ?? addressBits(family)),
    ...(engine === "" ? [] : [string(SERVICE.engine, engine)]),
  );
}

/** A mask in IPv4, the number of bits in IPv6. */
function encodeNetmask(family: Family, prefix: number): Uint8Array {
  if (family === 6) return attribute32(SERVICE.netmask, prefix);
  const bytes = new Uint8Array(4);
  viewOf(bytes).setUint32(0, maskOf(prefix));
  return encodeAttribute(SERVICE.netmask, bytes);
}

function encodeDestination(destination: Destination): Uint8Array {
  return nested(
    TOP.destination,
    attribute16(DESTINATION.family, AF[familyOf(destination.address)]),
    address(DESTINATION.address, destination.address),
    port(DESTINATION.port, destination.port),
    attribute32(DESTINATION.forward, forwardNumber(destination.forward)),
    attribute32(DESTINATION.weight, destination.weight),
    encodeAttribute(DESTINATION.tunnel, Uint8Array.of(tunnelNumber(destination.tunnel.type))),
    port(DESTINATION.tunnelPort, destination.tunnel.port),
    attribute16(DESTINATION.tunnelFlags, destination.tunnel.flags),
    attribute32(DESTINATION.upper, destination.upper),
    attribute32(DESTINATION.lower, destination.lower),
  );
}
