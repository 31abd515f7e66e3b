/** Virtual MAC addresses (RFC 9568 7.3): what follows from a router's configuration alone. */
import type { Family, Ip, Mac } from "../base/address.ts";
import { familyOf, ipBytes, ipFromBytes, isLinkLocal, macBytes } from "../base/address.ts";
import type { AddressConfig, RouterConfig } from "../config/model.ts";
import type { Link } from "./boundary.ts";

/** A macvlan that has the virtual MAC address of a router, and its addresses (RFC 9568 7.3). */
export interface VirtualMac {
  /** The device, at most 15 bytes. */
  readonly name: string;
  /** Index of the router's interface. */
  readonly base: number;
  readonly mac: Mac;
  /** The router is master: a backup's device is down, so that nothing leaves from it and nothing is taken by it. */
  readonly up: boolean;
  /** Those of the addresses that it will carry. */
  readonly families: readonly Family[];
  /** Another number asks to look at it again, although nothing else about it is new. */
  readonly attempt: number;
}

/** What became of one: the device, or why there is none that is sound. */
export interface VirtualMacResult {
  readonly name: string;
  readonly link: Link | null;
  readonly failure: string | null;
}

/** IFNAMSIZ less the NUL. */
const NAME_BYTES_MAX = 15;
/** Characters that stand for an interface whose name does not fit. */
const SHORT = 5;

const bytesOf = (text: string): number => new TextEncoder().encode(text).length;

/** FNV-1a in {@link SHORT} letters and digits. */
function shortened(name: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return (hash % 36 ** SHORT).toString(36).padStart(SHORT, "0");
}

/**
 * `vrrp.VRID.INTERFACE`, for IPv6 `vrrp6.VRID.INTERFACE`: of nothing but the router itself, so that it is the same after every
 * restart and rules of a firewall can name it. Five letters and digits stand for an interface with which it were longer than 15 bytes.
 */
export function deviceName({ family, vrid, interface: name }: RouterConfig): string {
  const prefix = `${family === 4 ? "vrrp" : "vrrp6"}.${vrid}.`;
  return bytesOf(prefix + name) <= NAME_BYTES_MAX ? prefix + name : prefix + shortened(name);
}

/** 00-00-5e-00-01-VRID, for IPv6 00-00-5e-00-02-VRID. */
export const virtualMac = ({ family, vrid }: RouterConfig): Mac =>
  `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, "0")}` as Mac; // canonical as it stands

/** fe80::/64 with the EUI-64 of a MAC address (RFC 4291, appendix A): what an interface of that address would call itself. */
function linkLocalOf(mac: Mac): Ip {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macBytes(mac);
  return ipFromBytes(Uint8Array.of(0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 2, b, c, 0xff, 0xfe, d, e, f));
}

/** The addresses as they are put on interfaces: those of the router's own go to its device. */
export const onDevice = (addresses: readonly AddressConfig[], own: string, device: string): AddressConfig[] =>
  addresses.map((address) => (address.interface === own ? { ...address, interface: device } : address));

/**
 * An address that the device has besides the router's, so that IPv6 on it has a link-local one of its own and not that of the
 * interface below; none where one of the router's is.
 */
export function ownLinkLocal(
  config: RouterConfig,
  addresses: readonly AddressConfig[],
  device: string,
): AddressConfig[] {
  const carried = addresses.filter(
    (address) => address.interface === device && familyOf(address.address) === 6,
  );
  if (carried.length === 0 || carried.some(({ address }) => isLinkLocal(address))) return [];
  return [{ address: linkLocalOf(virtualMac(config)), prefix: 64, interface: device, label: null }];
}

/** The group at which neighbours are asked for an IPv6 address (RFC 4291 2.7.1). */
export function solicitedNode(address: Ip): Ip {
  const bytes = Uint8Array.of(0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0);
  bytes.set(ipBytes(address).subarray(13), 13);
  return ipFromBytes(bytes);
}
