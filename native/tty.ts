/** Serial lines: ioctl_tty(2), struct termios2 of <asm-generic/termbits.h>. Failures are minus errno. */
import { ptr } from "bun:ffi";
import { checked, descriptor, integer, libc } from "./libc.ts";
import { LITTLE, viewOf } from "./memory.ts";

/** The same on x64 and arm64. */
const TCSETS2 = 0x402c_542b;
const TCFLSH = 0x540b;
const TIOCEXCL = 0x540c;
const TIOCOUTQ = 0x5411;
const TCOFLUSH = 1;
const TCIOFLUSH = 2;

const IGNBRK = 0o1;
const IGNPAR = 0o4;
const CS8 = 0o60;
const CREAD = 0o200;
const CLOCAL = 0o4000;
/** The speed is the number in c_ospeed. */
const BOTHER = 0o10000;
/** Speeds that have a number of their own in c_cflag, counted up from the first: what older programs show of a line. */
const SPEEDS = [
  { first: 0o7, bauds: [300, 600, 1200, 1800, 2400, 4800, 9600, 19_200, 38_400] },
  { first: 0o10001, bauds: [57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000] },
  { first: 0o10011, bauds: [1_152_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 3_500_000, 4_000_000] },
] as const;
const CRTSCTS = 0o20_000_000_000;

/** Offsets in struct termios2. */
const TERMIOS2 = { iflag: 0, cflag: 8, cc: 17, ispeed: 36, ospeed: 40, size: 44 } as const;
const VMIN = 6;

function speedFlag(baud: number): number {
  for (const { first, bauds } of SPEEDS) {
    const at = bauds.findIndex((each: number) => each === baud);
    if (at >= 0) return first + at;
  }
  return BOTHER;
}

/** 8 bits, no parity, no echo, no characters that mean something, no modem lines, at any speed the port can do. */
export function makeRaw(fd: number, baud: number, rtscts: boolean): number {
  const bytes = new Uint8Array(TERMIOS2.size);
  const view = viewOf(bytes);
  view.setUint32(TERMIOS2.iflag, IGNBRK | IGNPAR, LITTLE);
  const flags = (CS8 | CREAD | CLOCAL | speedFlag(baud)) + (rtscts ? CRTSCTS : 0);
  view.setUint32(TERMIOS2.cflag, flags, LITTLE);
  view.setUint8(TERMIOS2.cc + VMIN, 1);
  view.setUint32(TERMIOS2.ispeed, integer(baud, 1, 0x7fff_ffff, "baud"), LITTLE);
  view.setUint32(TERMIOS2.ospeed, baud, LITTLE);
  return checked(libc.ioctl(descriptor(fd), TCSETS2, ptr(bytes)));
}

/** Nobody else may open it from now on, but root. */
export const makeExclusive = (fd: number): number => checked(libc.ioctl(descriptor(fd), TIOCEXCL, null));

/** Bytes that were written and have not left yet. */
export function pendingOutput(fd: number): number {
  const count = new Int32Array(1);
  const result = checked(libc.ioctl(descriptor(fd), TIOCOUTQ, ptr(count)));
  return result < 0 ? result : (count[0] ?? 0);
}

/** Throws away what has not left yet, and with `both` what came in and was not read. */
export const flushLine = (fd: number, both: boolean): number =>
  // An integer where other requests have a pointer.
  checked(libc.ioctl(descriptor(fd), TCFLSH, (both ? TCIOFLUSH : TCOFLUSH) as unknown as null));
