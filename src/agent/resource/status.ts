/** Groups of resources in the contract's status object, and what they mean for the node's health. */
import type { Holding } from "../../heartbeat/holding.ts";
import { holdingOf, mirrored } from "../../heartbeat/holding.ts";
import type { GroupPlan, Standby } from "../../heartbeat/takeover-state.ts";
import { fenceStateOf } from "../../heartbeat/death.ts";
import { mayRun } from "../../heartbeat/group.ts";
import type { Instant } from "../../base/units.ts";
import { waitsForWord } from "../../heartbeat/sight.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { lacksAddress } from "./addresses.ts";
import { detailOf, isLate } from "./detail.ts";
import type { GroupState, Resources } from "./resources.ts";
import { groupState } from "./resources.ts";
import type { Turn, World } from "../world.ts";

/** What a group is, wherever it runs. `barred`: both nodes ran it, and only an operator may start it again. `moving`: on its way from one node to the other. */
type State = GroupState | "barred" | "moving";

/** A group as a node knows it. */
interface Row {
  readonly group: string;
  /** Who runs it; null: nobody. */
  readonly owner: string | null;
  readonly state: State;
  /** Who should. */
  readonly prefers: string;
  /** Where it is on this node. */
  readonly here: GroupState;
}

const held = ({ local, foreign }: Holding, plan: GroupPlan): boolean => (plan.local ? local : foreign);
/** In the other node's view what is local to us is foreign. */
const heldThere = ({ local, foreign }: Holding, plan: GroupPlan): boolean => (plan.local ? foreign : local);

/** Whether both nodes have agreed that it goes from one to the other. */
function moves(standby: Standby, plan: GroupPlan): boolean {
  if (standby.role === "none") return false;
  const what = holdingOf(standby.what);
  return held(standby.role === "giving" ? what : mirrored(what), plan);
}

function rowOf(cluster: Cluster, resources: Resources, plan: GroupPlan): Row {
  const { state, settings } = resources;
  const { key } = plan;
  const here = groupState(resources, key);
  const prefers = resources.groups.get(key)?.node ?? "";
  const about = { group: key, prefers, here };
  const group = state.groups.get(key);
  // While it looks what an earlier agent left, nothing is known to run.
  const ours = group !== undefined && mayRun(group) && here !== "unknown";
  if (ours) return { ...about, owner: cluster.name, state: here };
  const { peer } = state;
  const { absent } = cluster.agreement;
  if (peer.status === "alive" && peer.reported && heldThere(peer.hold, plan) && !absent.has(key)) {
    return { ...about, owner: settings.peer, state: peer.stable ? "started" : "moving" };
  }
  // In the old way nobody says what it holds; each asks for its own until it has it.
  if (settings.failback === "legacy" && peer.status === "alive" && !plan.local) {
    return { ...about, owner: settings.peer, state: "started" };
  }
  if (state.barred.has(key)) return { ...about, owner: null, state: "barred" };
  if (here === "failed") return { ...about, owner: null, state: "failed" };
  if (moves(state.standby, plan)) return { ...about, owner: null, state: "moving" };
  if (held(state.hold, plan)) return { ...about, owner: null, state: here };
  const known = here !== "unknown" && (peer.status !== "alive" || peer.reported);
  return { ...about, owner: null, state: known ? "stopped" : "unknown" };
}

/** The value of `heartbeat.resources`: each group, with what holds it up. */
export const resourceStatus = (cluster: Cluster, now: Instant): readonly object[] =>
  resourceRows(cluster).map((row) => {
    const { resources } = cluster;
    return {
      ...row,
      detail: resources === null ? "" : detailOf(cluster, resources, row.group, row.state, now),
    };
  });

/** In the order of the configuration. */
function resourceRows(cluster: Cluster): readonly Row[] {
  const { resources } = cluster;
  if (resources === null) return [];
  return resources.settings.groups.map((plan) => rowOf(cluster, resources, plan));
}

/** The fence keeps groups from being taken over, and time alone will not change it. */
function awaitsOperator({ resources }: Cluster): boolean {
  if (resources === null) return false;
  const { settings, state } = resources;
  const is = fenceStateOf(settings, state);
  return is === "blocked" || (is === "blind" && waitsForWord(settings, state));
}

/** `fault` when the fence keeps groups from being taken over, or a group is stuck, or has failed, or is barred, and runs nowhere; `degraded` when one runs nowhere, and is not on its way or for too long, or runs here without an address, or state_dir does not take what is to be kept. */
export function resourcesHealth(world: World, now: Instant): "ok" | "degraded" | "fault" {
  const { cluster } = world;
  if (cluster === null) return "ok";
  if (awaitsOperator(cluster)) return "fault";
  const rows = resourceRows(cluster);
  if (rows.some(({ state }) => state === "stuck" || state === "failed" || state === "barred")) return "fault";
  const late = cluster.resources !== null && isLate(cluster.resources, now);
  const missing = rows.some(({ owner, state }) => owner === null && (state !== "moving" || late));
  const unkept = (cluster.resources?.memory.failure ?? null) !== null;
  return missing || unkept || lacksAddress(world) ? "degraded" : "ok";
}

/** An agent that ends without having stopped everything says what, and what comes of it. */
export function tellLeftBehind({ cluster }: World, turn: Turn): void {
  const { resources } = cluster ?? {};
  if (!resources) return;
  const left = [...resources.groups.keys()].filter((key) => {
    const group = resources.state.groups.get(key);
    return group !== undefined && mayRun(group);
  });
  const detail = `may still run here, as their stops have not ended well; ${resources.settings.peer} takes over when this node is dead to it`;
  turn.out.log("error", "resource.left", { groups: left.join(" "), detail });
}
