/** The debounce of links. */
import { describe, expect, test } from "bun:test";
import { instant, ms, NEVER } from "../../src/base/units.ts";
import type { Steady } from "../../src/check/debounce.ts";
import { settle, settlesAt } from "../../src/check/debounce.ts";

const DELAYS = { up: ms(1000), down: ms(200) };

/** What counts after a sequence of looks: `+` up, `-` down, with their times. */
function after(...looks: readonly (readonly [at: number, up: boolean])[]): Steady | null {
  let steady: Steady | null = null;
  for (const [at, up] of looks) steady = settle(DELAYS, steady, up, instant(at));
  return steady;
}

describe("a link", () => {
  test("counts as it is when it is first seen", () => {
    expect(after([0, true])?.up).toBe(true);
    expect(after([0, false])?.up).toBe(false);
  });

  test("counts as down when it has been down for its delay, and not before", () => {
    expect(after([0, true], [10, false])?.up).toBe(true);
    expect(after([0, true], [10, false], [209, false])?.up).toBe(true);
    expect(after([0, true], [10, false], [210, false])?.up).toBe(false);
  });

  test("counts as up when it has been up for the other delay", () => {
    expect(after([0, false], [10, true], [1009, true])?.up).toBe(false);
    expect(after([0, false], [10, true], [1010, true])?.up).toBe(true);
  });

  test("waits anew after every break", () => {
    expect(after([0, true], [10, false], [150, true], [160, false], [300, false])?.up).toBe(true);
    expect(after([0, true], [10, false], [150, true], [160, false], [360, false])?.up).toBe(false);
  });

  test("is to be looked at again when its delay is over", () => {
    const falling = after([0, true], [10, false]);
    expect(falling === null ? null : settlesAt(DELAYS, falling)).toBe(instant(210));
    const rising = after([0, false], [10, true]);
    expect(rising === null ? null : settlesAt(DELAYS, rising)).toBe(instant(1010));
    expect(settlesAt(DELAYS, { up: true, since: null })).toBe(NEVER);
  });

  test("without delays counts as it is", () => {
    const none = { up: ms(0), down: ms(0) };
    expect(settle(none, { up: true, since: null }, false, instant(5))).toEqual({ up: false, since: null });
  });
});
