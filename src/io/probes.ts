/** Script checks: one run of each at a time. */
import type { Action, Event } from "../agent/boundary.ts";
import type { Running } from "./command.ts";
import { runCommand } from "./command.ts";

type Probe = Extract<Action, { kind: "probe" }>;

/** The probes under way. */
export class Probes {
  readonly #running = new Map<string, Running>();
  readonly #post: (event: Event) => void;

  constructor(post: (event: Event) => void) {
    this.#post = post;
  }

  /** Starts a run; its end is a `probe` event. One of the same check that still runs is killed and tells nothing. */
  start({ check, command, timeout, user }: Probe): void {
    this.cancel(check);
    const running = runCommand({ argv: command, environment: {}, user, timeout, keep: 0 }, (failure) => {
      this.#running.delete(check);
      this.#post({ kind: "probe", check, healthy: failure === null, detail: failure ?? "exit 0" });
    });
    this.#running.set(check, running);
  }

  /** Kills the run of a check, if there is one. */
  cancel(check: string): void {
    this.#running.get(check)?.cancel();
    this.#running.delete(check);
  }

  cancelAll(): void {
    for (const check of [...this.#running.keys()]) this.cancel(check);
  }
}
