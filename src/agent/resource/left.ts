/** Groups that an earlier agent started, was killed, and that the configuration has no more, or otherwise: they are stopped before anything else. */
import type { Milliseconds } from "../../base/units.ts";
import type { HeartbeatConfig, ResourcesConfig } from "../../config/heartbeat-model.ts";
import type { Task } from "../../heartbeat/group.ts";
import { saysRunning } from "../../heartbeat/group.ts";
import type { Group } from "../../heartbeat/haresources.ts";
import type { Job, ResourceEvent } from "../cluster/boundary.ts";
import type { Memory } from "./kept.ts";
import { decodeMemory, encodeMemory, NOTHING_KEPT } from "./kept.ts";
import { jobOf } from "./run.ts";
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

/** A group to be stopped without an agent. */
export interface LeftGroup {
  readonly key: string;
  /** From right to left; without those that were a state of the agent alone, as addresses, which have a ledger of their own. */
  readonly resources: readonly { readonly text: string; readonly job: Job }[];
  readonly timeouts: Readonly<Record<Task, Milliseconds>>;
  /** Of each stop. */
  readonly tries: number;
  /** Between two of them. */
  readonly pause: Milliseconds;
}

/** What the file in state_dir means to `haagent release` on a node of that name. */
export const leftReader = (node: string) => ({
  /** The groups that may run; null where the text is damaged. */
  groups(text: string, bootId: string): readonly LeftGroup[] | null {
    const memory = decodeMemory(text, bootId);
    if (memory === null) return null;
    const { started, scripts } = memory;
    if (scripts === null) return [];
    return started.map(({ group, directories }) => ({
      ...{ key: group.key, timeouts: scripts.timeouts, tries: scripts.stopTries, pause: scripts.pause },
      resources: group.resources.toReversed().flatMap((resource) => {
        const job = jobOf(resource, directories, node);
        return job === null ? [] : [{ text: resource.text, job }];
      }),
    }));
  },

  /** The text without these groups, which are stopped. */
  without(text: string, bootId: string, keys: readonly string[]): string {
    const memory = decodeMemory(text, bootId) ?? NOTHING_KEPT;
    const started = memory.started.filter(({ group }) => !keys.includes(group.key));
    return encodeMemory({ ...memory, started }, bootId);
  },

  /** Whether a resource may run, by the answer to a status: one that did not end has not said that it does not. */
  mayRun: ({ code, output }: ResourceEvent): boolean => code === null || saysRunning(output),
});
