/**
 * The history in state_dir: a line of JSON for every transition, appended when it happens and not otherwise (flash wears out). A turn only
 * queues; a thread of the runtime's pool writes, so that a slow or full disk holds up nothing. Two files, each bounded: `history` and
 * the one before it, `history.old`.
 */
import { open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import type { Transition } from "../agent/history.ts";
import { instant } from "../base/units.ts";
import { codeOf, reasonOf } from "./reason.ts";

/** A file that has grown beyond this is put aside. */
const FILE_BYTES_MAX = 256 * 1024;
/** What is read of one: the last lines may have gone beyond. */
const READ_BYTES_MAX = FILE_BYTES_MAX + 64 * 1024;
/** Lines that wait while the disk does not take them; older ones are dropped. */
const QUEUE_MAX = 2000;
/** Longest reason written. */
const REASON_MAX = 500;
/** What was written is forced to the disk at most this often, in milliseconds: a cut of power costs no more. */
const SYNC_EVERY = 5000;
/** After a failed write. */
const RETRY_DELAY = 60_000;

const ROLES: readonly string[] = [
  ...(["init", "backup", "master", "fault", "standby"] as const),
  ...(["unknown", "stopped", "starting", "started", "stopping", "failed", "stuck"] as const),
] satisfies Transition["to"][];
const isRole = (value: unknown): value is Transition["to"] =>
  typeof value === "string" && ROLES.includes(value);

/** Where the history of a state_dir is. */
export const historyPath = (directory: string): string => join(directory, "history");
const olderPath = (directory: string): string => join(directory, "history.old");

/** A transition as its line, at a time of day in milliseconds since 1970. */
export function historyLine(transition: Transition, wallClock: number): string {
  const { bootId: boot, at, name, from, to, priority } = transition;
  const reason = transition.reason.slice(0, REASON_MAX);
  const time = new Date(wallClock).toISOString();
  return `${JSON.stringify({ time, boot, at: Math.round(at), name, from, to, priority, reason })}\n`;
}

function parseLine(line: string): Transition | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  const { time, boot, at, name, from, to, priority, reason }: Record<string, unknown> = { ...value };
  if (typeof time !== "string" || typeof boot !== "string" || typeof at !== "number") return null;
  if (typeof name !== "string" || typeof reason !== "string" || typeof priority !== "number") return null;
  if (!isRole(from) || !isRole(to)) return null;
  const wallClock = Date.parse(time);
  if (!Number.isFinite(wallClock) || !Number.isFinite(at)) return null;
  return { name, from, to, reason, priority, at: instant(at), bootId: boot, wallClock };
}

/** The transitions in a file's text, in its order; lines that are none (torn by a crash, or by hand) are passed over. */
export const parseHistory = (text: string): Transition[] =>
  text
    .split("\n")
    .map(parseLine)
    .filter((transition) => transition !== null);

/** The last bytes of a file; empty where there is none. Rejects where it cannot be read. */
async function tail(path: string): Promise<string> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return "";
    throw error;
  }
  try {
    const { size } = await file.stat();
    const length = Math.min(size, READ_BYTES_MAX);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/** What earlier agents wrote, oldest first; nothing, and a word to `warn`, where it cannot be read. */
export async function readHistory(directory: string, warn: (detail: string) => void): Promise<Transition[]> {
  const transitions: Transition[] = [];
  for (const path of [olderPath(directory), historyPath(directory)]) {
    try {
      transitions.push(...parseHistory(await tail(path)));
    } catch (error) {
      warn(`${path}: ${reasonOf(error)}`);
    }
  }
  return transitions;
}

const newlines = (bytes: Uint8Array): number =>
  bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);

/** Writes the history of the running agent. */
export class HistoryFile {
  readonly #directory: string;
  readonly #warn: (detail: string) => void;
  #queue: string[] = [];
  #file: FileHandle | null = null;
  #size = 0;
  /** The file ends within a line: a crash or a full disk cut it off. */
  #torn = false;
  #writing: Promise<void> | null = null;
  #retry: Timer | null = null;
  #sync: Timer | null = null;
  #syncedAt = Number.NEGATIVE_INFINITY;
  /** Said, and not said again until it has worked. */
  #failing = false;

  /** `warn` hears what is wrong with the disk, once for as long as it lasts. */
  constructor(directory: string, warn: (detail: string) => void) {
    this.#directory = directory;
    this.#warn = warn;
  }

  /** Puts one at the end, soon. */
  add(transition: Transition): void {
    this.#queue.push(historyLine(transition, Date.now()));
    if (this.#queue.length > QUEUE_MAX) this.#queue.shift();
    // After the turn: what a failover of many routers says is one write.
    if (this.#retry === null) setImmediate(() => void this.#drain());
  }

  #drain(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#queue.length > 0) {
      const lines = this.#queue;
      this.#queue = [];
      let written = 0;
      try {
        written = await this.#append(lines);
        if (written < lines.length) throw new Error("ENOSPC: no space left on device");
        this.#failing = false;
      } catch (error) {
        this.#queue = [...lines.slice(written), ...this.#queue].slice(-QUEUE_MAX);
        await this.#failed(reasonOf(error));
        return;
      }
    }
  }

  /** Gives how many lines are in the file whole. */
  async #append(lines: readonly string[]): Promise<number> {
    const file = (this.#file ??= await this.#open());
    const ending = this.#torn ? "\n" : "";
    const bytes = Buffer.from(`${ending}${lines.join("")}`);
    const { bytesWritten } = await file.write(bytes);
    this.#size += bytesWritten;
    this.#torn = bytesWritten < bytes.length;
    if (this.#torn) return newlines(bytes.subarray(ending.length, bytesWritten));
    if (this.#size > FILE_BYTES_MAX) await this.#rotate(file);
    else this.#syncSoon();
    return lines.length;
  }

  async #open(): Promise<FileHandle> {
    const file = await open(historyPath(this.#directory), "a", 0o640);
    this.#size = (await file.stat()).size;
    // Perhaps: an empty line too many costs less than to look.
    this.#torn = this.#size > 0;
    return file;
  }

  /** Begins anew; what there is stays one file longer. */
  async #rotate(file: FileHandle): Promise<void> {
    this.#file = null;
    await file.datasync();
    await file.close();
    await rename(historyPath(this.#directory), olderPath(this.#directory));
  }

  #syncSoon(): void {
    if (this.#sync !== null) return;
    const wait = Math.max(0, this.#syncedAt + SYNC_EVERY - performance.now());
    this.#sync = setTimeout(() => {
      this.#sync = null;
      this.#syncedAt = performance.now();
      // Closed or failing meanwhile: the next write says so.
      this.#file?.datasync().catch(() => undefined);
    }, wait);
  }

  async #failed(detail: string): Promise<void> {
    const file = this.#file;
    this.#file = null;
    await file?.close().catch(() => undefined);
    if (!this.#failing) this.#warn(`${historyPath(this.#directory)}: ${detail}; kept in memory`);
    this.#failing = true;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      void this.#drain();
    }, RETRY_DELAY);
  }

  /** Writes what waits, for at most so many milliseconds, and closes. */
  async finish(milliseconds: number): Promise<void> {
    for (const timer of [this.#retry, this.#sync]) if (timer !== null) clearTimeout(timer);
    this.#retry = null;
    this.#sync = null;
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, milliseconds);
    await Promise.race([limit.promise, this.#drain().then(() => this.#close())]);
    clearTimeout(timer);
  }

  async #close(): Promise<void> {
    if (this.#retry !== null) clearTimeout(this.#retry);
    const file = this.#file;
    this.#file = null;
    await file?.datasync().catch(() => undefined);
    await file?.close().catch(() => undefined);
  }
}
