/** What the process asks of the kernel for itself: the clock, scheduling, locked memory, privileges, file locks. */
import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import * as layout from "./layout.ts";
import { checked, descriptor, integer, libc } from "./libc.ts";

const time = new Uint32Array(4);

/** CLOCK_BOOTTIME in milliseconds with its fraction: monotonic, and goes on through suspend. */
export function bootTime(): number {
  libc.clock_gettime(layout.CLOCK_BOOTTIME, ptr(time));
  const [low = 0, high = 0, nanoseconds = 0] = time;
  return (high * 2 ** 32 + low) * 1000 + nanoseconds / 1e6;
}

/** SCHED_RR at `priority` (1-99) for the calling thread, the main one; children and new threads start as ordinary ones. */
export function setRealtime(priority: number): number {
  const parameters = Int32Array.of(integer(priority, 1, 99, "realtime priority"));
  const policy = layout.SCHED_RR | layout.SCHED_RESET_ON_FORK;
  return checked(libc.syscall(layout.SYS_SCHED_SETSCHEDULER, 0, policy, ptr(parameters)));
}

/** Keeps every page in memory once touched: without ONFAULT mlockall(2) would fill the whole reserved heap. */
export const lockMemory = (): number =>
  checked(libc.mlockall(layout.MCL_CURRENT | layout.MCL_FUTURE | layout.MCL_ONFAULT));

/** How late the kernel may wake this thread to save power, in nanoseconds; 0 restores the default. Children inherit it. */
export const setTimerSlack = (nanoseconds: number): number =>
  checked(libc.prctl(layout.PR_SET_TIMERSLACK, integer(nanoseconds, 0, 1e9, "timer slack"), 0, 0, 0));

/** Empties the ambient capability set, so that scripts do not inherit what a service manager gave us (capabilities(7)). */
export const dropAmbientCapabilities = (): number =>
  checked(libc.prctl(layout.PR_CAP_AMBIENT, layout.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));

/** Takes the exclusive flock(2) of an open file without waiting: 0, or minus EAGAIN when another process has it. */
export const lockFile = (fd: number): number =>
  checked(libc.flock(descriptor(fd), layout.LOCK_EX | layout.LOCK_NB));

/** Bits of capabilities(7) that matter here. */
export const CAPABILITIES = { CAP_NET_ADMIN: 12, CAP_NET_RAW: 13 } as const;

/** The capabilities of {@link CAPABILITIES} that are not in our effective set. */
export function missingCapabilities(): string[] {
  const line = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"));
  const effective = BigInt(`0x${line?.[1] ?? "0"}`);
  return Object.entries(CAPABILITIES)
    .filter(([, bit]) => ((effective >> BigInt(bit)) & 1n) === 0n)
    .map(([name]) => name);
}
