/** Two nodes of one kind whose settings differ: one master, or an alarm that says why not. */
import { describe, expect, test } from "bun:test";
import type { Difference, Differed } from "./differ.ts";
import { differ, excess, oneMaster } from "./differ.ts";
import { measured, parallel, report } from "./figures.ts";

const RUNS = 20;
/** Runs on keepalived: enough to see it. */
const THEIRS = 4;
/** One master whatever the other node is set to. Fast ones run ten at a time, slow ones all at once: they are idle. */
const AGREEING: readonly (readonly [Difference, number])[] = [
  ["addresses", 10],
  ["interval v2", 20],
  ["interval v3", 10],
  ["version", 20],
  ["transport", 10],
];

/** Two intervals of 1 s. */
const ALARM_MS = 2000;

const side = (run: number): 0 | 1 => (run % 2 === 0 ? 0 : 1);
const words = (runs: readonly Differed[]): string =>
  `one master in ${runs.filter(oneMaster).length} of ${runs.length}`;

describe("two nodes whose settings differ", () => {
  for (const [difference, width] of AGREEING) {
    test(`have one master when it is the ${difference}`, async () => {
      const [ours, theirs] = await Promise.all([
        parallel(RUNS, width, (run) =>
          measured(
            `settings differ: ${difference}`,
            () => differ(["haagent", "haagent"], difference, side(run)),
            (result) => excess(result, difference),
          ),
        ),
        parallel(THEIRS, THEIRS, (run) => differ(["keepalived", "keepalived"], difference, side(run))),
      ]);
      report({
        event: `settings differ: ${difference}`,
        keepalived: words(theirs),
        haagent: words(ours),
        promise: `one master, ${RUNS} of ${RUNS}`,
      });
      expect(ours.filter(oneMaster)).toHaveLength(RUNS);
      const told = difference.replace(/ v[23]$/, "");
      // At three times the interval of the other one a v3 node follows its master: nothing to warn of.
      if (difference === "interval v3") return;
      for (const { logs } of ours) {
        expect(
          logs
            .flat()
            .filter((line) => line.includes("vrrp.mismatch"))
            .join(),
        ).toContain(told);
      }
    }, 120_000);
  }

  test("and whose passwords differ may both be master, and say so within two intervals", async () => {
    const [ours, theirs] = await Promise.all([
      parallel(THEIRS, THEIRS, (run) =>
        measured(
          "settings differ: auth",
          () => differ(["haagent", "haagent"], "auth", side(run)),
          ({ alarms }) => Math.max(...alarms.map((at) => at ?? 0)) - ALARM_MS,
        ),
      ),
      parallel(THEIRS, THEIRS, (run) => differ(["keepalived", "keepalived"], "auth", side(run))),
    ]);
    const alarmed = ours
      .flatMap(({ alarms }) => alarms)
      .map((at) => (at === null ? "never" : `${at.toFixed(0)} ms`));
    report({
      event: "settings differ: auth",
      keepalived: `${words(theirs)}, no alarm`,
      haagent: `${words(ours)}, alarm after ${alarmed.join(", ")}`,
      promise: "vrrp.contested on both within 2 intervals, naming auth",
    });
    for (const { alarms, logs } of ours) {
      for (const alarm of alarms) expect(alarm ?? Number.POSITIVE_INFINITY).toBeLessThan(ALARM_MS);
      for (const log of logs) {
        expect(log.find((line) => line.includes("vrrp.contested"))).toContain("setting=auth");
      }
    }
  }, 120_000);
});
