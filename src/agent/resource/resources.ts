/** The groups of resources of this node: what the machine of heartbeat/takeover.ts runs on, and where it is. */
import type { Instant } from "../../base/units.ts";
import { ms, NEVER } from "../../base/units.ts";
import type { HeartbeatConfig, ResourcesConfig } from "../../config/heartbeat-model.ts";
import type { Hold } from "../../heartbeat/content.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import { isShared, preferredNode } from "../../heartbeat/haresources.ts";
import { FENCE_DELAY, patience } from "../../heartbeat/sight.ts";
import type { FenceSettings, GroupPlan, Settings, State } from "../../heartbeat/takeover-state.ts";
import type { GroupMemory } from "./memory.ts";

/** Between two tries to stop what is told to be stuck. */
const STUCK_PAUSE = ms(30_000);

/** Where a group is on this node, in the words of the log and the status. */
export type GroupState = "unknown" | "stopped" | "starting" | "started" | "stopping" | "failed" | "stuck";

/** What a group just did. */
export interface GroupChange {
  readonly group: string;
  readonly from: GroupState;
  readonly to: GroupState;
  readonly reason: string;
}

/** Somebody who waits for what comes of his order. */
export interface Waiting {
  readonly connection: number;
  readonly order: "standby" | "takeover";
  /** What the answer names. */
  readonly groups: readonly string[];
  readonly what: Hold;
  /** What else the answer says, and the exit code where the other node agrees. */
  readonly exit: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly until: Instant;
}

export class Resources {
  config: ResourcesConfig;
  settings: Settings;
  state: State;
  /** Each group as it runs: one that a reload changed is the old one until that is stopped. */
  groups: ReadonlyMap<string, Group>;
  /** What was last told of each group. */
  readonly told = new Map<string, GroupState>();
  /** Why each group failed that last did. */
  readonly failures = new Map<string, string>();
  /** What moves groups at the moment, in words. */
  cause = "the agent starts";
  /** Told to history at the end of the turn. */
  changes: GroupChange[] = [];
  /** What is remembered over a restart. */
  readonly memory: GroupMemory;
  waiting: Waiting | null = null;
  /** When the machine, or who waits, wants to be looked at. */
  wakeAt: Instant = NEVER;
  /** Since when the other node stops what it is to give us; null: it does not. */
  offeredAt: Instant | null = null;
  /** A state in which a step without news left everything as it was, and will until {@link wakeAt}; null: not known. */
  restsIn: State | null = null;
  /** The fence's command that runs. */
  fencing: { readonly run: number; readonly since: Instant } | null = null;
  /** Everything is said, and may have to be said again; null: not yet. */
  lingersUntil: Instant | null = null;

  constructor(
    config: ResourcesConfig,
    groups: ReadonlyMap<string, Group>,
    settings: Settings,
    state: State,
    memory: GroupMemory,
  ) {
    this.config = config;
    this.groups = groups;
    this.settings = settings;
    this.state = state;
    this.memory = memory;
  }
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

type ClusterSettings = Pick<HeartbeatConfig, "nodes" | "keepalive" | "deadtime" | "fence" | "pings">;

/** What the machine runs on: groups as they run, those that the configuration has otherwise, or no more, retired. */
export function settingsOf(
  cluster: ClusterSettings,
  own: string,
  config: ResourcesConfig,
  running: ReadonlyMap<string, Group>,
): Settings {
  const { scripts, failback } = config;
  const wanted = new Map(config.groups.map((group) => [group.key, group]));
  const groups = Array.from(running.values(), (group): GroupPlan => ({
    key: group.key,
    local: group.node === own,
    shared: isShared(group),
    retired: !equal(wanted.get(group.key), group),
    size: group.resources.length,
    timeouts: scripts.timeouts,
    startTries: scripts.startTries,
    stopTries: scripts.stopTries,
    pause: scripts.pause,
    stuckPause: STUCK_PAUSE,
  }));
  const peer = cluster.nodes.find((name) => name !== own) ?? "";
  return {
    peer,
    yields: own > peer,
    groups,
    failback,
    onFailure: scripts.onFailure,
    retryAfter: scripts.retryAfter,
    fence: fenceOf(cluster, own, config.groups),
    keepalive: cluster.keepalive,
    deadtime: cluster.deadtime,
  };
}

function fenceOf(cluster: ClusterSettings, own: string, groups: readonly Group[]): FenceSettings | null {
  if (cluster.fence === null) return null;
  const { timeout, tries, retry: pause, onFailure, delay: given } = cluster.fence;
  const delay = given ?? (preferredNode(groups) === own ? ms(0) : FENCE_DELAY);
  const fence = { delay, timeout, tries, pause, onFailure };
  return { ...fence, blind: cluster.pings.length === 0 ? null : patience(fence, cluster) };
}

/** How long the scripts may take until all groups that may run here are stopped, or told to be stuck. */
export function stopTime({ settings, state }: Resources): number {
  return settings.groups
    .filter(({ key }) => state.groups.get(key)?.phase !== "stopped")
    .map(
      ({ size, timeouts: { stop, status }, stopTries, pause }) =>
        size * (stopTries * (stop + pause) + status),
    )
    .reduce((sum, each) => sum + each, 0);
}

/** Where a group is here. */
export function groupState({ state }: Resources, key: string): GroupState {
  const group = state.groups.get(key);
  if (group === undefined) return "unknown";
  return group.stuck ? "stuck" : group.phase;
}
