/** One agent a runtime_dir: a file lock that the kernel gives back however the process dies. */
import { chmodSync, closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { lockFile } from "../../native/process.ts";
import { EAGAIN, errnoName } from "../../native/libc.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";

/** How long a lock that is taken is asked for again: a process that was just killed gives it back some milliseconds later. */
const PATIENCE = 300;
const PAUSE = 5;

/** Makes a directory of ours, runtime_dir or state_dir, with mode 0750 unless it is there. Throws where the file system refuses. */
export function makeDirectory(directory: string): void {
  const made = mkdirSync(directory, { recursive: true });
  // Whatever our umask is.
  if (made !== undefined) chmodSync(directory, 0o750);
}

/** Takes the lock for as long as the process lives or until `release`; the error names the process that has it. */
export function takeLock(directory: string): Result<{ release(): void }, string> {
  const path = join(directory, "lock");
  let fd: number;
  try {
    fd = openSync(path, "a+", 0o600);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  let locked = lockFile(fd);
  for (let waited = 0; locked === -EAGAIN && waited < PATIENCE; waited += PAUSE) {
    Bun.sleepSync(PAUSE);
    locked = lockFile(fd);
  }
  if (locked === 0) {
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`);
    return ok({ release: () => closeSync(fd) });
  }
  closeSync(fd);
  if (locked !== -EAGAIN) return fail(`${path}: ${errnoName(locked)}`);
  return fail(`another agent has ${directory}: pid ${readFileSync(path, "utf8").trim() || "unknown"}`);
}
