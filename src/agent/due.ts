/** What time brings: everything that is due is done. */
import { deadline } from "../vrrp/state.ts";
import { endTroubles, requestResync } from "./addresses.ts";
import { assess } from "./assess.ts";
import type { Action } from "./boundary.ts";
import { contestDue } from "./contest.ts";
import { retryDevices } from "./devices.ts";
import { drive } from "./drive.ts";
import { look } from "./forwarding.ts";
import { guardAllows, guardDue } from "./guard.ts";
import { heartbeatDue } from "./cluster/heartbeat.ts";
import { listenAgain } from "./listen.ts";
import { realServerDue } from "./realserver.ts";
import { neighboursDue } from "./neighbours.ts";
import { rivalsDue } from "./contend.ts";
import type { Turn, World } from "./world.ts";

/** Performs actions at once, in the middle of a turn. */
export type Perform = (actions: readonly Action[]) => void;

/** Adverts that leave together when many routers are due at once: the first must not wait for the last. */
const URGENT_BATCH = 64;

/** Deadlines this near are handled now: it saves wake-ups (and no backup takes over early: its machine looks at the time). */
const SLACK = 1;

/** Time has come as far as the earliest deadline. */
export function due(world: World, turn: Turn, urgent: Perform | null): void {
  const horizon = turn.now + SLACK;
  for (const router of world.routers.values()) {
    guardDue(world, turn, router);
    if (deadline(router.machine) <= horizon && guardAllows(world, turn, router)) {
      drive(world, turn, router, { kind: "deadline" });
    }
    contestDue(world, turn, router);
    if (urgent !== null && turn.out.advertCount >= URGENT_BATCH) urgent(turn.out.urgent());
  }
  if (urgent !== null && turn.out.advertCount > 0) urgent(turn.out.urgent());
  endTroubles(world, turn);
  if (listenAgain(world, turn)) assess(world, turn, world.routers.values());
  const settled = world.linkDelays.due(turn.now).map((name) => world.routers.get(name));
  if (settled.length > 0)
    assess(
      world,
      turn,
      settled.filter((router) => router !== undefined),
    );
  for (const action of world.checks.due(turn.now, world.config.agent.scriptUser)) turn.out.defer(action);
  if (world.resyncAt <= turn.now) requestResync(world, turn);
  retryDevices(world, turn);
  if (world.routing.lookAt <= turn.now) look(world, turn);
  heartbeatDue(world, turn);
  neighboursDue(world, turn);
  if (world.rivals.deadline <= turn.now) rivalsDue(world, turn);
  realServerDue(world, turn);
  if (world.services.readAt <= turn.now) world.services.look(turn);
}

/** The adverts of masters that are due while something else takes long. A backup's patience may have frames waiting: not that. */
export function advertiseDue(world: World, turn: Turn, urgent: Perform | null): void {
  const horizon = turn.now + SLACK;
  for (const router of world.routers.values()) {
    if (router.machine.kind !== "master" || deadline(router.machine) > horizon) continue;
    drive(world, turn, router, { kind: "deadline" });
  }
  if (urgent !== null && turn.out.advertCount > 0) urgent(turn.out.urgent());
}
