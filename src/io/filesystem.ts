/**
 * Filesystem: mounted and unmounted by mount(8) and umount(8), not by mount(2): only they know the helpers of network file systems, tags
 * such as UUID=, loop devices and /run/mount/utab. Nothing is checked or repaired here, and nothing is unmounted lazily or by force: what
 * is not unmounted may still be written to, and then it must not be mounted elsewhere.
 */
import { unreachable } from "../base/assert.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { FilesystemJob } from "../agent/cluster/boundary.ts";
import type { Running } from "./command.ts";
import { OURSELVES, runCommand } from "./command.ts";
import type { Look, Mount, User } from "./mounts.ts";
import type { CommandNotes } from "./orphans.ts";
import type { Outcome, ResourceTask } from "./resource-task.ts";
import { failed, lastWords, succeeded } from "./resource-task.ts";
import { openThread } from "./thread.ts";

export type Question =
  | { readonly kind: "look"; readonly wanted: FilesystemJob }
  /** Send this to all that use the mount. */
  | {
      readonly kind: "signal";
      readonly mount: Pick<Mount, "device" | "directory">;
      readonly signal: "SIGTERM" | "SIGKILL";
    };

export type Answer =
  | { readonly kind: "looked"; readonly look: Look }
  | { readonly kind: "signalled"; readonly users: readonly User[] };

/** How long users have to end by themselves, of the whole time and at most; and between two tries. Milliseconds. */
const GRACE_SHARE = 1 / 3;
const GRACE_MAX = 5000;
const AGAIN = 250;
/** Users that are named. */
const NAMED_MAX = 5;
/** One mount upon the other, all of the same device. */
const LAYERS_MAX = 16;
const OUTPUT_MAX = 1024;

/** One task. Its thread and its command end with it. */
class Mounting {
  readonly #wanted: FilesystemJob;
  readonly #notes: CommandNotes;
  readonly #until: number;
  readonly #grace: number;
  #thread: Worker | null = null;
  #command: Running | null = null;
  over = false;
  /** What it last failed at. */
  trouble: string | null = null;

  constructor(wanted: FilesystemJob, timeout: Milliseconds, notes: CommandNotes) {
    this.#wanted = wanted;
    this.#notes = notes;
    this.#until = performance.now() + timeout;
    this.#grace = Math.min(timeout * GRACE_SHARE, GRACE_MAX);
  }

  end(): void {
    this.over = true;
    this.#command?.cancel();
    void this.#thread?.terminate();
  }

  async perform(task: ResourceTask): Promise<Outcome> {
    switch (task) {
      case "status":
        return { ...succeeded, output: (await this.#look()).state === "mounted" ? "running" : "stopped" };
      case "start":
        return this.#mount();
      case "stop":
        return this.#unmount();
      default:
        return unreachable(task);
    }
  }

  async #mount(): Promise<Outcome> {
    const { device, directory, filesystem, options } = this.#wanted;
    const before = await this.#look();
    if (before.state === "mounted") return succeeded;
    if (before.state === "other") {
      return failed(
        `${directory} has ${before.source} mounted, and not ${device}: unmount it, or correct resources`,
      );
    }
    if (before.problem !== null) return failed(before.problem);
    // What the old Filesystem took for a type of its own.
    const bind = filesystem === "bind";
    const type = filesystem === null || bind ? [] : ["-t", filesystem];
    const all = [bind ? "bind" : null, options].filter((each) => each !== null).join(",");
    const argv: [string, ...string[]] = [
      "mount",
      ...type,
      ...(all === "" ? [] : ["-o", all]),
      device,
      directory,
    ];
    const failure = await this.#run(argv);
    const after = await this.#look();
    if (failure !== null) return failed(failure);
    return after.state === "mounted"
      ? succeeded
      : failed(`mount ended well, and ${device} is not on ${directory}`);
  }

  async #unmount(): Promise<Outcome> {
    const { directory } = this.#wanted;
    const begun = performance.now();
    for (let layers = 0; layers < LAYERS_MAX;) {
      const found = await this.#look();
      // What somebody else put there is not ours to take away.
      if (found.state !== "mounted") return succeeded;
      if (found.below.length > 0) {
        return failed(`${found.below.join(", ")} is mounted below ${directory}: unmount it first`);
      }
      const failure = await this.#run(["umount", directory]);
      if (failure === null) {
        layers += 1;
        continue;
      }
      const patient = performance.now() - begun < this.#grace;
      const users = await this.#signal(found, patient ? "SIGTERM" : "SIGKILL");
      this.trouble = [failure, ...(users === "" ? [] : [`in use by ${users}`])].join("; ");
      await Bun.sleep(AGAIN);
    }
    return failed(`${directory} is still mounted after ${LAYERS_MAX} times umount`);
  }

  async #look(): Promise<Look> {
    const answer = await this.#ask({ kind: "look", wanted: this.#wanted });
    if (answer.kind !== "looked") throw new Error("a look that is none");
    return answer.look;
  }

  /** Names those that were signalled. */
  async #signal(
    { device, directory }: Pick<Mount, "device" | "directory">,
    signal: "SIGTERM" | "SIGKILL",
  ): Promise<string> {
    const answer = await this.#ask({ kind: "signal", mount: { device, directory }, signal });
    if (answer.kind !== "signalled") throw new Error("a signal that is none");
    const names = answer.users.map(({ pid, name }) => `${name} (${pid})`);
    const more = names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : "";
    return names.slice(0, NAMED_MAX).join(", ") + more;
  }

  #ask(question: Question): Promise<Answer> {
    this.#thread ??= openThread("filesystem-thread");
    const thread = this.#thread;
    return new Promise((resolve, reject) => {
      thread.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
      thread.onerror = ({ message }) => reject(new Error(message));
      thread.postMessage(question);
    });
  }

  /** Null, or why it did not end well. */
  #run(argv: readonly [string, ...string[]]): Promise<string | null> {
    const timeout = ms(Math.max(1, this.#until - performance.now()));
    const environment = { LC_ALL: "C" };
    return new Promise((resolve) => {
      // It is over: nobody waits for this promise any more.
      if (this.over) return;
      this.#command = runCommand(
        { argv, environment, user: OURSELVES, timeout, keep: OUTPUT_MAX, notes: this.#notes },
        (failure, output) => resolve(failure === null ? null : lastWords(argv[0], failure, output)),
      );
    });
  }
}

/** Does a task of a file system within the time; `done` is called once, later, unless it is cancelled. */
export function runFilesystem(
  wanted: FilesystemJob,
  task: ResourceTask,
  timeout: Milliseconds,
  notes: CommandNotes,
  done: (outcome: Outcome) => void,
): Running {
  const mounting = new Mounting(wanted, timeout, notes);
  const settle = (outcome: Outcome): void => {
    if (mounting.over) return;
    clearTimeout(timer);
    mounting.end();
    done(outcome);
  };
  const timer = setTimeout(() => {
    const late = `timeout after ${timeout / 1000}s`;
    const failure = mounting.trouble === null ? late : `${late}: ${mounting.trouble}`;
    settle({ code: null, output: "", failure });
  }, timeout);
  mounting
    .perform(task)
    .then(settle, (error: unknown) =>
      settle({ code: null, output: "", failure: `the thread that looks at mounts: ${String(error)}` }),
    );
  return {
    cancel() {
      clearTimeout(timer);
      if (!mounting.over) mounting.end();
    },
  };
}
