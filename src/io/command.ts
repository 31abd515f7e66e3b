/** Commands of the administrator: an argv without a shell, as another user, in a process group of its own that dies on time. */
import { setTimerSlack } from "../../native/process.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Account } from "./account.ts";
import { account } from "./account.ts";

/** Lateness of timers that {@link runCommand} leaves to the agent's own thread, in nanoseconds. */
export const AGENT_TIMER_SLACK = 1000;

/** Where commands are looked for that are not given by their path. */
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Unless the configuration names another: the first of these that exists. */
const DEFAULT_USERS = ["haagent-script", "nobody"];

/** What to run. */
export interface Command {
  readonly argv: readonly string[];
  /** Added to PATH, which is all there is otherwise. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: the default script user. */
  readonly user: string | null;
  readonly timeout: Milliseconds;
}

/** A command under way. */
export interface Running {
  /** Kills the process group; `done` is not called. */
  cancel(): void;
}

/** How it ended: null is exit code 0, otherwise `exit 1`, `signal SIGSEGV`, `timeout after 2s` or `ENOENT: …`. */
export type Done = (failure: string | null) => void;

function accountOf(user: string | null): Account | null {
  if (user !== null) return account(user);
  for (const name of DEFAULT_USERS) {
    const found = account(name);
    if (found !== null) return found;
  }
  return null;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}

/** `ENOENT: no such file or directory`, without the call and the path that are appended. */
const reason = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, posix_spawn .*$/s, "");

/**
 * Starts a command and calls `done` once, later. It sees no descriptor of ours and prints to nowhere: a script that leaves a daemon
 * behind would otherwise keep a pipe to us, and be killed by it.
 */
export function runCommand({ argv, environment, user, timeout }: Command, done: Done): Running {
  let settled = false;
  let pid: number | null = null;
  const settle = (failure: string | null): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    done(failure);
  };
  const timer = setTimeout(() => {
    if (pid !== null && !settled) killGroup(pid);
    settle(`timeout after ${timeout / 1000}s`);
  }, timeout);
  const who = accountOf(user);
  if (who === null) {
    queueMicrotask(() => settle(user === null ? "no script user" : `no user "${user}"`));
  } else {
    try {
      pid = start(argv, environment, who, settle);
    } catch (error) {
      queueMicrotask(() => settle(reason(error)));
    }
  }
  return {
    cancel() {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      if (pid !== null) killGroup(pid);
    },
  };
}

function start(
  argv: readonly string[],
  environment: Readonly<Record<string, string>>,
  who: Account,
  settle: Done,
): number {
  const same = process.getuid?.() === who.uid;
  // Children inherit the slack of the thread that starts them: give them the kernel's default.
  setTimerSlack(0);
  try {
    const child = Bun.spawn([...argv], {
      env: { PATH, ...environment },
      cwd: "/",
      stdio: ["ignore", "ignore", "ignore"],
      detached: true,
      ...(same ? {} : { uid: who.uid, gid: who.gid }),
      onExit(_, code, signal) {
        if (code === 0) settle(null);
        else settle(code === null ? `signal ${String(signal)}` : `exit ${code}`);
      },
    });
    return child.pid;
  } finally {
    setTimerSlack(AGENT_TIMER_SLACK);
  }
}
