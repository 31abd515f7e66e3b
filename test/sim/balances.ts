/** What holds for virtual services, whatever happens to directors and servers. */
import type { Event } from "../../src/agent/boundary.ts";
import type { Destination, Entry } from "../../src/wire/ipvs.ts";
import { serviceKey } from "../../src/wire/ipvs.ts";
import { ip } from "../ipvs/values.ts";
import { FOREIGN_KEY, keyOf, type Made } from "./balance.ts";
import { corrected, FALLBACK, PORT, type ServicePlan } from "./balance-plan.ts";
import type { Node } from "./node.ts";
import type { Scene } from "./scene.ts";
import { isMaster, violate } from "./scene.ts";

const KEY = serviceKey({ kind: "address", protocol: "tcp", address: ip("10.0.5.1"), port: PORT });

/** What an agent can know of a server, from what its probes found. */
interface Known {
  readonly passed: boolean;
  readonly down: boolean;
  /** When it was last found otherwise. */
  readonly at: number;
  /** Results in a row that contradict this. */
  readonly against: number;
}
const UNKNOWN: Known = { passed: false, down: false, at: Number.NEGATIVE_INFINITY, against: 0 };

function after(known: Known, healthy: boolean, { rise, fall }: ServicePlan, now: number): Known {
  const { down, at, against } = known;
  const passed = known.passed || healthy;
  if (healthy !== down) return { passed, down, at, against: 0 };
  const turned = against + 1 >= (down ? rise : fall);
  return turned ? { passed, down: !down, at: now, against: 0 } : { passed, down, at, against: against + 1 };
}

/** Servers with weight by address, with it. */
const serving = (entry: Entry | null): ReadonlyMap<string, number> =>
  new Map(
    (entry?.destinations ?? []).flatMap(({ destination: { address, weight } }) =>
      weight > 0 ? [[address, weight]] : [],
    ),
  );

export class Balances {
  readonly #scene: Scene;
  /** By node and address. */
  readonly #known = new Map<string, Known>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A probe ends: whoever is judged by it is judged as the agent must. */
  hears(node: Node, event: Event): void {
    if (event.kind !== "probe") return;
    const [name, server = ""] = event.check.split(" ");
    const plan = node.config.services.find((each) => each.name === name);
    if (plan === undefined) return;
    const key = `${node.number} ${server.replace(`:${PORT}`, "")}`;
    this.#known.set(
      key,
      after(this.#known.get(key) ?? UNKNOWN, event.healthy, plan, this.#scene.schedule.now),
    );
  }

  /** Another agent knows nothing but whom the kernel has in service, who stays that until its first verdict. */
  died(node: Node): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${node.number} `)) this.#known.delete(key);
    for (const address of serving(node.balance?.entry(KEY) ?? null).keys())
      this.#known.set(`${node.number} ${address}`, { ...UNKNOWN, passed: true });
  }

  /** After each single change of a kernel's table. */
  made(node: Node, { change, before, after: now, ordered, configured, cut }: Made): void {
    const { name } = node.plan;
    const { schedule, trace } = this.#scene;
    trace.detail(schedule.now, node.number, () => `${change.kind} ${[...serving(now)].join(" ")}`);
    const key = keyOf(change);
    if (key === FOREIGN_KEY) return violate(this.#scene, `${name} touched the service of somebody else`);
    if (change.kind === "add-service" && !node.balance?.owned.some(({ id }) => serviceKey(id) === key)) {
      violate(this.#scene, `${name} added a service that it did not note as its own`);
    }
    const [plan] = ordered.plans;
    if (plan === undefined) return;
    if (change.kind === "delete-destination") this.#removed(node, plan, cut, configured);
    const [had, has] = [serving(before), serving(now)];
    if (change.kind !== "delete-service" && plan.fallback && had.size > 0 && has.size === 0) {
      violate(this.#scene, `${name} left its service without anybody, and it has a fallback`);
    }
    if ("destination" in change) this.#raised(node, plan, change.destination, had, ordered.at);
  }

  /** Who is listed no more goes with the last of its connections, or when its time is over; a fallback with the last of them. */
  #removed(node: Node, plan: ServicePlan, cut: readonly string[], configured: number): void {
    const spare = plan.fallback ? FALLBACK : null;
    for (const address of cut) {
      if (plan.servers.some((server) => server.address === address)) continue;
      if (address === spare || configured < plan.drainTimeout) {
        violate(this.#scene, `${node.plan.name} removed ${address} with its connections`);
      }
    }
  }

  /** Who had no weight gets some by a check that has passed. */
  #raised(
    node: Node,
    plan: ServicePlan,
    { address, weight }: Destination,
    had: ReadonlyMap<string, number>,
    orderedAt: number,
  ): void {
    if (weight === 0 || had.has(address) || address === FALLBACK) return;
    const { passed, down: isDown, at } = this.#known.get(`${node.number} ${address}`) ?? UNKNOWN;
    // What is found while an order is carried out is the next order's.
    const down = isDown && at < orderedAt;
    // With a floor, who failed and was held is held by the next director that knows it so.
    if (passed && (!down || plan.panicBelow > 0)) return;
    const what = passed ? "has failed since" : "has never passed";
    violate(this.#scene, `${node.plan.name} gave weight to ${address}, whose check ${what}`);
  }

  /** Conditions that may hold for a while. */
  judge(): void {
    for (const node of this.#scene.nodes) {
      const [plan] = node.config.services;
      if (plan === undefined || node.balance === null) continue;
      const runs = node.running && !node.stopping && !node.balance.fails;
      const entry = node.balance.entry(KEY);
      const active = this.#active(node, plan);
      const { watches, schedule } = this.#scene;
      for (const { address } of plan.servers) {
        const alive = !node.health.failing.has(`${address}:${PORT}`);
        watches.update(
          `pool ${node.number} ${address}`,
          runs && active && alive && serving(entry).size === 0,
          corrected(plan),
          schedule.now,
          () => `${node.plan.name} has nobody in service, and ${address} is alive`,
        );
      }
      watches.update(
        `standby ${node.number}`,
        runs && !active && !plan.prepared && entry !== null,
        corrected(plan),
        schedule.now,
        () => `${node.plan.name} stands by and has the service`,
      );
    }
  }

  #active(node: Node, { activeWhen }: ServicePlan): boolean {
    const router = node.config.routers.find(({ name }) => name === activeWhen);
    return activeWhen === null || (router !== undefined && isMaster(this.#scene, node, router));
  }

  /** In peace every table is as configured. */
  finish(): void {
    for (const node of this.#scene.nodes) {
      if (!node.running || node.balance === null) continue;
      const [plan] = node.config.services;
      const { entries } = node.balance;
      const there = plan !== undefined && (this.#active(node, plan) || plan.prepared);
      const wanted = there ? plan.servers.map(({ address, weight }) => `${address} ${weight}`) : [];
      const entry = node.balance.entry(KEY);
      const found = (entry?.destinations ?? []).map(
        ({ destination: { address, weight } }) => `${address} ${weight}`,
      );
      const [told, meant] = [found.toSorted().join(", "), wanted.toSorted().join(", ")];
      if (told !== meant || (entry !== null) !== there) {
        violate(
          this.#scene,
          `${node.plan.name} has ${told || "nothing"} in service, and should have ${meant || "nothing"}`,
        );
      }
      const keys = entries.map(({ service: { id } }) => serviceKey(id)).filter((key) => key !== KEY);
      if (keys.join() !== FOREIGN_KEY)
        violate(this.#scene, `${node.plan.name} has the services ${keys.join()}`);
    }
  }
}
