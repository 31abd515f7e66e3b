/**
 * One end of a tunnel without Ethernet: `bun tunnel.ts NAME LOCAL REMOTE` makes the tun interface NAME in its network namespace and
 * carries its IP packets in UDP between the two IPv4 addresses, until it is killed. It says "open" when it is.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { AF_INET, cString } from "../lab/raw.ts";

const O_RDWR = 2;
const SOCK_DGRAM = 2;
/** linux/if_tun.h: ioctl 'T' 202, an interface of IP packets without a header of its own. */
const TUNSETIFF = 0x400454ca;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFNAMSIZ = 16;
const POLLIN = 1;
const PORT = 5151;

const { i32, i64_fast, u32, u64, ptr: pointer } = FFIType;
const libc = dlopen("libc.so.6", {
  open: { args: [pointer, i32], returns: i32 },
  ioctl: { args: [i32, u64, pointer], returns: i32 },
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  connect: { args: [i32, pointer, u32], returns: i32 },
  poll: { args: [pointer, u64, i32], returns: i32 },
  read: { args: [i32, pointer, u64], returns: i64_fast },
  write: { args: [i32, pointer, u64], returns: i64_fast },
}).symbols;

/** struct sockaddr_in. */
function address(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, PORT);
  bytes.set(text.split(".").map(Number), 4);
  return bytes;
}

const [name = "", local = "", remote = ""] = process.argv.slice(2);
const tun = libc.open(ptr(cString("/dev/net/tun")), O_RDWR);
const request = new Uint8Array(40);
request.set(cString(name));
new DataView(request.buffer).setUint16(IFNAMSIZ, IFF_TUN | IFF_NO_PI, true);
if (tun < 0 || libc.ioctl(tun, TUNSETIFF, ptr(request)) < 0) throw new Error("no tun interface here");
const socket = libc.socket(AF_INET, SOCK_DGRAM, 0);
if (libc.bind(socket, ptr(address(local)), 16) < 0) throw new Error(`cannot bind ${local}`);
if (libc.connect(socket, ptr(address(remote)), 16) < 0) throw new Error(`no way to ${remote}`);
console.log("open");

const buffer = new Uint8Array(65536);
// Two of struct pollfd: descriptor, events, revents.
const wanted = new DataView(new ArrayBuffer(16));
for (const [at, fd] of [tun, socket].entries()) {
  wanted.setInt32(8 * at, fd, true);
  wanted.setInt16(8 * at + 4, POLLIN, true);
}
for (;;) {
  libc.poll(ptr(wanted), 2, -1);
  for (const [at, [from, to]] of [
    [tun, socket],
    [socket, tun],
  ].entries()) {
    if (wanted.getInt16(8 * at + 6, true) === 0) continue;
    const length = Number(libc.read(from ?? -1, ptr(buffer), buffer.length));
    // An error is a port that is not open yet, or an interface that is down: the packet is lost.
    if (length > 0) libc.write(to ?? -1, ptr(buffer), length);
  }
}
