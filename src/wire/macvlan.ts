/**
 * rtnetlink(7) for macvlan devices: making, looking at, setting up and down, removing. Each message carries
 *
 *     ifinfomsg   family u8, pad | type u16 | index i32 | flags u32 | change u32        <linux/rtnetlink.h>
 *
 * and attributes, of which IFLA_LINKINFO holds the kind of device and its own settings.
 */
import type { Mac } from "../base/address.ts";
import { macBytes, macFromBytes } from "../base/address.ts";
import {
  attribute,
  attributesOf,
  eachMessage,
  encode32,
  encodeAttribute,
  encodeMessage,
  errnoOf,
  joined,
  NLMSG,
  u32,
  untilNul,
  viewOf,
} from "./netlink.ts";

const LITTLE = true;
const RTM = { newLink: 16, delLink: 17, getLink: 18 } as const;
const NLM_F = { ack: 0x04, exclusive: 0x200, create: 0x400, dump: 0x300 } as const;
const IFF_UP = 0x1;
const IFLA = { address: 1, name: 3, link: 5, linkInfo: 18, group: 27, extMask: 29 } as const;
const IFLA_INFO = { kind: 1, data: 2 } as const;
const IFLA_MACVLAN_MODE = 1;
const MACVLAN_MODE_PRIVATE = 1;
const RTEXT_FILTER_SKIP_STATS = 8;
const KIND = "macvlan";

/** What a device is made of. */
export interface Macvlan {
  /** At most 15 bytes. */
  readonly name: string;
  /** Index of the interface that carries it. */
  readonly base: number;
  readonly mac: Mac;
  /** IFLA_GROUP: a number that devices share, to be told by and removed together. */
  readonly group: number;
}

/** A device of whatever kind as RTM_NEWLINK tells it. */
export interface Device {
  readonly index: number;
  readonly name: string;
  readonly up: boolean;
  readonly mac: Mac | null;
  /** IFLA_LINK: the interface below it; 0 for none. */
  readonly base: number;
  readonly group: number;
  /** `macvlan`, `veth`; empty for hardware. */
  readonly kind: string;
  /** It is a macvlan, and in private mode. */
  readonly isPrivate: boolean;
}

function header(index: number, flags: number, change: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = viewOf(bytes);
  view.setInt32(4, index, LITTLE);
  view.setUint32(8, flags, LITTLE);
  view.setUint32(12, change, LITTLE);
  return bytes;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** RTM_NEWLINK for a macvlan in private mode, down as every new device; EEXIST when the name is taken. */
export function encodeCreation({ name, base, mac, group }: Macvlan, sequence: number): Uint8Array {
  const mode = encodeAttribute(IFLA_MACVLAN_MODE, encode32(MACVLAN_MODE_PRIVATE));
  const info = joined([encodeAttribute(IFLA_INFO.kind, text(KIND)), encodeAttribute(IFLA_INFO.data, mode)]);
  return encodeMessage(RTM.newLink, NLM_F.ack | NLM_F.create | NLM_F.exclusive, sequence, [
    header(0, 0, 0),
    encodeAttribute(IFLA.name, text(`${name}\0`)),
    encodeAttribute(IFLA.link, encode32(base)),
    encodeAttribute(IFLA.address, macBytes(mac)),
    encodeAttribute(IFLA.group, encode32(group)),
    encodeAttribute(IFLA.linkInfo, info),
  ]);
}

/** RTM_NEWLINK that sets IFF_UP or clears it. */
export const encodeUp = (index: number, up: boolean, sequence: number): Uint8Array =>
  encodeMessage(RTM.newLink, NLM_F.ack, sequence, [header(index, up ? IFF_UP : 0, IFF_UP)]);

/** RTM_DELLINK for one device. */
export const encodeRemoval = (index: number, sequence: number): Uint8Array =>
  encodeMessage(RTM.delLink, NLM_F.ack, sequence, [header(index, 0, 0)]);

/** RTM_DELLINK for all devices of a group: the kernel waits once for all of them, not once for each. */
export const encodeGroupRemoval = (group: number, sequence: number): Uint8Array =>
  encodeMessage(RTM.delLink, NLM_F.ack, sequence, [
    header(0, 0, 0),
    encodeAttribute(IFLA.group, encode32(group)),
  ]);

/** RTM_GETLINK for all devices, without their statistics. */
export const encodeDeviceDump = (sequence: number): Uint8Array =>
  encodeMessage(RTM.getLink, NLM_F.dump, sequence, [
    header(0, 0, 0),
    encodeAttribute(IFLA.extMask, encode32(RTEXT_FILTER_SKIP_STATS)),
  ]);

/** RTM_GETLINK for the device of that name; answered by ENODEV when there is none. */
export const encodeLook = (name: string, sequence: number): Uint8Array =>
  encodeMessage(RTM.getLink, 0, sequence, [
    header(0, 0, 0),
    encodeAttribute(IFLA.name, text(`${name}\0`)),
    encodeAttribute(IFLA.extMask, encode32(RTEXT_FILTER_SKIP_STATS)),
  ]);

function decodeDevice(body: Uint8Array): Device | null {
  if (body.length < 16) return null;
  const view = viewOf(body);
  const attributes = attributesOf(body.subarray(16));
  const name = attribute(attributes, IFLA.name, 2);
  if (name === null) return null;
  const mac = attributes.get(IFLA.address);
  const base = attribute(attributes, IFLA.link, 4);
  const group = attribute(attributes, IFLA.group, 4);
  const linkInfo = attribute(attributes, IFLA.linkInfo, 4);
  const info = linkInfo === null ? null : attributesOf(linkInfo);
  const kindBytes = info === null ? null : attribute(info, IFLA_INFO.kind, 1);
  const kind = kindBytes === null ? "" : untilNul(kindBytes);
  const data = info === null ? null : attribute(info, IFLA_INFO.data, 4);
  const mode = data === null ? null : attribute(attributesOf(data), IFLA_MACVLAN_MODE, 4);
  return {
    index: view.getInt32(4, LITTLE),
    name: untilNul(name),
    up: (view.getUint32(8, LITTLE) & IFF_UP) !== 0,
    mac: mac?.length === 6 ? macFromBytes(mac) : null,
    base: base === null ? 0 : u32(base),
    group: group === null ? 0 : u32(group),
    kind,
    isPrivate: kind === KIND && mode !== null && u32(mode) === MACVLAN_MODE_PRIVATE,
  };
}

/** What one datagram of the kernel says about devices: those it tells, and the answer if there is one in it. */
export interface DeviceReply {
  readonly devices: readonly Device[];
  /** 0 or an error number: of NLMSG_ERROR, or 0 for NLMSG_DONE; null: neither is in it. */
  readonly answer: number | null;
}

/** Every message of one datagram to that sequence. Never throws: what does not fit its own lengths ends the walk. */
export function decodeDevices(bytes: Uint8Array, sequence: number): DeviceReply {
  const devices: Device[] = [];
  let answer: number | null = null;
  eachMessage(bytes, ({ type, sequence: of, body }) => {
    if (of !== sequence) return;
    if (type === NLMSG.error) answer = errnoOf(body);
    if (type === NLMSG.done) answer = 0;
    const device = type === RTM.newLink ? decodeDevice(body) : null;
    if (device !== null) devices.push(device);
  });
  return { devices, answer };
}
