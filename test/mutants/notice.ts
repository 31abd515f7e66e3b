/** The tests of the tests: a fault in the product turns the suite that should notice it red. One test file for each part of them, side by side. */
import { afterAll, describe, expect, test } from "bun:test";
import type { Mutant } from "./mutants.ts";
import { MUTANTS } from "./mutants.ts";
import { Plot } from "./plant.ts";

/** Milliseconds: on a busy machine it may take a while, and that proves nothing. */
const PATIENCE = 900_000;
/** Of each run. */
const RUN = 400_000;

type Catcher = Mutant["caughtBy"];

/** The catchers that have a test file of their own: they take longest. */
export const ALONE: readonly Catcher[] = ["agent", "sim"];
/** All that are named. */
export const CATCHERS: readonly Catcher[] = [...new Set(MUTANTS.map(({ caughtBy }) => caughtBy))];

/** The tests of these catchers and of all faults that they must notice. */
export function notice(catchers: readonly Catcher[]): void {
  const plot = new Plot(RUN);
  afterAll(() => plot.remove());

  describe("the suites", () => {
    test.each([...catchers])(
      "are green without a fault: %s",
      (catcher) => {
        expect(plot.run(catcher)).toMatchObject({ red: false });
      },
      PATIENCE,
    );

    for (const mutant of MUTANTS.filter(({ caughtBy }) => catchers.includes(caughtBy))) {
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
