/** The end of a turn for resources: tasks of addresses begin, and the machines of groups hear how theirs ended. */
import { NEVER } from "../../base/units.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { addressesCame, beginAddress } from "./addresses.ts";
import { resourceRan } from "./machine.ts";
import { endWaits, tellSlow } from "./run.ts";
import type { Turn, World } from "../world.ts";

/** Rounds in one turn: each may ask for the next task of a group, which may be over at once. */
const ROUNDS_MAX = 1000;

/** What has ended by now; what the machines then want done may end in the same turn. */
export function tellOutcomes(world: World, turn: Turn, cluster: Cluster): void {
  if (cluster.runs.deadline() === NEVER) return;
  tellSlow(cluster, turn);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const run of cluster.runs.takeAddressTasks()) beginAddress(world, turn, cluster, run);
    addressesCame(world, turn, cluster);
    endWaits(cluster, turn);
    const outcomes = cluster.runs.take();
    if (outcomes.length === 0) return;
    for (const { order, outcome } of outcomes) {
      resourceRan(cluster, turn, order.group.key, order.run, outcome);
    }
  }
}
