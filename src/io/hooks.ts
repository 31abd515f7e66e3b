/** Awaited hooks at the edge: their commands one after the other, all of them within one timeout. */
import type { Action, Event } from "../agent/boundary.ts";
import { ms } from "../base/units.ts";
import type { Running } from "./command.ts";
import { runCommand } from "./command.ts";
import type { CommandNotes } from "./orphans.ts";

type Hook = Extract<Action, { kind: "hook" }>;

/** Characters kept of what the commands of a hook print. */
const OUTPUT_MAX = 1024;
/** Characters of a command's last line that the failure quotes. */
const LAST_WORDS_MAX = 160;

/** The hooks under way, by id. */
export class HookRunner {
  readonly #running = new Map<number, Running>();
  readonly #post: (event: Event) => void;
  readonly #notes: CommandNotes;

  constructor(post: (event: Event) => void, notes: CommandNotes) {
    this.#post = post;
    this.#notes = notes;
  }

  /** Starts a hook; its end is a `hook-ended` event. */
  start(hook: Hook): void {
    this.#next(hook, 0, performance.now() + hook.timeout, "");
  }

  /** Kills a hook, which tells nothing then. */
  cancel(id: number): void {
    this.#running.get(id)?.cancel();
    this.#running.delete(id);
  }

  /** None outlives us but in a crash. */
  cancelAll(): void {
    for (const id of [...this.#running.keys()]) this.cancel(id);
  }

  #next(hook: Hook, at: number, until: number, said: string): void {
    const argv = hook.commands[at];
    if (argv === undefined) {
      this.#ended(hook, null, said);
      return;
    }
    const { environment, user } = hook;
    const timeout = ms(Math.max(0, until - performance.now()));
    const command = { argv, environment, user, timeout, keep: OUTPUT_MAX, notes: this.#notes };
    const running = runCommand(command, (failure, output) => {
      const all = (said + output).slice(-OUTPUT_MAX);
      if (failure === null) this.#next(hook, at + 1, until, all);
      else this.#ended(hook, failureText(hook, argv, failure, output), all);
    });
    this.#running.set(hook.id, running);
  }

  #ended({ id, router }: Hook, failure: string | null, output: string): void {
    this.#running.delete(id);
    this.#post({ kind: "hook-ended", router, id, failure, output });
  }
}

/** `/etc/up.sh: exit 1: no such disk`; of a timeout, the whole hook's. */
function failureText(hook: Hook, argv: readonly string[], failure: string, output: string): string {
  const what = failure.startsWith("timeout") ? `timeout after ${hook.timeout / 1000}s` : failure;
  const words = output.trim().split("\n").at(-1)?.trim().slice(-LAST_WORDS_MAX) ?? "";
  return [argv[0], what, words].filter((part) => part !== "").join(": ");
}
