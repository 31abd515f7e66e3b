/** A partition that heals, as the client on the losing side sees it. */
import { describe, expect, test } from "bun:test";
import { measured, parallel, report, spread } from "./figures.ts";
import type { Healed } from "./heal.ts";
import { heal, WATCH_MS } from "./heal.ts";

const RUNS = 20;
/** Labs at the same time. */
const WIDTH = 10;
/** One interval and 100 ms, at 100 ms adverts. */
const PROMISE_MS = 200;

const kept = ({ outage }: Healed): boolean => outage <= PROMISE_MS;
/** The heal comes at another moment between two adverts each time. */
const phase = (run: number): number => (run * 100) / RUNS;

const words = (runs: readonly Healed[]): string => {
  const dead = runs.filter(({ outage }) => outage > WATCH_MS * 0.9).length;
  return `answers in time in ${runs.filter(kept).length} of ${RUNS} runs, dead for the whole ${WATCH_MS / 1000} s watched in ${dead}; outage ${spread(runs.map(({ outage }) => outage))}`;
};

describe("a partition that heals", () => {
  for (const partition of ["both ways", "one way"] as const) {
    test(`gives the client its answers back within one interval and 100 ms, every time: ${partition}`, async () => {
      const event = `a partition ${partition} heals, 100 ms adverts`;
      const ours = await parallel(RUNS, WIDTH, (run) =>
        measured(
          event,
          () => heal("haagent", partition, phase(run)),
          ({ outage }) => outage - PROMISE_MS,
        ),
      );
      const theirs = await parallel(RUNS, WIDTH, (run) => heal("keepalived", partition, phase(run)));
      report({
        event,
        keepalived: words(theirs),
        haagent: words(ours),
        promise: `${PROMISE_MS} ms, ${RUNS} of ${RUNS}`,
      });
      expect(ours.filter(kept)).toHaveLength(RUNS);
      // The winner tells its address again: that is what cures it.
      expect(ours.every(({ announcements }) => announcements > 0)).toBe(true);
    }, 120_000);
  }
});
