/** Reading a small file that anybody may have put there: never a pipe or device, never endless, never in the way of anything else. */
import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import { codeOf } from "../reason.ts";
import { Gathered } from "./gathered.ts";

/** Bytes read at once. */
const PIECE = 4096;

/** What was read, and which file it was: the same text as long as nobody writes or replaces it. */
export interface FileContent {
  readonly bytes: Uint8Array;
  readonly identity: string;
  /** Bytes of all of it. */
  readonly size: number;
  /** When it was written, in milliseconds of the clock of this host. */
  readonly written: number;
}

/** Why it could not be read: `ENOENT`, `is a directory`. */
export interface FileFailure {
  readonly failure: string;
}

/** Reads under way: one that hangs (a network file system) is waited for by whoever asks next, and never doubled. */
const reading = new Map<string, Promise<FileContent | FileFailure>>();

/** The first `most` bytes of a regular file. */
export function readRegular(path: string, most: number): Promise<FileContent | FileFailure> {
  const asked = `${most} ${path}`;
  const known = reading.get(asked);
  if (known !== undefined) return known;
  const made = read(path, most)
    .catch((error: unknown) => ({ failure: codeOf(error) }))
    .finally(() => reading.delete(asked));
  reading.set(asked, made);
  return made;
}

async function read(path: string, most: number): Promise<FileContent | FileFailure> {
  // Without it a pipe would be waited for until somebody writes.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const about = await file.stat({ bigint: true });
    if (about.isDirectory()) return { failure: "is a directory" };
    if (!about.isFile()) return { failure: "is no regular file" };
    const bytes = await fill(file, most);
    const size = Number(about.size);
    const written = Number(about.mtimeMs);
    return {
      bytes,
      size,
      written,
      identity: `${about.dev} ${about.ino} ${about.size} ${about.mtimeNs} ${about.ctimeNs}`,
    };
  } finally {
    await file.close();
  }
}

async function fill(file: FileHandle, most: number): Promise<Uint8Array> {
  const gathered = new Gathered(most);
  const piece = new Uint8Array(PIECE);
  while (!gathered.full) {
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) break;
    gathered.add(piece.subarray(0, bytesRead));
  }
  return gathered.bytes;
}
