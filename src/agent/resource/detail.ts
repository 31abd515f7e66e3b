/** What holds a group up on this node, and what an operator can do about it: words for the status. */
import type { Instant } from "../../base/units.ts";
import { elapsed, NEVER } from "../../base/units.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Resources } from "./resources.ts";
import { nameOf } from "./runs.ts";

/** Tasks that take longer are worth a word. Milliseconds. */
const NOTICED = 2000;

const whole = (milliseconds: number): string => `${Math.max(0, Math.round(milliseconds / 1000))}s`;

/** The task that is under way, or waits for its next try. */
function task(cluster: Cluster, resources: Resources, key: string, now: Instant): string | null {
  const run = cluster.runs.current(key);
  if (run !== null) {
    const took = elapsed(run.since, now);
    const limit = `killed after ${whole(run.timeout)}`;
    return took < NOTICED ? null : `${run.task} of ${run.resource.text} runs for ${whole(took)}, ${limit}`;
  }
  const group = resources.state.groups.get(key);
  if (group === undefined || group.stuck || group.againAt === NEVER) return null;
  const resource = resources.groups.get(key)?.resources[group.at]?.text ?? "";
  const times = group.tries === 1 ? "once" : `${group.tries} times`;
  return `${group.task} of ${resource} has failed ${times}, next in ${whole(elapsed(now, group.againAt))}`;
}

/** What comes of a group that has failed here. */
function afterFailure({ settings, state }: Resources, now: Instant): string {
  const { retryAt } = state;
  const retry = "or haagent takeover tries it here";
  if (retryAt === NEVER) return `haagent takeover tries it here again`;
  const what =
    settings.onFailure === "move" ? `goes to ${settings.peer} where that takes it` : "is tried again";
  return `${what} in ${whole(elapsed(now, retryAt))}, ${retry}`;
}

/** What is told of addresses of a group that are of no use at the moment. */
function lacking({ runs }: Cluster, group: Group): string[] {
  return group.resources.flatMap((resource) => {
    const holder = runs.addresses.get(nameOf({ group, resource }));
    if (holder === undefined || !holder.wanted) return [];
    if (holder.paused)
      return [`${holder.place.address} is left alone for a while, as address.lost in the log says`];
    return holder.cut === null ? [] : [`${holder.place.address} is no use: ${holder.cut}`];
  });
}

/** What is waited for of the other node. */
function waitsFor(
  { state, settings: { peer }, offeredAt }: Resources,
  row: string,
  now: Instant,
): string | null {
  const { phase } = state;
  if (row === "moving" && offeredAt !== null && elapsed(offeredAt, now) >= NOTICED) {
    return `${peer} stops it for ${whole(elapsed(offeredAt, now))}: haagent status there says why`;
  }
  if (state.peer.status !== "alive") return null;
  if (row === "unknown" && !state.peer.reported) return `${peer} has not said yet what it holds`;
  if (row !== "stopped" || (phase !== "starting" && phase !== "received")) return null;
  return `the two nodes agree on who runs what, which takes ten seconds`;
}

/** A move that has lasted so long is none that somebody waits for. Milliseconds. */
const LATE = 30_000;

/** Whether the other node cannot give what it was to. */
export const isLate = ({ offeredAt }: Resources, now: Instant): boolean =>
  offeredAt !== null && elapsed(offeredAt, now) >= LATE;

/** Empty where the state says it all; `state` is that of the group in the status. */
export function detailOf(
  cluster: Cluster,
  resources: Resources,
  key: string,
  state: string,
  now: Instant,
): string {
  const group = resources.state.groups.get(key);
  if (group === undefined) return "";
  const resource = resources.groups.get(key)?.resources[group.at]?.text ?? "";
  const said: (string | null)[] = [];
  if (group.phase === "unknown") said.push("this node looks what an earlier agent left running");
  if (state === "stuck") {
    said.push(
      `${resource} does not stop, and the group goes nowhere before; cure: end it by hand, it is tried again`,
    );
  }
  if (state === "failed") {
    said.push(`${resources.failures.get(key) ?? "a start failed"}: ${afterFailure(resources, now)}`);
  }
  if (state === "barred") {
    said.push("both nodes may have written its data; cure: look at it, then haagent takeover");
  }
  const named = resources.groups.get(key);
  if (named !== undefined) said.push(...lacking(cluster, named));
  said.push(task(cluster, resources, key, now), waitsFor(resources, state, now));
  return said.filter((text) => text !== null).join("; ");
}
