/** Directories for what a lab's programs write, removed by whoever made them, and by the next run when that one was killed. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";

/** The process id in the name says whose it is. Short, as a control socket's path has 107 bytes at most (unix(7)). */
const NAME = /^haagent-lab-([0-9]+)-/;

let swept = false;

/** Removes what processes left that are no more. */
function sweep(): void {
  if (swept) return;
  swept = true;
  for (const name of readdirSync(tmpdir())) {
    const pid = NAME.exec(name)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(`${tmpdir()}/${name}`, { recursive: true, force: true });
  }
}

/** A new directory of ours. */
export function makeScratch(): string {
  sweep();
  return mkdtempSync(`${tmpdir()}/haagent-lab-${process.pid}-`);
}

export function removeScratch(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}
