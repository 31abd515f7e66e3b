/** Sockets by descriptor. Every one is non-blocking and closed on exec, so none reaches a script. Failures are minus errno. */
import { ptr } from "bun:ffi";
import { assert } from "../src/base/assert.ts";
import * as layout from "./layout.ts";
import { checked, descriptor, integer, libc } from "./libc.ts";
import { LITTLE, setLong, setPointer, viewOf } from "./memory.ts";

/** socket(2), non-blocking and close-on-exec. */
export function openSocket(domain: number, type: number, protocol: number): number {
  return checked(libc.socket(domain, type | layout.SOCK_NONBLOCK | layout.SOCK_CLOEXEC, protocol));
}

/** close(2). */
export const closeDescriptor = (fd: number): number => checked(libc.close(descriptor(fd)));

/** bind(2) to an address laid out by one of the functions below. */
export const bindSocket = (fd: number, address: Uint8Array): number =>
  checked(libc.bind(descriptor(fd), ptr(address), address.length));

/** connect(2). */
export const connectSocket = (fd: number, address: Uint8Array): number =>
  checked(libc.connect(descriptor(fd), ptr(address), address.length));

/** setsockopt(2) with an int or with a structure. */
export function setOption(fd: number, level: number, name: number, value: number | Uint8Array): number {
  const bytes = typeof value === "number" ? int32(value) : value;
  return checked(libc.setsockopt(descriptor(fd), level, name, ptr(bytes), bytes.length));
}

/** getsockopt(2) into a structure, whose bytes the kernel also reads: how many it wrote, or minus errno. */
export function getOption(fd: number, level: number, name: number, bytes: Uint8Array): number {
  const length = Int32Array.of(integer(bytes.length, 1, 0x7fff_ffff, "option length"));
  const result = checked(libc.getsockopt(descriptor(fd), level, name, ptr(bytes), ptr(length)));
  return result < 0 ? result : (length[0] ?? 0);
}

function int32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  viewOf(bytes).setInt32(0, integer(value, -0x8000_0000, 0xffff_ffff, "socket option"), LITTLE);
  return bytes;
}

/** The pending error of a socket (SO_ERROR), cleared by reading it: 0 or an error number. */
export function takeSocketError(fd: number): number {
  const value = new Int32Array(1);
  const length = Int32Array.of(4);
  const result = checked(
    libc.getsockopt(descriptor(fd), layout.SOL_SOCKET, layout.SO_ERROR, ptr(value), ptr(length)),
  );
  return result < 0 ? -result : (value[0] ?? 0);
}

/** recv(2) without waiting: bytes received into `buffer`, or minus errno (EAGAIN when nothing waits). */
export const receive = (fd: number, buffer: Uint8Array): number =>
  checked(libc.recv(descriptor(fd), ptr(buffer), buffer.length, layout.MSG_DONTWAIT));

/** send(2) or, with an address, sendto(2), without waiting. */
export function send(fd: number, bytes: Uint8Array, address: Uint8Array | null): number {
  const flags = layout.MSG_DONTWAIT | layout.MSG_NOSIGNAL;
  const name = address === null ? null : ptr(address);
  return checked(
    libc.sendto(
      descriptor(fd),
      bytes.length === 0 ? null : ptr(bytes),
      bytes.length,
      flags,
      name,
      address?.length ?? 0,
    ),
  );
}

/** A control message for {@link sendWithControl}: cmsg(3). */
export function controlMessage(level: number, type: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(layout.CMSGHDR.data + Math.ceil(data.length / 8) * 8);
  const view = viewOf(bytes);
  setLong(view, layout.CMSGHDR.length, layout.CMSGHDR.data + data.length);
  view.setInt32(layout.CMSGHDR.level, level, LITTLE);
  view.setInt32(layout.CMSGHDR.type, type, LITTLE);
  bytes.set(data, layout.CMSGHDR.data);
  return bytes;
}

/** sendmsg(2) of one datagram with an address and one control message, without waiting. */
export function sendWithControl(
  fd: number,
  bytes: Uint8Array,
  address: Uint8Array,
  control: Uint8Array,
): number {
  const vector = new Uint8Array(layout.IOVEC.size);
  setPointer(viewOf(vector), layout.IOVEC.base, bytes);
  setLong(viewOf(vector), layout.IOVEC.length, bytes.length);
  const message = new Uint8Array(layout.MSGHDR.size);
  const view = viewOf(message);
  setPointer(view, layout.MSGHDR.name, address);
  view.setUint32(layout.MSGHDR.namelen, address.length, LITTLE);
  setPointer(view, layout.MSGHDR.iov, vector);
  setLong(view, layout.MSGHDR.iovlen, 1);
  setPointer(view, layout.MSGHDR.control, control);
  setLong(view, layout.MSGHDR.controllen, control.length);
  return checked(libc.sendmsg(descriptor(fd), ptr(message), layout.MSG_DONTWAIT | layout.MSG_NOSIGNAL));
}

/** struct sockaddr_ll: an interface and an EtherType (host order here); with a link-layer address, a destination. */
export function packetAddress(index: number, ethertype: number, mac: Uint8Array | null): Uint8Array {
  const bytes = new Uint8Array(layout.SOCKADDR_LL.size);
  const view = viewOf(bytes);
  view.setUint16(layout.SOCKADDR_LL.family, layout.AF_PACKET, LITTLE);
  view.setUint16(layout.SOCKADDR_LL.protocol, integer(ethertype, 0, 0xffff, "EtherType"));
  view.setInt32(layout.SOCKADDR_LL.index, integer(index, 1, 0x7fff_ffff, "interface index"), LITTLE);
  if (mac !== null) {
    assert(mac.length === 6, "a link-layer address of other than six bytes");
    view.setUint8(layout.SOCKADDR_LL.halen, mac.length);
    bytes.set(mac, layout.SOCKADDR_LL.address);
  }
  return bytes;
}

/** struct sockaddr_in or sockaddr_in6 with port 0; `scope` is the interface of a link-local or multicast IPv6 address. */
export function ipAddress(address: Uint8Array, scope: number): Uint8Array {
  const bytes = new Uint8Array(address.length === 4 ? 16 : 28);
  const view = viewOf(bytes);
  if (address.length === 4) {
    view.setUint16(0, layout.AF_INET, LITTLE);
    bytes.set(address, 4);
  } else {
    assert(address.length === 16, "an address of neither 4 nor 16 bytes");
    view.setUint16(0, layout.AF_INET6, LITTLE);
    bytes.set(address, 8);
    view.setUint32(24, scope, LITTLE);
  }
  return bytes;
}

/** The same with a port. */
export function portAddress(address: Uint8Array, port: number, scope: number): Uint8Array {
  const bytes = ipAddress(address, scope);
  viewOf(bytes).setUint16(2, integer(port, 1, 0xffff, "port"));
  return bytes;
}

/** Binds a socket to an interface by name (SO_BINDTODEVICE), whatever the routes say. */
export function bindToDevice(fd: number, name: string): number {
  const bytes = new TextEncoder().encode(`${name}\0`);
  assert(bytes.length <= layout.IFNAMSIZ, `interface name too long: ${name}`);
  return setOption(fd, layout.SOL_SOCKET, layout.SO_BINDTODEVICE, bytes);
}

/** struct sockaddr_nl: the kernel chooses our port; `groups` is a mask of multicast groups. */
export function netlinkAddress(groups: number): Uint8Array {
  const bytes = new Uint8Array(12);
  viewOf(bytes).setUint16(0, layout.AF_NETLINK, LITTLE);
  viewOf(bytes).setUint32(8, groups, LITTLE);
  return bytes;
}

/** struct sockaddr_un; the path is shorter than its 108 bytes. */
export function unixAddress(path: string): Uint8Array {
  const name = new TextEncoder().encode(path);
  assert(name.length < 108, `socket path too long: ${path}`);
  const bytes = new Uint8Array(2 + name.length + 1);
  viewOf(bytes).setUint16(0, layout.AF_UNIX, LITTLE);
  bytes.set(name, 2);
  return bytes;
}

/** One instruction of classic BPF (struct sock_filter). */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

/** Attaches a classic BPF program (SO_ATTACH_FILTER); a result of 0 drops the packet. */
export function attachFilter(fd: number, program: readonly Instruction[]): number {
  const code = new Uint8Array(program.length * 8);
  const view = viewOf(code);
  for (const [index, { code: op, jt, jf, k }] of program.entries()) {
    view.setUint16(index * 8, op, LITTLE);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k, LITTLE);
  }
  const head = new Uint8Array(16);
  viewOf(head).setUint16(0, program.length, LITTLE);
  setPointer(viewOf(head), 8, code);
  return setOption(fd, layout.SOL_SOCKET, layout.SO_ATTACH_FILTER, head);
}
