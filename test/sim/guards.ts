/**
 * What guards promise: nobody becomes master for want of adverts while a healthy master could say that it is one; and whom a guard may hold
 * back, so that everybody else must not be held back.
 */
import type { Action } from "../../src/agent/boundary.ts";
import { LATENESS } from "./bounds.ts";
import type { Gates } from "./gates.ts";
import type { Members } from "./members.ts";
import type { Node } from "./node.ts";
import type { RouterPlan } from "./plan.ts";
import { virtualRouterOf } from "./plan.ts";
import { isMaster, type Part, partsOf, type Scene, violate } from "./scene.ts";

/** Reasons of who takes over because it hears nobody. */
const UNHEARD = /no master heard| silent for /;
/** Intervals in which a question is asked and answered, twice. */
const ASKED = 2;

export class Guards {
  readonly #scene: Scene;
  readonly #gates: Gates;
  readonly #members: Members;
  /** Since when a master could answer a backup, by virtual router and both nodes. */
  readonly #since = new Map<string, number>();
  /** Routers that were given up for want of a witness, and whose node still reaches none. */
  readonly #isolated = new Set<string>();

  constructor(scene: Scene, gates: Gates, members: Members) {
    this.#scene = scene;
    this.#gates = gates;
    this.#members = members;
  }

  /** To be called after whatever may have changed who hears whom. */
  judge(): void {
    for (const node of this.#scene.nodes) {
      if (node.process !== null && !node.cables.mayReachGateway(node)) continue;
      for (const key of this.#isolated) if (key.startsWith(`${node.number} `)) this.#isolated.delete(key);
    }
    const could = new Set<string>();
    for (const virtualRouter of this.#scene.bounds.keys()) {
      const parts = partsOf(this.#scene, virtualRouter);
      for (const backup of parts) {
        for (const master of parts) {
          if (backup.node === master.node) continue;
          const key = `${virtualRouter} ${backup.node.number} ${master.node.number}`;
          if (this.#couldAnswer(backup, master)) could.add(key);
        }
      }
    }
    // A reload may have taken the router away.
    for (const key of this.#since.keys()) if (!could.has(key)) this.#since.delete(key);
    for (const key of could) if (!this.#since.has(key)) this.#since.set(key, this.#scene.schedule.now);
  }

  #couldAnswer(backup: Part, { node, router }: Part): boolean {
    const soon = Math.min(backup.router.interval, router.interval) / 4;
    return (
      backup.router.guard?.heartbeat === true &&
      router.guard?.heartbeat === true &&
      !node.mute.has(router.segment) &&
      this.#gates.holds(node, router) &&
      this.#members.hears(backup.node, node, soon) &&
      this.#members.hears(node, backup.node, soon)
    );
  }

  log(node: Node, { event, fields }: Extract<Action, { kind: "log" }>): void {
    if (event !== "vrrp.isolated" || !String(fields["text"]).startsWith("no witness")) return;
    this.#isolated.add(`${node.number} ${String(fields["name"])}`);
  }

  /** A router has just become master. */
  took(node: Node, router: RouterPlan): void {
    const alone = router.syncGroup === null && !node.orders.promised.has(router.name);
    if (alone && this.#isolated.delete(`${node.number} ${router.name}`)) {
      violate(
        this.#scene,
        `${node.plan.name} gave up ${router.name} as no witness answered, and took it again`,
      );
    }
    const reason = node.history.findLast((each) => each.name === router.name)?.reason ?? "";
    if (router.guard?.heartbeat !== true || !UNHEARD.test(reason)) return;
    const virtualRouter = virtualRouterOf(router);
    const { nodes, schedule, bounds, network } = this.#scene;
    const interval = bounds.get(virtualRouter)?.interval ?? 0;
    const patience = ASKED * interval + 3 * (network.longestDelay + LATENESS);
    for (const { number, plan } of nodes) {
      const since = this.#since.get(`${virtualRouter} ${node.number} ${number}`);
      if (since === undefined || schedule.now - since <= patience) continue;
      violate(
        this.#scene,
        `${node.plan.name} took ${router.name}, and ${plan.name} could say that it is master`,
      );
    }
  }

  /** Nothing that the guard asks for can hold the router back. */
  allows({ node, router }: Part): boolean {
    const { guard } = router;
    if (guard === null) return true;
    const { cables } = node;
    if (guard.witness !== null && !cables.reachesGateway(node)) return false;
    if (!guard.heartbeat) return true;
    return partsOf(this.#scene, virtualRouterOf(router)).every(
      (other) =>
        other.node === node ||
        !isMaster(this.#scene, other.node, other.router) ||
        other.node.mute.has(other.router.segment) ||
        this.#members.isDeaf(node, other.node) ||
        this.#members.isDeaf(other.node, node),
    );
  }
}
