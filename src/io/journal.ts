/**
 * The log: `TIMESTAMP level event key=value …`, to stderr, a file or the local syslog. A turn only appends to a queue; the writing
 * happens on a thread of the runtime's pool, so that a full disk or a stopped terminal holds up no packet.
 */
import { close, openSync, write } from "node:fs";
import { AF_UNIX, SOCK_DGRAM } from "../../native/layout.ts";
import { EAGAIN } from "../../native/libc.ts";
import { closeDescriptor, connectSocket, openSocket, send, unixAddress } from "../../native/socket.ts";
import type { LogLevel } from "../config/model.ts";
import { reasonOf } from "./reason.ts";

/** Values that a log line carries. */
export type Fields = Readonly<Record<string, string | number | boolean>>;

/** Lines waiting to be written; more are dropped and counted. */
const QUEUE_MAX = 2000;
/** Bytes handed to one write. */
const WRITE_MAX = 64 * 1024;
/** After a failed write, in milliseconds. */
const RETRY_DELAY = 100;
const STDERR = 2;
/** Where the local syslog listens (syslog(3), _PATH_LOG). */
const DEV_LOG = "/dev/log";

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warning: 2, error: 3 };
/** syslog(3) severities. */
const SEVERITY: Readonly<Record<LogLevel, number>> = { error: 3, warning: 4, info: 6, debug: 7 };
/** syslog(3) facilities. */
const FACILITY: Readonly<Record<string, number>> = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};

/** A value as the line shows it: quoted where it has a space, a quote, a backslash, `=` or a control character, or is empty. */
export function logValue(value: string | number | boolean): string {
  const text = String(value);
  if (text !== "" && !/[\s"=\\\u0000-\u001f\u007f-\u009f]/.test(text)) return text;
  const escaped = text
    .replace(/["\\]/g, "\\$&")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t")
    .replace(
      /[\u0000-\u001f\u007f-\u009f]/g,
      (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`,
    );
  return `"${escaped}"`;
}

/** What follows the time: `level event key=value …`. */
function textOf(level: LogLevel, event: string, fields: Fields): string {
  const pairs = Object.entries(fields).map(([key, value]) => ` ${key}=${logValue(value)}`);
  return `${level} ${event}${pairs.join("")}`;
}

/** The head of an RFC 3164 message: priority, local time, program. */
function syslogHead(facility: number, level: LogLevel, at: Date): string {
  const month = at.toLocaleString("en-US", { month: "short" });
  const day = String(at.getDate()).padStart(2, " ");
  const clock = [at.getHours(), at.getMinutes(), at.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
  return `<${facility * 8 + SEVERITY[level]}>${month} ${day} ${clock} haagent[${process.pid}]: `;
}

/** Where lines go. */
export class Journal {
  #level: LogLevel = "info";
  #target = "stderr";
  #facility = FACILITY["daemon"] ?? 3;
  #file: number | null = null;
  #syslog: number | null = null;
  #queue: string[] = [];
  #dropped = 0;
  #busy = false;
  #retry: Timer | null = null;
  #idle: (() => void)[] = [];
  readonly #devLog: string;

  constructor(devLog: string = DEV_LOG) {
    this.#devLog = devLog;
  }

  /** Takes new settings; a file is opened again, so that it can be rotated. */
  configure(level: LogLevel, target: string, facility: string): void {
    this.#level = level;
    this.#facility = FACILITY[facility] ?? FACILITY["daemon"] ?? 3;
    this.#target = target;
    const old = this.#file;
    this.#file = null;
    // Not while a write is under way on the pool: the number could be another file's by then.
    if (old !== null) this.#whenIdle(() => close(old, () => undefined));
    if (target === "stderr" || target === "syslog") return;
    try {
      this.#file = openSync(target, "a", 0o640);
    } catch (error) {
      this.#target = "stderr";
      const detail = `${target}: ${reasonOf(error)}; lines go to stderr`;
      this.write("warning", "agent.warning", { what: "log", detail });
    }
  }

  /** Puts a line into the queue. */
  write(level: LogLevel, event: string, fields: Fields): void {
    if (RANK[level] < RANK[this.#level]) return;
    const at = new Date();
    const text = textOf(level, event, fields);
    if (this.#target === "syslog" && this.#toSyslog(syslogHead(this.#facility, level, at) + text)) return;
    if (this.#queue.length >= QUEUE_MAX) {
      this.#dropped++;
      return;
    }
    this.#queue.push(`${at.toISOString()} ${text}\n`);
    // After the turn: a burst of lines is one write.
    if (!this.#busy && this.#retry === null) {
      this.#busy = true;
      setImmediate(() => this.#drain());
    }
  }

  /** One datagram to the local syslog, without waiting; false when there is none or it does not keep up: stderr has it then. */
  #toSyslog(text: string): boolean {
    const bytes = new TextEncoder().encode(text);
    for (let attempt = 0; attempt < 2; attempt++) {
      this.#syslog ??= openSyslog(this.#devLog);
      if (this.#syslog === null) return false;
      const sent = send(this.#syslog, bytes, null);
      if (sent >= 0) return true;
      if (sent === -EAGAIN) return false;
      // Restarted meanwhile: its socket is a new one.
      closeDescriptor(this.#syslog);
      this.#syslog = null;
    }
    return false;
  }

  /** Hands the next lines to a write, with a word about those dropped once there is room again; idle when there are none. */
  #drain(): void {
    const noted = this.#queue.length > 0 && this.#queue.length < QUEUE_MAX / 2 ? this.#dropped : 0;
    const lines: string[] = [];
    if (noted > 0) {
      this.#dropped = 0;
      lines.push(
        `${new Date().toISOString()} ${textOf("warning", "agent.warning", { what: "log", dropped: noted })}\n`,
      );
    }
    let length = 0;
    for (;;) {
      const line = this.#queue[0];
      if (line === undefined || (length > 0 && length + line.length > WRITE_MAX)) break;
      this.#queue.shift();
      lines.push(line);
      length += line.length;
    }
    if (lines.length === 0) {
      this.#busy = false;
      for (const idle of this.#idle.splice(0)) idle();
      return;
    }
    this.#busy = true;
    this.#put(Buffer.from(lines.join("")), noted > 0 ? noted + lines.length - 1 : lines.length);
  }

  /** Writes it all; `worth` lines are lost when it cannot be written. */
  #put(bytes: Uint8Array, worth: number): void {
    write(this.#file ?? STDERR, bytes, 0, bytes.length, null, (error, written) => {
      if (error === null && written >= bytes.length) {
        this.#drain();
        return;
      }
      if (error === null || error.code === "EAGAIN" || error.code === "EINTR") {
        const rest = error === null ? bytes.subarray(written) : bytes;
        this.#again(() => this.#put(rest, worth));
        return;
      }
      // ENOSPC, EPIPE, EIO: lost and counted; the next lines are tried again.
      this.#dropped += worth;
      this.#again(() => this.#drain());
    });
  }

  #again(attempt: () => void): void {
    this.#retry = setTimeout(() => {
      this.#retry = null;
      attempt();
    }, RETRY_DELAY);
  }

  #whenIdle(done: () => void): void {
    if (this.#busy) this.#idle.push(done);
    else done();
  }

  /** Resolves once everything is written, or after so many milliseconds. */
  flushed(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#whenIdle(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function openSyslog(path: string): number | null {
  const fd = openSocket(AF_UNIX, SOCK_DGRAM, 0);
  if (fd < 0) return null;
  if (connectSocket(fd, unixAddress(path)) === 0) return fd;
  closeDescriptor(fd);
  return null;
}
