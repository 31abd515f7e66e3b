/**
 * When a master must be silent, and when it must not. Whoever slept may have been replaced: it listens before it speaks (two owners
 * otherwise). Whoever leaves says so: the others need not wait for its silence to grow long.
 */
import type { Bounds } from "./bounds.ts";
import { LATENESS } from "./bounds.ts";
import type { Node } from "./node.ts";
import { type RouterPlan, virtualRouterOf } from "./plan.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";
import { usable } from "./truth.ts";

/** No packet of its own so soon after a long sleep, milliseconds; less where three intervals are less. */
const LISTENS = 50;

export class Manners {
  readonly #scene: Scene;
  /** World time of the last advert that left, by node and router. */
  readonly #sentAt = new Map<string, number>();
  /** The one before, as long as the last one is of the present moment. */
  readonly #sentBefore = new Map<string, number>();
  /** World time of the last priority 0, by virtual router. */
  readonly #releasedAt = new Map<string, number>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  #bounds(router: RouterPlan): Bounds | undefined {
    return this.#scene.bounds.get(virtualRouterOf(router));
  }

  /** Silence that proves nothing yet: two intervals, the longer ones while a reload may have changed them. */
  #silent(node: Node, router: RouterPlan): boolean {
    const sentAt = this.#sentAt.get(`${node.number} ${router.name}`);
    const interval = this.#bounds(router)?.interval ?? 0;
    return sentAt === undefined || this.#scene.schedule.now - sentAt > 2 * interval + LATENESS;
  }

  /** An advert leaves; `master`: its router was master before this turn. */
  speaks(node: Node, router: RouterPlan, priority: number, master: boolean): void {
    if (master && this.#silent(node, router) && !ordered(node, router)) {
      violate(this.#scene, `${node.plan.name} goes on as master of ${router.name} after a stall`);
    }
    this.tries(node, router);
    this.#wakes(node, router);
    if (priority === 0) this.#releasedAt.set(virtualRouterOf(router), this.#scene.schedule.now);
  }

  /** An advert leaves, or finds no way: it was no stall that kept it. */
  tries(node: Node, router: RouterPlan): void {
    const key = `${node.number} ${router.name}`;
    const { now } = this.#scene.schedule;
    const before = this.#sentAt.get(key) ?? Number.NEGATIVE_INFINITY;
    if (before < now) this.#sentBefore.set(key, before);
    this.#sentAt.set(key, now);
  }

  #wakes(node: Node, router: RouterPlan): void {
    const { now } = this.#scene.schedule;
    const { slept, thawedAt } = node;
    const bounds = this.#bounds(router);
    if (bounds === undefined || router.priority === 255) return;
    // A priority 0 that was sent since is as good as hearing nobody for long.
    if ((this.#releasedAt.get(virtualRouterOf(router)) ?? Number.NEGATIVE_INFINITY) > thawedAt) return;
    // As long as that, and neither a master's advert nor a backup's patience can have been due only just now.
    const long = slept > bounds.noMaster(0) + bounds.interval + 100;
    if (long && !ordered(node, router) && now - thawedAt < Math.min(LISTENS, 2.5 * router.interval)) {
      violate(this.#scene, `${node.plan.name} speaks for ${router.name} before it has listened`);
    }
  }

  /** A router is master from the first event of its agent's life on, without having listened. */
  resumes(node: Node, router: RouterPlan): void {
    if (router.priority === 255) return;
    // The first advert of the new life has just left.
    const sentAt = this.#sentBefore.get(`${node.number} ${router.name}`) ?? Number.NEGATIVE_INFINITY;
    if (this.#scene.schedule.now - sentAt <= 2 * (this.#bounds(router)?.interval ?? 0)) return;
    violate(this.#scene, `${node.plan.name} resumes ${router.name} long after its last advert`);
  }

  /** A router is master no more, by its own decision and not by losing; `said`: priority 0 was sent. */
  leaves(node: Node, router: RouterPlan, said: boolean): void {
    const able = usable(node, router.segment) && !node.mute.has(router.segment) && !node.excuses.holds;
    if (said || !able || this.#silent(node, router)) return;
    violate(this.#scene, `${node.plan.name} left ${router.name} without a word`);
  }
}

/** The operator wants it to be master: that need not be listened for. */
export const ordered = ({ orders }: Node, { name }: RouterPlan): boolean =>
  orders.taking || orders.taken.has(name);
