/** What holds a group up on this node, and what an operator can do about it: words for the status. */
import type { Instant } from "../../base/units.ts";
import { elapsed, NEVER } from "../../base/units.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Resources } from "./resources.ts";

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
  return [...said, task(cluster, resources, key, now)].filter((text) => text !== null).join("; ");
}
