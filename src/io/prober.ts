/** The agent's side of the thread that probes: made when the first built-in probe is wanted, as it costs some megabytes. */
import type { Ended } from "../agent/probe-boundary.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Outcome } from "../check/response.ts";
import { bad } from "../check/response.ts";
import type { BuiltInProbe } from "../config/probe-model.ts";
import { collectYoung } from "./collect.ts";
import type { ProbeNews, ProbeOrder } from "./probe-orders.ts";
import { checkOf, probeId } from "./probe-orders.ts";
import { openThread } from "./thread.ts";

/**
 * A check as the thread knows it, and its probe under way, one at a time. It is there as long as the check is: what were made anew for each
 * of thousands of probes a second would be left to the collector, whose pauses hold up adverts.
 */
interface Known {
  readonly check: string;
  readonly number: number;
  probe: BuiltInProbe;
  timeout: Milliseconds;
  /** How its last probe came out. */
  last: Outcome | null;
  /** The number of the probe under way; 0: none. */
  id: number;
  /** Looks at it that may still come before the thread should long have answered. Not a time: a stall of ours is none of its. */
  looks: number;
}

/** Beyond a probe's own timeout, before the thread counts as hung; milliseconds. */
const GRACE = 3000;
/** How often that is looked at while probes are under way; milliseconds. */
const LOOK_EVERY = 1000;

/** Outcomes that are handled before others have their turn: an advert is not to wait for hundreds. */
const HEARD_AT_ONCE = 32;

const ALIKE_MAX = 64;
/**
 * Outcomes after which the garbage that they left is collected, some megabytes. One that has words of its own counts as several, and one that
 * is not what it was before as many: it is worked out, written, logged.
 */
const BURDEN_MAX = 8192;
const NEW_BURDEN = 4;
const CHANGE_BURDEN = 32;

/** Built-in probes, on their thread. */
export class Prober {
  readonly #tell: (ended: readonly Ended[]) => void;
  readonly #hint: (check: string) => void;
  /** What the thread was told of each check, by its name and by its number. */
  readonly #known = new Map<string, Known>();
  readonly #numbered: (Known | null)[] = [];
  /** Numbers that checks had which are no more. */
  readonly #free: number[] = [];
  /** Good outcomes by their detail: thousands of servers have the same. */
  readonly #alike = new Map<string, Outcome>();
  #thread: Worker | null = null;
  #orders: ProbeOrder[] = [];
  #unheard: ProbeNews[] = [];
  #count = 0;
  /** What was heard since garbage was collected. */
  #burden = 0;
  #looking: Timer | null = null;

  /** `tell` is called with what came of probes, at least one; `hint` with the name of a check whose file may have changed. */
  constructor(tell: (ended: readonly Ended[]) => void, hint: (check: string) => void) {
    this.#tell = tell;
    this.#hint = hint;
  }

  /** Starts a probe of a check, of which none is under way; its outcome is told once, later. */
  start(check: string, probe: BuiltInProbe, timeout: Milliseconds): void {
    const known = this.#know(check, probe, timeout);
    known.id = probeId(known.number, this.#count);
    known.looks = Math.ceil((timeout + GRACE) / LOOK_EVERY);
    this.#count += 1;
    this.#order(known.id);
    this.#looking ??= setInterval(() => this.#look(), LOOK_EVERY);
  }

  /** Gives a probe up; harmless when there is none. */
  cancel(check: string): void {
    const known = this.#known.get(check);
    if (known === undefined || known.id === 0) return;
    this.#order({ kind: "cancel", id: known.id });
    known.id = 0;
  }

  /** The thread knows what the check probes. */
  #know(check: string, probe: BuiltInProbe, timeout: Milliseconds): Known {
    const known = this.#known.get(check);
    if (known?.probe === probe && known.timeout === timeout) return known;
    const number = known?.number ?? this.#free.pop() ?? this.#numbered.length;
    const made = known ?? { check, number, probe, timeout, last: null, id: 0, looks: 0 };
    made.probe = probe;
    made.timeout = timeout;
    made.last = null;
    this.#known.set(check, made);
    this.#numbered[number] = made;
    this.#order({ kind: "know", number, check, probe, timeout });
    return made;
  }

  /** The check is no more. */
  forget(check: string): void {
    this.cancel(check);
    const known = this.#known.get(check);
    if (known === undefined) return;
    this.#known.delete(check);
    this.#numbered[known.number] = null;
    this.#free.push(known.number);
    this.#order({ kind: "forget", number: known.number });
  }

  /** Ends the thread; nothing is told any more. */
  close(): void {
    this.#endThread();
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
  }

  /** What is ordered in one turn goes over in one message. */
  #order(order: ProbeOrder): void {
    if (this.#orders.length === 0) queueMicrotask(() => this.#send());
    this.#orders.push(order);
  }

  #send(): void {
    const orders = this.#orders;
    this.#orders = [];
    if (orders.length === 0) return;
    this.#thread ??= this.#open();
    this.#thread.postMessage(orders);
  }

  #open(): Worker {
    const made = openThread("prober-thread");
    made.onmessage = ({ data }: MessageEvent<readonly ProbeNews[]>) => {
      if (this.#thread !== made) return;
      const waiting = this.#unheard.length > 0;
      this.#unheard.push(...data);
      if (!waiting) this.#hear();
    };
    made.onerror = ({ message }) => {
      if (this.#thread !== made) return;
      const outcome = bad(`the thread that probes: ${message}`);
      const ended = [...this.#known.values()].flatMap(({ id, check }) =>
        id === 0 ? [] : { check, outcome },
      );
      this.#endThread();
      if (ended.length > 0) this.#tell(ended);
    };
    return made;
  }

  #hear(): void {
    const ended: Ended[] = [];
    for (const news of this.#unheard.splice(0, HEARD_AT_ONCE)) {
      if (typeof news !== "number" && news.kind === "hint") this.#hint(news.check);
      else this.#heard(news, ended);
    }
    if (ended.length > 0) this.#tell(ended);
    if (this.#burden >= BURDEN_MAX) {
      this.#burden = 0;
      collectYoung();
    }
    if (this.#unheard.length > 0) setImmediate(() => this.#hear());
  }

  #heard(news: Exclude<ProbeNews, { kind: "hint" }>, ended: Ended[]): void {
    const id = typeof news === "number" ? news : news.id;
    const known = this.#numbered[checkOf(id)] ?? null;
    if (known === null) return;
    if (typeof news === "number") this.#burden += 1;
    else this.#burden += known.last?.healthy === news.outcome.healthy ? NEW_BURDEN : CHANGE_BURDEN;
    // Of a probe that was given up, too: the thread does not say it again.
    if (typeof news !== "number") known.last = this.#shared(news.outcome);
    if (known.id !== id || known.last === null) return;
    known.id = 0;
    ended.push({ check: known.check, outcome: known.last });
  }

  /** Of outcomes that many checks have alike the one that came first. */
  #shared(outcome: Outcome): Outcome {
    const { healthy, detail, value, warning } = outcome;
    if (!healthy || value !== undefined || warning !== undefined) return outcome;
    const known = this.#alike.get(detail);
    if (known !== undefined) return known;
    if (this.#alike.size >= ALIKE_MAX) this.#alike.clear();
    this.#alike.set(detail, outcome);
    return outcome;
  }

  /** A thread that does not answer hangs in the kernel, on a network file system for one: what waits for it has failed meanwhile. */
  #look(): void {
    const ended: Ended[] = [];
    for (const known of this.#known.values()) {
      if (known.id === 0) continue;
      known.looks -= 1;
      if (known.looks >= 0) continue;
      known.id = 0;
      ended.push({ check: known.check, outcome: bad("the thread that probes hangs") });
    }
    if (ended.length > 0) this.#tell(ended);
    // Those told may have begun again.
    for (const { id } of this.#known.values()) if (id !== 0) return;
    if (this.#looking === null) return;
    clearInterval(this.#looking);
    this.#looking = null;
  }

  #endThread(): void {
    this.#orders = [];
    this.#unheard = [];
    this.#known.clear();
    this.#numbered.length = 0;
    this.#free.length = 0;
    void this.#thread?.terminate();
    this.#thread = null;
  }
}
