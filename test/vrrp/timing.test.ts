/** The intervals of RFC 9568 6.1 and RFC 3768 6.2 in exact milliseconds. */
import { describe, expect, test } from "bun:test";
import { ms, priority } from "../../src/base/units.ts";
import { believedInterval, masterDownInterval, skew } from "../../src/vrrp/timing.ts";

describe("the skew", () => {
  test.each([
    // version, priority, interval, milliseconds
    [3, 100, 1000, 609.375],
    [3, 255, 1000, 3.90625],
    [3, 1, 1000, 996.09375],
    [3, 254, 10, 0.078125],
    [3, 100, 40_950, 24953.90625],
    // RFC 3768 6.1 measures it in seconds, whatever the interval.
    [2, 100, 1000, 609.375],
    [2, 100, 10_000, 609.375],
  ] as const)("of version %i at priority %i and %i ms is %d ms", (version, own, interval, expected) => {
    expect(skew(version, priority(own), ms(interval))).toBe(ms(expected));
  });

  test("is shorter the higher the priority, so that the best backup comes first", () => {
    for (let own = 2; own <= 255; own++) {
      expect(skew(3, priority(own), ms(1000))).toBeLessThan(skew(3, priority(own - 1), ms(1000)));
    }
  });
});

describe("the master-down interval", () => {
  test.each([
    [3, 100, 1000, 3609.375],
    [3, 100, 10, 36.09375],
    [3, 254, 100, 300.78125],
    [2, 100, 1000, 3609.375],
    [2, 100, 3000, 9609.375],
  ] as const)(
    "of version %i at priority %i is three intervals of %i ms and the skew: %d ms",
    (version, own, interval, expected) => {
      expect(masterDownInterval(version, priority(own), ms(interval))).toBe(ms(expected));
    },
  );
});

describe("the interval that a backup believes", () => {
  test("is the master's own in version 3, shorter or longer", () => {
    expect(believedInterval(3, ms(1000), ms(100))).toBe(ms(100));
    expect(believedInterval(3, ms(100), ms(5000))).toBe(ms(5000));
  });

  test("is the larger of the two in version 2, so that a slow master is not deposed", () => {
    expect(believedInterval(2, ms(1000), ms(3000))).toBe(ms(3000));
    expect(believedInterval(2, ms(3000), ms(1000))).toBe(ms(3000));
  });

  test("is never shorter than 10 ms, even when an advert says 0", () => {
    expect(believedInterval(3, ms(1000), ms(0))).toBe(ms(10));
  });
});
