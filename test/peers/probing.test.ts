/** A hundred checks a second, and a thousand, good, bad and hanging ones: the adverts are no later for them. */
import { describe, expect, test } from "bun:test";
import { measured } from "./figures.ts";
import type { Probed } from "./probing.ts";
import { HUNDRED, INTERVAL_MS, probing, SCRIPTS, THOUSAND } from "./probing.ts";

const SPAN_MS = 6_000;
/** An advert later than that is one that a backup might miss twice more. */
const PROMISE_MS = INTERVAL_MS;

/** Of sorted values the one below which that share lies. */
const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(share * values.length))] ??
  Number.NaN;

const row = (what: string, { late, busy, memory, connections }: Probed): string =>
  `${what.padEnd(34)} ${late.length} adverts, late by ${quantile(late, 0.5).toFixed(1)} (median), ` +
  `${quantile(late, 0.99).toFixed(1)} (99 of 100), ${Math.max(...late).toFixed(1)} ms (worst); ` +
  `${(100 * busy).toFixed(1)} % of a processor, ${memory.toFixed(0)} MB` +
  (connections === 0 ? "" : `, ${connections.toFixed(1)} connections a second`);

describe("a master that probes", () => {
  test("sends its adverts on time", async () => {
    const excess = ({ late }: Probed): number => Math.max(...late) - PROMISE_MS;
    const runs: readonly (readonly [string, readonly string[]])[] = [
      ["without checks", []],
      ["100 built-in checks a second", HUNDRED],
      ["1,000 connections a second", THOUSAND],
      ["100 commands a second", SCRIPTS],
    ];
    for (const [what, checks] of runs) {
      const result = await measured(what, () => probing(checks, SPAN_MS), excess);
      console.log(row(what, result));
      expect(result.judged).toBe(checks.length);
      // The interval that was asked for is the one that is kept, but for a time when the machine stood still.
      if (checks === THOUSAND) {
        const still = result.noise / SPAN_MS;
        expect(result.connections / THOUSAND.length).toBeWithin(0.95 - still, 1.05 + still);
      }
      // Every advert of the span, but for one at either end, and those of a time when the machine stood still.
      expect(result.late.length).toBeGreaterThan((0.9 * (SPAN_MS - result.noise)) / INTERVAL_MS);
      expect(excess(result)).toBeLessThanOrEqual(Math.max(0, result.noise));
    }
  });
});
