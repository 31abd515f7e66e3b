/**
 * The kernel's table of virtual services, for the agent: a thread of its own reads and writes it, as some thousand entries take seconds on
 * a small machine. What is ours is noted in runtime_dir before it is there.
 */
import { readdir } from "node:fs/promises";
import type { Event } from "../agent/boundary.ts";
import type { OwnedService, ServiceAction, ServiceEvent } from "../agent/service/boundary.ts";
import { unreachable } from "../base/assert.ts";
import { UNCHANGED } from "../wire/ipvs.ts";
import { noteOwned, readOwned, releaseOwned } from "./owned-services.ts";
import { restoreTimeouts } from "./ipvs-timeouts.ts";
import { reasonOf } from "./reason.ts";
import type { TableNews, TableOrder } from "./table-thread.ts";
import { openThread } from "./thread.ts";

/** How often the maintenance directory is looked at, milliseconds. */
const MAINTENANCE_EVERY = 1000;
/** Files in it that count. */
const NAMES_MAX = 8192;
/** How often it is looked whether the thread still answers while it should, milliseconds. */
const LOOK_EVERY = 1000;
/** Looks without an answer before the thread counts as hung. Not a time: a stall of ours is none of its. */
const LOOKS_MAX = 20;
/** An error of ours: the kernel has not answered. */
const HUNG = "ETIMEDOUT";
/** At the end, what is under way may take so long, milliseconds. */
const FINISH = 2000;

/** The table, its thread, and the maintenance directory. */
export class ServiceTables {
  readonly #directory: string;
  readonly #bootId: string;
  readonly #post: (event: Event) => void;
  readonly #warn: (detail: string) => void;
  /** There when the first service is. */
  #thread: Worker | null = null;
  /** Orders that are not answered, oldest first. */
  #pending: TableOrder[] = [];
  /** Answers that would come too late. */
  #late = 0;
  /** Looks at it since it last answered. */
  #looks = 0;
  #looking: Timer | null = null;
  #left: readonly OwnedService[] | null = null;
  #idle: (() => void) | null = null;
  #watching: Timer | null = null;
  #watched: string | null = null;
  #names = "";

  /** `warn` is told what goes wrong without anybody waiting for it. */
  constructor(
    directory: string,
    bootId: string,
    post: (event: Event) => void,
    warn: (detail: string) => void,
  ) {
    this.#warn = warn;
    this.#directory = directory;
    this.#bootId = bootId;
    this.#post = post;
  }

  perform(action: ServiceAction): void {
    switch (action.what) {
      case "read": {
        this.#left ??= readOwned(this.#directory, this.#bootId);
        const ways = new Set([...action.ways, ...this.#left.map(({ way }) => way)]);
        const { timeouts } = action;
        const [directory, bootId] = [this.#directory, this.#bootId];
        for (const way of ways) this.#order({ kind: "read", way, timeouts, directory, bootId });
        break;
      }
      case "write":
        if (action.owned !== null) this.#note(action.owned);
        this.#order({ kind: "write", way: action.way, changes: action.changes });
        break;
      case "maintain":
        this.#maintain(action.directory);
        break;
      default:
        unreachable(action);
    }
  }

  /** A service that is not noted serves all the same: what is lost is that it goes after a crash. */
  #note(owned: readonly OwnedService[]): void {
    try {
      noteOwned(this.#directory, this.#bootId, owned);
    } catch (error) {
      this.#warn(`cannot note down what is ours: ${reasonOf(error)}`);
    }
  }

  /** What an agent left that was killed goes, where the configuration has no service for which the table would be looked at. */
  tidy(): void {
    if (this.#left !== null) return;
    this.perform({ kind: "services", what: "read", ways: [], timeouts: UNCHANGED });
    if (this.#pending.length > 0) return;
    const failure = restoreTimeouts(this.#directory, this.#bootId);
    if (failure !== null) this.#warn(failure);
  }

  #order(order: TableOrder): void {
    if (this.#late > 0) {
      // Nothing is added to what it has not done.
      setImmediate(() => this.#answer(failed(order, HUNG)));
      return;
    }
    this.#pending.push(order);
    this.#thread ??= this.#open();
    this.#thread.postMessage(order);
    this.#watch();
  }

  /** While an answer is awaited. */
  #watch(): void {
    if (this.#looking !== null) return;
    this.#looks = 0;
    this.#looking = setInterval(() => this.#lookAfter(), LOOK_EVERY);
    this.#looking.unref();
  }

  /**
   * A thread that does not answer hangs in the kernel, in the loading of a module for one, and cannot be ended there: what waits for it
   * has failed, and what is ordered before it answers fails at once.
   */
  #lookAfter(): void {
    this.#looks++;
    if (this.#pending.length > 0 && this.#looks < LOOKS_MAX) return;
    if (this.#looking !== null) clearInterval(this.#looking);
    this.#looking = null;
    this.#late += this.#pending.length;
    for (const order of this.#pending.splice(0)) this.#answer(failed(order, HUNG));
  }

  #open(): Worker {
    const made = openThread("table-thread");
    made.onmessage = ({ data }: MessageEvent<TableNews>) => {
      if (this.#thread === made) this.#heard(data);
    };
    made.onerror = () => {
      if (this.#thread !== made) return;
      this.#thread = null;
      this.#late = 0;
      void made.terminate();
      for (const order of this.#pending.splice(0)) this.#answer(failed(order, "EIO"));
    };
    return made;
  }

  #heard(news: TableNews): void {
    this.#looks = 0;
    if (this.#late > 0) {
      this.#late--;
      return;
    }
    this.#pending.shift();
    this.#answer(news);
    if (this.#pending.length === 0) this.#idle?.();
  }

  #answer(news: TableNews): void {
    if (news.kind === "written") {
      this.#post({ kind: "services", what: "written", way: news.way, results: news.results });
      return;
    }
    const left = this.#left ?? [];
    this.#left = [];
    const { way, entries, failure, took } = news;
    this.#post({ kind: "services", what: "told", way, entries, failure, left, took });
  }

  #maintain(directory: string | null): void {
    this.#watched = directory;
    this.#names = "";
    if (this.#watching !== null) clearInterval(this.#watching);
    this.#watching = null;
    if (directory === null) {
      this.#post({ kind: "services", what: "maintenance", names: [], failure: null });
      return;
    }
    this.#watching = setInterval(() => void this.#look(directory), MAINTENANCE_EVERY);
    this.#watching.unref();
    void this.#look(directory);
  }

  /** On the pool of threads: a network file system may take its time. */
  async #look(directory: string): Promise<void> {
    const event = await lookAt(directory);
    const text = JSON.stringify(event);
    if (this.#watched !== directory || text === this.#names) return;
    this.#names = text;
    this.#post(event);
  }

  /** The agent leaves in order: what is ours goes, but for what is to stay. */
  async finish(): Promise<void> {
    if (this.#watching !== null) clearInterval(this.#watching);
    this.#watched = null;
    if (this.#pending.length > 0) {
      await Promise.race([new Promise<void>((resolve) => (this.#idle = resolve)), Bun.sleep(FINISH)]);
    }
    if (this.#looking !== null) clearInterval(this.#looking);
    const hangs = this.#late > 0 || this.#pending.length > 0;
    const thread = this.#thread;
    this.#thread = null;
    void thread?.terminate();
    if (hangs) {
      // It would hold us as well; what is ours stays noted, for the next start or `haagent release`.
      this.#warn("virtual servers: the kernel does not answer, and they stay; cure: haagent release");
      return;
    }
    try {
      const { failures, left } = releaseOwned(this.#directory, this.#bootId, ({ keep }) => keep);
      for (const failure of failures) this.#warn(failure);
      const failure = left.length > 0 ? null : restoreTimeouts(this.#directory, this.#bootId);
      if (failure !== null) this.#warn(failure);
    } catch (error) {
      this.#warn(reasonOf(error));
    }
  }
}

/** The answer of a thread that is no more, or hangs. */
function failed(order: TableOrder, errno: string): TableNews {
  const { way } = order;
  if (order.kind === "read") return { kind: "told", way, entries: null, failure: errno, took: 0 };
  return {
    kind: "written",
    way,
    results: order.changes.map((change) => ({ change, errno })),
  };
}

async function lookAt(directory: string): Promise<Extract<ServiceEvent, { what: "maintenance" }>> {
  try {
    const names = (await readdir(directory)).toSorted().slice(0, NAMES_MAX);
    return { kind: "services", what: "maintenance", names, failure: null };
  } catch (error) {
    return { kind: "services", what: "maintenance", names: [], failure: reasonOf(error) };
  }
}
