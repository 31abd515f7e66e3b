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
    expect(starts).toEqual([0, 100, 1100, 2100, 2200, 3200, 4200, 4300]);
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

  test("and by much begins anew from there", () => {
    const checks = new Checks();
    checks.configure([check("a")], at(0));
    due(checks, 0);
    tell(checks, "a", true, 10);
    due(checks, 1300);
    tell(checks, "a", true, 1310);
    expect(checks.deadline()).toBe(at(2300));
  });
});
