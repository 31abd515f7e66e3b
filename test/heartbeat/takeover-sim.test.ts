/** Two nodes, their links and their resources under whatever a seed draws: what must hold does, after every event. */
import { describe, expect, test } from "bun:test";
import { Run } from "./sim/run.ts";

/** Five milliseconds each, or ten. */
const SEEDS = Number(process.env["SEEDS"] ?? 300);
const FIRST = Number(process.env["SEED"] ?? 1);

describe("two nodes and their resources", () => {
  test("keep to one place each, and have one, under any seed", () => {
    let clashes = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
      const { broken, trace, plan, clashes: more } = new Run(seed).run();
      clashes += more;
      if (broken !== null) {
        throw new Error(
          `seed ${seed}: ${broken}\n${JSON.stringify(plan)}\n${trace.slice(-Number(process.env["LINES"] ?? 60)).join("\n")}`,
        );
      }
    }
    // A simulator without a split brain to heal proves nothing about healing.
    if (SEEDS >= 100) expect(clashes).toBeGreaterThan(5);
  });
});
