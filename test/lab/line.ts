/**
 * A null-modem cable: `bun line.ts BAUD PATH PATH`, with a pseudo-terminal behind each path. What one end says the other hears, no faster than
 * the line. SIGUSR1 cuts it or joins it again; SIGUSR2 begins or ends noise on it. It says `ready`, and what it does. When it ends, the ports are gone.
 */
import { dlopen, FFIType, ptr } from "bun:ffi";
import { constants, openSync, readSync, symlinkSync, unlinkSync, writeSync } from "node:fs";

/** ioctl_tty(2). */
const TIOCSPTLCK = 0x4004_5431;
const TIOCGPTN = 0x8004_5430;
const STEP_MS = 10;
/** Bits of a byte on a line. */
const BITS = 10;
/** Of the bytes that pass while there is noise, so many of a thousand are another; and so many come from nowhere in each step. */
const WRONG = 2;
const NOWHERE = 3;

const baud = Number(process.argv[2]);
const { ioctl } = dlopen("libc.so.6", {
  ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 },
}).symbols;

/** The master of a new pseudo-terminal, whose slave is found at `path`. */
function open(path: string): number {
  const master = openSync("/dev/ptmx", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const value = new Int32Array(1);
  if (ioctl(master, TIOCSPTLCK, ptr(value)) < 0 || ioctl(master, TIOCGPTN, ptr(value)) < 0) {
    throw new Error("no pseudo-terminal here");
  }
  // Kept open: an end that nobody has opened yet is no end that is gone.
  openSync(`/dev/pts/${value[0]}`, constants.O_RDWR | constants.O_NOCTTY);
  try {
    unlinkSync(path);
  } catch {
    // The first time.
  }
  symlinkSync(`/dev/pts/${value[0]}`, path);
  return master;
}

const ends = process.argv.slice(3, 5).map(open);
let cut = false;
let noisy = false;
process.on("SIGUSR1", () => {
  cut = !cut;
  console.log(cut ? "cut" : "joined");
});
process.on("SIGUSR2", () => {
  noisy = !noisy;
  console.log(noisy ? "noise" : "quiet");
});

const spoiled = (bytes: Uint8Array): Uint8Array => {
  if (!noisy) return bytes;
  const some = Array.from(bytes, (byte) => (Math.random() * 1000 < WRONG ? byte ^ 0x10 : byte));
  return Uint8Array.from([...some, ...crypto.getRandomValues(new Uint8Array(NOWHERE))]);
};

/** Passes on what the line can carry in a step. */
function pass(from: number, to: number): void {
  const buffer = new Uint8Array(Math.ceil((baud * STEP_MS) / 1000 / BITS));
  let count = 0;
  try {
    count = readSync(from, buffer);
  } catch {
    // EAGAIN: silence.
  }
  if (cut || (count === 0 && !noisy)) return;
  try {
    writeSync(to, spoiled(buffer.subarray(0, count)));
  } catch {
    // Nobody reads: it is lost.
  }
}

setInterval(() => {
  const [one, other] = ends;
  if (one === undefined || other === undefined) return;
  pass(one, other);
  pass(other, one);
}, STEP_MS);
console.log("ready");
