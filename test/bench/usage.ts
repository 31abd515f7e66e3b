/** What processes cost, as proc(5) tells it: processor time, context switches, memory. */
import { readdirSync, readFileSync } from "node:fs";

/** Counters since the start of the processes. */
export interface Spent {
  readonly at: number;
  /** Nanoseconds on a processor, all threads. */
  readonly cpu: number;
  /** Voluntary and involuntary context switches, all threads. */
  readonly switches: number;
}

export interface Cost {
  /** Percent of one core. */
  readonly cpu: number;
  /** Context switches a second. */
  readonly switches: number;
}

export interface Memory {
  /** Megabytes: resident, and with shared pages counted by their share. */
  readonly rss: number;
  readonly pss: number;
}

const threads = (pid: number): string[] =>
  readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}`);

/** The number after a word in a file of `Word: number` lines. */
function field(text: string, word: string): number {
  return Number(new RegExp(`^${word}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** Reads the counters of all threads that live. */
export function spent(pids: readonly number[]): Spent {
  let cpu = 0;
  let switches = 0;
  const at = performance.now();
  for (const path of pids.flatMap(threads)) {
    try {
      cpu += Number(readFileSync(`${path}/schedstat`, "utf8").split(" ")[0]);
      const status = readFileSync(`${path}/status`, "utf8");
      switches += field(status, "voluntary_ctxt_switches") + field(status, "nonvoluntary_ctxt_switches");
    } catch {
      // A thread that has just ended: what it spent is lost, a garbage collector's at most.
    }
  }
  return { at, cpu, switches };
}

export function cost(before: Spent, after: Spent): Cost {
  const span = after.at - before.at;
  return {
    cpu: ((after.cpu - before.cpu) / (span * 1e6)) * 100,
    switches: ((after.switches - before.switches) / span) * 1000,
  };
}

/** Memory of all the processes together, now. */
export function memory(pids: readonly number[]): Memory {
  const texts = pids.map((pid) => readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  const sum = (word: string): number => texts.reduce((total, text) => total + field(text, word), 0) / 1024;
  return { rss: sum("Rss"), pss: sum("Pss") };
}
