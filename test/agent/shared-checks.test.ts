/** Checks beside each other: those that are the same share a probe, the others are spread in time. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import { Checks } from "../../src/agent/checks.ts";
import type { CheckConfig } from "../../src/config/model.ts";

const check = (name: string, change: Partial<CheckConfig> = {}, port = 80): CheckConfig => ({
  name,
  // Only compared here.
  probe: { type: "tcp", address: "192.0.2.1" as never, port, interface: null, source: null, mark: 0 },
  interval: ms(1000),
  fastInterval: ms(1000),
  jitter: 0,
  timeout: ms(1000),
  rise: 2,
  fall: 2,
  weight: 0,
  ...change,
});
const at = (milliseconds: number) => instant(milliseconds);
/** The ids of the probes that start at a time. */
const due = (checks: Checks, now: number): string[] =>
  checks.due(at(now), null).flatMap((action) => (action.kind === "probe" ? [action.check] : []));
const tell = (checks: Checks, id: string, healthy: boolean, now: number): readonly string[] =>
  checks.result(id, { healthy, detail: healthy ? "yes" : "no" }, at(now));

describe("two checks that are the same in everything", () => {
  test("are probed once, and both have its result, each with its own weight", () => {
    const checks = new Checks();
    checks.configure([check("a", { weight: 5 }), check("b", { weight: -5 })], at(0));
    expect(due(checks, 0)).toEqual(["a"]);
    expect(tell(checks, "a", true, 1)).toEqual(["a", "b"]);
    expect([checks.health("a"), checks.health("b"), checks.detail("b")]).toEqual([true, true, "yes"]);
    expect([checks.weight("a"), checks.weight("b")]).toEqual([5, -5]);
  });

  test("part as soon as one of them is another, with what both know", () => {
    const checks = new Checks();
    checks.configure([check("a"), check("b")], at(0));
    due(checks, 0);
    tell(checks, "a", true, 1);
    expect(checks.configure([check("a"), check("b", { rise: 3 })], at(10))).toEqual([]);
    expect([checks.health("a"), checks.health("b")]).toEqual([true, true]);
    expect(due(checks, 10)).toEqual(["b"]);
    tell(checks, "b", false, 11);
    expect(due(checks, 1010)).toEqual(["a", "b"]);
    expect(tell(checks, "b", false, 1011)).toEqual(["b"]);
    expect([checks.health("a"), checks.health("b")]).toEqual([true, false]);
  });

  test("go on with one of them when the other, whose name the probe has, is no more", () => {
    const checks = new Checks();
    checks.configure([check("a"), check("b")], at(0));
    expect(due(checks, 0)).toEqual(["a"]);
    // The name stands for another probe from here on, and what the old one finds is not its.
    expect(checks.configure([check("b"), check("a", {}, 81)], at(10))).toEqual([
      { kind: "probe-cancel", check: "a" },
    ]);
    expect(due(checks, 10).toSorted()).toEqual(["a", "b"]);
    expect(tell(checks, "b", true, 11)).toEqual(["b"]);
    expect(checks.health("a")).toBeNull();
  });
});

describe("checks that are new together", () => {
  test("are spread over the interval if they are many, and begin at once if they are few", () => {
    const checks = new Checks();
    checks.configure(
      Array.from({ length: 2000 }, (_, each) => check(`c${each}`, {}, each + 1)),
      at(0),
    );
    const starts = Array.from({ length: 200 }, (_, turn) => due(checks, turn * 5).length);
    expect(starts).toEqual(Array.from({ length: 200 }, () => 10));
    const few = new Checks();
    few.configure([check("a"), check("b", {}, 81)], at(0));
    expect(due(few, 0)).toEqual(["a", "b"]);
  });

  /** The starts in each tenth of so many seconds, of checks whose probes are good as soon as they have begun. */
  const tenths = (checks: Checks, from: number, seconds: number): number[] => {
    const starts = Array.from({ length: 10 }, () => 0);
    for (let now = from; now < from + seconds * 1000; now += 5) {
      const names = due(checks, now);
      for (const name of names) tell(checks, name, true, now);
      const tenth = Math.floor((now - from) / (seconds * 100));
      starts[tenth] = (starts[tenth] ?? 0) + names.length;
    }
    return starts;
  };
  const many = (change: Partial<CheckConfig>): CheckConfig[] =>
    Array.from({ length: 2000 }, (_, each) => check(`c${each}`, change, each + 1));

  test("are probed first within two seconds, and later each at its place of a long interval", () => {
    const checks = new Checks();
    const slow = many({ interval: ms(10_000), fastInterval: ms(1000) });
    checks.configure(slow, at(0));
    // The second probe of the first ones begins meanwhile: none waits longer for it than its interval.
    expect(tenths(checks, 0, 2).reduce((sum, each) => sum + each)).toBeGreaterThanOrEqual(2000);
    tenths(checks, 2000, 10);
    const level = Array.from({ length: 10 }, () => 200);
    expect(tenths(checks, 12_000, 10)).toEqual(level);
    // All fail at once, and are probed fast until they are good again: no burst is left.
    for (let now = 22_000; now < 25_000; now += 5) {
      for (const name of due(checks, now)) tell(checks, name, false, now);
    }
    tenths(checks, 25_000, 15);
    expect(tenths(checks, 40_000, 10)).toEqual(level);
    // Nor by a stall, nor where a reload says another interval.
    tenths(checks, 57_000, 10);
    expect(tenths(checks, 67_000, 10)).toEqual(level);
    checks.configure(many({ interval: ms(4000), fastInterval: ms(1000) }), at(77_000));
    tenths(checks, 77_000, 4);
    expect(tenths(checks, 81_000, 4)).toEqual(level);
  });
});

describe("a check with jitter", () => {
  const starts = (jitter: number, seed: number): number[] => {
    const checks = new Checks();
    checks.configure([check("a", { jitter })], at(seed));
    const found: number[] = [];
    for (let now = seed; now < seed + 100_000; now += 5) {
      if (due(checks, now).length === 0) continue;
      found.push(now - seed);
      tell(checks, "a", true, now + 1);
    }
    return found;
  };

  test("starts later by a part of its interval that is another each time, and as often as without", () => {
    const found = starts(20, 0);
    expect(found).toHaveLength(100);
    const moved = found.map((start, turn) => start - turn * 1000);
    expect(Math.min(...moved)).toBe(0);
    expect(Math.max(...moved)).toBeGreaterThan(150);
    expect(Math.max(...moved)).toBeLessThan(200);
    expect(new Set(moved).size).toBeGreaterThan(25);
    expect(starts(0, 0).every((start, turn) => start === turn * 1000)).toBe(true);
  });

  test("does not keep step with the same check elsewhere", () => {
    const other = starts(20, 70_000);
    expect(starts(20, 0).filter((start, turn) => start === other[turn]).length).toBeLessThan(20);
  });

  test("has its interval told without it", () => {
    const checks = new Checks();
    checks.configure([check("a", { jitter: 50 })], at(0));
    for (let now = 0; now < 20_000; now += 5) {
      if (due(checks, now).length > 0) tell(checks, "a", true, now + 1);
    }
    expect(checks.pace("a")).toEqual({ interval: ms(1000), achieved: 1000 });
  });
});

describe("a check that is undecided", () => {
  const fast = { interval: ms(1000), fastInterval: ms(100) };
  test("is probed at its fast interval, and at the ordinary one once it is decided", () => {
    const checks = new Checks();
    checks.configure([check("a", fast)], at(0));
    const starts: number[] = [];
    const outcomes = [false, false, false, true, true, true, false, true];
    for (let now = 0; outcomes.length > 0; now = Number(checks.deadline())) {
      expect(due(checks, now)).toEqual(["a"]);
      starts.push(now);
      tell(checks, "a", outcomes.shift() === true, now + 10);
    }
    expect(starts).toEqual([0, 100, 1000, 2000, 2100, 3000, 4000, 4100]);
  });

  test("is not doubled by a probe that takes longer", () => {
    const checks = new Checks();
    checks.configure([check("a", fast)], at(0));
    expect(due(checks, 0)).toEqual(["a"]);
    expect(due(checks, 500)).toEqual([]);
    tell(checks, "a", false, 700);
    expect(checks.deadline()).toBeLessThanOrEqual(at(700));
    expect(due(checks, 700)).toEqual(["a"]);
  });
});

describe("a check whose start was late", () => {
  test("keeps its place in time, so that what a stall kept waiting does not go on as one burst", () => {
    const checks = new Checks();
    checks.configure([check("a")], at(0));
    for (const [now, next] of [
      [0, 1000],
      [1200, 2000],
      [2000, 3000],
    ] as const) {
      expect(due(checks, now)).toEqual(["a"]);
      tell(checks, "a", true, now + 10);
      expect(checks.deadline()).toBe(at(next));
    }
  });

  test("as a probe that hung took its whole interval begins the next at once", () => {
    const checks = new Checks();
    checks.configure([check("a", { fall: 1 })], at(0));
    for (const now of [0, 2000, 3003, 4006, 5009]) {
      expect(due(checks, now)).toEqual(["a"]);
      tell(checks, "a", false, now + 1003);
    }
  });

  test("and by much goes on at its next place", () => {
    const checks = new Checks();
    checks.configure([check("a")], at(0));
    due(checks, 0);
    tell(checks, "a", true, 10);
    due(checks, 1300);
    tell(checks, "a", true, 1310);
    expect(checks.deadline()).toBe(at(2000));
  });
});
