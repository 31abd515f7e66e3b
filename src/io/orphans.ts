/**
 * Commands that their agent ends in time, one small file each in runtime_dir while they run: where the agent dies first, the next one
 * or `haagent release` kills what is left of them. PR_SET_PDEATHSIG would not do: it ends a script without what the script runs.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isElsewhere } from "./boot.ts";
import { statOf } from "./probe/process-table.ts";

/** So many are looked at: one for each check and router that there can reasonably be. */
const ORPHANS_MAX = 10_000;

const directoryOf = (runtimeDir: string): string => join(runtimeDir, "commands");

/** Where the commands of an agent are written down while they run. */
export interface CommandNotes {
  readonly directory: string;
  /** As bootId() has it: process numbers mean nothing in another boot. */
  readonly boot: string;
}

/** Makes room for them. Throws where the file system refuses. */
export function openCommandNotes(runtimeDir: string, boot: string): CommandNotes {
  const directory = directoryOf(runtimeDir);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return { directory, boot };
}

/** Writes down that a command runs as the leader of its process group. A file system that refuses costs no more than the note. */
export function noteCommand({ directory, boot }: CommandNotes, pid: number): void {
  try {
    // The time it started tells it from whoever has its number later. What is gone already needs no note.
    const startTime = statOf(pid)?.startTime;
    if (startTime === undefined) return;
    writeFileSync(join(directory, String(pid)), `${startTime} ${boot}\n`, { mode: 0o600 });
  } catch {
    // Full, or no descriptors left: it runs all the same, and its agent ends it as ever.
  }
}

/** It has ended, or was killed. */
export function forgetCommand({ directory }: CommandNotes, pid: number): void {
  try {
    rmSync(join(directory, String(pid)), { force: true });
  } catch {
    // Read-only by now: the note names a process that is no more.
  }
}

/**
 * Kills what a dead agent's commands left, their process groups whole, and forgets them. One whose own process has ended is over: what
 * it left behind is meant to stay. Only to be called with the lock of runtime_dir. Gives the process groups that were killed.
 */
export function killOrphans(runtimeDir: string, boot: string): number[] {
  const directory = directoryOf(runtimeDir);
  const killed: number[] = [];
  for (const name of namesIn(directory).slice(0, ORPHANS_MAX)) {
    const pid = Number(name);
    if (kill(directory, name, pid, boot)) killed.push(pid);
  }
  return killed;
}

function namesIn(directory: string): string[] {
  try {
    // Never 1: its negative means every process there is.
    return readdirSync(directory).filter((name) => /^[1-9]\d{0,9}$/.test(name) && name !== "1");
  } catch {
    return [];
  }
}

function kill(directory: string, name: string, pid: number, boot: string): boolean {
  const path = join(directory, name);
  try {
    const [startTime = "", ...rest] = readFileSync(path, "utf8").trim().split(" ");
    const of = rest.join(" ");
    rmSync(path, { force: true });
    // Process numbers are those of the boot; another network namespace of it has the same.
    if (of !== boot && !isElsewhere(of, boot)) return false;
    if (statOf(pid)?.startTime !== startTime) return false;
    process.kill(-pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
