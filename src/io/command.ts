/** Commands of the administrator: an argv without a shell, as another user, in a process group of its own that dies on time. */
import type { Milliseconds } from "../base/units.ts";
import type { Account } from "./account.ts";
import { account } from "./account.ts";
import type { CommandNotes } from "./orphans.ts";
import { startCommand } from "./starter.ts";

/** Where commands are looked for that are not given by their path. */
export const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/** Unless the configuration names another: the first of these that exists. */
const DEFAULT_USERS = ["haagent-script", "nobody"];

/** A user that is whoever the agent runs as. */
export const OURSELVES: unique symbol = Symbol("ourselves");

/** What to run. */
export interface Command {
  readonly argv: readonly string[];
  /** Added to PATH, which is all there is otherwise. */
  readonly environment: Readonly<Record<string, string>>;
  /** Null: the default script user. */
  readonly user: string | typeof OURSELVES | null;
  readonly timeout: Milliseconds;
  /** So many characters of the end of what it prints are wanted; 0: it prints to nowhere. */
  readonly keep: number;
  /** Where it is written down while it runs, for the next agent to kill it if this one dies; null: it may outlive us. */
  readonly notes: CommandNotes | null;
  /** What it reads on its standard input; without it nothing. */
  readonly input?: string;
}

/** A command under way. */
export interface Running {
  /** Kills the process group; `done` is not called. */
  cancel(): void;
}

/**
 * How it ended: null is exit code 0, otherwise `exit 1`, `signal SIGSEGV`, `timeout after 2s` or `ENOENT: …`; and the end of what it
 * printed, if that was wanted and it ended by itself.
 */
type Done = (failure: string | null, output: string) => void;

/** Who a command runs as: that user, or the first default one that there is; null where there is none. */
export function accountOf(user: string | null): Account | null {
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

/**
 * Starts a command and calls `done` once, later. It sees no descriptor of ours and prints to nowhere, unless that is wanted: a daemon
 * that a script leaves behind with the script's output has a pipe to us then, which is read to nowhere and breaks when we end.
 */
export function runCommand(
  { argv, environment, user, timeout, keep, notes, input }: Command,
  done: Done,
): Running {
  let settled = false;
  let pid: number | null = null;
  const settle = (failure: string | null, output = ""): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    done(failure, output);
  };
  const kill = (): void => {
    if (pid !== null) killGroup(pid);
  };
  const timer = setTimeout(() => {
    if (!settled) kill();
    settle(`timeout after ${timeout / 1000}s`);
  }, timeout);
  const who = user === OURSELVES ? OURSELVES : accountOf(user);
  if (who === null) {
    queueMicrotask(() =>
      settle(
        user === null ? "no user haagent-script or nobody; cure: script_user" : `no user "${String(user)}"`,
      ),
    );
  } else {
    const same = who === OURSELVES || process.getuid?.() === who.uid;
    const account = same ? null : { uid: who.uid, gid: who.gid };
    startCommand(
      { argv, environment: { PATH, ...environment }, account, keep, notes, input: input ?? null },
      {
        started: (started) => {
          pid = started;
          // Too late already, or not wanted any more.
          if (settled) kill();
        },
        ended: settle,
      },
    );
  }
  return {
    cancel() {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      kill();
    },
  };
}
