/** The first event: the world as found, and what an earlier agent left in it. */
import type { Instant } from "../base/units.ts";
import { assess, judgeFaults } from "./assess.ts";
import type { AddressChange, Event } from "./boundary.ts";
import { drive } from "./drive.ts";
import type { LedgerRecord } from "./ledger.ts";
import { configHash, recentResumes, refusal, staleAddresses } from "./recover.ts";
import { first } from "./reload.ts";
import { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";
import { group, index, makeWorld } from "./world.ts";

/** Builds the world, or gives null when the configuration forbids it. */
export function begin(turn: Turn, event: Extract<Event, { kind: "start" }>): World | null {
  const config = first(turn, event.source);
  if (config === null) return null;
  const { pid, version, bootId } = event;
  const world = makeWorld(config, { path: event.source.path, pid, version, bootId }, turn.now);
  world.kernel.replace(event.links, event.addresses);
  for (const router of config.routers) world.routers.set(router.name, new Router(router, turn.now));
  for (const action of world.checks.configure(config.checks, turn.now)) turn.out.defer(action);
  index(world);
  for (const router of world.routers.values())
    router.index = world.kernel.named(router.config.interface)?.index ?? null;
  index(world);
  const resumed = resumable(world, turn, event.ledger);
  const left = event.ledger.filter(({ router }) => !resumed.has(router));
  const stale = staleAddresses(left, event.addresses, bootId).filter(
    ({ key }) => world.ownership.get(key) === null,
  );
  takeAway(world, turn, stale);
  for (const { router } of left) {
    if (!world.routers.has(router)) turn.out.beforeAddresses({ kind: "ledger", router, record: null });
  }
  for (const [name, sentAt] of resumed) {
    const router = world.routers.get(name);
    if (router === undefined) continue;
    router.resumes = [...router.resumes, turn.now];
    drive(world, turn, router, { kind: "resume", sentAt });
  }
  if (resumed.size > 0) turn.out.change(world.ownership.refresh());
  for (const router of world.routers.values()) turn.records.add(router);
  assess(world, turn, world.routers.values());
  if (world.addressTotal > 64 && config.agent.addressLifetime === "auto") {
    const text = `${world.addressTotal} addresses: without kernel lifetimes, so a killed agent leaves them until it is started again`;
    turn.out.log("warning", "config.warning", { text });
  }
  turn.out.log("info", "config.loaded", { file: event.source.path, routers: config.routers.length });
  turn.out.log("info", "agent.ready", { pid, version, node: config.agent.node });
  return world;
}

/** Removes what an earlier agent added; gone from our picture at once, or it would count as found. */
function takeAway(world: World, turn: Turn, stale: readonly AddressChange[]): void {
  turn.out.change(stale);
  for (const { key } of stale) world.kernel.removeAddress(key);
}

/** Routers whose mastership goes on, with the time of their last advert; a sync group goes on whole or not at all. */
function resumable(world: World, turn: Turn, ledger: readonly LedgerRecord[]): Map<string, Instant> {
  const fit = new Map<string, Instant>();
  for (const record of ledger) {
    const router = world.routers.get(record.router);
    if (router === undefined) continue;
    router.resumes = recentResumes(record.resumes, turn.now);
    const link = router.index === null ? null : world.kernel.link(router.index);
    if (link === null) continue;
    const present = {
      bootId: world.bootId,
      configHash: configHash(router.config),
      index: link.index,
      mac: link.mac ?? "",
    };
    if (refusal(record, present, router.config, turn.now) !== null) continue;
    world.ownership.resume(router, record.added, world.config.agent, world.kernel, world.addressTotal);
    judgeFaults(world, turn, router);
    if (router.ownFaults.length === 0) fit.set(record.router, record.lastAdvertAt);
    else world.ownership.disown(record.router);
  }
  for (const name of [...fit.keys()]) {
    const router = world.routers.get(name);
    if (router === undefined || group(world, router).every((member) => fit.has(member.config.name))) continue;
    fit.delete(name);
    world.ownership.disown(name);
  }
  return fit;
}
