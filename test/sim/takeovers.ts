/**
 * A takeover needs a cause. While a node has heard all of a better master for as long as patience lasts, it must not become master
 * itself, nor beside a worse one when it does not preempt. And a sync group moves as one.
 */
import { LATENESS } from "./bounds.ts";
import type { Node } from "./node.ts";
import { type RouterPlan, virtualRouterOf } from "./plan.ts";
import type { Part, Scene } from "./scene.ts";
import { isMaster, partsOf, roleOf, violate } from "./scene.ts";
import { compatible, eligible, rank, reliable } from "./truth.ts";

/** Adverts that are under way for longer may come later than patience lasts, milliseconds. */
const PROMPT = 2;

export class Takeovers {
  readonly #scene: Scene;
  /** Since when a node has had no cause to replace a master, and the priorities of both then: by virtual router, node and master. */
  readonly #contentSince = new Map<string, { readonly at: number; readonly ranks: string }>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  readonly #judged = new Set<string>();
  /** When a node ceased to be master: by virtual router and node. */
  readonly #ceasedAt = new Map<string, number>();

  /** To be called after whatever may have changed a cause. */
  judge(): void {
    this.#judged.clear();
    for (const virtualRouter of this.#scene.bounds.keys()) {
      const parts = partsOf(this.#scene, virtualRouter);
      for (const part of parts) {
        for (const other of parts) {
          if (other.node !== part.node) this.#judge(virtualRouter, part, other);
        }
      }
    }
    // Whoever has no part in it any more after a reload contents nobody.
    for (const key of this.#contentSince.keys()) if (!this.#judged.has(key)) this.#contentSince.delete(key);
    this.#judgeOwners();
  }

  #judge(virtualRouter: string, part: Part, master: Part): void {
    const key = `${virtualRouter} ${part.node.number} ${master.node.number}`;
    this.#judged.add(key);
    const content =
      isMaster(this.#scene, master.node, master.router) &&
      part.node.running &&
      // One that has just begun to listen knows nobody's interval yet.
      roleOf(this.#scene, part.node, part.router) === "backup" &&
      reliable(this.#scene.network, part.node, master.node, part.router.segment) &&
      this.#scene.network.weather(part.router.segment).delay[1] <= PROMPT &&
      compatible(part.router, master.router) &&
      (!(part.router.preempt || part.router.priority === 255) ||
        rank(part.node, part.router) <= rank(master.node, master.router));
    if (!content) {
      this.#contentSince.delete(key);
      return;
    }
    // What a check finds is believed later, and patience has room for that: it begins anew with every change.
    const ranks = `${rank(part.node, part.router)} ${rank(master.node, master.router)}`;
    if (this.#contentSince.get(key)?.ranks !== ranks) {
      this.#contentSince.set(key, { at: this.#scene.schedule.now, ranks });
    }
  }

  /** A router has just become master; it must have had a cause. */
  took(node: Node, name: string): void {
    const router = node.config.routers.find((each) => each.name === name);
    // The operator is cause enough, as is to own the addresses.
    if (router === undefined || router.priority === 255 || node.orders.promised.has(name)) return;
    const virtualRouter = virtualRouterOf(router);
    const patience = this.#scene.bounds.get(virtualRouter)?.noMaster(this.#scene.network.longestDelay) ?? 0;
    for (const master of this.#scene.nodes) {
      const since = this.#contentSince.get(`${virtualRouter} ${node.number} ${master.number}`);
      if (since === undefined || this.#scene.schedule.now - since.at <= patience) continue;
      violate(this.#scene, `${node.plan.name} took ${name} from ${master.plan.name} without a cause`);
    }
  }

  /** A router is master no more, or dead. */
  ceased(node: Node, router: RouterPlan): void {
    this.#ceasedAt.set(`${virtualRouterOf(router)} ${node.number}`, this.#scene.schedule.now);
  }

  /** A router gave way to an advert that it heard: there must be another master. */
  gave(node: Node, name: string): void {
    const router = node.config.routers.find((each) => each.name === name);
    if (router === undefined || router.syncGroup !== null) return;
    const { now } = this.#scene.schedule;
    const { longestDelay } = this.#scene.network;
    const virtualRouter = virtualRouterOf(router);
    // As late as a packet can come, and what it was sent by may have ceased to be master since.
    const recent = now - longestDelay - LATENESS - (this.#scene.bounds.get(virtualRouter)?.interval ?? 0);
    const others = partsOf(this.#scene, virtualRouter).filter((part) => part.node !== node);
    const cause = others.some(
      (part) =>
        // A frozen one, too: what it sent before may still be under way.
        roleOf(this.#scene, part.node, part.router) === "master" ||
        (this.#ceasedAt.get(`${virtualRouter} ${part.node.number}`) ?? Number.NEGATIVE_INFINITY) >= recent,
    );
    if (!cause) violate(this.#scene, `${node.plan.name} gave up ${name} and there is no other master`);
  }

  /** The turn is over: of every sync group all routers are master, or none. */
  judgeGroups(node: Node): void {
    const byGroup = new Map<string, boolean>();
    for (const router of node.config.routers) {
      const { syncGroup } = router;
      if (syncGroup === null) continue;
      const master = isMaster(this.#scene, node, router);
      if ((byGroup.get(syncGroup) ?? master) !== master) {
        violate(this.#scene, `${node.plan.name} is master of a part of sync group ${syncGroup}`);
      }
      byGroup.set(syncGroup, master);
    }
  }

  /** The owner of the addresses waits for nobody, unless it slept or gave way as nobody could hear it: then it listens like everybody else. */
  #judgeOwners(): void {
    const { bounds, watches, schedule, network } = this.#scene;
    for (const [virtualRouter, bound] of bounds) {
      for (const { node, router } of partsOf(this.#scene, virtualRouter)) {
        if (router.priority !== 255) continue;
        const waits = eligible(node, router) && !isMaster(this.#scene, node, router);
        const listensFrom = Math.max(node.thawedAt, node.excuses.heardAt);
        const listens = listensFrom + bound.noMaster(network.longestDelay) - schedule.now;
        const limit = bound.owner + Math.max(0, listens);
        watches.update(`owner ${virtualRouter} ${node.number}`, waits, limit, schedule.now, () => {
          return `${node.plan.name} owns the addresses of ${router.name} and is not master`;
        });
      }
    }
  }
}
