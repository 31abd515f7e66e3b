/** The fence's command at the edge: one at a time, as we are, in a process group that dies on time and does not outlive us. */
import type { HeartbeatAction, HeartbeatEvent } from "../agent/cluster/boundary.ts";
import type { Command, Running } from "./command.ts";
import { OURSELVES, runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";

/** Characters kept of the end of what it prints. */
const OUTPUT_MAX = 4096;

export class Fencer {
  #running: Running | null = null;
  readonly #post: (event: HeartbeatEvent) => void;
  readonly #notes: CommandNotes;

  constructor(post: (event: HeartbeatEvent) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
  }

  /** Starts it; its end is a `fenced` event. */
  start({ run, argv, environment, timeout }: Extract<HeartbeatAction, { readonly what: "fence" }>): void {
    this.cancel();
    const command: Command = {
      ...{ argv, environment, timeout, keep: OUTPUT_MAX, notes: this.#notes },
      user: OURSELVES,
    };
    this.#running = runCommand(command, (failure, output) => {
      this.#running = null;
      const why = failure === null ? null : `${argv[0] ?? ""}: ${failure}`;
      this.#post({ kind: "heartbeat", what: "fenced", run, failure: why, output });
    });
  }

  /** Kills it; nothing is told. */
  cancel(): void {
    this.#running?.cancel();
    this.#running = null;
  }
}
