/**
 * The operator's word: `standby` takes routers out until `takeover` or a restart, `takeover` makes them master with priority 254 for
 * as long as they stay it. A sync group is told as a whole, whichever member is named. Nothing of it outlives the agent.
 */
import type { Ip } from "../base/address.ts";
import { compareIp } from "../base/address.ts";
import type { Instant, Priority } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import { OWNER, RELEASING, TAKEN } from "../vrrp/state.ts";
import { masterDownInterval, rulesOf } from "../vrrp/timing.ts";
import { usable } from "./tracking.ts";
import type { Reply } from "./boundary.ts";
import { drive } from "./drive.ts";
import { guardText } from "./guard.ts";
import { noSuch } from "./history.ts";
import { awaitsRelease } from "./hooks.ts";
import type { Peer, Router } from "./router.ts";
import type { Turn, World } from "./world.ts";
import { group } from "./world.ts";

const STANDBY = "standby by the operator";

/** Takes routers out, sync groups whole: they give up what they have, after their before_release, and send nothing more. */
export function standDown(world: World, turn: Turn, routers: readonly Router[]): void {
  for (const router of routers) {
    if (router.order?.kind === "standby") continue;
    router.order = { kind: "standby", at: turn.now, taken: router.order?.taken === true };
    turn.touched.add(router);
    router.reason = STANDBY;
  }
  for (const router of routers) {
    if (router.machine.kind === "init" || awaitsRelease(world, turn, group(world, router), STANDBY)) continue;
    const silent = !usable(world.kernel.named(router.config.interface));
    drive(world, turn, router, { kind: "stop", silent });
    router.reason = STANDBY;
  }
}

/** After a reload: who has joined the sync group of a router in standby is in standby, too. */
export function completeStandby(world: World, turn: Turn): void {
  for (const router of world.routers.values()) {
    if (router.order?.kind !== "standby") continue;
    standDown(world, turn, group(world, router));
  }
}

/** The routers that are told together: the sync group of `name`, or each one there is; null when nobody is called so. */
function told(world: World, name: string | null): Router[][] | null {
  if (name !== null) {
    const router = world.routers.get(name);
    return router === undefined ? null : [group(world, router)];
  }
  const groups = new Map<string, Router[]>();
  for (const router of world.routers.values()) {
    const { syncGroup } = router.config;
    groups.set(
      syncGroup === null ? `router ${router.config.name}` : `group ${syncGroup}`,
      group(world, router),
    );
  }
  return [...groups.values()];
}

const names = (routers: readonly Router[]): string[] => routers.map(({ config }) => config.name);

/** What heartbeat's hb_standby and hb_takeover take as it is. */
const CLASSES: readonly string[] = ["all", "local", "foreign"];

function unknown(world: World, name: string | null): Reply {
  const meant = name !== null && world.cluster?.resources && CLASSES.includes(name);
  const hint = meant ? `; did you mean --groups ${name}?` : "";
  const error = name === null ? "there is no virtual router" : `${noSuch(world)} is called ${name}${hint}`;
  return { exit: 1, body: { error } };
}

/** `haagent standby`: the answer names the routers that are in standby now. */
export function standby(world: World, turn: Turn, name: string | null): Reply {
  if (world.stopping) return { exit: 1, body: { error: "the agent is stopping" } };
  const units = told(world, name);
  if (units === null || units.length === 0) return unknown(world, name);
  const routers = units.flat();
  standDown(world, turn, routers);
  const waits = names(routers.filter(({ goes }) => goes));
  const waiting = waits.length === 0 ? {} : { waiting_for_hook: waits };
  return { exit: 0, body: { standby: names(routers), ...waiting } };
}

/**
 * `haagent takeover`: who is master is left alone. Each router or sync group is taken as a whole or, with a reason, not at all;
 * without a name the refusal of one does not keep the others.
 */
export function takeover(world: World, turn: Turn, name: string | null, force: boolean): Reply {
  if (world.stopping) return { exit: 1, body: { error: "the agent is stopping" } };
  const units = told(world, name);
  if (units === null || units.length === 0) return unknown(world, name);
  const taken: Router[] = [];
  const masters: Router[] = [];
  const refused: string[] = [];
  for (const unit of units) {
    if (unit.every(({ role, goes }) => role === "master" && !goes)) {
      masters.push(...unit);
      continue;
    }
    const reasons = unit.flatMap((router) => refusals(router, force, turn.now));
    if (reasons.length > 0) refused.push(...reasons);
    else {
      for (const router of unit) take(world, turn, router);
      taken.push(...unit);
    }
  }
  const body = { takeover: names(taken), already_master: names(masters), refused };
  return { exit: refused.length === 0 ? 0 : 1, body };
}

/** Why a router may not be taken. `force` is deaf to advice, not to what makes it impossible. */
function refusals(router: Router, force: boolean, now: Instant): string[] {
  const { name } = router.config;
  if (router.goes) return [`${name} is giving up its addresses: its before_release runs`];
  if (router.faults.length > 0) return [`${name} is in fault: ${router.faults.join("; ")}`];
  const owner = router.owner ? null : ownerHeard(router, now);
  if (owner !== null) return [`${name}: ${owner} owns the addresses (priority 255), and gives way to nobody`];
  if (force) return [];
  const advice = router.tracks.filter(({ up }) => up === false).map(({ name: track }) => `${track} is down`);
  const left = elapsed(now, router.settings().listensUntil);
  const guard = guardText(router);
  if (guard !== null) advice.push(guard);
  if (left > 0) advice.push(`startup_delay: only listens for another ${Math.ceil(left / 1000)} s`);
  return advice.map((why) => `${name}: ${why}; takeover --force takes it all the same`);
}

/** Another router with priority 255 that may still be there. */
function ownerHeard(router: Router, now: Instant): Ip | null {
  const owner = [...router.peers.values()].find(
    (peer) => peer.priority === OWNER && lives(router, peer, now),
  );
  return owner?.address ?? null;
}

/** Whether a peer has not been silent for so long that it must be gone. */
function lives(router: Router, { interval, heardAt }: Peer, now: Instant): boolean {
  const rules = rulesOf(router.config.version, null);
  return elapsed(heardAt, now) < masterDownInterval(rules, router.priority, interval);
}

/** Who is master, as a router hears it that takes no part; null for nobody. */
export function masterHeard(router: Router, now: Instant): Peer | null {
  const [latest] = [...router.peers.values()].toReversed();
  return latest !== undefined && latest.priority !== RELEASING && lives(router, latest, now) ? latest : null;
}

function take(world: World, turn: Turn, router: Router): void {
  // An owner needs no other priority than its own.
  router.order = router.owner ? null : { kind: "takeover", at: turn.now, taken: true };
  turn.touched.add(router);
  // What was lost just now, in a stall that this turn noticed, is taken again with the rest.
  const { syncGroup } = router.config;
  if (syncGroup !== null) turn.losers.delete(syncGroup);
  const was = router.machine.kind;
  if (was === "init") drive(world, turn, router, { kind: "start" });
  drive(world, turn, router, { kind: was === "master" ? "settings" : "take-over" });
}

/**
 * Two routers that were both told to take over hear 254 from each other; the younger takeover counts. Whoever was told long ago
 * drops its order, so that the advert outranks it. Whoever was told just now is deaf to the other one's last adverts: for half an
 * interval, and for one and a half where its address is the higher, so that of two that were told at once the lower one has heard
 * the other's next advert first. Says whether the advert is to be ignored.
 */
export function rivalry(router: Router, source: Ip, priority: Priority, now: Instant): boolean {
  const { order, machine, config } = router;
  if (order?.kind !== "takeover" || priority !== TAKEN || machine.kind !== "master") return false;
  const higher = router.source !== null && compareIp(router.source, source) > 0;
  if (elapsed(order.at, now) > config.advertInterval * (higher ? 1.5 : 0.5)) {
    router.order = null;
    return false;
  }
  return !higher;
}
