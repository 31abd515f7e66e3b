/**
 * What the generic netlink family IPVS tells of the virtual server table: services, servers, timeouts, with 64-bit counters where the
 * kernel has them (Linux 4.1).
 */
import type { Family, Ip } from "../base/address.ts";
import { addressBits, ipFromBytes } from "../base/address.ts";
import { seconds } from "../base/units.ts";
import type { ServiceId, Statistics, Timeouts, ToldDestination, ToldService } from "./ipvs.ts";
import { forwardOf, prefixOf, protocolOf, readFlags, serviceFamily, tunnelOf } from "./ipvs.ts";
import { AF, DESTINATION, SERVICE, TOP } from "./ipvs-attributes.ts";
import type { Attributes } from "./netlink.ts";
import { attribute, attributesOf, u32, u64At, untilNul, viewOf } from "./netlink.ts";

const LITTLE = true;

const small = (attributes: Attributes, type: number, little: boolean): number => {
  const bytes = attribute(attributes, type, 2);
  return bytes === null ? 0 : viewOf(bytes).getUint16(0, little);
};
const large = (attributes: Attributes, type: number): number => {
  const bytes = attribute(attributes, type, 4);
  return bytes === null ? 0 : u32(bytes);
};
const text = (attributes: Attributes, type: number): string =>
  untilNul(attributes.get(type) ?? new Uint8Array());

function familyIn(attributes: Attributes, type: number): Family | null {
  const number = small(attributes, type, LITTLE);
  if (number === AF[4]) return 4;
  return number === AF[6] ? 6 : null;
}

function addressIn(attributes: Attributes, type: number, family: Family): Ip | null {
  const bytes = attribute(attributes, type, addressBits(family) / 8);
  return bytes === null ? null : ipFromBytes(bytes.subarray(0, addressBits(family) / 8));
}

/** A service in the body of an answer; null when there is none that is whole. */
export function decodeService(body: Uint8Array): ToldService | null {
  const nest = attribute(attributesOf(body), TOP.service, 4);
  if (nest === null) return null;
  const attributes = attributesOf(nest);
  const id = decodeId(attributes);
  const bits = attribute(attributes, SERVICE.flags, 4);
  if (id === null || bits === null) return null;
  const { persistent, onePacket, schedulerFlags } = readFlags(u32(bits));
  const timeout = seconds(large(attributes, SERVICE.timeout));
  const prefix = decodePrefix(attributes, serviceFamily(id));
  return {
    service: {
      id,
      scheduler: text(attributes, SERVICE.scheduler),
      schedulerFlags,
      persistence: persistent ? { timeout, prefix } : null,
      onePacket,
      engine: text(attributes, SERVICE.engine),
    },
    statistics: decodeStatistics(attributes, SERVICE.statistics64, SERVICE.statistics),
  };
}

function decodeId(attributes: Attributes): ServiceId | null {
  const family = familyIn(attributes, SERVICE.family);
  if (family === null) return null;
  const mark = large(attributes, SERVICE.mark);
  if (mark !== 0) return { kind: "fwmark", mark, family };
  const protocol = protocolOf(small(attributes, SERVICE.protocol, LITTLE));
  const ip = addressIn(attributes, SERVICE.address, family);
  if (protocol === null || ip === null) return null;
  return { kind: "address", protocol, address: ip, port: small(attributes, SERVICE.port, !LITTLE) };
}

function decodePrefix(attributes: Attributes, family: Family): number | null {
  const bytes = attribute(attributes, SERVICE.netmask, 4);
  if (bytes === null) return null;
  if (family === 4) return prefixOf(viewOf(bytes).getUint32(0));
  const prefix = u32(bytes);
  return prefix <= addressBits(6) ? prefix : null;
}

/** A server in the body of an answer, of a service of that family; null when there is none that is whole. */
export function decodeDestination(body: Uint8Array, serviceOf: Family): ToldDestination | null {
  const nest = attribute(attributesOf(body), TOP.destination, 4);
  if (nest === null) return null;
  const attributes = attributesOf(nest);
  // Before Linux 3.18 there was but one family.
  const family = attributes.has(DESTINATION.family) ? familyIn(attributes, DESTINATION.family) : serviceOf;
  const ip = family === null ? null : addressIn(attributes, DESTINATION.address, family);
  const forward = forwardOf(large(attributes, DESTINATION.forward));
  const type = tunnelOf(attributes.get(DESTINATION.tunnel)?.[0] ?? 0);
  if (ip === null || forward === null || type === null) return null;
  return {
    destination: {
      address: ip,
      port: small(attributes, DESTINATION.port, !LITTLE),
      forward,
      weight: large(attributes, DESTINATION.weight),
      upper: large(attributes, DESTINATION.upper),
      lower: large(attributes, DESTINATION.lower),
      tunnel: {
        type,
        port: small(attributes, DESTINATION.tunnelPort, !LITTLE),
        flags: small(attributes, DESTINATION.tunnelFlags, LITTLE),
      },
    },
    active: large(attributes, DESTINATION.active),
    inactive: large(attributes, DESTINATION.inactive),
    persistent: large(attributes, DESTINATION.persistent),
    statistics: decodeStatistics(attributes, DESTINATION.statistics64, DESTINATION.statistics),
  };
}

/** The wide counters where the kernel has them. A counter of either width, as far as a number is exact. */
function decodeStatistics(attributes: Attributes, wide: number, narrow: number): Statistics {
  const nest = attributesOf(attributes.get(wide) ?? attributes.get(narrow) ?? new Uint8Array());
  const count = (type: number): number => {
    const bytes = nest.get(type) ?? new Uint8Array();
    if (bytes.length >= 8) return u64At(viewOf(bytes), 0);
    return bytes.length >= 4 ? u32(bytes) : 0;
  };
  return {
    connections: count(1),
    inPackets: count(2),
    outPackets: count(3),
    inBytes: count(4),
    outBytes: count(5),
    connectionRate: count(6),
    inPacketRate: count(7),
    outPacketRate: count(8),
    inByteRate: count(9),
    outByteRate: count(10),
  };
}

/** The timeouts in the body of an answer; null when one is missing. */
export function decodeTimeouts(body: Uint8Array): Timeouts | null {
  const attributes = attributesOf(body);
  if (![TOP.tcp, TOP.tcpFin, TOP.udp].every((type) => attribute(attributes, type, 4) !== null)) return null;
  const at = (type: number) => seconds(large(attributes, type));
  return { tcp: at(TOP.tcp), tcpFin: at(TOP.tcpFin), udp: at(TOP.udp) };
}
