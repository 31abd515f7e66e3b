/** Adverts and announcements as bytes and actions. */
import { BROADCAST_MAC, familyOf, isLinkLocal, multicastMac } from "../base/address.ts";
import type { Ip, Mac } from "../base/address.ts";
import type { Priority } from "../base/units.ts";
import { centiseconds, seconds } from "../base/units.ts";
import { encodeGratuitousArp } from "../wire/arp.ts";
import { encodeIp } from "../wire/ip.ts";
import { encodeNeighbourAdvertisement } from "../wire/ndp.ts";
import type { Advertisement } from "../wire/vrrp.ts";
import { encodeAdvertisement, PROTOCOL_VRRP } from "../wire/vrrp.ts";
import type { RouterConfig } from "../config/model.ts";
import type { Expectation } from "../vrrp/admit.ts";
import { AUTH_TYPE, wholeSeconds } from "../vrrp/admit.ts";
import type { Version } from "../vrrp/timing.ts";
import type { Action, AddressKey, Link } from "./boundary.ts";
import type { Kernel } from "./kernel.ts";
import type { Router } from "./router.ts";
import { virtualMac } from "./virtual-mac.ts";

/** linux/if_ether.h */
export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;
/** ff02::1, all nodes on the link (RFC 4291 2.7.1), as a link-layer address. */
const ALL_NODES = "33:33:00:00:00:01" as Mac;
/** RFC 9568 5.1.1.3, 5.1.2.3. */
const ADVERT_TTL = 255;

/** Version 2 authentication: the first 8 bytes of the key, zero padded (RFC 2338 5.3.10). */
export function authOf({ config }: Pick<Router, "config">): Expectation["auth"] {
  const { auth } = config;
  if (auth.type === "none") return auth;
  const key = new Uint8Array(8);
  key.set(new TextEncoder().encode(auth.key).subarray(0, 8));
  return { type: auth.type, key };
}

/** Bytes of the longest advert of a router, IP header included; it is never sent in fragments. */
export function advertLength({ family, version, auth, addresses }: RouterConfig): number {
  const headers = (family === 4 ? 20 : 40) + 8;
  // Version 2 ends in authentication data (RFC 3768 5.3.10), and may stand behind an authentication header (RFC 2402).
  const sealed = (version === 3 ? 0 : 8) + (auth.type === "ah" ? 24 : 0);
  return headers + sealed + (family === 4 ? 4 : 16) * addresses.length;
}

function advertisement(router: Router, version: Version, priority: Priority): Advertisement {
  const { vrid, advertInterval } = router.config;
  const addresses = router.config.addresses.map(({ address }) => address);
  if (version === 3) {
    return { version, vrid, priority, interval: centiseconds(Math.round(advertInterval / 10)), addresses };
  }
  const expected = authOf(router);
  const data = expected.type === "pass" ? expected.key : new Uint8Array(8);
  const auth = { type: AUTH_TYPE[expected.type], data };
  return { version, vrid, priority, interval: seconds(wholeSeconds(advertInterval) / 1000), auth, addresses };
}

function advert(
  router: Router,
  link: Link,
  { source, destination, version }: { source: Ip; destination: Ip; version: Version },
  priority: Priority,
  sender: Mac | null,
): Action {
  const { family, checksum, name } = router.config;
  const payload = encodeAdvertisement(
    advertisement(router, version, priority),
    { family, source, destination },
    checksum,
  );
  const bytes = encodeIp(
    { family, source, destination, protocol: PROTOCOL_VRRP, hopLimit: ADVERT_TTL, payload },
    // Never fragmented, so the identification may stay 0 (RFC 6864 4.1) and one frame serves for every advert.
    0,
  );
  const multicast = router.config.unicastPeers.length === 0;
  if (multicast && link.ethernet) {
    const ethertype = family === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6;
    return {
      kind: "frame",
      index: link.index,
      ethertype,
      destination: multicastMac(destination),
      source: sender,
      bytes,
      router: name,
    };
  }
  // Unicast is for the kernel to route and resolve; its way need not be the router's interface unless an address is
  // link-local.
  const bound = multicast || isLinkLocal(destination) || isLinkLocal(source);
  return { kind: "packet", index: bound ? link.index : null, family, destination, bytes, router: name };
}

/** What is sent of each advert: both versions at the same rate, even if that is less than a second (RFC 5798 8.4.2). */
const versionsOf = ({ version }: RouterConfig): readonly Version[] =>
  version === "2+3" ? [3, 2] : [version];

/** Above every priority: what is kept under a number from here on leaves from the virtual MAC address. */
const VIRTUAL_MAC = 256;

/**
 * The adverts of one turn, one for each destination and version; kept, as the next one is the same to the byte. A `master` with a
 * virtual MAC address sends from that; the last word of one that is none any more leaves from the interface's own.
 */
export function adverts(router: Router, link: Link, priority: Priority, master: boolean): readonly Action[] {
  const virtual = master && router.config.virtualMac === true;
  // Asked for every advert that a backup hears: a number is looked up sooner than a text is put together.
  const kept = virtual ? VIRTUAL_MAC + priority : priority;
  const known = router.adverts.get(kept);
  if (known !== undefined) return known;
  const sender = virtual ? virtualMac(router.config) : null;
  const { source } = router;
  if (source === null) return [];
  const { multicastGroup, unicastPeers } = router.config;
  const destinations =
    unicastPeers.length === 0 ? [multicastGroup] : unicastPeers.map(({ address }) => address);
  const made = destinations.flatMap((destination) =>
    versionsOf(router.config).map((version) =>
      advert(router, link, { source, destination, version }, priority, sender),
    ),
  );
  router.adverts.set(kept, made);
  return made;
}

/** One gratuitous ARP or unsolicited neighbour advertisement; null on a link without Ethernet, where nobody asks. */
export function announcement(kernel: Kernel, key: AddressKey): Action | null {
  const link = kernel.link(key.index);
  if (link === null || link.mac === null || !link.ethernet) return null;
  const { index, mac } = link;
  return familyOf(key.address) === 4
    ? {
        kind: "frame",
        index,
        ethertype: ETHERTYPE.arp,
        destination: BROADCAST_MAC,
        source: null,
        bytes: encodeGratuitousArp(mac, key.address),
        router: null,
      }
    : {
        kind: "frame",
        index,
        ethertype: ETHERTYPE.ipv6,
        destination: ALL_NODES,
        source: null,
        bytes: encodeNeighbourAdvertisement(mac, key.address, link.forwarding6),
        router: null,
      };
}
