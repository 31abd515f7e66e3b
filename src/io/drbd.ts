/** drbddisk: a DRBD resource is primary where it is started, by drbdadm(8). */
import { unreachable } from "../base/assert.ts";
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import type { Running } from "./command.ts";
import { OURSELVES, runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";
import type { Outcome, ResourceTask } from "./resource-task.ts";
import { exitCodeOf, failed, lastWords, NOT_INSTALLED } from "./resource-task.ts";

const OUTPUT_MAX = 2048;
/** The other node may be primary for a moment yet, or a device busy: so often and so far apart, as heartbeat's drbddisk. */
const TRIES = 6;
const AGAIN = 1000;

/** What is called for a task. */
const drbdArgv = (task: ResourceTask, resource: string): readonly string[] => {
  switch (task) {
    case "start":
      return ["drbdadm", "primary", resource];
    case "stop":
      return ["drbdadm", "secondary", resource];
    case "status":
      return ["drbdadm", "role", resource];
    default:
      return unreachable(task);
  }
};

/** What a call came to. `role` says `Primary/Secondary`, or since DRBD 9 only the own one. */
function drbdOutcome(task: ResourceTask, failure: string | null, output: string): Outcome {
  if (failure?.startsWith("ENOENT") === true) {
    return failed(
      "there is no drbdadm: install drbd-utils, or take drbddisk out of resources",
      NOT_INSTALLED,
    );
  }
  const words = failure === null ? null : lastWords("drbdadm", failure, output);
  if (task !== "status" || failure !== null) return { code: exitCodeOf(failure), output: "", failure: words };
  const own = output.trim().split(/[/\s]/)[0] ?? "";
  return { code: 0, output: own === "Primary" ? "running" : `stopped (${own})`, failure: null };
}

/** Does a task within the time; `done` is called once, later, unless it is cancelled. */
export function runDrbd(
  resource: string,
  task: ResourceTask,
  timeout: Milliseconds,
  notes: CommandNotes,
  done: (outcome: Outcome) => void,
): Running {
  const until = performance.now() + timeout;
  let running: Running | null = null;
  let pause: ReturnType<typeof setTimeout> | null = null;
  const call = (tries: number): void => {
    const left = ms(Math.max(1, Math.ceil(until - performance.now())));
    const argv = drbdArgv(task, resource);
    const command = { argv, environment: { LC_ALL: "C" }, timeout: left, keep: OUTPUT_MAX, notes };
    running = runCommand({ ...command, user: OURSELVES }, (failure, output) => {
      const outcome = drbdOutcome(task, failure, output);
      const again = task !== "status" && outcome.code !== 0 && outcome.code !== NOT_INSTALLED;
      const late = performance.now() + AGAIN >= until;
      if (again && tries < TRIES && !late) pause = setTimeout(() => call(tries + 1), AGAIN);
      else done(outcome);
    });
  };
  call(1);
  return {
    cancel() {
      if (pause !== null) clearTimeout(pause);
      running?.cancel();
    },
  };
}
