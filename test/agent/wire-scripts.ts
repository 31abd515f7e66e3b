/** The scripts of a node's resources, as they would run: each is called by its arguments, `start one`. */
import type { ResourceAction, ResourceEvent } from "../../src/agent/cluster/boundary.ts";

export class WireScripts {
  /** What runs; an agent that dies leaves it behind. */
  readonly running = new Set<string>();
  /** What was done, in order: `start one`. */
  readonly ran: string[] = [];
  /** `start one`, `stop one`: these fail. */
  readonly fails = new Set<string>();
  /** These do not end before they are killed. */
  readonly hangs = new Set<string>();

  /** How long a task takes: a moment, or until its timeout. */
  takes({ task, job, timeout }: ResourceAction): number | undefined {
    return this.hangs.has(`${task} ${nameOf(job)}`) ? timeout : undefined;
  }

  run({ id, task, job }: ResourceAction): ResourceEvent {
    const name = nameOf(job);
    if (this.hangs.has(`${task} ${name}`)) {
      return { kind: "resource-ended", id, code: null, output: "", failure: "timeout" };
    }
    const failed = this.fails.has(`${task} ${name}`);
    if (task === "start" && !failed && !this.running.has(name)) {
      this.running.add(name);
      this.ran.push(`start ${name}`);
    }
    if (task === "stop" && !failed && this.running.delete(name)) this.ran.push(`stop ${name}`);
    const output = this.running.has(name) ? "running" : "stopped";
    const failure = failed ? "exit 1" : null;
    return { kind: "resource-ended", id, code: failed ? 1 : 0, output, failure };
  }
}

const nameOf = (job: ResourceAction["job"]): string =>
  job.type === "script" ? job.args.join(" ") : job.type === "drbd" ? job.resource : job.type;
