/** Tasks of resources at the edge: scripts and systemd units, each an argv without a shell that dies on time; and the built-in ones. */
import type { Event } from "../agent/boundary.ts";
import type { ResourceAction, ScriptJob } from "../agent/cluster/boundary.ts";
import { unreachable } from "../base/assert.ts";
import type { Command, Running } from "./command.ts";
import { OURSELVES, runCommand } from "./command.ts";
import { runDrbd } from "./drbd.ts";
import { runFilesystem } from "./filesystem.ts";
import { findResource } from "./find-resource.ts";
import { runMail } from "./mail.ts";
import type { CommandNotes } from "./orphans.ts";
import type { Outcome } from "./resource-task.ts";
import { exitCodeOf, failed, NOT_INSTALLED } from "./resource-task.ts";

/** Characters kept of the end of what a script says: a status that tells much says the word that counts early. */
const OUTPUT_MAX = 16_384;
const TASKS_OF_SYSTEMCTL = { start: "start", stop: "stop", status: "is-active" } as const;

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
    const { id, task, job, timeout } = action;
    const done = (outcome: Outcome): void => this.#ended(id, outcome);
    switch (job.type) {
      case "script":
        return this.#script(action, job);
      case "filesystem":
        this.#running.set(id, runFilesystem(job, task, timeout, this.#notes, done));
        return;
      case "drbd":
        this.#running.set(id, runDrbd(job.resource, task, timeout, this.#notes, done));
        return;
      case "mail":
        // It goes on when we end.
        runMail(job, timeout, done);
        return;
      default:
        unreachable(job);
    }
  }

  #script(action: ResourceAction, job: ScriptJob): void {
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
      this.#ended(id, read({ code: exitCodeOf(failure), output, failure: wordsOf(argv, failure) })),
    );
    this.#running.set(id, running);
  }

  #ended(id: string, outcome: Outcome): void {
    this.#running.delete(id);
    this.#post({ kind: "resource-ended", id, ...outcome });
  }
}

/** Nothing can run that is not there; a start of it fails. */
const missing = ({ name, directories }: ScriptJob): Outcome =>
  failed(
    `there is no executable ${name} in ${directories.join(", ")}, and no systemd unit of that name`,
    NOT_INSTALLED,
  );

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
