/** Groups that an earlier agent started, was killed, and that the configuration has no more, or otherwise: they are stopped before anything else. */
import type { HeartbeatConfig, ResourcesConfig } from "../../config/heartbeat-model.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import type { Memory } from "./kept.ts";
import type { Turn } from "../world.ts";

const isSame = (one: Group, other: Group): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Those that were started and are not wanted as they were. */
export const leftBehind = (wanted: readonly Group[], { started }: Memory): readonly Group[] =>
  started.map(({ group }) => group).filter((group) => !wanted.some((each) => isSame(each, group)));

/** How to end them where the configuration has no group at all: as they were run. Null where there are none, or it cannot be done. */
export function configForLeft(
  { nodes }: HeartbeatConfig,
  turn: Turn,
  { scripts }: Memory,
  left: readonly Group[],
): ResourcesConfig | null {
  if (left.length === 0 || scripts === null) return null;
  // Groups move between two; with more, nobody could be told what runs here still.
  if (nodes.length === 2) return { groups: [], failback: true, directories: [], scripts };
  warnOfLeft(turn, left);
  return null;
}

/** Says that they may run, and what ends them. */
export function warnOfLeft(turn: Turn, left: readonly Group[]): void {
  const detail =
    "were started by an earlier agent and may run here still, and the configuration has no place for them; cure: stop the agent, haagent release, start it";
  turn.out.log("error", "resource.left", { groups: left.map(({ key }) => key).join(" "), detail });
}
