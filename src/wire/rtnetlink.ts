/**
 * rtnetlink(7): requests for links and addresses, and what the kernel answers and announces, routes and rules included
 * (forwarding.ts). Each message of netlink.ts carries
 *
 *     ifinfomsg   family u8, pad | type u16 | index i32 | flags u32 | change u32        <linux/rtnetlink.h>
 *     ifaddrmsg   family u8 | prefix u8 | flags u8 | scope u8 | index u32               <linux/if_addr.h>
 *
 * and attributes.
 */
import type { AddressChange, AddressKey, KernelAddress, Link } from "../agent/boundary.ts";
import type { Ip } from "../base/address.ts";
import { addressBits, familyOf, ipBytes, ipFromBytes, macFromBytes } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";
import type { ForwardingMessage } from "./forwarding.ts";
import { decodeForwarding } from "./forwarding.ts";
import type { Attributes, Message } from "./netlink.ts";
import {
  attribute,
  attributesOf,
  eachMessage,
  encode32,
  encodeAttribute,
  encodeMessage,
  errnoOf,
  NLMSG,
  u32,
  viewOf,
} from "./netlink.ts";

const LITTLE = true;

const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddress: 20,
  delAddress: 21,
  getAddress: 22,
} as const;
const NLM_F = {
  ack: 0x04,
  dumpInterrupted: 0x10,
  replace: 0x100,
  exclusive: 0x200,
  dump: 0x300,
  create: 0x400,
} as const;

/** Masks for the address of a feed socket: RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR. */
const LINK_GROUPS = 0x1 | 0x10 | 0x100;
/** RTMGRP_IPV4_ROUTE | RTMGRP_IPV4_RULE | RTMGRP_IPV6_ROUTE, and RTNLGRP_IPV6_RULE as a bit. */
const FORWARDING_GROUPS = 0x40 | 0x80 | 0x400 | (1 << 18);
export const FEED_GROUPS = LINK_GROUPS | FORWARDING_GROUPS;

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;

const ARPHRD_ETHER = 1;
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x10000;
/** RFC 2863 ifOperStatus as <linux/if.h> numbers it. */
const IF_OPER_UNKNOWN = 0;
const IF_OPER_UP = 6;
const IFLA = { address: 1, name: 3, mtu: 4, wireless: 11, operstate: 16, afSpec: 26, extMask: 29 } as const;
const IFLA_INET6_CONF = 2;
const RTEXT_FILTER_SKIP_STATS = 8;

const IFA = {
  address: 1,
  local: 2,
  label: 3,
  broadcast: 4,
  cacheInfo: 6,
  flags: 8,
  routePriority: 9,
} as const;
const IFA_F_SECONDARY = 0x01;
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_TENTATIVE = 0x40;
const INFINITY_LIFE_TIME = 0xffff_ffff;

/** One message from the kernel; what does not concern us is left out. */
export type RouteMessage =
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "link-gone"; readonly index: number }
  | { readonly kind: "address"; readonly address: KernelAddress }
  | { readonly kind: "address-gone"; readonly key: AddressKey }
  | ForwardingMessage
  /** NLMSG_ERROR: the answer to the request of that sequence; 0 or an error number. */
  | { readonly kind: "answer"; readonly sequence: number; readonly errno: number }
  /** NLMSG_DONE: the end of a dump, with its error number or 0. */
  | { readonly kind: "done"; readonly sequence: number; readonly errno: number }
  /** Messages were lost, or a dump was changed under way (NLM_F_DUMP_INTR): ask again. */
  | { readonly kind: "incomplete" };

function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The first entry of the interface's IPv6 settings (DEVCONF_FORWARDING in <linux/ipv6.h>), three attributes deep. */
function forwards6(attributes: Attributes): boolean {
  const families = attribute(attributes, IFLA.afSpec, 4);
  const inet6 = families === null ? null : attribute(attributesOf(families), AF_INET6, 4);
  const settings = inet6 === null ? null : attribute(attributesOf(inet6), IFLA_INET6_CONF, 4);
  return settings !== null && u32(settings) !== 0;
}

function decodeLink(type: number, body: Uint8Array): RouteMessage | null {
  if (body.length < 16) return null;
  const view = viewOf(body);
  // A bridge tells of its ports in the same messages: a port that leaves is no link that vanishes.
  if (view.getUint8(0) !== AF_UNSPEC) return null;
  const index = view.getInt32(4, LITTLE);
  if (type === RTM.delLink) return { kind: "link-gone", index };
  const attributes = attributesOf(body.subarray(16));
  const name = attribute(attributes, IFLA.name, 2);
  const mtu = attribute(attributes, IFLA.mtu, 4);
  // A wireless event is a partial message that tells nothing of this.
  if (name === null || mtu === null || attributes.has(IFLA.wireless)) return null;
  const flags = view.getUint32(8, LITTLE);
  const mac = attribute(attributes, IFLA.address, 6);
  const state = attribute(attributes, IFLA.operstate, 1)?.[0];
  const ethernet = view.getUint16(2, LITTLE) === ARPHRD_ETHER && mac?.length === 6;
  const link: Link = {
    index,
    name: textOf(name),
    ethernet,
    mac: ethernet ? macFromBytes(mac) : null,
    mtu: u32(mtu),
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0 || state === IF_OPER_UNKNOWN || state === IF_OPER_UP,
    forwarding6: forwards6(attributes),
  };
  return { kind: "link", link };
}

function decodeAddress(type: number, body: Uint8Array): RouteMessage | null {
  if (body.length < 8) return null;
  const view = viewOf(body);
  const family = view.getUint8(0);
  if (family !== AF_INET && family !== AF_INET6) return null;
  const size = family === AF_INET ? 4 : 16;
  const attributes = attributesOf(body.subarray(8));
  // On a point-to-point link IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 leaves IFA_LOCAL out elsewhere.
  const bytes = attribute(attributes, IFA.local, size) ?? attribute(attributes, IFA.address, size);
  if (bytes === null) return null;
  const index = view.getUint32(4, LITTLE);
  const address: Ip = ipFromBytes(bytes.subarray(0, size));
  const prefix = Math.min(view.getUint8(1), size * 8);
  if (type === RTM.delAddress) return { kind: "address-gone", key: { index, address, prefix } };
  const wide = attribute(attributes, IFA.flags, 4);
  const flags = wide === null ? view.getUint8(2) : u32(wide);
  const life = attribute(attributes, IFA.cacheInfo, 8);
  const valid = life === null ? INFINITY_LIFE_TIME : viewOf(life).getUint32(4, LITTLE);
  const label = attribute(attributes, IFA.label, 2);
  const told = label === null ? "" : textOf(label);
  return {
    kind: "address",
    address: {
      index,
      address,
      prefix,
      // Without an alias the label is the interface's own name.
      label: told.includes(":") ? told : null,
      secondary: family === AF_INET && (flags & IFA_F_SECONDARY) !== 0,
      tentative: family === AF_INET6 && (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0,
      validLifetime: valid === INFINITY_LIFE_TIME ? null : seconds(valid),
    },
  };
}

/** Every message of one datagram. Never throws: what does not fit its own lengths ends the walk and counts as `incomplete`. */
export function decodeMessages(bytes: Uint8Array): RouteMessage[] {
  const messages: RouteMessage[] = [];
  const whole = eachMessage(bytes, (told) => {
    if ((told.flags & NLM_F.dumpInterrupted) !== 0) messages.push({ kind: "incomplete" });
    const message = decodeBody(told);
    if (message !== null) messages.push(message);
  });
  if (!whole) messages.push({ kind: "incomplete" });
  return messages;
}

function decodeBody({ type, sequence, body }: Message): RouteMessage | null {
  switch (type) {
    case NLMSG.error:
      return { kind: "answer", sequence, errno: errnoOf(body) };
    case NLMSG.done:
      return { kind: "done", sequence, errno: errnoOf(body) };
    case NLMSG.overrun:
      return { kind: "incomplete" };
    case RTM.newLink:
    case RTM.delLink:
      return decodeLink(type, body);
    case RTM.newAddress:
    case RTM.delAddress:
      return decodeAddress(type, body);
    default:
      return decodeForwarding(type, body);
  }
}

/** RTM_GETLINK for all links, without their statistics. */
export const encodeLinkDump = (sequence: number): Uint8Array =>
  encodeMessage(RTM.getLink, NLM_F.dump, sequence, [
    new Uint8Array(16),
    encodeAttribute(IFLA.extMask, encode32(RTEXT_FILTER_SKIP_STATS)),
  ]);

/** RTM_GETADDR for all addresses of both families. */
export const encodeAddressDump = (sequence: number): Uint8Array =>
  encodeMessage(RTM.getAddress, NLM_F.dump, sequence, [new Uint8Array(8)]);

function addressHeader({ index, address, prefix }: AddressKey): Uint8Array {
  const family = familyOf(address);
  assert(prefix >= 0 && prefix <= addressBits(family), `prefix length of ${address}: ${prefix}`);
  const bytes = new Uint8Array(8);
  viewOf(bytes).setUint8(0, family === 4 ? AF_INET : AF_INET6);
  viewOf(bytes).setUint8(1, prefix);
  viewOf(bytes).setUint32(4, index, LITTLE);
  return bytes;
}

/** Preferred and valid lifetime. A /128 is never preferred, so that the host does not choose it as a source (RFC 4862 5.5.4). */
function cacheInfo({ address, prefix }: AddressKey, lifetime: Seconds | null): Uint8Array {
  const valid = lifetime ?? INFINITY_LIFE_TIME;
  const preferred = familyOf(address) === 6 && prefix === 128 ? 0 : valid;
  return encode32(preferred, valid, 0, 0);
}

/** The last address of the subnet; null where a prefix has none to spare (RFC 3021). */
function broadcastOf(address: Uint8Array, prefix: number): Uint8Array | null {
  if (prefix >= 31) return null;
  return address.map((byte, at) => byte | (0xff >> Math.min(8, Math.max(0, prefix - 8 * at))));
}

/**
 * One change as a request that is acknowledged. `add` fails with EEXIST when the address stands already; `refresh` replaces the
 * lifetimes. IPv6 without duplicate address detection: the address must answer at once, and the other router may still have it.
 */
export function encodeAddressChange(change: AddressChange, sequence: number): Uint8Array {
  const { key } = change;
  const ip = ipBytes(key.address);
  const local = [encodeAttribute(IFA.local, ip), encodeAttribute(IFA.address, ip)];
  if (change.op === "delete") {
    return encodeMessage(RTM.delAddress, NLM_F.ack, sequence, [addressHeader(key), ...local]);
  }
  const flags = change.op === "add" ? NLM_F.create | NLM_F.exclusive : NLM_F.replace;
  const parts = [
    addressHeader(key),
    ...local,
    encodeAttribute(IFA.cacheInfo, cacheInfo(key, change.lifetime)),
  ];
  if (change.metric !== null) parts.push(encodeAttribute(IFA.routePriority, encode32(change.metric)));
  if (familyOf(key.address) === 6) {
    parts.push(encodeAttribute(IFA.flags, encode32(IFA_F_NODAD)));
  } else {
    if (change.label !== null) {
      parts.push(encodeAttribute(IFA.label, new TextEncoder().encode(`${change.label}\0`)));
    }
    // What SIOCSIFADDR sets by itself: whoever looks at aliases shall see the same, however they were made.
    const usual = change.label === null ? null : broadcastOf(ip, key.prefix);
    const broadcast = change.broadcast === undefined ? usual : ipBytes(change.broadcast);
    if (broadcast !== null) parts.push(encodeAttribute(IFA.broadcast, broadcast));
  }
  return encodeMessage(RTM.newAddress, NLM_F.ack | flags, sequence, parts);
}
