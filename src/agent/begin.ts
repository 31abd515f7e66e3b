/** The first event: the world as found, and what an earlier agent left in it. */
import { warnOfLifetimes } from "./addresses.ts";
import { assess, judgeFaults } from "./assess.ts";
import type { Event } from "./boundary.ts";
import { drive } from "./drive.ts";
import { configureHeartbeat } from "./cluster/heartbeat.ts";
import { configureRealServer } from "./realserver.ts";
import type { LedgerRecord } from "./ledger.ts";
import { leftBehind, leftForwarding, recentResumes, refusal } from "./recover.ts";
import { first } from "./reload.ts";
import { Router } from "./router.ts";
import { resumedSequence } from "./seal.ts";
import { configureServices } from "./service/turn.ts";
import { serverChecks } from "./service/state.ts";
import type { Turn, World } from "./world.ts";
import { group, index, makeWorld } from "./world.ts";

/** Builds the world, or gives null when the configuration forbids it. */
export function begin(turn: Turn, event: Extract<Event, { kind: "start" }>): World | null {
  const config = first(turn, event.source);
  if (config === null) return null;
  const { pid, version, bootId } = event;
  const world = makeWorld(config, { path: event.source.path, pid, version, bootId }, turn.now);
  world.kernel.replace(event.links, event.addresses);
  for (const router of config.routers) {
    const made = new Router(router, turn.now, world.startedAt);
    made.index = world.kernel.named(router.interface)?.index ?? null;
    world.routers.set(router.name, made);
  }
  index(world);
  const checks = [...config.checks, ...serverChecks(config.services)];
  for (const action of world.checks.configure(checks, turn.now)) turn.out.defer(action);
  configureServices(world, turn);
  // What an earlier agent left is there, too, where no service is configured any more.
  world.services.look(turn);
  configureHeartbeat(world, turn, config);
  configureRealServer(world, turn, config.realserver);
  // What an earlier agent added is ours for a moment: what nobody carries on with goes at the end of this turn.
  for (const { router, address } of leftBehind(event.ledger, event.addresses, bootId)) {
    world.ownership.inherit(router, address);
    // Where an agent added an address in this boot, the device was made by one.
    const made = world.routers.get(router);
    if (made?.device != null && world.kernel.link(address.index)?.name === made.device)
      made.deviceReady = true;
  }
  for (const { router, entry } of leftForwarding(event.ledger, event.forwarding, bootId)) {
    world.routing.inherit(router, entry);
  }
  turn.addresses = true;
  for (const name of [...event.ledger.map(({ router }) => router), ...world.routers.keys()]) {
    turn.records.add(name);
  }
  for (const [router, { lastAdvertAt, sequenceBase }] of resumable(world, turn, event.ledger)) {
    router.resumes = [...router.resumes, turn.now];
    if (sequenceBase !== undefined) router.sequence = resumedSequence(sequenceBase, turn.now);
    drive(world, turn, router, { kind: "resume", sentAt: lastAdvertAt });
  }
  assess(world, turn, world.routers.values());
  endStandby(world, event.ledger);
  warnOfLifetimes(world, turn);
  turn.out.log("info", "config.loaded", { file: event.source.path, routers: config.routers.length });
  turn.out.log("info", "agent.ready", { pid, version, node: config.agent.node });
  return world;
}

/** A restart ends what the operator said; that a router takes part again is worth a word, in the log as in the status. */
function endStandby(world: World, ledger: readonly LedgerRecord[]): void {
  for (const { router: name, state, bootId } of ledger) {
    const router = world.routers.get(name);
    if (state !== "standby" || bootId !== world.bootId || router === undefined) continue;
    router.reason += "; the restart ended the standby";
  }
}

/** Routers whose mastership goes on, with their records; a sync group goes on whole or not at all. */
function resumable(world: World, turn: Turn, ledger: readonly LedgerRecord[]): Map<Router, LedgerRecord> {
  const fit = new Map<Router, LedgerRecord>();
  for (const record of ledger) {
    const router = world.routers.get(record.router);
    const link = router === undefined || router.index === null ? null : world.kernel.link(router.index);
    // The clock of another boot is not ours.
    if (router === undefined || link === null || record.bootId !== world.bootId) continue;
    router.resumes = recentResumes(record.resumes, turn.now);
    const { configHash } = router;
    const present = { bootId: world.bootId, configHash, index: link.index, mac: link.mac ?? "" };
    if (refusal(record, present, router.config, turn.now) !== null) continue;
    judgeFaults(world, turn, router);
    if (router.ownFaults.length === 0) fit.set(router, record);
  }
  for (const router of [...fit.keys()]) {
    if (!group(world, router).every((member) => fit.has(member))) fit.delete(router);
  }
  return fit;
}
