/** Tasks of resources at the edge: scripts and systemd units, each an argv without a shell that dies on time. */
import type { Event } from "../agent/boundary.ts";
import type { Job, ResourceAction, ResourceEvent } from "../agent/heartbeat-boundary.ts";
import { unreachable } from "../base/assert.ts";
import type { Command, Running } from "./command.ts";
import { OURSELVES, runCommand } from "./command.ts";
import { findResource } from "./find-resource.ts";
import type { CommandNotes } from "./orphans.ts";

/** Characters kept of the end of what a script says: a status that tells much says the word that counts early. */
const OUTPUT_MAX = 16_384;
/** LSB: the program is not installed. */
const NOT_INSTALLED = 5;
const TASKS_OF_SYSTEMCTL = { start: "start", stop: "stop", status: "is-active" } as const;

/** How a task ended. */
type Outcome = Omit<ResourceEvent, "kind" | "id">;

/** The tasks under way. */
export class ResourceRunner {
  readonly #running = new Map<string, Running>();
  readonly #post: (event: Event) => void;
  readonly #notes: CommandNotes;

  constructor(post: (event: Event) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
  }

  /** Starts a task; its end is a `resource-ended` event. */
  start(action: ResourceAction): void {
    const { job } = action;
    const found = findResource(job.name, job.directories);
    switch (found?.kind) {
      case "script":
        this.#run(action, [found.path, ...job.args, action.task], job.environment, (outcome) => outcome);
        return;
      case "unit": {
        const argv = ["systemctl", TASKS_OF_SYSTEMCTL[action.task], found.unit];
        this.#run(action, argv, {}, action.task === "status" ? unitStatus : (outcome) => outcome);
        return;
      }
      case undefined:
        queueMicrotask(() => this.#ended(action.id, missing(job)));
        return;
      default:
        unreachable(found);
    }
  }

  /** None outlives us but in a crash. */
  cancelAll(): void {
    for (const running of this.#running.values()) running.cancel();
    this.#running.clear();
  }

  #run(
    { id, timeout }: ResourceAction,
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
    read: (outcome: Outcome) => Outcome,
  ): void {
    const command: Command = {
      ...{ argv, environment, timeout, keep: OUTPUT_MAX, notes: this.#notes },
      user: OURSELVES,
    };
    const running = runCommand(command, (failure, output) =>
      this.#ended(id, read({ code: codeOf(failure), output, failure: wordsOf(argv, failure) })),
    );
    this.#running.set(id, running);
  }

  #ended(id: string, outcome: Outcome): void {
    this.#running.delete(id);
    this.#post({ kind: "resource-ended", id, ...outcome });
  }
}

/** Nothing can run that is not there; a start of it fails. */
const missing = ({ name, directories }: Job): Outcome => ({
  code: NOT_INSTALLED,
  output: "",
  failure: `there is no executable ${name} in ${directories.join(", ")}, and no systemd unit of that name`,
});

/** Of `exit 3`, the number; null for all that is no exit. */
function codeOf(failure: string | null): number | null {
  if (failure === null) return 0;
  const code = /^exit (\d+)$/.exec(failure)?.[1];
  return code === undefined ? null : Number(code);
}

const wordsOf = ([program = ""]: readonly string[], failure: string | null): string | null =>
  failure === null ? null : `${program}: ${failure}`;

/**
 * What `systemctl is-active` says, in heartbeat's words. On its way in or out a unit neither runs nor is gone: as if its status had not
 * ended.
 */
function unitStatus({ code, output, failure }: Outcome): Outcome {
  const word = output.trim().split("\n").at(-1) ?? "";
  switch (word) {
    case "active":
    case "reloading":
    case "refreshing":
      return { code: 0, output: "running", failure: null };
    case "activating":
    case "deactivating":
      return { code: null, output: word, failure: `systemctl: the unit is ${word}` };
    default:
      return { code, output: code === null ? output : "stopped", failure };
  }
}
