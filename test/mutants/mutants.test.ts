/** The tests of the tests: a fault in the product turns the suite that should notice it red. */
import { afterAll, describe, expect, test } from "bun:test";
import { MUTANTS } from "./mutants.ts";
import { Plot } from "./plant.ts";

/** Milliseconds: on a busy machine it may take a while, and that proves nothing. */
const PATIENCE = 120_000;
/** Of each run. */
const RUN = 100_000;
const plot = new Plot(RUN);
afterAll(() => plot.remove());

describe("the suites", () => {
  for (const catcher of new Set(MUTANTS.map(({ caughtBy }) => caughtBy))) {
    test(
      `are green without a fault: ${catcher}`,
      () => {
        expect(plot.run(catcher)).toMatchObject({ red: false });
      },
      PATIENCE,
    );
  }

  for (const mutant of MUTANTS) {
    test(
      `notice one that ${mutant.breaks}`,
      () => {
        expect(plot.plant(mutant, mutant.caughtBy)).toMatchObject({ red: true });
      },
      PATIENCE,
    );
  }
});
