/** One seed from beginning to end. */
import { makeAgent } from "./agent.ts";
import { drawPlan } from "./draw.ts";
import { configText } from "./plan.ts";
import type { Detail } from "./trace.ts";
import type { Violation } from "./watch.ts";
import { World } from "./world.ts";

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly violation: Violation | null;
  /** Milliseconds of virtual time lived through. */
  readonly lived: number;
  /** Events of the world. */
  readonly steps: number;
  /** The same for the same run. */
  readonly hash: number;
  readonly trace: string;
  /** What it came to, of FEATURES in census.ts. */
  readonly seen: ReadonlySet<string>;
}

export function runSeed(seed: number, detail: Detail): Outcome {
  const plan = drawPlan(seed);
  const world = new World(plan, makeAgent, detail);
  world.run();
  const { violation, trace, schedule } = world.scene;
  const { seen } = world.checkers.census;
  return {
    seed,
    violation,
    lived: schedule.now,
    steps: world.steps,
    hash: trace.hash,
    trace: trace.text(),
    seen,
  };
}

/** The configuration files of a seed, for whoever wants to understand it. */
export const configsOf = (seed: number): string =>
  drawPlan(seed)
    .nodes.map(({ name, config, own }) => {
      const addresses = Object.values(own).flatMap((all) =>
        all.map(({ address, prefix }) => `${address}/${prefix}`),
      );
      return `# ${name}, own addresses ${addresses.join(" ")}\n${configText(name, config)}`;
    })
    .join("\n");

/** What to type to see a seed again. */
export const commandFor = (seed: number): string => `bun test/sim/main.ts --seed ${seed}`;
