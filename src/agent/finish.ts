/** The end of every turn: groups, addresses, routes, announcements, and what is told of it. */
import { reconcile, refresh } from "./addresses.ts";
import { proceed } from "./awaited.ts";
import { settleDevices } from "./devices.ts";
import { advertiseDue } from "./due.ts";
import { reroute } from "./forwarding.ts";
import { keepRecords, settleGroups, tell } from "./drive.ts";
import { rememberGroups } from "./history.ts";
import { arrive, startHooks, take } from "./hooks.ts";
import { watchNeighbours } from "./neighbours.ts";
import { sayReleased } from "./notice.ts";
import { addressesCame } from "./resource/addresses.ts";
import { tellOutcomes } from "./resource/outcomes.ts";
import { announcement } from "./send.ts";
import { settleServices } from "./service/turn.ts";
import type { Turn, World } from "./world.ts";

/** Works out what follows from all that changed in the turn. */
export function finish(world: World, turn: Turn): void {
  const { touched } = turn;
  if (world.cluster !== null) tellOutcomes(world, turn, world.cluster);
  // Announcements under way leave in pieces, one in each turn, whatever it is about: none of them overtakes an advert.
  if (world.announcer.deadline() <= turn.now) advertiseDue(world, turn, null);
  // Most turns hear an advert, and no role is another than before.
  if (touched.size > 0) settleGroups(world, turn);
  if (proceed(world, turn)) settleGroups(world, turn);
  if (touched.size > 0) {
    take(world, turn);
    tell(world, turn);
    startHooks(world, turn);
  }
  if (turn.addresses || touched.size > 0) settleDevices(world, turn);
  if (turn.addresses) {
    reconcile(world, turn);
    reroute(world, turn);
    if (world.cluster !== null) addressesCame(world, turn, world.cluster);
  }
  settleServices(world, turn);
  refresh(world, turn);
  for (const key of world.announcer.due(turn.now)) {
    const action = announcement(world.kernel, key);
    if (action !== null) turn.out.announce(action);
  }
  if (world.cluster !== null) rememberGroups(world, world.cluster, turn);
  arrive(world, turn);
  sayReleased(world, turn);
  world.guards.settle(world, turn);
  if (turn.records.size === 0) return;
  watchNeighbours(world, turn);
  keepRecords(world, turn);
}
