/**
 * What the next agent must know of the groups of this one, kept in state_dir: which were started here, and what a partition left for an operator. The
 * first start of a group waits until that is on the disk, so that no kill leaves behind what nobody knows; but not for ever, for a disk that
 * fails must not end the service.
 */
import type { Instant } from "../../base/units.ts";
import { after, earlier, ms, NEVER } from "../../base/units.ts";
import { mayRun } from "../../heartbeat/group.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import type { State } from "../../heartbeat/takeover-state.ts";
import type { Memory, StartedGroup } from "./kept.ts";
import { encodeMemory } from "./kept.ts";
import type { Resources } from "./resources.ts";
import type { Order } from "./runs.ts";
import type { Turn } from "../world.ts";

/** A start waits so long for the disk. */
const KEPT_WITHIN = ms(5000);
/** What could not be kept is tried again so much later. */
const AGAIN_AFTER = ms(30_000);

/** What is on its way to the disk. */
interface Writing {
  readonly version: number;
  readonly started: ReadonlySet<string>;
}

/** A start that waits for the disk. */
interface Held {
  readonly order: Order;
  readonly until: Instant;
}

export class GroupMemory {
  readonly bootId: string;
  /** Groups that an earlier agent started, by key, with what it knew of them; until they are stopped. */
  readonly #left: Map<string, StartedGroup>;
  /** Where the scripts of each group are that was started here. */
  readonly #directories = new Map<string, readonly string[]>();
  /** What the disk has, or is about to, in a form that is quickly compared. */
  #told: string;
  #version = 0;
  #writing: Writing[] = [];
  /** Groups that the disk has as started, or would not take. */
  #known: ReadonlySet<string>;
  #held: Held[] = [];
  #againAt: Instant = NEVER;
  /** Why the disk does not have what it should; null where it has. */
  failure: string | null = null;

  constructor(bootId: string, { barred, pinned, started }: Memory) {
    this.bootId = bootId;
    this.#left = new Map(started.map((each) => [each.group.key, each]));
    this.#known = new Set(this.#left.keys());
    this.#told = markOf(barred, pinned, [...this.#known]);
  }

  /** Where the scripts of a group are to be looked for: what is stopped may have come from elsewhere than what the configuration has now. */
  directoriesOf(group: Group, config: readonly string[]): readonly string[] {
    return this.#directories.get(group.key) ?? this.#left.get(group.key)?.directories ?? config;
  }

  /** Whether a start has to wait; it does as long as `held` says. */
  holds(order: Order, now: Instant, directories: readonly string[]): boolean {
    const { key } = order.group;
    if (order.task !== "start") return false;
    if (!this.#directories.has(key)) this.#directories.set(key, directories);
    if (this.#known.has(key)) return false;
    this.#held.push({ order, until: after(now, KEPT_WITHIN) });
    return true;
  }

  /** Has the disk keep what has changed. */
  keep(turn: Turn, { state, groups, config }: Resources): void {
    const started = [...groups.values()].filter(({ key }) => this.#isStarted(state, key));
    this.#forget(state);
    const keys = started.map(({ key }) => key);
    const mark = markOf(state.barred, state.pinned, keys);
    if (mark === this.#told && this.#againAt > turn.now) return;
    this.#told = mark;
    this.#againAt = NEVER;
    const version = ++this.#version;
    this.#writing.push({ version, started: new Set(keys) });
    const { barred, pinned } = state;
    const memory = {
      ...{ barred, pinned, scripts: config.scripts },
      started: started.map((group) => ({
        group,
        directories: this.directoriesOf(group, config.directories),
      })),
    };
    const text = encodeMemory(memory, this.bootId);
    turn.out.defer({ kind: "heartbeat", what: "keep-resources", version, text });
  }

  /** What is stopped may begin anew as another. */
  #forget({ groups }: State): void {
    for (const key of new Set([...this.#left.keys(), ...this.#directories.keys()])) {
      const group = groups.get(key);
      if (group !== undefined && mayRun(group)) continue;
      this.#left.delete(key);
      this.#directories.delete(key);
    }
  }

  /** Anything of it runs, or may: of one that nobody has looked at yet an earlier agent knew. */
  #isStarted({ groups }: State, key: string): boolean {
    const group = groups.get(key);
    if (group?.phase === "unknown") return this.#left.has(key);
    return group !== undefined && mayRun(group);
  }

  /** The disk has it, or could not take it. */
  kept(now: Instant, version: number, failure: string | null): void {
    const done = this.#writing.find((each) => each.version === version);
    this.#writing = this.#writing.filter((each) => each.version > version);
    if (done !== undefined) this.#known = done.started;
    this.failure = failure;
    this.#againAt = failure === null ? NEVER : after(now, AGAIN_AFTER);
  }

  /** The starts that need not wait any more. */
  take(now: Instant): readonly Order[] {
    const late = this.#held.some(({ until }) => until <= now);
    if (late) this.failure ??= `not written within ${KEPT_WITHIN / 1000} s`;
    const due = this.#held.filter(({ order, until }) => until <= now || this.#known.has(order.group.key));
    if (due.length > 0) this.#held = this.#held.filter((each) => !due.includes(each));
    return due.map(({ order }) => order);
  }

  /** When to look again. */
  deadline(): Instant {
    return this.#held.reduce((least, { until }) => earlier(least, until), this.#againAt);
  }
}

const markOf = (barred: ReadonlySet<string>, pinned: boolean, keys: readonly string[]): string =>
  JSON.stringify([[...barred].toSorted(), pinned, keys.toSorted()]);
