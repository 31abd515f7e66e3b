/**
 * Equals whose ties are sticky: a newcomer takes nothing from a master that has run for long. Judged where everything that either
 * says reaches the other from the first advert of their contest on.
 */
import type { Event } from "../../src/agent/boundary.ts";
import type { Node } from "./node.ts";
import { sightAdvert } from "./packets.ts";
import { type RouterPlan, segmentOf, virtualRouterOf } from "./plan.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, pairs, partsOf, violate } from "./scene.ts";
import { membersWith, reliable } from "./truth.ts";

/** A mastership is new for so many of its adverts, and for a minute at most; what is near to that is not judged. */
const NEW_ADVERTS = 60;
const NEW_MAX = 60_000;
const SURELY = 1.2;
/** A contest that began while they did not hear all of each other is over after so many intervals. */
const FORGOTTEN = 8;
/** Packets that take longer may come after the patience of whoever waits for them, milliseconds. */
const PROMPT = 2;

export class Ties {
  readonly #scene: Scene;
  /** World time since which a router is master, by virtual router and node. */
  readonly #masterSince = new Map<string, number>();
  /** Since when two nodes hear all of each other, by virtual router and node numbers. */
  readonly #clearSince = new Map<string, number>();
  /** When one of two nodes last heard the other while not all of it came through, by virtual router and node numbers. */
  readonly #muddledAt = new Map<string, number>();

  /** The priority in the advert that was heard last. */
  #heard = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** To be called after whatever may have changed who hears whom. */
  judge(): void {
    const { network, schedule, bounds } = this.#scene;
    for (const virtualRouter of bounds.keys()) {
      for (const [a, b] of pairs(partsOf(this.#scene, virtualRouter))) {
        const key = pairKey(virtualRouter, a.node, b.node);
        const { segment } = a.router;
        const clear =
          a.node.running &&
          b.node.running &&
          reliable(network, a.node, b.node, segment) &&
          network.weather(segment).delay[1] <= PROMPT &&
          network.weather(segment).duplicate === 0;
        if (!clear) this.#clearSince.delete(key);
        else if (!this.#clearSince.has(key)) this.#clearSince.set(key, schedule.now);
      }
    }
  }

  /** A node is about to hear an advert. */
  hear(node: Node, event: Event): void {
    if (event.kind !== "frame") return;
    const advert = sightAdvert(event.family, event.bytes);
    const link = node.kernel.link(event.index);
    if (advert === null || link === null) return;
    this.#heard = advert.priority;
    const segment = segmentOf(link.name);
    const virtualRouter = `${segment} vrid ${advert.vrid} ipv${advert.family}`;
    for (const { node: other } of partsOf(this.#scene, virtualRouter)) {
      const key = pairKey(virtualRouter, node, other);
      const said = other.plan.own[segment].some(({ address }) => address === advert.source);
      if (said && !this.#isClear(key)) this.#muddledAt.set(key, this.#scene.schedule.now);
    }
  }

  /** A router became master; `resumed`: it was so in its agent's last life, and counts as having been for long. */
  took(node: Node, router: RouterPlan, resumed: boolean): void {
    const since = resumed ? Number.NEGATIVE_INFINITY : this.#scene.schedule.now;
    this.#masterSince.set(partKey(node, router), since);
  }

  /** A router was master until this turn, in which it heard somebody and yielded. */
  yielded(node: Node, router: RouterPlan): void {
    const mine = this.#age(node, router);
    const long = SURELY * Math.min(NEW_ADVERTS * router.interval, NEW_MAX);
    const others = partsOf(this.#scene, virtualRouterOf(router)).filter(
      (part) => part.node !== node && isMaster(this.#scene, part.node, part.router),
    );
    const [other] = others;
    // A group yields for whichever member lost, and three masters are told apart in pairs.
    if (other === undefined || others.length > 1 || membersWith(node, router).length > 1) return;
    if (mine < long || !this.#isNewcomer(other) || !this.#agree(node, router, other)) return;
    violate(
      this.#scene,
      `${node.plan.name}, master of ${router.name} for ${Math.round(mine)} ms, yielded to ${other.node.plan.name}, which is its equal and new`,
    );
  }

  /** Nothing of what was sent before is still under way. */
  #isClear(key: string): boolean {
    const { schedule, network } = this.#scene;
    const since = this.#clearSince.get(key);
    return since !== undefined && schedule.now - since >= network.longestDelay;
  }

  #isNewcomer({ node, router }: Part): boolean {
    return this.#age(node, router) * SURELY < Math.min(NEW_ADVERTS * router.interval, NEW_MAX);
  }

  #agree(node: Node, router: RouterPlan, other: Part): boolean {
    const key = pairKey(virtualRouterOf(router), node, other.node);
    if (!this.#isClear(key) || router.interval !== other.router.interval) return false;
    const muddled = this.#scene.schedule.now - (this.#muddledAt.get(key) ?? Number.NEGATIVE_INFINITY);
    if (muddled < FORGOTTEN * router.interval) return false;
    // Of two that have 254 the one that was taken stands by its address, like one that is not sticky.
    const sticky = isSticky(node, router) && isSticky(other.node, other.router);
    // As they said it: a link's delay has them run with another priority than what they track asks for.
    return sticky && node.process?.agent.priorities().get(router.name) === this.#heard;
  }

  #age(node: Node, router: RouterPlan): number {
    return (
      this.#scene.schedule.now - (this.#masterSince.get(partKey(node, router)) ?? this.#scene.schedule.now)
    );
  }
}

const isSticky = ({ orders }: Node, { name, tie }: RouterPlan): boolean =>
  tie === "sticky" && !orders.taken.has(name);

const partKey = (node: Node, router: RouterPlan): string => `${virtualRouterOf(router)} ${node.number}`;
const pairKey = (virtualRouter: string, a: Node, b: Node): string =>
  `${virtualRouter} ${Math.min(a.number, b.number)} ${Math.max(a.number, b.number)}`;
