/** The few calls of libc that the lab's own processes need: raw and packet sockets, and sleeping until an absolute time. */
import { dlopen, FFIType, ptr } from "bun:ffi";

export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_PACKET = 17;
export const SOCK_RAW = 3;
export const SOL_SOCKET = 1;
export const SO_RCVBUF = 8;
export const SO_BINDTODEVICE = 25;
export const SO_RCVBUFFORCE = 33;
/** socket(7): a struct timespec with each packet. */
export const SO_TIMESTAMPNS = 35;
export const MSG_DONTWAIT = 0x40;
const CLOCK_MONOTONIC = 1;
const TIMER_ABSTIME = 1;

const { i32, i64_fast, u32, u64, ptr: pointer } = FFIType;
export const libc = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, pointer, u32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, u32], returns: i32 },
  sendto: { args: [i32, pointer, u64, i32, pointer, u32], returns: i64_fast },
  recvmsg: { args: [i32, pointer, i32], returns: i64_fast },
  write: { args: [i32, pointer, u64], returns: i64_fast },
  if_nametoindex: { args: [pointer], returns: u32 },
  clock_gettime: { args: [i32, pointer], returns: i32 },
  clock_nanosleep: { args: [i32, i32, pointer, pointer], returns: i32 },
}).symbols;

/** A C string. */
export const cString = (text: string): Uint8Array => new TextEncoder().encode(`${text}\0`);

/** A socket, or an error that names what was asked for. */
export function openSocket(family: number, protocol: number): number {
  const socket = libc.socket(family, SOCK_RAW, protocol);
  if (socket < 0) throw new Error(`no raw socket of family ${family} here`);
  return socket;
}

export function setOption(socket: number, level: number, option: number, value: Uint8Array | number): void {
  const bytes = typeof value === "number" ? new Uint8Array(Int32Array.of(value).buffer) : value;
  if (libc.setsockopt(socket, level, option, ptr(bytes), bytes.length) < 0) {
    throw new Error(`setsockopt ${level} ${option} refused`);
  }
}

/** Network order bytes of an address: dotted decimal, or IPv6 with at most one "::". */
function addressBytes(text: string): Uint8Array {
  if (!text.includes(":")) return Uint8Array.from(text.split(".").map(Number));
  const [head = "", tail = ""] = text.split("::");
  const groups = (part: string): number[] =>
    part
      .split(":")
      .filter(Boolean)
      .map((group) => Number.parseInt(group, 16));
  const gap = new Array<number>(8 - groups(head).length - groups(tail).length).fill(0);
  return Uint8Array.from(
    [...groups(head), ...gap, ...groups(tail)].flatMap((group) => [group >> 8, group & 0xff]),
  );
}

/** struct sockaddr_in or sockaddr_in6 of an address; the interface is the one that the socket is bound to. */
export function socketAddress(text: string): Uint8Array {
  const six = text.includes(":");
  const bytes = new Uint8Array(six ? 28 : 16);
  new DataView(bytes.buffer).setUint16(0, six ? AF_INET6 : AF_INET, true);
  bytes.set(addressBytes(text), six ? 8 : 4);
  return bytes;
}

/** RFC 1071 over an even number of bytes. */
export function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

/** Calls `turn` every `interval` milliseconds, by absolute deadlines, for ever: this process has nothing else to do. */
export function every(interval: number, turn: () => void): never {
  const time = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_MONOTONIC, ptr(time));
  const step = BigInt(Math.round(interval * 1e6));
  let due = (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
  for (;;) {
    turn();
    due += step;
    time[0] = due / 1_000_000_000n;
    time[1] = due % 1_000_000_000n;
    libc.clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, ptr(time), null);
  }
}
