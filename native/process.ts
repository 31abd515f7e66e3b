/** What the process asks of the kernel for itself: the clock, scheduling, locked memory, privileges, file locks. */
import { ptr } from "bun:ffi";
import { readFileSync } from "node:fs";
import * as layout from "./layout.ts";
import { checked, descriptor, integer, libc } from "./libc.ts";
import { addressOf, LITTLE, setLong, viewOf } from "./memory.ts";

const time = new Uint32Array(4);

/** CLOCK_BOOTTIME in milliseconds with its fraction: monotonic, and goes on through suspend. */
export function bootTime(): number {
  libc.clock_gettime(layout.CLOCK_BOOTTIME, ptr(time));
  return ((time[1] ?? 0) * 2 ** 32 + (time[0] ?? 0)) * 1000 + (time[2] ?? 0) / 1e6;
}

/**
 * SCHED_RR at `priority` (1-99) for a thread of ours by its number, 0 for the calling one; its children and new threads start as ordinary
 * ones.
 */
export function setRealtime(priority: number, thread = 0): number {
  const parameters = Int32Array.of(integer(priority, 1, 99, "realtime priority"));
  const policy = layout.SCHED_RR | layout.SCHED_RESET_ON_FORK;
  return checked(libc.syscall(layout.SYS_SCHED_SETSCHEDULER, thread, policy, ptr(parameters)));
}

/**
 * How long the calling thread runs at a time while others want to, in nanoseconds. Under EEVDF (Linux 6.12) a thread that asks for
 * less is let in sooner when it wakes, for the same share of the processor; older kernels take no notice. Children and new threads
 * have the default. A thread that was put into another class than SCHED_OTHER is left there.
 */
export function setTimeSlice(nanoseconds: number): number {
  const policy = checked(libc.syscall(layout.SYS_SCHED_GETSCHEDULER, 0, 0, null));
  if ((policy & ~layout.SCHED_RESET_ON_FORK) !== layout.SCHED_OTHER) return Math.min(policy, 0);
  const attributes = new Uint8Array(layout.SCHED_ATTR.size);
  const view = viewOf(attributes);
  view.setUint32(layout.SCHED_ATTR.length, layout.SCHED_ATTR.size, LITTLE);
  view.setUint32(layout.SCHED_ATTR.policy, layout.SCHED_OTHER, LITTLE);
  setLong(view, layout.SCHED_ATTR.flags, layout.SCHED_FLAG_RESET_ON_FORK);
  // The call sets the nice value too: the one that the service manager gave us stays.
  view.setInt32(layout.SCHED_ATTR.nice, libc.getpriority(layout.PRIO_PROCESS, 0), LITTLE);
  setLong(view, layout.SCHED_ATTR.runtime, integer(nanoseconds, 100_000, 100_000_000, "time slice"));
  return checked(libc.syscall(layout.SYS_SCHED_SETATTR, 0, addressOf(attributes), null));
}

/** Keeps every page in memory once touched: without ONFAULT mlockall(2) would fill the whole reserved heap. */
export const lockMemory = (): number =>
  checked(libc.mlockall(layout.MCL_CURRENT | layout.MCL_FUTURE | layout.MCL_ONFAULT));

/**
 * Takes pages out of our address space until they are touched again: only for mappings of files that nobody writes, whose content the
 * kernel has elsewhere (madvise(2)). EINVAL where memory is locked.
 */
export const forgetPages = (start: bigint, end: bigint): number =>
  checked(libc.madvise(start, end - start, layout.MADV_DONTNEED));

/** How late the kernel may wake this thread to save power, in nanoseconds; 0 restores the default. Children inherit it. */
export const setTimerSlack = (nanoseconds: number): number =>
  checked(libc.prctl(layout.PR_SET_TIMERSLACK, integer(nanoseconds, 0, 1e9, "timer slack"), 0, 0, 0));

/** Empties the ambient capability set, so that scripts do not inherit what a service manager gave us (capabilities(7)). */
export const dropAmbientCapabilities = (): number =>
  checked(libc.prctl(layout.PR_CAP_AMBIENT, layout.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0));

/** The soft and the hard limit of descriptors, as struct rlimit has them. */
const limits = new BigUint64Array(2);

/** Our soft RLIMIT_NOFILE; 0 where the kernel does not say. */
export function fileLimit(): number {
  const failed = checked(libc.prlimit(0, layout.RLIMIT_NOFILE, null, ptr(limits))) < 0;
  return failed ? 0 : Number(limits[0]);
}

/** Sets the soft RLIMIT_NOFILE of a process, 0 for ours, up to its hard one, which stays (prlimit(2)). */
export function limitFiles(soft: number, pid = 0): number {
  const read = checked(libc.prlimit(pid, layout.RLIMIT_NOFILE, null, ptr(limits)));
  if (read < 0) return read;
  const wanted = BigInt(integer(soft, 1, 2 ** 31, "limit of descriptors"));
  const hard = limits[1] ?? wanted;
  limits[0] = wanted < hard ? wanted : hard;
  return checked(libc.prlimit(pid, layout.RLIMIT_NOFILE, ptr(limits), null));
}

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
