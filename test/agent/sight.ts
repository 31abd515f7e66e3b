/** What left the boxes of a lab, in words: adverts and announcements; and adverts of routers that are no box. */
import type { Action } from "../../src/agent/boundary.ts";
import type { Family, Ip } from "../../src/base/address.ts";
import { centiseconds, priority, seconds } from "../../src/base/units.ts";
import { decodeAh, encodeAh, PROTOCOL_AH } from "../../src/wire/ah.ts";
import { decodeArp } from "../../src/wire/arp.ts";
import { decodeIp, encodeIp } from "../../src/wire/ip.ts";
import { decodeNeighbourAdvertisement } from "../../src/wire/ndp.ts";
import type { Advertisement } from "../../src/wire/vrrp.ts";
import { decodeAdvertisement, encodeAdvertisement, PROTOCOL_VRRP } from "../../src/wire/vrrp.ts";
import type { Box } from "./box.ts";

/** One advert as seen on the wire. */
export interface Sighting {
  readonly at: number;
  readonly advertisement: Advertisement;
  readonly source: Ip;
  readonly destination: Ip;
  /** Behind an authentication header; null without one. */
  readonly sequence: number | null;
}

/** The advert in an action, or null. */
export function advertIn(action: Action): Omit<Sighting, "at"> | null {
  if ((action.kind !== "frame" && action.kind !== "packet") || action.router === null) return null;
  const family = action.kind === "packet" ? action.family : action.ethertype === 0x0800 ? 4 : 6;
  const ip = decodeIp(family, action.bytes);
  if (!ip.ok) throw new Error(`not IP: ${ip.error.kind}`);
  const header = ip.value.protocol === PROTOCOL_AH ? decodeAh(ip.value) : null;
  if (header?.ok === false) throw new Error(`no header: ${header.error.kind}`);
  const decoded = decodeAdvertisement((header?.value.packet ?? ip.value).payload, ip.value);
  if (!decoded.ok) throw new Error(`not an advert: ${decoded.error.kind}`);
  return {
    advertisement: decoded.value.advertisement,
    source: ip.value.source,
    destination: ip.value.destination,
    sequence: header?.value.sequence ?? null,
  };
}

/** The adverts that a box sent since a time. */
export function adverts(box: Box, since = 0): Sighting[] {
  return box.lab.traces.flatMap((trace) => {
    const seen = trace.box === box && trace.at >= since ? advertIn(trace.action) : null;
    return seen === null ? [] : [{ at: trace.at, ...seen }];
  });
}

/** Their priorities. */
export const priorities = (box: Box, since = 0): number[] =>
  adverts(box, since).map(({ advertisement }) => advertisement.priority);

/** The address told by a gratuitous ARP or an unsolicited neighbour advertisement; null for anything else. */
export function toldBy(action: Action): Ip | null {
  if (action.kind !== "frame" || action.router !== null) return null;
  if (action.ethertype === 0x0806) {
    const arp = decodeArp(action.bytes);
    return arp.ok ? arp.value.senderIp : null;
  }
  const neighbour = decodeNeighbourAdvertisement(action.bytes);
  return neighbour.ok ? neighbour.value.target : null;
}

/** The addresses that a box told since a time, in order, with the time of each. */
export function told(box: Box, since = 0): { readonly at: number; readonly address: Ip }[] {
  return box.lab.traces.flatMap(({ at, box: from, action }) => {
    const address = from === box && at >= since ? toldBy(action) : null;
    return address === null ? [] : [{ at, address }];
  });
}

/** What an advert of a router that is no box says; the rest is as on the link and as configured by default. */
export interface Forged {
  readonly source: string;
  readonly destination?: string;
  readonly priority?: number;
  readonly vrid?: number;
  readonly version?: 2 | 3;
  /** Milliseconds. */
  readonly interval?: number;
  readonly addresses?: readonly string[];
  readonly hopLimit?: number;
  /** A password, or with `sequence` the key of an authentication header. */
  readonly key?: string;
  readonly sequence?: number;
}

/** The bytes of such an advert, from the IP header on. */
export function forge(forged: Forged): Uint8Array {
  const { vrid = 51, version = 3, interval = 1000, hopLimit = 255, key, sequence } = forged;
  const family: Family = forged.source.includes(":") ? 6 : 4;
  const source = forged.source as Ip;
  const destination = (forged.destination ?? (family === 4 ? "224.0.0.18" : "ff02::12")) as Ip;
  const addresses = (forged.addresses ?? ["192.0.2.1"]) as readonly Ip[];
  const own = priority(forged.priority ?? 100);
  const secret = new Uint8Array(8);
  secret.set(new TextEncoder().encode(key ?? ""));
  const data = sequence === undefined ? secret : new Uint8Array(8);
  const advertisement: Advertisement =
    version === 3
      ? { version, vrid, priority: own, interval: centiseconds(interval / 10), addresses }
      : {
          version,
          vrid,
          priority: own,
          interval: seconds(interval / 1000),
          auth: { type: sequence !== undefined ? 2 : key === undefined ? 0 : 1, data },
          addresses,
        };
  const payload = encodeAdvertisement(advertisement, { family, source, destination }, "rfc5798");
  const packet = { family, source, destination, protocol: PROTOCOL_VRRP, hopLimit, payload };
  return sequence === undefined ? encodeIp(packet, 0) : encodeAh(packet, sequence, secret);
}

/** Such an advert arrives at a box on eth1. */
export const hear = (box: Box, forged: Forged): Action[] =>
  box.frame("eth1", forged.source.includes(":") ? 6 : 4, forge(forged));
