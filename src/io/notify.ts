/** Notify commands: an ordered queue for each router, and for whatever else has some, so that `backup` never overtakes `master`. */
import type { Action, Event } from "../agent/boundary.ts";
import { ms } from "../base/units.ts";
import { runCommand } from "./command.ts";

type Notify = Extract<Action, { kind: "notify" }>;

/** A command that runs longer is killed with its process group. */
const TIMEOUT = ms(30_000);
/** Changes that wait behind the one under way; of more, those in the middle are dropped and the last always arrives. */
const WAITING_MAX = 2;

interface Queue {
  /** The commands left of the change under way. */
  running: { readonly argv: readonly string[]; readonly of: Notify }[];
  waiting: Notify[];
}

/** The queues. */
export class Notifier {
  readonly #queues = new Map<string, Queue>();
  readonly #post: (event: Event) => void;
  #idle: (() => void) | null = null;

  constructor(post: (event: Event) => void) {
    this.#post = post;
  }

  /** Queues the commands of a change. */
  add(notify: Notify): void {
    if (notify.commands.length === 0) return;
    const queue = this.#queues.get(notify.queue);
    if (queue === undefined) {
      const fresh: Queue = { running: commandsOf(notify), waiting: [] };
      this.#queues.set(notify.queue, fresh);
      this.#next(notify.queue, fresh);
      return;
    }
    queue.waiting.push(notify);
    if (queue.waiting.length > WAITING_MAX) queue.waiting.splice(1, queue.waiting.length - WAITING_MAX);
  }

  #next(name: string, queue: Queue): void {
    const next = queue.running.shift();
    if (next === undefined) {
      const change = queue.waiting.shift();
      if (change === undefined) {
        this.#queues.delete(name);
        if (this.#queues.size === 0) this.#idle?.();
        return;
      }
      queue.running = commandsOf(change);
      this.#next(name, queue);
      return;
    }
    this.#run(next.argv, next.of, () => this.#next(name, queue));
  }

  #run(argv: readonly string[], { queue, environment, user }: Notify, then: () => void): void {
    runCommand({ argv, environment, user, timeout: TIMEOUT, keep: 0, notes: null }, (failure) => {
      if (failure !== null) {
        this.#post({ kind: "notify-failed", queue, command: argv.join(" "), detail: failure });
      }
      then();
    });
  }

  /** Resolves when everything queued has run. After so many milliseconds what is left is started all at once and left alone. */
  finish(milliseconds: number): Promise<void> {
    if (this.#queues.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        const queues = [...this.#queues.values()];
        for (const { running, waiting } of queues) {
          const left = [...running.splice(0), ...waiting.splice(0).flatMap(commandsOf)];
          for (const { argv, of } of left) this.#run(argv, of, () => undefined);
        }
        resolve();
      }, milliseconds);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

const commandsOf = (of: Notify): Queue["running"] => of.commands.map((argv) => ({ argv, of }));
