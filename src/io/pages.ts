/**
 * The runtime's executable has 90 MB of code, of which the start touches a third and the rest of a life a fraction of that. What the
 * start alone needed goes out of the process once it is over, and again when the first seconds and the first minute are; the page cache
 * keeps it as long as there is room.
 */
import { readFileSync } from "node:fs";
import { forgetPages } from "../../native/process.ts";

/** The head of a mapping in /proc/PID/smaps (proc(5)), of a file that is read or executed and not written. */
const HEAD = /^([0-9a-f]+)-([0-9a-f]+) r-[x-]p \S+ \S+ \S+ +\//;
/** Pages of it that differ from the file, as relocation makes them: those must stay. */
const CHANGED = /^(?:Private_Dirty|Anonymous): +[1-9]/m;

/** Forgets the pages of files that are mapped as they are: each comes back when it is touched, at the price of a page fault. */
export function forgetStart(): void {
  let mappings: string[];
  try {
    mappings = readFileSync("/proc/self/smaps", "latin1").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  } catch {
    // A kernel without it, or a /proc that hides it: the memory stays.
    return;
  }
  for (const mapping of mappings) {
    const [, start, end] = HEAD.exec(mapping) ?? [];
    if (start === undefined || end === undefined || CHANGED.test(mapping)) continue;
    forgetPages(BigInt(`0x${start}`), BigInt(`0x${end}`));
  }
}
