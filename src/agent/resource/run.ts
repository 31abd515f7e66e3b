/** How a task of a resource is done: handed to the edge, or done here; its outcome goes to the machine of its group. */
import { unreachable } from "../../base/assert.ts";
import { elapsed, ms } from "../../base/units.ts";
import type { Group, Resource } from "../../heartbeat/haresources.ts";
import type { ResourceKind } from "../../heartbeat/resource-kind.ts";
import { kindOf } from "../../heartbeat/resource-kind.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Job, ResourceEvent } from "../cluster/boundary.ts";
import type { Order, Underway } from "./runs.ts";
import { nameOf } from "./runs.ts";
import type { Turn } from "../world.ts";

type Spans = Extract<ResourceKind, { readonly kind: "delay" }>;
type Mail = Extract<ResourceKind, { readonly kind: "mail" }>;

/** How long sendmail(8) may take, whom nobody waits for. */
const MAIL_TIMEOUT = ms(60_000);
/** Characters of output in a log line. */
const OUTPUT_LOGGED = 1000;

/** Does a task; its outcome is told by `resourceRan`, never before this returns. */
export function runResource(turn: Turn, cluster: Cluster, order: Order): void {
  const resource = order.group.resources[order.at];
  const kind = resource === undefined ? null : kindOf(resource);
  // The configuration was refused otherwise.
  if (resource === undefined || kind?.ok !== true) return;
  const run: Underway = { ...order, resource, since: turn.now };
  switch (kind.value.kind) {
    case "address":
      return cluster.runs.beginAddress(run);
    case "delay":
      return wait(cluster, run, kind.value);
    case "mail":
      return mail(turn, cluster, run, kind.value);
    case "filesystem":
    case "drbd":
    case "script": {
      const job = jobOf(resource, directoriesOf(cluster, order.group), cluster.name);
      return job === null ? undefined : hand(turn, cluster, run, job);
    }
    default:
      unreachable(kind.value);
  }
}

/** What the edge does for a resource; null: nothing, as it is a state of ours alone. */
export function jobOf(resource: Resource, directories: readonly string[], node: string): Job | null {
  const kind = kindOf(resource);
  if (!kind.ok) return null;
  switch (kind.value.kind) {
    case "filesystem": {
      const { kind: type, ...filesystem } = kind.value;
      return { type, ...filesystem };
    }
    case "drbd":
      return { type: "drbd", resource: kind.value.resource };
    case "script": {
      const { script: name, args } = resource;
      return { type: "script", name, args, directories, environment: environmentOf(node) };
    }
    case "address":
    case "delay":
    case "mail":
      return null;
    default:
      return unreachable(kind.value);
  }
}

function directoriesOf({ resources }: Cluster, group: Group): readonly string[] {
  return resources === null ? [] : resources.memory.directoriesOf(group, resources.config.directories);
}

/** The edge does it. */
function hand(turn: Turn, { runs }: Cluster, run: Underway, job: Job): void {
  const { task, timeout } = run;
  turn.out.defer({ kind: "resource", id: runs.begin(run), task, job, timeout });
}

/** Delay: what is started or stopped already takes no time. */
function wait(cluster: Cluster, run: Underway, spans: Spans): void {
  const name = nameOf(run);
  const { started } = cluster.runs;
  const isDone = run.task !== "status" && started.has(name) === (run.task === "start");
  const span = isDone ? ms(0) : spans[run.task];
  if (run.task === "start") started.add(name);
  if (run.task === "stop") started.delete(name);
  cluster.runs.beginWait(run, ms(Math.min(span, run.timeout)));
}

/** MailTo: told and done; what becomes of the mail holds nobody up. */
function mail(turn: Turn, cluster: Cluster, run: Underway, { to, subject }: Mail): void {
  const name = nameOf(run);
  const { started } = cluster.runs;
  const { group, task } = run;
  const output = started.has(name) ? "running" : "stopped";
  cluster.runs.add(run, { code: 0, output });
  if (task === "status" || started.has(name) === (task === "start")) return;
  if (task === "start") started.add(name);
  else started.delete(name);
  const message = mailText(cluster.name, group, task, to, subject);
  const id = cluster.runs.beginMail(run);
  turn.out.defer({ kind: "resource", id, task, job: { type: "mail", to, message }, timeout: MAIL_TIMEOUT });
}

/** The whole message, as sendmail(8) takes it. */
function mailText(
  node: string,
  { key, resources }: Group,
  task: "start" | "stop",
  to: readonly string[],
  subject: string | null,
): string {
  const what = task === "start" ? `taken over by ${node}` : `given up by ${node}`;
  return [
    `To: ${to.join(", ")}`,
    `Subject: ${subject ?? key}: ${what}`,
    "Auto-Submitted: auto-generated",
    "",
    `The group ${key} is being ${what}. Its resources:`,
    ...resources.map(({ text }) => `  ${text}`),
    "",
  ].join("\n");
}

/** Tells what has only waited, and has waited long enough. */
export function endWaits(cluster: Cluster, turn: Turn): void {
  for (const run of cluster.runs.takeWaits(turn.now)) {
    const late = elapsed(run.since, turn.now) >= run.timeout;
    const output = run.task !== "status" ? "" : cluster.runs.started.has(nameOf(run)) ? "running" : "stopped";
    logRun(turn, run, output, late ? `timeout after ${run.timeout / 1000}s` : null);
    cluster.runs.add(run, { code: late ? null : 0, output });
  }
}

/** Tells what runs for long, before it ends or is killed: it may hang. */
export function tellSlow({ runs }: Cluster, turn: Turn): void {
  for (const run of runs.takeSlow(turn.now)) {
    const running_ms = Math.round(elapsed(run.since, turn.now));
    turn.out.log("warning", "resource.slow", { ...aboutRun(run), running_ms, killed_after_ms: run.timeout });
  }
}

const aboutRun = ({
  group,
  resource,
  task,
}: Underway): Readonly<Record<"group" | "resource" | "task", string>> => ({
  group: group.key,
  resource: resource.text,
  task,
});

/** What heartbeat's scripts expect of their environment, as far as it is the same in all of heartbeat's versions. */
const environmentOf = (node: string): Readonly<Record<string, string>> => ({
  HA_CURHOST: node,
  HA_DIR: "/etc/ha.d",
  HA_FUNCS: "/etc/ha.d/shellfuncs",
  // Their ha_log then says everything on the standard error, which is our log.
  HA_LOGD: "no",
  HA_debug: "0",
});

/** A task has ended; one that nobody waits for any more means nothing. */
export function resourceEnded(
  cluster: Cluster,
  turn: Turn,
  { id, code, output, failure }: ResourceEvent,
): void {
  const sent = cluster.runs.endMail(id);
  if (sent !== null) return logRun(turn, sent, output, failure);
  const run = cluster.runs.end(id);
  if (run === null) return;
  logRun(turn, run, output, failure, code === null);
  cluster.runs.add(run, { code, output });
}

/** What came of a task; `unended`: it was killed, or could not be run. */
export function logRun(
  turn: Turn,
  run: Underway,
  output: string,
  failure: string | null,
  unended = false,
): void {
  const took = Math.max(0, Math.round(elapsed(run.since, turn.now)));
  const about = { ...aboutRun(run), took_ms: took };
  const text = output.trim().slice(-OUTPUT_LOGGED);
  const said = text === "" ? {} : { output: text };
  // A status is asked for often, and "not running" is an exit code to it.
  if (run.task === "status" && !unended) turn.out.log("debug", "resource.ran", { ...about, ...said });
  else if (failure === null) turn.out.log("info", "resource.ran", { ...about, ...said });
  else turn.out.log("warning", "resource.failed", { ...about, detail: failure, ...said });
}
