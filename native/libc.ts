/**
 * The C library: the one table of functions that the program calls in it. Results follow the kernel's own convention: a value, or minus
 * errno; nothing throws but a broken call. FFI clamps or wraps integers silently, so every wrapper asserts its ranges.
 */
import { dlopen, FFIType, read } from "bun:ffi";
import { constants } from "node:os";
import { assert } from "../src/base/assert.ts";

const FUNCTIONS = {
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: FFIType.i64_fast },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: FFIType.i64_fast },
  sendmsg: { args: ["i32", "ptr", "i32"], returns: FFIType.i64_fast },
  sendmmsg: { args: ["i32", "ptr", "u32", "i32"], returns: "i32" },
  ppoll: { args: ["ptr", "u64", "ptr", "ptr"], returns: "i32" },
  close: { args: ["i32"], returns: "i32" },
  // Variadic in C; declared with the one shape used. Linux passes integers of a variadic call like any other on x64 and arm64.
  ioctl: { args: ["i32", "u64", "ptr"], returns: "i32" },
  flock: { args: ["i32", "i32"], returns: "i32" },
  clock_gettime: { args: ["i32", "ptr"], returns: "i32" },
  getpriority: { args: ["i32", "u32"], returns: "i32" },
  madvise: { args: ["u64", "u64", "i32"], returns: "i32" },
  mlockall: { args: ["i32"], returns: "i32" },
  prlimit: { args: ["i32", "i32", "ptr", "ptr"], returns: "i32" },
  prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
  // musl's sched_setscheduler(3) is a stub that fails: the system call by its number.
  syscall: { args: ["i64", "i64", "i64", "ptr"], returns: FFIType.i64_fast },
  __errno_location: { args: [], returns: "ptr" },
} as const;

function open() {
  // musl's loader answers to any libc.*, but only under its own name where its package also ships a glibc shim.
  const arch = process.arch === "arm64" ? "aarch64" : "x86_64";
  try {
    return dlopen("libc.so.6", FUNCTIONS);
  } catch {
    return dlopen(`libc.musl-${arch}.so.1`, FUNCTIONS);
  }
}

/** The functions themselves; only native/ uses them. */
export const libc = open().symbols;

const errnoLocation = Number(libc.__errno_location());
assert(errnoLocation > 0, "a C library without errno");

/** What a call returned, or minus errno when it returned -1. To be applied to the call at once, before errno is overwritten. */
export function checked(result: number | bigint): number {
  const value = Number(result);
  return value === -1 ? -read.i32(errnoLocation, 0) : value;
}

const NAMES = new Map<number, string>();
// EAGAIN and EWOULDBLOCK, EOPNOTSUPP and ENOTSUP are one number: the first wins, so the usual name goes first.
for (const name of ["EAGAIN", "EOPNOTSUPP", ...Object.keys(constants.errno)]) {
  const value: unknown = Reflect.get(constants.errno, name);
  if (typeof value === "number" && !NAMES.has(value)) NAMES.set(value, name);
}

/** The name of an error number, of either sign: `EEXIST`. */
export const errnoName = (errno: number): string => NAMES.get(Math.abs(errno)) ?? `errno ${Math.abs(errno)}`;

/** Error numbers that a caller tells apart (errno(3); the same on x64 and arm64). */
export const EINTR = 4;
export const EAGAIN = 11;
export const EEXIST = 17;
export const ENOBUFS = 105;
export const ENETDOWN = 100;

/** Asserts an integer within inclusive bounds: what FFI would otherwise clamp. */
export function integer(value: number, least: number, most: number, what: string): number {
  // The words are put together only for a number that is wrong: this is asked for every packet.
  const right = Number.isInteger(value) && value >= least && value <= most;
  if (!right) assert(false, `${what} out of range: ${value}`);
  return value;
}

/** Asserts a file descriptor. */
export const descriptor = (fd: number): number => integer(fd, 0, 0x7fff_ffff, "file descriptor");
