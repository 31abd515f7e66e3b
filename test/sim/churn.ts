/**
 * Hours of churn with agents that never end: elections, faults, reloads, hooks, one after the other. What an agent keeps in memory must
 * be of its configuration and its neighbours, not of its past; it is counted in its own state, value by value, so that the figure is
 * the same on every machine, and beside it the heap of the whole simulator is told.
 */
import { Agent } from "../../src/agent/agent.ts";
import { handlerOf } from "./agent.ts";
import { drawPlan } from "./draw.ts";
import { drawFaults } from "./faults.ts";
import { inflict } from "./inflict.ts";
import type { Plan } from "./plan.ts";
import { Prng } from "./prng.ts";
import type { Violation } from "./watch.ts";
import { World } from "./world.ts";

const HOUR = 3_600_000;
/** Faults are drawn for so long at a time, and last some seconds; milliseconds. */
const WINDOW = 30_000;
const SCALE = 2_000;
/** Peace at the end, long enough for everything to settle: it is judged there, as in any run. */
const CALM = 120_000;
/** An agent that ends has forgotten everything. */
const LETHAL: ReadonlySet<string> = new Set(["crash", "reboot", "stop"]);

/** What there was at a time. */
export interface Sample {
  /** Virtual hours since the beginning. */
  readonly hours: number;
  /** Values in the state of the agent that has most: numbers, strings by eight bytes, entries, fields. */
  readonly values: number;
  /** Bytes in use after a collection, simulator included. */
  readonly heap: number;
}

export interface Churned {
  readonly samples: readonly Sample[];
  readonly violation: Violation | null;
  /** Changes of state that the agents said. */
  readonly transitions: number;
}

/** The first seed with something of everything. */
function busyPlan(): Plan {
  for (let seed = 1; ; seed++) {
    const plan = drawPlan(seed);
    const [first] = plan.nodes;
    const routers = plan.nodes.flatMap(({ config }) => config.routers);
    const everything =
      plan.nodes.length >= 3 &&
      (first?.config.routers.length ?? 0) >= 3 &&
      routers.every(({ interval }) => interval >= 100 && interval <= 1000) &&
      routers.some(({ hooks }) => hooks !== null) &&
      plan.nodes.some(({ config }) => config.checks.length > 0);
    if (everything) return plan;
  }
}

/** Values that can be reached from `root`, each object once. */
function valuesIn(root: unknown): number {
  const seen = new Set<object>();
  const waiting: unknown[] = [root];
  let count = 0;
  while (waiting.length > 0) {
    const value = waiting.pop();
    count += typeof value === "string" ? 1 + Math.floor(value.length / 8) : 1;
    if (typeof value !== "object" || value === null || seen.has(value)) continue;
    seen.add(value);
    if (value instanceof Uint8Array) count += value.length / 8;
    else if (value instanceof Map) waiting.push(...value.keys(), ...value.values());
    else if (value instanceof Set) waiting.push(...value);
    else waiting.push(...Object.values(value));
  }
  return Math.round(count);
}

/** Lives through so many virtual hours, with a sample each of `samples` times. */
export function churn(hours: number, samples: number): Churned {
  const drawn = busyPlan();
  const endAt = hours * HOUR;
  const agents: Agent[] = [];
  const make = (): ReturnType<typeof handlerOf> => {
    const agent = new Agent();
    agents.push(agent);
    return handlerOf(agent);
  };
  const peaceAt = endAt - CALM;
  const plan: Plan = { ...drawn, faults: [], peaceAt, quietAt: endAt, endAt };
  const world = new World(plan, make, "none");
  const chance = new Prng(drawn.seed);
  const trouble = (from: number): void => {
    const faults = drawFaults(chance, plan.nodes, from, from + WINDOW, SCALE);
    for (const fault of faults.filter(({ kind }) => !LETHAL.has(kind))) {
      world.schedule.at(fault.at, () => world.tell(fault.kind, () => inflict(world, fault)));
    }
    if (from + 2 * WINDOW <= peaceAt) world.schedule.at(from + WINDOW, () => trouble(from + WINDOW));
  };
  world.schedule.at(1000, () => trouble(1000));
  const taken: Sample[] = [];
  for (let number = 1; number <= samples; number++) {
    const at = (endAt * number) / samples;
    world.schedule.at(at - 1, () => {
      Bun.gc(true);
      const values = Math.max(...agents.map((agent) => valuesIn(agent["world"])));
      taken.push({ hours: at / HOUR, values, heap: process.memoryUsage().heapUsed });
    });
  }
  world.run();
  const transitions = agents.reduce(
    (sum, agent) =>
      sum +
      [...(agent["world"]?.routers.values() ?? [])].reduce(
        (all, { counters }) => all + counters.becameMaster,
        0,
      ),
    0,
  );
  return { samples: taken, violation: world.scene.violation, transitions };
}
