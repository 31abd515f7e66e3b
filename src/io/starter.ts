/** The agent's side of the thread that starts commands: made when the first command is wanted, as it costs some megabytes. */
import type { CommandNotes } from "./orphans.ts";
import { openThread } from "./thread.ts";

/** A command to start. */
export interface Order {
  readonly id: number;
  readonly argv: readonly string[];
  /** All of its environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whom to run it as; null: as we are. */
  readonly account: { readonly uid: number; readonly gid: number } | null;
  /** So many characters of the end of its output are wanted; 0: none. */
  readonly keep: number;
  /** Where it is written down while it runs; null: it may outlive us. */
  readonly notes: CommandNotes | null;
  /** Its standard input; null: nothing. */
  readonly input: string | null;
}

/** What became of an order: `started`, then `ended`; or only `ended` when it could not be started. */
export type News =
  | { readonly kind: "started"; readonly id: number; readonly pid: number }
  /** Null is exit code 0, otherwise `exit 1`, `signal SIGSEGV` or `ENOENT: …`. */
  | {
      readonly kind: "ended";
      readonly id: number;
      readonly failure: string | null;
      readonly output: string;
    };

interface Pending {
  readonly started: (pid: number) => void;
  readonly ended: (failure: string | null, output: string) => void;
  hasStarted: boolean;
}

const pending = new Map<number, Pending>();
let thread: Worker | null = null;
let lastId = 0;
/** Whoever waits until nothing is on its way to the thread any more. */
let waiting: (() => void)[] = [];

const allStarted = (): boolean => [...pending.values()].every(({ hasStarted }) => hasStarted);

function heard(news: News): void {
  const order = pending.get(news.id);
  if (order === undefined) return;
  if (news.kind === "started") {
    order.hasStarted = true;
    order.started(news.pid);
  } else {
    pending.delete(news.id);
    order.ended(news.failure, news.output);
  }
  if (waiting.length > 0 && allStarted()) for (const done of waiting.splice(0)) done();
}

/** A bug of ours, or no memory for another thread: what it was to start has failed, and the next order makes a new one. */
function died(detail: string): void {
  thread = null;
  for (const id of [...pending.keys()]) heard({ kind: "ended", id, failure: detail, output: "" });
}

function open(): Worker {
  const made = openThread("starter-thread");
  made.onmessage = ({ data }: MessageEvent<News>) => heard(data);
  made.onerror = ({ message }) => died(`the thread that starts commands: ${message}`);
  return made;
}

/** Starts a command; `started` is called with its process id, and `ended` once, always later. */
export function startCommand(order: Omit<Order, "id">, call: Omit<Pending, "hasStarted">): void {
  const id = ++lastId;
  pending.set(id, { ...call, hasStarted: false });
  thread ??= open();
  thread.postMessage({ ...order, id } satisfies Order);
}

/** Resolves when every command that was ordered runs, or after so many milliseconds. */
export function commandsStarted(milliseconds: number): Promise<void> {
  if (allStarted()) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    waiting.push(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
