/** A whole run: nodes on segments, faults and then peace, under the eyes of the checkers. One seed gives one run. */
import type { Ip, Mac } from "../../src/base/address.ts";
import { boundsOf } from "./bounds.ts";
import { Cables } from "./cables.ts";
import { Checkers } from "./checkers.ts";
import { cycle, forgery, inflict, pacify } from "./inflict.ts";
import { Gates } from "./gates.ts";
import { Network } from "./network.ts";
import { Node } from "./node.ts";
import type { Plan, SegmentName } from "./plan.ts";
import { INTERFACE_OF } from "./plan.ts";
import { Prng } from "./prng.ts";
import type { Handler } from "./agent.ts";
import type { Scene } from "./scene.ts";
import { violate } from "./scene.ts";
import { Schedule } from "./schedule.ts";
import { type Detail, Trace } from "./trace.ts";
import { Watches } from "./watch.ts";

export class World {
  readonly schedule = new Schedule();
  readonly chance: Prng;
  readonly network: Network;
  readonly nodes: readonly Node[];
  readonly scene: Scene;
  readonly gates: Gates;
  /** What carries heartbeat. */
  readonly cables: Cables;
  readonly checkers: Checkers;
  /** Segments on which every advert is copied by a stranger. */
  readonly forged = new Set<SegmentName>();
  /** Events of the world, for the figures. */
  steps = 0;
  /** For who looks on. */
  afterStep: (() => void) | null = null;
  readonly #plan: Plan;

  constructor(plan: Plan, makeAgent: () => Handler, detail: Detail) {
    this.#plan = plan;
    const chance = new Prng(plan.seed);
    this.chance = chance.fork();
    const nodes: Node[] = [];
    this.nodes = nodes;
    this.network = new Network(
      this.schedule,
      chance.fork(),
      plan.nodes.length,
      (frame, target) => {
        nodes[target]?.arrive(frame);
        const forged = this.forged.has(frame.segment) ? forgery(frame.ethertype, frame.bytes) : null;
        // The one that is copied hears it, too: whoever believes it gives way.
        if (forged === null) return;
        nodes[target]?.arrive({ ...frame, bytes: forged });
        nodes[frame.source]?.arrive({ ...frame, bytes: forged });
      },
      (address, segment) => this.#resolve(address, segment),
    );
    this.cables = new Cables(this.schedule, new Prng(plan.seed ^ 0xcab1e), this.network);
    this.scene = {
      nodes,
      network: this.network,
      schedule: this.schedule,
      bounds: boundsOf(plan.nodes),
      watches: new Watches(),
      trace: new Trace(
        plan.nodes.map(({ name }) => name),
        detail,
      ),
      roles: plan.nodes.map(() => new Map()),
      violation: null,
    };
    this.gates = new Gates(this.scene);
    this.checkers = new Checkers(this.scene, this.gates, this.cables, plan);
    for (const [number, nodePlan] of plan.nodes.entries()) {
      const { schedule, network, checkers, cables } = this;
      nodes.push(new Node(number, nodePlan, schedule, chance.fork(), network, cables, checkers, makeAgent));
    }
  }

  #resolve(address: Ip, segment: SegmentName): Mac | null {
    for (const { kernel } of this.nodes) {
      const link = kernel.links.get(INTERFACE_OF[segment]);
      if (link?.up === true && kernel.own(link.index, address.includes(":") ? 6 : 4).includes(address))
        return link.mac;
    }
    return null;
  }

  /** Writes what is done to the world into the trace, and does it. */
  tell(text: string, run: () => void): void {
    this.scene.trace.line(this.schedule.now, null, text);
    run();
    this.checkers.changed();
  }

  #prepare(): void {
    const { schedule, nodes } = this;
    const { faults, peaceAt, quietAt, cycleAt } = this.#plan;
    for (const node of nodes) schedule.at(this.chance.between(0, 500), () => node.start());
    for (const fault of faults) {
      schedule.at(fault.at, () => this.tell(JSON.stringify(fault), () => inflict(this, fault)));
    }
    schedule.at(peaceAt, () => this.tell("peace", () => pacify(this)));
    if (cycleAt !== null) schedule.at(cycleAt, () => this.tell("a node leaves and comes", () => cycle(this)));
    schedule.at(quietAt, () => this.tell("quiet", () => this.checkers.quiet()));
  }

  /** Lives through the whole plan, or up to the first broken promise. */
  run(): void {
    const { schedule, scene } = this;
    this.#prepare();
    while (scene.violation === null) {
      const next = Math.min(schedule.next(), this.#plan.endAt);
      scene.violation = scene.watches.overdue(next);
      if (scene.violation !== null || schedule.next() > this.#plan.endAt) break;
      this.#step();
    }
    if (scene.violation === null) this.checkers.finish();
  }

  #step(): void {
    this.steps++;
    try {
      this.schedule.step();
    } catch (error) {
      violate(this.scene, error instanceof Error ? `threw ${error.stack}` : `threw ${String(error)}`);
    }
    this.checkers.judge();
    this.afterStep?.();
  }
}
