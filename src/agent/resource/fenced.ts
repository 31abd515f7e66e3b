/** The end of the fence's command, and the operator's word in its place: both go to the machine of groups. */
import { elapsed } from "../../base/units.ts";
import type { Reply } from "../boundary.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { HeartbeatEvent } from "../cluster/boundary.ts";
import { fenceState, isNews } from "./fence.ts";
import { give } from "./machine.ts";
import type { Turn, World } from "../world.ts";

/** Characters of output in a log line. */
const OUTPUT_LOGGED = 1000;

/** It has ended. */
export function fenceEnded(
  cluster: Cluster,
  turn: Turn,
  { run, failure, output }: Extract<HeartbeatEvent, { readonly what: "fenced" }>,
): void {
  const { resources } = cluster;
  if (resources === null || resources.fencing?.run !== run) return;
  const took = Math.max(0, Math.round(elapsed(resources.fencing.since, turn.now)));
  resources.fencing = null;
  const text = output.trim().slice(-OUTPUT_LOGGED);
  const about = { node: resources.settings.peer, took_ms: took, ...(text === "" ? {} : { output: text }) };
  if (failure === null) turn.out.log("info", "resource.fence", { what: "ran", ...about });
  else if (isNews(cluster, turn, "failed"))
    turn.out.log("error", "resource.fence", { what: "failed", ...about, detail: failure });
  give(cluster, turn, { kind: "fenced", run, ok: failure === null });
}

/** `haagent fence confirm`: an operator vouches for it that the node is down. */
export function confirmFence({ cluster }: World, turn: Turn, node: string): Reply {
  const refuse = (error: string): Reply => ({ exit: 1, body: { error } });
  const name = node.toLowerCase();
  if (cluster === null) return refuse("there is no [heartbeat]");
  if (name === cluster.name) return refuse(`${name} is this node`);
  if (!cluster.config.nodes.includes(name)) {
    return refuse(`no node is called ${name}; there is ${[...cluster.nodes.keys()].join(", ")}`);
  }
  if (fenceState(cluster) === null) return refuse(`nothing waits for ${name} to be fenced`);
  turn.out.log("warning", "resource.fence", { what: "confirmed", node: name });
  give(cluster, turn, { kind: "confirmed" });
  return { exit: 0, body: { confirmed: [name] } };
}
