/** What all checkers look at: the nodes, the network between them, and what each router said it was at its last turn. */
import type { Role } from "../../src/agent/router.ts";
import type { Bounds } from "./bounds.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import type { RouterPlan } from "./plan.ts";
import type { Schedule } from "./schedule.ts";
import type { Trace } from "./trace.ts";
import { partIn } from "./truth.ts";
import type { Violation, Watches } from "./watch.ts";

export interface Scene {
  readonly nodes: readonly Node[];
  readonly network: Network;
  readonly schedule: Schedule;
  /** By virtual router. */
  readonly bounds: ReadonlyMap<string, Bounds>;
  readonly watches: Watches;
  readonly trace: Trace;
  /** By node number, then by router name; empty where no agent lives. */
  readonly roles: readonly Map<string, Role>[];
  /** The first broken promise ends the run. */
  violation: Violation | null;
}

/** Records a broken promise. */
export function violate(scene: Scene, text: string): void {
  scene.violation ??= { at: scene.schedule.now, text };
}

export const roleOf = (scene: Scene, node: Node, router: RouterPlan): Role =>
  scene.roles[node.number]?.get(router.name) ?? "init";

/** The node's agent runs and is master of this router, as of its last turn. */
export const isMaster = (scene: Scene, node: Node, router: RouterPlan): boolean =>
  node.running && roleOf(scene, node, router) === "master";

/** A node together with its part in a virtual router. */
export interface Part {
  readonly node: Node;
  readonly router: RouterPlan;
}

/** All nodes that have a part in it by their running configuration. */
export function partsOf(scene: Scene, virtualRouter: string): Part[] {
  const parts: Part[] = [];
  for (const node of scene.nodes) {
    const router = partIn(node, virtualRouter);
    if (router !== null) parts.push({ node, router });
  }
  return parts;
}

/** Every unordered pair, once. */
export function* pairs<Item>(items: readonly Item[]): Generator<[Item, Item]> {
  for (const [index, first] of items.entries()) {
    for (const second of items.slice(index + 1)) yield [first, second];
  }
}
