/** When the agent wants to be woken at the latest, besides for its routers. */
import type { Instant } from "../base/units.ts";
import { instant, NEVER } from "../base/units.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { World } from "./world.ts";

/** The earliest of all deadlines, and of `next`. A single minimum: nearly all turns run in an interpreter, and calls are what they cost. */
export const soonest = (world: World, next: Instant): Instant =>
  instant(
    Math.min(
      next,
      world.troubleUntil,
      world.announcer.deadline(),
      world.checks.deadline(),
      world.linkDelays.deadline(),
      world.refreshAt,
      world.resyncAt,
      world.virtualMacs.retryAt,
      world.refusal.retryAt,
      world.neighbours.wakeAt,
      world.cluster === null ? NEVER : ofCluster(world, world.cluster),
      world.routing.lookAt,
      world.realServer.lookAt,
      world.services.deadline(),
      world.listenAgainAt,
    ),
  );

const ofCluster = ({ rivals }: World, { wakeAt, runs, resources }: Cluster): number =>
  Math.min(wakeAt, runs.deadline(), resources?.wakeAt ?? NEVER, rivals.tellAt, rivals.askAt);
