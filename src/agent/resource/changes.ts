/** What of another configuration's resources only another start takes up: the other node would not know of it. */
import type { HeartbeatConfig } from "../../config/heartbeat-model.ts";
import type { Resources } from "./resources.ts";

/** What cannot change, with the path of its value. */
interface Unchangeable {
  readonly path: readonly string[];
  readonly text: string;
}

const RESTART = "cure: stop the agent on both nodes, change both files, and start them";

/** All that keeps `next` from being taken up; nothing where no group has run yet. */
export function unchangeableResources(
  resources: Resources | null,
  before: HeartbeatConfig | null,
  next: HeartbeatConfig | null,
): Unchangeable[] {
  if (resources === null || before === null) return [];
  if (next === null) {
    if (resources.groups.size === 0) return [];
    const text =
      "[heartbeat] cannot go while groups of resources run; cure: reload with resources = [] first, or restart";
    return [{ path: [], text }];
  }
  const found: Unchangeable[] = [];
  if (before.nodes.toSorted().join() !== next.nodes.toSorted().join()) {
    const text = `heartbeat.nodes cannot change while the agent runs with resources; ${RESTART}`;
    found.push({ path: ["heartbeat", "nodes"], text });
  }
  const { failback } = resources.config;
  const wanted = next.resources?.failback ?? failback;
  if (failback !== wanted && (failback === "legacy" || wanted === "legacy")) {
    const text = `auto_failback cannot become or cease to be "legacy" while the agent runs: the nodes would not understand each other; ${RESTART}`;
    found.push({ path: ["heartbeat", "auto_failback"], text });
  }
  for (const { key, node } of next.resources?.groups ?? []) {
    const running = resources.groups.get(key);
    if (running === undefined || running.node === node) continue;
    const text = `the group ${key} cannot prefer ${node} instead of ${running.node} while the agent runs: until both nodes know, both would run it; ${RESTART}`;
    found.push({ path: ["heartbeat", "resources"], text });
  }
  return found;
}
