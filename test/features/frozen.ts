/** One thread of a process held still, as one that waits in the kernel for a disk that does not answer. */
import { dlopen, FFIType } from "bun:ffi";
import { readdirSync, readFileSync } from "node:fs";
import { sleep, until } from "../lab/process.ts";

/** <linux/ptrace.h> */
const PTRACE_DETACH = 17;
const PTRACE_SEIZE = 0x4206;
const PTRACE_INTERRUPT = 0x4207;
/** <bits/waitflags.h>: for a thread of another process. */
const WALL = 0x4000_0000;
/** epoll_pwait and epoll_pwait2 of <asm/unistd_64.h>: a thread that waits for something to do. */
const WAITS = /^(281|441) /;

const libc = dlopen("libc.so.6", {
  ptrace: { args: ["i64", "i64", "ptr", "ptr"], returns: FFIType.i64_fast },
  waitpid: { args: ["i32", "ptr", "i32"], returns: "i32" },
}).symbols;

/** The threads of a process by that name. */
export const threads = (pid: number, name: string): number[] =>
  readdirSync(`/proc/${pid}/task`)
    .map(Number)
    .filter((tid) => readFileSync(`/proc/${pid}/task/${tid}/comm`, "utf8").trim() === name);

/**
 * Stops a thread alone, by ptrace(2), until it is disposed of; the others run on. It is stopped where it waits for something to do: in the
 * midst of its work it may have a lock of the runtime that the others need, which no thread has that hangs in a system call.
 */
export async function frozen(pid: number, tid: number): Promise<Disposable> {
  const ptrace = (request: number): void => {
    if (Number(libc.ptrace(request, tid, null, null)) !== 0) throw new Error(`ptrace ${request} of ${tid}`);
  };
  const of = (name: string): string => readFileSync(`/proc/${pid}/task/${tid}/${name}`, "utf8");
  const letGo = (): void => {
    // One that is being killed cannot be let go, and is there until its tracer heard of its end, and its process with it.
    while (Number(libc.ptrace(PTRACE_DETACH, tid, null, null)) !== 0) {
      if (libc.waitpid(tid, null, WALL) < 0) return;
    }
  };
  const still = (): boolean =>
    of("stat")
      .replace(/^.*\) /s, "")
      .startsWith("t");
  await until("it waits, and stands still", 20_000, async () => {
    ptrace(PTRACE_SEIZE);
    ptrace(PTRACE_INTERRUPT);
    await until("it stands still", 5000, still);
    libc.waitpid(tid, null, WALL);
    if (WAITS.test(of("syscall"))) return true;
    letGo();
    await sleep(20);
    return false;
  });
  return { [Symbol.dispose]: letGo };
}
