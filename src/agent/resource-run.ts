/** How a task of a resource is done: handed to the edge, or done here; its outcome goes to the machine of its group. */
import { elapsed } from "../base/units.ts";
import type { Cluster } from "./cluster.ts";
import type { Job, ResourceEvent } from "./heartbeat-boundary.ts";
import { kindOf } from "../heartbeat/resource-kind.ts";
import type { Order, Underway } from "./resource-runs.ts";
import type { Turn } from "./world.ts";

/** Characters of output in a log line. */
const OUTPUT_LOGGED = 1000;

/** Does a task; its outcome is told by `resourceRan`, never before this returns. */
export function runResource(turn: Turn, cluster: Cluster, order: Order): void {
  const resource = order.group.resources[order.at];
  if (resource === undefined) return;
  if (kindOf(resource) === "address") return cluster.runs.beginAddress(order, resource, turn.now);
  const job: Job = {
    type: "script",
    name: resource.script,
    args: resource.args,
    directories: cluster.resources?.config.directories ?? [],
    environment: environmentOf(cluster),
  };
  const id = cluster.runs.begin(order, resource, turn.now);
  turn.out.defer({ kind: "resource", id, task: order.task, job, timeout: order.timeout });
}

/** What heartbeat's scripts expect of their environment, as far as it is the same in all of heartbeat's versions. */
const environmentOf = ({ name }: Cluster): Readonly<Record<string, string>> => ({
  HA_CURHOST: name,
  HA_DIR: "/etc/ha.d",
  HA_FUNCS: "/etc/ha.d/shellfuncs",
  // Their ha_log then says everything on the standard error, which is our log.
  HA_LOGD: "no",
  HA_debug: "0",
});

/** A task has ended; one that nobody waits for any more means nothing. */
export function resourceEnded(
  cluster: Cluster | null,
  turn: Turn,
  { id, code, output, failure }: ResourceEvent,
): void {
  const run = cluster?.runs.end(id) ?? null;
  if (cluster === null || run === null) return;
  logRun(turn, run, output, failure);
  cluster.runs.add(run, { code, output });
}

/** What came of a task. */
export function logRun(turn: Turn, run: Underway, output: string, failure: string | null): void {
  const took = Math.max(0, Math.round(elapsed(run.since, turn.now)));
  const about = { group: run.group.key, resource: run.resource.text, task: run.task, took_ms: took };
  const text = output.trim().slice(-OUTPUT_LOGGED);
  const said = text === "" ? {} : { output: text };
  // A status is asked for often, and "not running" is an exit code to it.
  if (run.task === "status") turn.out.log("debug", "resource.ran", { ...about, ...said });
  else if (failure === null) turn.out.log("info", "resource.ran", { ...about, ...said });
  else turn.out.log("warning", "resource.failed", { ...about, detail: failure, ...said });
}
