/** An address that somebody removes by hand while its router is master. */
import { describe, expect, test } from "bun:test";
import { measured, report, spread } from "./figures.ts";
import type { Removed } from "./removed.ts";
import { remove } from "./removed.ts";

const PROMISE_MS = 50;
const TIMES = 2;

interface Removals {
  readonly removals: readonly Removed[];
  readonly noise: number;
}

const all = async (kind: "keepalived" | "haagent"): Promise<Removals> => {
  const removals = await remove(kind, TIMES);
  return { removals, noise: Math.max(...removals.map(({ noise }) => noise)) };
};

const words = ({ removals }: Removals): string =>
  `gone for ${spread(removals.map(({ gone }) => gone))}, mastership kept ${removals.filter(({ kept }) => kept).length} of ${removals.length} times`;

describe("an address removed by hand while its router is master", () => {
  test("is back within 50 ms, and mastership is kept", async () => {
    const excess = ({ removals }: Removals): number =>
      Math.max(...removals.map(({ gone }) => gone - PROMISE_MS));
    const [ours, theirs] = await Promise.all([
      measured("address removed", () => all("haagent"), excess),
      all("keepalived"),
    ]);
    report({
      event: "address removed by hand, 1 s adverts",
      keepalived: words(theirs),
      haagent: words(ours),
      promise: `back in ${PROMISE_MS} ms, mastership kept`,
    });
    expect(ours.removals).toHaveLength(TIMES);
    for (const { gone, kept } of ours.removals) {
      expect(gone).toBeLessThanOrEqual(PROMISE_MS);
      expect(kept).toBe(true);
    }
  }, 60_000);
});
