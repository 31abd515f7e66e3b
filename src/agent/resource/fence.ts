/** The fence at work: its command runs as long as groups wait for it. */
import type { Instant } from "../../base/units.ts";
import { elapsed, NEVER } from "../../base/units.ts";
import type { FenceState } from "../../heartbeat/death.ts";
import { fenceDueAt, fenceStateOf } from "../../heartbeat/death.ts";
import type { Action } from "../../heartbeat/takeover-state.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { Resources } from "./resources.ts";
import type { Turn } from "../world.ts";

/** Runs the command against the other node. */
export function runFence(
  cluster: Cluster,
  turn: Turn,
  resources: Resources,
  { run, timeout }: Extract<Action, { readonly kind: "fence" }>,
): void {
  const { fence } = cluster.config;
  if (fence === null) return;
  const { peer } = resources.settings;
  resources.fencing = { run, since: turn.now };
  // Its arguments may hold a password.
  const about = { what: "running", node: peer, command: fence.argv[0] ?? "" };
  if (isNews(cluster, turn, "running")) turn.out.log("warning", "resource.fence", about);
  turn.out.defer({
    ...{ kind: "heartbeat", what: "fence", run, timeout },
    argv: [...fence.argv, peer],
    environment: { HAAGENT_NODE: cluster.name, HAAGENT_TARGET: peer },
  });
}

/** A command that nobody waits for any more is killed: the node was heard, or has left, or we leave. */
export function settleFence(turn: Turn, resources: Resources): void {
  const { fencing, state } = resources;
  if (fencing === null || (state.fence.kind === "running" && state.fence.run === fencing.run)) return;
  resources.fencing = null;
  turn.out.log("info", "resource.fence", { what: "cancelled", node: resources.settings.peer });
  turn.out.defer({ kind: "heartbeat", what: "fence-cancel" });
}

/** Whether to tell of a run: of one that is repeated while all is blocked only once a minute. */
export const isNews = (cluster: Cluster, turn: Turn, what: "running" | "failed"): boolean =>
  fenceState(cluster) !== "blocked" || cluster.limiter.allows(`fence ${what}`, turn.now);

/** Where the fence is; null: nothing waits for it. */
export function fenceState({ resources }: Cluster): FenceState | null {
  return resources === null ? null : fenceStateOf(resources.settings, resources.state);
}

/** The fence in the status. */
export function fenceStatus(cluster: Cluster, now: Instant): object | null {
  const { resources } = cluster;
  const state = fenceState(cluster);
  if (resources === null || state === null) return null;
  const { fence } = resources.state;
  if (fence.kind === "idle") return null;
  const due = fenceDueAt(resources.settings, resources.state, now);
  const next_in_ms = due === null || due === NEVER ? null : Math.max(0, Math.round(elapsed(now, due)));
  return { node: resources.settings.peer, state, failed: fence.failed, next_in_ms };
}
