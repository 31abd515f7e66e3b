/** Looking for processes in /proc: one pass for all that are looked for, in slices, so that nothing else waits long. */
import { closeSync, openSync, readdirSync, readlinkSync, readSync } from "node:fs";
import type { ProcessStat } from "../../check/process-match.ts";
import { parseCommandLine, parseStat, runs } from "../../check/process-match.ts";
import { codeOf } from "../reason.ts";

/** Of a command line; what is longer is not compared. */
const COMMAND_LINE_MAX = 4096;
/** How long one slice may take, milliseconds. */
const SLICE = 2;
/** Errors that mean no more than that this process is gone, or not ours to look at. */
const GONE: ReadonlySet<string> = new Set(["ENOENT", "ESRCH", "EACCES", "EPERM"]);

const buffer = new Uint8Array(COMMAND_LINE_MAX);
const decoder = new TextDecoder();

function readText(path: string): string {
  const fd = openSync(path, "r");
  try {
    return decoder.decode(buffer.subarray(0, readSync(fd, buffer, 0, buffer.length, 0)));
  } finally {
    closeSync(fd);
  }
}

/** Null when there is no such process (any more); throws when nothing can be read at all (EMFILE). */
function unlessGone<Value>(read: () => Value): Value | null {
  try {
    return read();
  } catch (error) {
    if (GONE.has(codeOf(error))) return null;
    throw error;
  }
}

/** What /proc says of a process that lives; null when it does not. */
export function statOf(pid: number): ProcessStat | null {
  const text = unlessGone(() => readText(`/proc/${pid}/stat`));
  const stat = text === null ? null : parseStat(text);
  return stat?.alive === true ? stat : null;
}

/** What tells which program a process runs, read once however many ask. */
class Subject {
  readonly #pid: number;
  readonly #stat: ProcessStat;
  #commandLine: readonly string[] | null = null;
  #executable: string | null | undefined;

  constructor(pid: number, stat: ProcessStat) {
    this.#pid = pid;
    this.#stat = stat;
  }

  runs(program: readonly string[]): boolean {
    this.#commandLine ??= parseCommandLine(unlessGone(() => readText(`/proc/${this.#pid}/cmdline`)) ?? "");
    if (program[0]?.startsWith("/") === true && this.#executable === undefined) {
      // Replaced by an upgrade, it runs on.
      this.#executable = unlessGone(() =>
        readlinkSync(`/proc/${this.#pid}/exe`).replace(/ \(deleted\)$/, ""),
      );
    }
    return runs(program, this.#stat.comm, this.#commandLine, this.#executable ?? null);
  }
}

/** Whether the process of this number runs the program. */
export const isRunning = (pid: number, stat: ProcessStat, program: readonly string[]): boolean =>
  new Subject(pid, stat).runs(program);

/** Somebody who looks for a process. */
export interface Search {
  readonly program: readonly string[];
  /** Its number, or null when there is none. */
  readonly found: (pid: number | null) => void;
  readonly failed: (errno: string) => void;
}

/** Where a program was seen last: looked at first, as it is mostly still there. */
const seen = new Map<string, { readonly pid: number; readonly startTime: string }>();
const SEEN_MAX = 4096;

let waiting: Search[] = [];
let passing = false;

/** Looks for a process; the answer comes later, from a pass that began after the question. */
export function search(wanted: Search): void {
  waiting.push(wanted);
  if (passing) return;
  passing = true;
  setImmediate(pass);
}

/** One pass for all that wait. */
function pass(): void {
  let searches = waiting;
  waiting = [];
  let pids: Iterator<string>;
  const step = (): void => {
    try {
      const end = performance.now() + SLICE;
      while (searches.length > 0 && performance.now() < end) {
        const next = pids.next();
        if (next.done === true) {
          for (const { found } of searches) found(null);
          searches = [];
          break;
        }
        searches = compare(Number(next.value), searches);
      }
    } catch (error) {
      for (const { failed } of searches) failed(codeOf(error));
      searches = [];
    }
    if (searches.length > 0) setImmediate(step);
    else if (waiting.length > 0) setImmediate(pass);
    else passing = false;
  };
  try {
    searches = searches.filter((one) => !remembered(one));
    const others = searches.length === 0 ? [] : readdirSync("/proc").filter((name) => /^\d+$/.test(name));
    pids = others.values();
  } catch (error) {
    for (const { failed } of searches) failed(codeOf(error));
    searches = [];
  }
  step();
}

/** Whether it is still where it was seen last; then that is said. */
function remembered({ program, found }: Search): boolean {
  const known = seen.get(JSON.stringify(program));
  const stat = known === undefined ? null : statOf(known.pid);
  if (known === undefined || stat?.startTime !== known.startTime) return false;
  if (!isRunning(known.pid, stat, program)) return false;
  found(known.pid);
  return true;
}

/** Tells those who look for this process, and gives the others. */
function compare(pid: number, searches: Search[]): Search[] {
  const stat = pid === process.pid ? null : statOf(pid);
  if (stat === null) return searches;
  const subject = new Subject(pid, stat);
  return searches.filter(({ program, found }) => {
    if (!subject.runs(program)) return true;
    if (seen.size >= SEEN_MAX) seen.clear();
    seen.set(JSON.stringify(program), { pid, startTime: stat.startTime });
    found(pid);
    return false;
  });
}
