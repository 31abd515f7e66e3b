/** Where groups of resources run, told to the checkers of test/heartbeat/sim: they judge the agents here as they judge the machines alone. */
import { Checkers } from "../heartbeat/sim/checkers.ts";
import type { NodeView, Terms, View } from "../heartbeat/sim/view.ts";
import type { Cables } from "./cables.ts";
import { type GroupPlan, idOf } from "./cluster-plan.ts";
import type { Node } from "./node.ts";
import { type Scene, violate } from "./scene.ts";
import { usable } from "./truth.ts";

/** Milliseconds between two looks while nothing happens: what lasts too long is seen by then. */
const EVERY = 250;
/** So long after the kernel refused an address its group may have failed: it is tried again after 30 s. */
const REFUSED = 45_000;

export class Places {
  readonly #scene: Scene;
  readonly #cables: Cables;
  readonly #checkers: Checkers;
  readonly #groups: readonly GroupPlan[];
  #lookAt = 0;
  /** When the kernel of a node was last such that it refuses an address. */
  readonly #refusedAt = new Map<number, number>();

  constructor(scene: Scene, cables: Cables, groups: readonly GroupPlan[], terms: Terms) {
    this.#scene = scene;
    this.#cables = cables;
    this.#groups = groups;
    this.#checkers = new Checkers(terms);
  }

  /** After an event of the world; `changed`: something moved. */
  judge(changed: boolean): void {
    const { now } = this.#scene.schedule;
    if (!changed && now < this.#lookAt) return;
    this.#lookAt = now + EVERY;
    this.#ask(() => this.#checkers.look(this.#view()));
  }

  /** A node has begun to fence the other one. */
  aims(node: Node): void {
    const at = this.#scene.nodes.indexOf(node) === 0 ? 0 : 1;
    this.#ask(() => this.#checkers.aims(this.#view(), at));
  }

  /** The end of the run. */
  finish(): void {
    this.#ask(() => this.#checkers.end(this.#view()));
  }

  #ask(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      violate(this.#scene, error instanceof Error ? error.message : String(error));
    }
  }

  #view(): View {
    const [first, second] = this.#scene.nodes;
    if (first === undefined || second === undefined) throw new RangeError("groups move between two nodes");
    return {
      now: this.#scene.schedule.now,
      nodes: [this.#node(first, second), this.#node(second, first)],
      connected: this.#areConnected(first, second),
      groups: this.#groups,
      // Nothing is judged of who sees more.
      orderedAt: Number.POSITIVE_INFINITY,
      sizes: new Map(this.#groups.map((group) => [group.key, group.size])),
    };
  }

  #node(node: Node, other: Node): NodeView {
    const { running, excused } = node.services;
    const { now } = this.#scene.schedule;
    if (!usable(node, "lan") || node.kernel.failAdditions > 0) this.#refusedAt.set(node.number, now);
    const refused = now - (this.#refusedAt.get(node.number) ?? Number.NEGATIVE_INFINITY) < REFUSED;
    const count = ({ address, scripts }: GroupPlan): number =>
      scripts.filter((name) => running.has(name)).length +
      (address !== null && node.kernel.has(address.address) ? 1 : 0);
    const isExcused = ({ address, scripts }: GroupPlan): boolean =>
      (address !== null && refused) || scripts.some((name) => excused.has(name));
    return {
      powered: node.powered,
      running: node.running,
      leaving: node.stopping,
      left: node.process === null && node.left,
      sees: node.config.cluster?.pings === true ? this.#cables.answersOf(node) : null,
      alone: node.process?.agent.members().get(other.plan.name) === "dead",
      resources: new Map(this.#groups.map((group) => [group.key, count(group)])),
      excused: new Set(this.#groups.filter(isExcused).map(({ key }) => key)),
    };
  }

  /** A link carries everything both ways. */
  #areConnected(a: Node, b: Node): boolean {
    return (a.config.cluster?.links ?? [])
      .map(idOf)
      .some(
        (link) =>
          [a, b].every(({ process }) => process?.cluster.isOpen(link) === true) &&
          this.#cables.carries(link, a, b) &&
          this.#cables.carries(link, b, a),
      );
  }
}
