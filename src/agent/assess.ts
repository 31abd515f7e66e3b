/** What keeps a router from running, judged from links, addresses and checks; starts and stops its machine accordingly. */
import type { Family, Ip } from "../base/address.ts";
import { startsAsMaster } from "../vrrp/machine.ts";
import { isFatal } from "../vrrp/priority.ts";
import type { Link } from "./boundary.ts";
import { drive } from "./drive.ts";
import { awaitsRelease } from "./hooks.ts";
import type { Router } from "./router.ts";
import { keyOf } from "./kernel.ts";
import { listen } from "./listen.ts";
import { advertLength } from "./send.ts";
import { linkFault, track, usable } from "./tracking.ts";
import { stuckFault, virtualMacFault } from "./virtual-mac-base.ts";
import type { Turn, World } from "./world.ts";
import { group, index } from "./world.ts";

/** Looks at the world anew for one router: its interface, source, tracks, own faults. Says whether the interface is another. */
export function judgeFaults(world: World, turn: Turn, router: Router): boolean {
  const link = world.kernel.named(router.config.interface);
  const moved = router.index !== (link?.index ?? null);
  router.index = link?.index ?? null;
  const { unicastSource, family } = router.config;
  const configured = unicastSource !== null && world.kernel.hasAnywhere(unicastSource) ? unicastSource : null;
  const found = link === null ? null : sourceOn(world, link, family);
  const source = unicastSource === null ? found : configured;
  // The last known source serves for the last word of a router whose address went away.
  if ((source !== null && source !== router.source) || moved) {
    router.adverts.clear();
    router.expectation = null;
  }
  if (source !== null && router.source !== null && source !== router.source) {
    turn.out.log("info", "vrrp.source", { name: router.config.name, from: router.source, to: source });
  }
  if (source !== null) router.source = source;
  track(world, turn, router);
  router.ownFaults = faultsOf(world, turn, router, link, source === null);
  return moved;
}

/** An address that never moves; where there is none, one that this node owns: it may have no other. */
const sourceOn = (world: World, { index: at }: Link, family: Family): Ip | null =>
  world.kernel.source(at, family, world.moved) ?? world.kernel.source(at, family, world.virtual);

function faultsOf(
  world: World,
  turn: Turn,
  router: Router,
  link: Link | null,
  sourceless: boolean,
): string[] {
  const { interface: name, family, unicastSource } = router.config;
  const faults: (string | null)[] = [linkFault(name, link)];
  let checked = 0;
  if (link !== null && sourceless) {
    if (unicastSource !== null) faults.push(`source ${unicastSource} is on no interface`);
    else faults.push(`interface ${name} has no ${family === 4 ? "IPv4" : "link-local"} address to send from`);
  }
  faults.push(widthFault(router, link));
  const deaf = link === null ? undefined : world.deaf.get(`${link.index} ${family}`);
  if (deaf !== undefined && usable(link)) faults.push(`cannot listen on ${name}: ${deaf}`);
  for (const other of router.interfaces) {
    if (other !== name && other !== router.device) faults.push(linkFault(other, world.kernel.named(other)));
  }
  for (const each of router.tracks) {
    if (!isFatal(each)) continue;
    faults.push(each.up === false ? `${each.name} is down` : `${each.name} says ${each.bonus}`);
    if (router.config.trackChecks.includes(each.name)) checked += 1;
  }
  faults.push(virtualMacFault(world, router), foundFault(world, router) ?? stuckFault(world, router));
  if (router.trouble !== null && turn.now < router.trouble.until) faults.push(router.trouble.text);
  const found = faults.filter((fault) => fault !== null);
  router.sudden = found.length > checked;
  return found;
}

/** Whether its adverts are too long for the link; those to unicast peers go wherever the kernel routes them. */
function widthFault({ config }: Router, link: Link | null): string | null {
  const bytes = advertLength(config);
  if (link === null || config.unicastPeers.length > 0 || bytes <= link.mtu) return null;
  return `an advert of ${bytes} bytes does not fit in the MTU of ${link.name}, which is ${link.mtu}`;
}

/** The first address that somebody else put where ours should go. */
function foundFault(world: World, router: Router): string | null {
  if (router.adopts) return null;
  for (const configured of router.addresses) {
    const key = keyOf(world.kernel, configured);
    if (key === null || world.ownership.get(key) !== null) continue;
    const found = world.kernel.find(key.index, key.address);
    if (found !== null && world.ownership.get(found) === null) {
      return `address ${found.address}/${found.prefix} is on ${configured.interface} already, and not by us`;
    }
  }
  return null;
}

/**
 * Judges these routers, and with them their sync groups, and starts or stops what the verdict asks for. Those that are `changed`,
 * or get another priority by it, tell their settings.
 */
export function assess(
  world: World,
  turn: Turn,
  routers: Iterable<Router>,
  changed: ReadonlySet<Router> = new Set(),
): void {
  const affected = new Set<Router>();
  const telling = new Set(changed);
  let moved = false;
  for (const router of routers) {
    const before = router.priority;
    moved = judgeFaults(world, turn, router) || moved;
    for (const member of group(world, router)) affected.add(member);
    if (router.priority !== before) telling.add(router);
  }
  if (moved) {
    index(world);
    // A master whose interface was replaced between two looks at it holds nothing on the new one yet.
    turn.addresses = true;
  }
  for (const router of affected) inherit(world, router);
  for (const router of affected) {
    turn.touched.add(router);
    const standby = router.order?.kind === "standby";
    const stays = world.stopping !== null || standby || router.faults.length > 0;
    const given = router.goes && world.pending?.routers.has(router) !== true;
    if ((standby || given || router.faults.length > 0) && router.machine.kind !== "init") {
      const { reason } = router;
      if (waits(world, turn, router)) continue;
      // An owner whose cause is over by now is master again in this very turn: it never left.
      const returns = !stays && startsAsMaster(router.settings(), turn.now);
      const silent = returns || !usable(world.kernel.named(router.config.interface));
      drive(world, turn, router, { kind: "stop", silent });
      if (standby) router.reason = reason;
    }
    if (stays) continue;
    if (router.machine.kind === "init") drive(world, turn, router, { kind: "start" });
    else if (telling.has(router)) drive(world, turn, router, { kind: "settings" });
  }
  listen(world, turn);
}

/** What is wrong with a router: its own faults, or that of another member of its sync group. */
function inherit(world: World, router: Router): void {
  const { syncGroup } = router.config;
  const ill = group(world, router).find((member) => member !== router && member.ownFaults.length > 0);
  const inherited = ill === undefined ? [] : [`sync group ${syncGroup}: ${ill.config.name} is in fault`];
  router.faults = router.ownFaults.length > 0 ? router.ownFaults : inherited;
}

/** Whether it must not stop yet: all that is wrong are failed checks, and a before_release of its sync group still runs. */
function waits(world: World, turn: Turn, router: Router): boolean {
  const leaving = group(world, router).filter(
    ({ faults, goes, order }) => faults.length > 0 || goes || order?.kind === "standby",
  );
  if (leaving.some(({ sudden }) => sudden)) return false;
  const reason = router.faults.length > 0 ? router.faults.join("; ") : router.reason;
  return awaitsRelease(world, turn, leaving, reason);
}

/** The routers that an interface matters to. */
export function concerned(world: World, name: string): Router[] {
  return [...world.routers.values()].filter(
    ({ config, interfaces }) =>
      config.interface === name ||
      config.unicastSource !== null ||
      config.trackInterfaces.some((track) => track.name === name) ||
      interfaces.has(name) ||
      // The kernel finds the interface of such a route by the addresses that there are.
      config.routes.some((route) => route.via !== null && route.interface === null),
  );
}
