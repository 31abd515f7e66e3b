/** netdevice(7) requests: an address and its label in one step, which rtnetlink has no equal for; the name of an index. */
import { ptr } from "bun:ffi";
import { assert } from "../src/base/assert.ts";
import * as layout from "./layout.ts";
import { checked, descriptor, libc } from "./libc.ts";
import { LITTLE, viewOf } from "./memory.ts";
import { closeDescriptor, ipAddress, openSocket } from "./socket.ts";

/** struct ifreq is 40 bytes on LP64: the name, then a union. */
const IFREQ_SIZE = 40;

function request(name: string): Uint8Array {
  const bytes = new Uint8Array(IFREQ_SIZE);
  const encoded = new TextEncoder().encode(name);
  assert(encoded.length < layout.IFNAMSIZ, `interface name too long: ${name}`);
  bytes.set(encoded);
  return bytes;
}

/** The name that the interface of this index has now; null when there is none. */
export function interfaceName(index: number): string | null {
  const fd = openSocket(layout.AF_INET, layout.SOCK_DGRAM, 0);
  if (fd < 0) return null;
  const bytes = new Uint8Array(IFREQ_SIZE);
  viewOf(bytes).setInt32(layout.IFNAMSIZ, index, LITTLE);
  const got = checked(libc.ioctl(descriptor(fd), layout.SIOCGIFNAME, ptr(bytes)));
  closeDescriptor(fd);
  return got < 0 ? null : new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

/** SIOCSIFADDR on an alias such as `eth1:1`: the address with the mask of its class. `fd` is any IPv4 socket. */
export function setAliasAddress(fd: number, label: string, address: Uint8Array): number {
  const bytes = request(label);
  bytes.set(ipAddress(address, 0), layout.IFNAMSIZ);
  return checked(libc.ioctl(descriptor(fd), layout.SIOCSIFADDR, ptr(bytes)));
}

/** SIOCSIFNETMASK on an alias: `mask` is an IPv4 netmask. */
export function setAliasMask(fd: number, label: string, mask: Uint8Array): number {
  const bytes = request(label);
  bytes.set(ipAddress(mask, 0), layout.IFNAMSIZ);
  return checked(libc.ioctl(descriptor(fd), layout.SIOCSIFNETMASK, ptr(bytes)));
}

/** SIOCSIFFLAGS with IFF_UP added on an interface or alias. */
export function bringUp(fd: number, label: string): number {
  const bytes = request(label);
  const got = checked(libc.ioctl(descriptor(fd), layout.SIOCGIFFLAGS, ptr(bytes)));
  if (got < 0) return got;
  const view = viewOf(bytes);
  const flags = view.getUint16(layout.IFNAMSIZ, LITTLE) | layout.IFF_UP;
  view.setUint16(layout.IFNAMSIZ, flags, LITTLE);
  return checked(libc.ioctl(descriptor(fd), layout.SIOCSIFFLAGS, ptr(bytes)));
}
