/** What is so, whatever the agents believe: who hears whom, and who could be master. Judged from the world and the plans alone. */
import { familyOf, isLinkLocal } from "../../src/base/address.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import type { RouterPlan, SegmentName } from "./plan.ts";
import { INTERFACE_OF, movedBy, virtualRouterOf } from "./plan.ts";

/** Frames can pass the node's interface on this segment. */
export const usable = (node: Node, segment: SegmentName): boolean =>
  node.kernel.links.get(INTERFACE_OF[segment])?.carrier === true;

/** The adverts that the speaker sends can reach the listener; some may be lost. */
export const hears = (network: Network, listener: Node, speaker: Node, segment: SegmentName): boolean =>
  usable(listener, segment) &&
  usable(speaker, segment) &&
  !speaker.mute.has(segment) &&
  !network.isCut(segment, speaker.number, listener.number);

/** Everything that one of the two sends reaches the other, undamaged. */
export function reliable(network: Network, a: Node, b: Node, segment: SegmentName): boolean {
  const { loss, corrupt } = network.weather(segment);
  return loss === 0 && corrupt === 0 && hears(network, a, b, segment) && hears(network, b, a, segment);
}

/** The node's part in a virtual router, by its running configuration. */
export const partIn = (node: Node, virtualRouter: string): RouterPlan | null =>
  node.config.routers.find((router) => virtualRouterOf(router) === virtualRouter) ?? null;

/** The router and those that move with it. */
export const membersWith = (node: Node, router: RouterPlan): readonly RouterPlan[] =>
  router.syncGroup === null
    ? [router]
    : node.config.routers.filter(({ syncGroup }) => syncGroup === router.syncGroup);

function hasSource(node: Node, router: RouterPlan): boolean {
  const link = node.kernel.links.get(INTERFACE_OF[router.segment]);
  if (link === undefined) return false;
  const moved = node.config.routers
    .filter(({ priority }) => priority !== 255)
    .flatMap((each) => movedBy(each).map(({ address }) => address));
  return node.kernel
    .own(link.index, router.family)
    .some((address) => !moved.includes(address) && (familyOf(address) === 4 || isLinkLocal(address)));
}

/** An address of the router stands on the node already, and the router minds. */
function blocked(node: Node, router: RouterPlan): boolean {
  if (router.priority === 255 || router.adopt) return false;
  const link = node.kernel.links.get(INTERFACE_OF[router.segment]);
  return (
    link !== undefined &&
    movedBy(router).some(({ address }) =>
      node.kernel.own(link.index, familyOf(address)).some((own) => own === address),
    )
  );
}

function checksHold(node: Node, router: RouterPlan): boolean {
  return node.config.checks
    .filter(({ name }) => router.checks.includes(name))
    .every(({ name, type, weight }) => {
      if (node.health.failing.has(name)) return weight !== 0;
      return type === "script" || node.health.number(name) > -254;
    });
}

/** Nothing keeps the node from being master of this router. */
export function eligible(node: Node, router: RouterPlan): boolean {
  if (!node.running || node.stopping || node.excuses.holds) return false;
  return membersWith(node, router).every(
    (member) =>
      !node.orders.out.has(member.name) &&
      !node.orders.leaving.has(member.name) &&
      !delayed(node, member) &&
      usable(node, member.segment) &&
      !node.mute.has(member.segment) &&
      hasSource(node, member) &&
      !blocked(node, member) &&
      checksHold(node, member) &&
      member.routes.every(({ segment }) => segment === null || usable(node, segment)) &&
      member.tracks.every(({ segment, weight }) => weight !== 0 || usable(node, segment)),
  );
}

/** The priority that the router should run with: the configured one and the weights of what it tracks, or 254 by takeover. */
export function rank(node: Node, router: RouterPlan): number {
  if (router.priority === 255) return 255;
  if (node.orders.taken.has(router.name)) return 254;
  let sum = router.priority;
  const add = (up: boolean, weight: number): void => {
    if (weight > 0 === up) sum += weight;
  };
  for (const { segment, weight } of router.tracks) add(usable(node, segment), weight);
  for (const check of node.config.checks) {
    if (!router.checks.includes(check.name)) continue;
    const up = !node.health.failing.has(check.name);
    add(up, check.weight);
    if (up && check.type === "file") sum += node.health.number(check.name);
  }
  return Math.min(254, Math.max(1, sum));
}

/** Two nodes' adverts count with each other: the passwords agree. Strict ones are always among such as speak both versions. */
export const compatible = (a: RouterPlan, b: RouterPlan): boolean => a.key === b.key && a.header === b.header;

/** Its agent was started so short a time ago that the router only listens, unless its mastership was resumed. */
export const delayed = (node: Node, router: RouterPlan): boolean =>
  node.schedule.now < node.excuses.startedAt + router.startupDelay;
