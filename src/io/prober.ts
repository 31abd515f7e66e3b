/** The agent's side of the thread that probes: made when the first built-in probe is wanted, as it costs some megabytes. */
import type { Milliseconds } from "../base/units.ts";
import type { Outcome } from "../check/response.ts";
import { bad } from "../check/response.ts";
import type { BuiltInProbe } from "../config/probe-model.ts";
import { openThread } from "./thread.ts";

export type ProbeOrder =
  | {
      readonly kind: "start";
      readonly id: number;
      readonly check: string;
      /** What is probed, and how; null: as the last one of this check, which is not told again every time. */
      readonly probe: BuiltInProbe | null;
      readonly timeout: Milliseconds;
    }
  | { readonly kind: "cancel"; readonly id: number }
  /** The check is no more: nothing is known of it, and its file is watched no longer. */
  | { readonly kind: "forget"; readonly check: string };

export type ProbeNews =
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: "hint"; readonly check: string };

interface Pending {
  readonly tell: (outcome: Outcome) => void;
  /** Looks at it that may still come before the thread should long have answered. Not a time: a stall of ours is none of its. */
  looks: number;
}

/** Beyond a probe's own timeout, before the thread counts as hung; milliseconds. */
const GRACE = 3000;
/** How often that is looked at while probes are under way; milliseconds. */
const LOOK_EVERY = 1000;

/** Built-in probes, on their thread. */
export class Prober {
  readonly #hint: (check: string) => void;
  readonly #pending = new Map<number, Pending>();
  /** What the thread was told of each check. */
  readonly #told = new Map<string, BuiltInProbe>();
  #thread: Worker | null = null;
  #orders: ProbeOrder[] = [];
  #lastId = 0;
  #looking: Timer | null = null;

  /** `hint` is called with the name of a check whose file may have changed. */
  constructor(hint: (check: string) => void) {
    this.#hint = hint;
  }

  /** Starts a probe of a check; `tell` is called once, later. Gives the function that cancels it. */
  start(
    check: string,
    probe: BuiltInProbe,
    timeout: Milliseconds,
    tell: (outcome: Outcome) => void,
  ): () => void {
    const id = ++this.#lastId;
    this.#pending.set(id, { tell, looks: Math.ceil((timeout + GRACE) / LOOK_EVERY) });
    const known = this.#told.get(check) === probe;
    this.#told.set(check, probe);
    this.#order({ kind: "start", id, check, probe: known ? null : probe, timeout });
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY);
    return () => {
      if (this.#pending.delete(id)) this.#order({ kind: "cancel", id });
    };
  }

  /** The check is no more. */
  forget(check: string): void {
    if (this.#told.delete(check)) this.#order({ kind: "forget", check });
  }

  /** Ends the thread; nothing is told any more. */
  close(): void {
    this.#pending.clear();
    this.#endThread();
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
  }

  /** What is ordered in one turn goes over in one message. */
  #order(order: ProbeOrder): void {
    if (this.#orders.length === 0) {
      queueMicrotask(() => {
        const orders = this.#orders;
        this.#orders = [];
        if (orders.length === 0) return;
        this.#thread ??= this.#open();
        this.#thread.postMessage(orders);
      });
    }
    this.#orders.push(order);
  }

  #open(): Worker {
    const made = openThread("prober-thread");
    made.onmessage = ({ data }: MessageEvent<readonly ProbeNews[]>) => {
      if (this.#thread === made) for (const news of data) this.#heard(news);
    };
    made.onerror = ({ message }) => {
      if (this.#thread !== made) return;
      this.#endThread();
      this.#fail(() => true, `the thread that probes: ${message}`);
    };
    return made;
  }

  #heard(news: ProbeNews): void {
    if (news.kind === "hint") {
      this.#hint(news.check);
      return;
    }
    const known = this.#pending.get(news.id);
    this.#pending.delete(news.id);
    known?.tell(news.outcome);
  }

  /** A thread that does not answer hangs in the kernel, on a network file system for one: what waits for it has failed meanwhile. */
  #look(): void {
    for (const pending of this.#pending.values()) pending.looks -= 1;
    this.#fail(({ looks }) => looks < 0, "the thread that probes hangs");
    if (this.#pending.size > 0 || this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }

  #fail(failed: (pending: Pending) => boolean, why: string): void {
    for (const [id, pending] of [...this.#pending]) {
      if (!failed(pending)) continue;
      this.#pending.delete(id);
      pending.tell(bad(why));
    }
  }

  #endThread(): void {
    this.#orders = [];
    this.#told.clear();
    void this.#thread?.terminate();
    this.#thread = null;
  }
}
