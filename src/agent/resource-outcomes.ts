/** Tells the machines of groups how their tasks ended. */
import { resourceRan } from "./cluster-resources.ts";
import type { Cluster } from "./cluster.ts";
import type { Turn } from "./world.ts";

/** Rounds in one turn: each may ask for the next task of a group, which may be over at once. */
const ROUNDS_MAX = 1000;

/** What has ended by now; what the machines then want done may end in the same turn. */
export function tellOutcomes(cluster: Cluster, turn: Turn): void {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const outcomes = cluster.runs.take();
    if (outcomes.length === 0) return;
    for (const { order, outcome } of outcomes) {
      resourceRan(cluster, turn, order.group.key, order.run, outcome);
    }
  }
}
