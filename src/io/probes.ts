/** The probes of checks: one at a time of each; scripts as processes, everything else on a thread of ours. */
import type { Action, Event } from "../agent/boundary.ts";
import type { Outcome } from "../check/response.ts";
import { bad, good } from "../check/response.ts";
import { runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";
import { Prober } from "./prober.ts";

type Probe = Extract<Action, { kind: "probe" }>;

/** The probes under way. */
export class Probes {
  /** What cancels each. */
  readonly #running = new Map<string, () => void>();
  readonly #post: (event: Event) => void;
  readonly #notes: CommandNotes;
  readonly #prober: Prober;

  constructor(post: (event: Event) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
    this.#prober = new Prober((check) => this.#post({ kind: "probe-hint", check }));
  }

  /** Starts a probe; its end is a `probe` event. One of the same check that is still under way is cancelled and tells nothing. */
  start({ check, probe, timeout, user }: Probe): void {
    this.#stop(check);
    const tell = (outcome: Outcome): void => {
      this.#running.delete(check);
      this.#post({ kind: "probe", check, ...outcome });
    };
    if (probe.type === "script") {
      const running = runCommand(
        { argv: probe.command, environment: {}, user, timeout, keep: 0, notes: this.#notes },
        (failure) => tell(failure === null ? good("exit 0") : bad(failure)),
      );
      this.#running.set(check, () => running.cancel());
    } else {
      this.#running.set(check, this.#prober.start(check, probe, timeout, tell));
    }
  }

  #stop(check: string): void {
    this.#running.get(check)?.();
    this.#running.delete(check);
  }

  /** The check is no more. */
  cancel(check: string): void {
    this.#stop(check);
    this.#prober.forget(check);
  }

  cancelAll(): void {
    for (const check of [...this.#running.keys()]) this.#stop(check);
    this.#prober.close();
  }
}
