/** The resources of a node: what runs there, and how their scripts answer. They outlive the agent, not the power. */
import type { Event } from "../../src/agent/boundary.ts";
import type { Job, ResourceAction } from "../../src/agent/cluster/boundary.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";

/** LSB: the program is not running. */
const NOT_RUNNING = 3;

/** How long scripts take, milliseconds, at least and at most; those that stop something, too. */
export interface ScriptTimes {
  readonly start: readonly [number, number];
  readonly stop: readonly [number, number];
}

/** Whatever it is of, it runs or does not. */
function nameOf(job: Job): string {
  switch (job.type) {
    case "script":
      return job.name;
    case "filesystem":
      return job.directory;
    case "drbd":
      return job.resource;
    case "mail":
      return job.to.join();
    default:
      return unreachable(job);
  }
}

/** What a script that fails does. */
type Trouble = "fails" | "hangs" | null;

export class Services {
  /** Everything of it may run: from the beginning of a start to the end of a stop. */
  readonly running = new Set<string>();
  /** One of its scripts was made to fail, or hangs. */
  readonly excused = new Set<string>();
  /** Of starts and stops, so many fail or hang from now on. */
  failing = 0;
  readonly #schedule: Schedule;
  readonly #chance: Prng;
  readonly #changed: () => void;
  /** Counts the lives of agents that scripts were started by. */
  #life = 0;

  constructor(schedule: Schedule, chance: Prng, changed: () => void) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#changed = changed;
  }

  /** An agent begins: what scripts of the one before still run are killed. */
  begin(): void {
    this.#life++;
  }

  /** The power is gone. */
  clear(): void {
    this.#life++;
    this.running.clear();
    this.#changed();
  }

  /** Runs a task; its end is told. */
  run({ id, task, job, timeout }: ResourceAction, times: ScriptTimes, tell: (event: Event) => void): void {
    const key = nameOf(job);
    const trouble = task === "status" ? null : this.#trouble();
    if (trouble !== null) this.excused.add(key);
    if (task === "start") this.running.add(key);
    this.#changed();
    const life = this.#life;
    const takes =
      trouble === "hangs" ? timeout : this.#chance.between(...(task === "stop" ? times.stop : times.start));
    this.#schedule.after(Math.min(takes, timeout), () => {
      if (this.#life !== life) return;
      const inTime = takes < timeout;
      if (task === "stop" && trouble === null && inTime) this.running.delete(key);
      const runs = this.running.has(key);
      const code = !inTime ? null : trouble === "fails" ? 1 : task === "status" && !runs ? NOT_RUNNING : 0;
      const output = task !== "status" ? "" : runs ? "running" : "stopped";
      const failure = code === 0 ? null : code === null ? `timeout after ${timeout} ms` : `exit ${code}`;
      this.#changed();
      tell({ kind: "resource-ended", id, code, output, failure });
    });
  }

  #trouble(): Trouble {
    return this.#chance.chance(this.failing) ? this.#chance.pick(["fails", "hangs"] as const) : null;
  }
}
