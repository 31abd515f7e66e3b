/**
 * How many descriptors a command may have. Ours is raised as far as it goes, by the runtime before anything of ours runs; a command that
 * inherits that may fail in select(2), or close every number up to it, one by one.
 */
import { readdirSync } from "node:fs";
import { fileLimit, limitFiles } from "../../native/process.ts";

/** The soft limit that programs expect, select(2) above all (LimitNOFILE of systemd.exec(5)). */
const CONVENTIONAL = 1024;
/** Below it, what stays for our other threads while it is ours, too. */
const ROOM = 256;

/**
 * Starts a command by `spawn` with the conventional soft limit of descriptors, or with ours where that is lower, and our hard one. A limit
 * is of a whole process and a child has its parent's (getrlimit(2)), so ours is the conventional one until the child runs its program: a
 * moment later would be too late for who looks at its own first thing. Where we have too many descriptors for that it is later all the same.
 */
export function limited<Child extends { readonly pid: number }>(spawn: () => Child): Child {
  const ours = fileLimit();
  if (ours <= CONVENTIONAL) return spawn();
  if (!hasRoom()) {
    const child = spawn();
    // Another user's needs CAP_SYS_RESOURCE, which a container may not have: it is left as it is, like one that is gone.
    limitFiles(CONVENTIONAL, child.pid);
    return child;
  }
  limitFiles(CONVENTIONAL);
  try {
    return spawn();
  } finally {
    limitFiles(ours);
  }
}

/** Whether so many numbers below the conventional limit are free. */
function hasRoom(): boolean {
  try {
    return readdirSync("/proc/self/fd").length <= CONVENTIONAL - ROOM;
  } catch {
    return false;
  }
}
