/** The tests of the tests: a fault in the product turns the suite that should notice it red. One test file for each part of them, side by side. */
import { afterAll, describe, expect, test } from "bun:test";
import type { Catcher } from "./mutants.ts";
import { MUTANTS } from "./mutants.ts";
import { Plot } from "./plant.ts";

/** Milliseconds: on a busy machine it may take a while, and that proves nothing. */
const PATIENCE = 900_000;
/** Of each run. */
const RUN = 400_000;

/** The tests of those faults whose catcher is one of these. */
export function notice(mine: (catcher: Catcher) => boolean): void {
  const plot = new Plot(RUN);
  afterAll(() => plot.remove());
  const mutants = MUTANTS.filter(({ caughtBy }) => mine(caughtBy));

  describe("the suites", () => {
    test(
      "are green without a fault",
      () => {
        expect(plot.falseAlarms(mutants.map(({ caughtBy }) => caughtBy))).toEqual([]);
      },
      PATIENCE,
    );

    for (const mutant of mutants) {
      test(
        `notice one that ${mutant.breaks}`,
        () => {
          expect(plot.plant(mutant, mutant.caughtBy)).toMatchObject({ red: true });
        },
        PATIENCE,
      );
    }
  });
}
