/**
 * A local syslog for a test: `bun syslogd.ts SOCKET FILE` binds a datagram socket and appends what it hears to a file, one message a
 * line, until it is killed.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { appendFileSync } from "node:fs";

const AF_UNIX = 1;
const SOCK_DGRAM = 2;
const { i32, u32, u64, i64_fast, ptr: pointer } = FFIType;
const libc = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  recv: { args: [i32, pointer, u64, i32], returns: i64_fast },
}).symbols;

const [path = "", file = ""] = process.argv.slice(2);
const fd = libc.socket(AF_UNIX, SOCK_DGRAM, 0);
// struct sockaddr_un: the family, then the path.
const address = new Uint8Array(110);
new DataView(address.buffer).setUint16(0, AF_UNIX, true);
address.set(new TextEncoder().encode(path), 2);
if (libc.bind(fd, ptr(address), 2 + path.length + 1) < 0) throw new Error(`cannot bind ${path}`);
const buffer = new Uint8Array(65536);
for (;;) {
  const length = Number(libc.recv(fd, ptr(buffer), buffer.length, 0));
  if (length <= 0) process.exit(1);
  appendFileSync(file, `${new TextDecoder().decode(buffer.subarray(0, length))}\n`);
}
