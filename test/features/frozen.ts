/** One thread of a process held still, as one that waits in the kernel for a disk that does not answer. */
import { dlopen, FFIType } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "../lab/process.ts";

/** <linux/ptrace.h> */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
/** <bits/waitflags.h>: for a thread of another process. */
const WALL = 0x4000_0000;

const libc = dlopen("libc.so.6", {
  ptrace: { args: ["i64", "i64", "ptr", "ptr"], returns: FFIType.i64_fast },
  waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" },
}).symbols;

/** The threads of a process by that name. */
export const threads = (pid: number, name: string): number[] =>
  readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .filter((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, "utf8").trim() === name);

/** Stops a thread alone, by ptrace(2), until it is disposed of; the others run on. */
export async function frozen(pid: number, tid: number): Promise<Disposable> {
  const ptrace = (request: number): void => {
    if (Number(libc.ptrace(request, tid, null, null)) !== 0) throw new Error(`ptrace ${request} of ${tid}`);
  };
  ptrace(PTRACE_SEIZE);
  ptrace(PTRACE_INTERRUPT);
  const state = (): string =>
    readFileSync(`/proc/${pid}/task/${tid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .slice(0, 1);
  await until("it stands still", 5000, () => state() === "t");
  libc.waitpid(tid, null, WALL);
  return {
    [Symbol.dispose]() {
      // One that is being killed cannot be let go, and is there until its tracer heard of its end, and its process with it.
      while (Number(libc.ptrace(PTRACE_DETACH, tid, null, null)) !== 0) {
        if (libc.waitpid(tid, null, WALL) < 0) return;
      }
    },
  };
}
