/** Who is master, for how long, and who holds what: the conditions that bounds.ts puts a limit to. */
import type { AddressChange } from "../../src/agent/boundary.ts";
import type { Bounds } from "./bounds.ts";
import { RESTORED, standsFor, takingMax } from "./bounds.ts";
import { lifetimeOf } from "./cluster-plan.ts";
import type { Gates } from "./gates.ts";
import type { Guards } from "./guards.ts";
import type { Node } from "./node.ts";
import type { PlannedAddress, RouterPlan } from "./plan.ts";
import { carriedBy, INTERFACE_OF, interfaceOf, movedBy, virtualRouterOf } from "./plan.ts";
import { judgeDevices, judgeRefusals } from "./macs.ts";
import { judgeForwarding, judgeRoutes } from "./routes.ts";
import { COUNTS, knowsMaster } from "./rivals.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, pairs, partsOf, roleOf, violate } from "./scene.ts";
import { compatible, eligible, hears, membersWith, partIn, rank, reliable, usable } from "./truth.ts";

/** Without carrier a router may be called master until its agent has read the news. */
const NEWS = 20;

/** Looks at every condition; to be called after whatever may have changed one. */
export function judgeElections(scene: Scene, gates: Gates, guards: Guards): void {
  for (const [virtualRouter, bounds] of scene.bounds) {
    const parts = partsOf(scene, virtualRouter);
    for (const [a, b] of pairs(parts)) judgePair(scene, virtualRouter, bounds, a, b);
    for (const part of parts) {
      judgeAbsence(scene, guards, virtualRouter, bounds, part);
      judgeHolding(scene, gates, part);
    }
  }
  for (const node of scene.nodes) {
    judgeDevices(scene, gates, node);
    const finite = node.config.lifetime === "auto";
    const { cluster } = node.config;
    const ofGroups = cluster === null ? 0 : standsFor(lifetimeOf(cluster));
    const longest = Math.max(ofGroups, ...[...scene.bounds.values()].map(({ leftBehind }) => leftBehind));
    const left = finite && !node.running && node.process?.started !== false && node.kernel.added().length > 0;
    scene.watches.update(`left ${node.number}`, left, longest, scene.schedule.now, () => {
      const added = node.kernel.added().map(({ address }) => address);
      return `${node.plan.name} does not run and its kernel holds ${added.join(", ")}`;
    });
  }
}

/** There was a master, if only for a moment that no condition saw: waiting for one begins anew. */
export function masterSeen(scene: Scene, node: Node, name: string): void {
  const router = node.config.routers.find((each) => each.name === name);
  if (router === undefined) return;
  for (const member of membersWith(node, router)) {
    for (const { number } of scene.nodes) scene.watches.forget(`absent ${virtualRouterOf(member)} ${number}`);
  }
}

/** Checker 1: two masters that hear each other; the kernels' tables say the same as the states, both are looked at. */
function judgePair(scene: Scene, virtualRouter: string, bounds: Bounds, a: Part, b: Part): void {
  const { watches, network, schedule } = scene;
  const names = `${a.node.plan.name} and ${b.node.plan.name}`;
  const key = `${virtualRouter} ${a.node.number} ${b.node.number}`;
  const { segment } = a.router;
  const calm = a.node.running && b.node.running && reliable(network, a.node, b.node, segment);
  const agree = calm && compatible(a.router, b.router);
  const both = isMaster(scene, a.node, a.router) && isMaster(scene, b.node, b.router);
  const rivals =
    [a, b].some(({ node, router }) => node.orders.taken.has(router.name)) &&
    [a, b].every(({ node, router }) => rank(node, router) >= 254);
  const limit = bounds.twoMasters(network.longestDelay, rivals);
  watches.update(
    `masters ${key}`,
    agree && both,
    limit,
    schedule.now,
    () => `${virtualRouter}: ${names} are both master`,
  );
  const shared = agree ? heldByBoth(a, b) : [];
  watches.update(
    `holders ${key}`,
    shared.length > 0,
    limit,
    schedule.now,
    () => `${virtualRouter}: the kernels of ${names} both hold ${shared.join(", ")}`,
  );
}

/** Addresses that agents put on both nodes. */
function heldByBoth(a: Part, b: Part): string[] {
  const added = new Set(a.node.kernel.added().map(({ address }) => address));
  const mine = new Set(movedBy(a.router).map(({ address }) => address));
  return b.node.kernel
    .added()
    .map(({ address }) => address)
    .filter((address) => added.has(address) && mine.has(address));
}

/** Some master's adverts may reach this part. */
function hearsMaster(scene: Scene, part: Part, virtualRouter: string): boolean {
  return (
    partsOf(scene, virtualRouter).some(
      (other) =>
        isMaster(scene, other.node, other.router) &&
        (other.node === part.node ||
          (compatible(other.router, part.router) &&
            hears(scene.network, part.node, other.node, part.router.segment))),
    ) || knowsMaster(scene, part, virtualRouter)
  );
}

/** Checker 2: a node that could be master, hears none, and is none. A sync group waits until none of its members hears one. */
function judgeAbsence(scene: Scene, guards: Guards, virtualRouter: string, bounds: Bounds, part: Part): void {
  const { node, router } = part;
  const members = membersWith(node, router);
  const alone =
    eligible(node, router) &&
    members.every((member) => guards.allows({ node, router: member })) &&
    !members.some((member) => {
      const own = [...scene.bounds.keys()].find((key) => partIn(node, key) === member);
      return own !== undefined && hearsMaster(scene, { node, router: member }, own);
    });
  const known = node.config.cluster === null ? 0 : COUNTS;
  const slowest =
    known +
    Math.max(
      bounds.noMaster(scene.network.longestDelay),
      ...members.flatMap((member) => {
        const own = [...scene.bounds].find(([key]) => partIn(node, key) === member);
        return own === undefined ? [] : [own[1].noMaster(scene.network.longestDelay)];
      }),
    );
  scene.watches.update(
    `absent ${virtualRouter} ${node.number}`,
    alone,
    slowest,
    scene.schedule.now,
    () =>
      `${virtualRouter}: ${node.plan.name} hears no master, could be it, and is ${roleOf(scene, node, router)}`,
  );
}

/** An address is where the router has it: on its interface, or on a device there. */
function isThere({ kernel }: Part["node"], router: RouterPlan, { address, prefix }: PlannedAddress): boolean {
  const link = kernel.links.get(interfaceOf(router));
  return link !== undefined && kernel.origin({ index: link.index, address, prefix }) !== null;
}

/** Checker 3, from the side of the master: its addresses are there, its interface works. */
function judgeHolding(scene: Scene, gates: Gates, { node, router }: Part): void {
  const { watches, schedule } = scene;
  const master = isMaster(scene, node, router);
  const holds = gates.holds(node, router);
  const key = `${node.number} ${router.name}`;
  const deadLink = master && !usable(node, router.segment);
  watches.update(`dead ${key}`, deadLink, NEWS, schedule.now, () => {
    return `${node.plan.name} is master of ${router.name} on an interface without carrier`;
  });
  const members = membersWith(node, router);
  watches.update(`taking ${key}`, master && !holds, takingMax(members), schedule.now, () => {
    return `${node.plan.name} is master of ${router.name} and its hooks do not let it take`;
  });
  judgeRoutes(scene, node, router, holds);
  if (!node.kernel.links.has(INTERFACE_OF[router.segment])) return;
  for (const { address, prefix } of carriedBy(router)) {
    const missing = holds && !isThere(node, router, { address, prefix });
    watches.update(`missing ${key} ${address}`, missing, RESTORED, schedule.now, () => {
      return `${node.plan.name} is master of ${router.name} and ${address} is not there`;
    });
  }
}

/** Checker 3, after every turn of a node: nothing that its agent added stands there for a router that does not hold. */
export function judgeAddresses(
  scene: Scene,
  gates: Gates,
  node: Part["node"],
  became: ReadonlySet<string>,
): void {
  const may = new Set<string>();
  for (const router of node.config.routers) {
    const link = node.kernel.links.get(interfaceOf(router));
    if (link === undefined || !gates.holds(node, router)) continue;
    for (const { address, prefix } of carriedBy(router)) {
      may.add(`${link.index} ${address}/${prefix}`);
      if (!became.has(router.name)) continue;
      if (isThere(node, router, { address, prefix })) continue;
      // One that was adopted, and somebody took away just before: the agent is about to read that, and {@link RESTORED} is its time.
      if (router.adopt && node.process?.isUntold({ index: link.index, address, prefix }) === true) continue;
      violate(scene, `${node.plan.name} took ${router.name} without ${address}`);
    }
  }
  // Where a group runs is judged by its places.
  const lan = node.kernel.links.get(INTERFACE_OF.lan);
  for (const { address } of node.config.cluster?.resources?.groups ?? []) {
    if (address !== null && lan !== undefined) may.add(`${lan.index} ${address.address}/${address.prefix}`);
  }
  judgeForwarding(scene, gates, node, became);
  judgeRefusals(scene, gates, node);
  for (const { index, address, prefix } of node.kernel.added()) {
    if (may.has(`${index} ${address}/${prefix}`)) continue;
    violate(scene, `${node.plan.name} holds ${address}/${prefix}, which it added, and may not`);
  }
}

/** Checkers 3 and 10: what an agent adds stands in its ledger by then, and vanishes if nobody re-arms it. */
export function judgeAddition(
  scene: Scene,
  node: Part["node"],
  { op, key, lifetime }: Exclude<AddressChange, { op: "delete" }>,
): void {
  if (op !== "add") return;
  const { index, address, prefix } = key;
  const known = [...node.ledger.values()].some(({ added }) =>
    added.some((each) => each.index === index && each.address === address && each.prefix === prefix),
  );
  if (!known) violate(scene, `${node.plan.name} added ${address}, which its ledger does not say`);
  const { cluster } = node.config;
  const ofGroups = cluster === null ? 0 : lifetimeOf(cluster);
  const longest = Math.max(ofGroups, ...[...scene.bounds.values()].map((bounds) => bounds.lifetime));
  if (node.config.lifetime === "auto" && !(lifetime !== null && lifetime <= longest)) {
    violate(scene, `${node.plan.name} added ${address} for ${lifetime ?? "ever"} s`);
  }
}

/** Checker 5, at the very end of peace: one master among those that could be, and nobody better whom it should make room for. */
export function judgePeace(scene: Scene): void {
  for (const node of scene.nodes) judgePriorities(scene, node);
  for (const virtualRouter of scene.bounds.keys()) {
    const parts = partsOf(scene, virtualRouter);
    for (const key of new Set(parts.map(({ router }) => router.key))) {
      judgeSettled(
        scene,
        virtualRouter,
        parts.filter(({ router }) => router.key === key),
      );
    }
  }
}

/** Every router runs with the priority that the weights of what it tracks, as that is now, make of its own. */
function judgePriorities(scene: Scene, node: Part["node"]): void {
  const known = node.running ? node.process?.agent.priorities() : undefined;
  for (const router of node.config.routers) {
    const priority = known?.get(router.name);
    if (priority === undefined || priority === rank(node, router)) continue;
    violate(
      scene,
      `${node.plan.name} runs ${router.name} with priority ${priority}, and should with ${rank(node, router)}`,
    );
  }
}

function judgeSettled(scene: Scene, virtualRouter: string, parts: readonly Part[]): void {
  const masters = parts.filter(({ node, router }) => isMaster(scene, node, router));
  const candidates = parts.filter(({ node, router }) => eligible(node, router));
  const story = parts
    .map(({ node, router }) => `${node.plan.name} ${rank(node, router)} ${roleOf(scene, node, router)}`)
    .join(", ");
  const master = masters[0];
  // Those whose adverts do not count for others leave it to the one that their cluster knows of.
  if (master === undefined && candidates.every((part) => knowsMaster(scene, part, virtualRouter))) return;
  if (masters.length !== (candidates.length === 0 ? 0 : 1)) {
    violate(scene, `${virtualRouter}: ${masters.length} masters in peace (${story})`);
  } else if (master !== undefined && candidates.every(({ node }) => node !== master.node)) {
    violate(scene, `${virtualRouter}: ${master.node.plan.name} should be in fault (${story})`);
  } else if (master !== undefined) {
    const mine = rank(master.node, master.router);
    const better = candidates.find(
      ({ node, router }) =>
        rank(node, router) > mine &&
        membersWith(node, router).every(({ preempt, priority }) => preempt || priority === 255),
    );
    if (better === undefined) return;
    violate(scene, `${virtualRouter}: ${better.node.plan.name} is better than the master (${story})`);
  }
}
