/**
 * A heartbeat link over a serial line: locked for us alone, raw, paced. Nothing else ever waits for it: what it does not take
 * is left out, and a line that fails is closed, to be opened again when it returns.
 */
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  realpathSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { errnoName } from "../../native/libc.ts";
import { flushLine, makeExclusive, makeRaw, pendingOutput } from "../../native/tty.ts";
import type { HeartbeatEvent, Medium, Precedence } from "../agent/cluster/boundary.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { LineQueue } from "./line-queue.ts";
import { codeOf, reasonOf } from "./reason.ts";

type SerialMedium = Extract<Medium, { readonly kind: "serial" }>;

/** Of the Filesystem Hierarchy Standard, where getty, minicom and heartbeat look too. */
const LOCKS = "/var/lock";
/** Bits of a byte on the line. */
const BITS_PER_BYTE = 10;
/** Read so much faster than the line can be, it is no line: the rest waits, and the kernel throws it away. */
const HASTE = 2;
const HASTE_SLACK = 100;
/** The kernel may hold a second's worth; more, as when the other side does not take it, and nothing is written. */
const HELD_MAX = 1000;
/** Milliseconds until a line that takes nothing is tried again. */
const BLOCKED_WAIT = 50;

/** The lock file of a line: what follows /dev/ with everything else than letters and digits left out. */
const lockPath = (device: string): string =>
  `${LOCKS}/LCK..${device.replace(/^\/dev\//, "").replace(/[^A-Za-z0-9]/g, "")}`;

/** Who has the line, or null. A lock whose process is gone is none. */
function lockHolder(path: string): number | null {
  try {
    const pid = Number(readFileSync(path, "latin1").trim());
    if (!Number.isInteger(pid) || pid <= 0) return null;
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return codeOf(error) === "EPERM" ? 0 : null;
  }
}

/** Takes the UUCP lock; gives why not. */
function takeLock(path: string): string | null {
  const content = `${String(process.pid).padStart(10)}\n`;
  for (const last of [false, true]) {
    try {
      writeFileSync(path, content, { flag: "wx", mode: 0o644 });
      return null;
    } catch (error) {
      // Where nobody has a place for locks, nobody else looks there.
      if (codeOf(error) === "ENOENT") return null;
      if (codeOf(error) !== "EEXIST") return `${path}: ${reasonOf(error)}`;
    }
    const holder = lockHolder(path);
    if (last || (holder !== null && holder !== process.pid))
      return `process ${holder ?? "?"} has it (${path})`;
    unlinkSync(path);
  }
  return null;
}

/** Whether the kernel writes its messages to a device of this number: /proc/consoles ends its lines with it. */
function isConsole(device: number): boolean {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  try {
    return readFileSync("/proc/consoles", "latin1")
      .split("\n")
      .some((line) => line.trimEnd().endsWith(` ${major}:${minor}`));
  } catch {
    return false;
  }
}

/** Everything that must hold, and the lock, before the line is ours; the error says what does not, with the cure. */
function open({ device, baud, rtscts }: SerialMedium): Result<{ fd: number; lock: string }, string> {
  let real: string;
  try {
    real = realpathSync(device);
    const status = statSync(real);
    if (!status.isCharacterDevice()) return fail("is no serial line");
    if (isConsole(status.rdev)) {
      return fail("is the kernel's console; cure: take console= for it off the kernel's command line");
    }
  } catch (error) {
    return fail(reasonOf(error));
  }
  const lock = lockPath(device);
  const taken = takeLock(lock);
  if (taken !== null) return fail(taken);
  let fd = -1;
  try {
    fd = openSync(real, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    if (!fstatSync(fd).isCharacterDevice()) throw new Error("is no serial line");
    const raw = makeRaw(fd, baud, rtscts);
    if (raw < 0) throw new Error(`${errnoName(raw)} at ${baud} baud`);
    const exclusive = makeExclusive(fd);
    if (exclusive < 0) throw new Error(errnoName(exclusive));
    flushLine(fd, true);
    return ok({ fd, lock });
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    removeLock(lock);
    return fail(reasonOf(error));
  }
}

function removeLock(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody took it away: so much the better.
  }
}

/** What is used of the runtime's reader. */
interface ByteReader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<unknown>;
}

export class SerialLink {
  readonly #fd: number;
  readonly #lock: string;
  readonly #id: string;
  readonly #baud: number;
  readonly #post: (event: HeartbeatEvent) => void;
  readonly #queue: LineQueue;
  readonly #reader: ByteReader;
  #timer: Timer | null = null;
  #live = true;

  private constructor(fd: number, lock: string, medium: SerialMedium, post: (event: HeartbeatEvent) => void) {
    this.#fd = fd;
    this.#lock = lock;
    this.#id = medium.id;
    this.#baud = medium.baud;
    this.#post = post;
    this.#queue = new LineQueue(medium.baud);
    this.#reader = Bun.file(fd).stream().getReader();
    void this.#read();
  }

  static open(medium: SerialMedium, post: (event: HeartbeatEvent) => void): Result<SerialLink, string> {
    const opened = open(medium);
    if (!opened.ok) return opened;
    const { fd, lock } = opened.value;
    return ok(new SerialLink(fd, lock, medium, post));
  }

  /** Bytes that have not left yet. */
  get pending(): number {
    return this.#live ? this.#queue.length + Math.max(0, pendingOutput(this.#fd)) : 0;
  }

  /** Null, or why a message was left out. */
  send(bytes: Uint8Array, precedence: Precedence): string | null {
    if (!this.#live) return "closed";
    const dropped = this.#queue.offer(bytes, precedence);
    this.#write();
    return dropped === 0 ? null : "the line is busy";
  }

  #write(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const held = (pendingOutput(this.#fd) * BITS_PER_BYTE * 1000) / this.#baud;
    const now = performance.now();
    let blocked = held > HELD_MAX;
    for (let next = blocked ? null : this.#queue.next(now); next !== null;) {
      let count = 0;
      try {
        count = writeSync(this.#fd, next);
      } catch (error) {
        if (codeOf(error) !== "EAGAIN") return this.#fail(codeOf(error));
      }
      blocked = count === 0;
      if (blocked) break;
      this.#queue.wrote(count, now);
      next = this.#queue.next(now);
    }
    const wait = this.#queue.wait(now);
    if (wait > 0) this.#timer = setTimeout(() => this.#write(), Math.max(wait, blocked ? BLOCKED_WAIT : 0));
  }

  async #read(): Promise<void> {
    let reason = "the line is gone";
    /** When a line of this speed can have brought what was read. */
    let paidAt = performance.now();
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (!this.#live) return;
        if (done || value === undefined) break;
        this.#post({ kind: "heartbeat", what: "received", link: this.#id, bytes: value });
        const now = performance.now();
        paidAt = Math.max(paidAt, now) + (value.length * BITS_PER_BYTE * 1000) / (this.#baud * HASTE);
        if (paidAt - now > HASTE_SLACK) await Bun.sleep(paidAt - now - HASTE_SLACK / 2);
      }
    } catch (error) {
      reason = codeOf(error);
    }
    this.#fail(reason);
  }

  #fail(reason: string): void {
    if (!this.#live) return;
    this.close();
    this.#post({ kind: "heartbeat", what: "opened", link: this.#id, failure: reason });
  }

  close(): void {
    if (!this.#live) return;
    this.#live = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    // Else close(2) waits until the other side has taken it, for half a minute.
    flushLine(this.#fd, false);
    // Now, not when the reader has ended: the next one may be about to take it.
    removeLock(this.#lock);
    const end = (): void => closeSync(this.#fd);
    this.#reader.cancel().then(end, end);
  }
}
