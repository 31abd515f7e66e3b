/** Weights of what is tracked. */
import { describe, expect, test } from "bun:test";
import { priority } from "../../src/base/units.ts";
import type { Track } from "../../src/vrrp/priority.ts";
import { effectivePriority, isFatal } from "../../src/vrrp/priority.ts";

const track = (weight: number, up: boolean | null, bonus = 0): Track => ({ name: "t", weight, up, bonus });

describe("the effective priority", () => {
  test.each([
    ["the configured one without tracks", 100, [], 100],
    ["lower by a negative weight while its track is down", 100, [track(-20, false)], 80],
    ["untouched by a negative weight while its track is up", 100, [track(-20, true)], 100],
    ["higher by a positive weight while its track is up", 100, [track(20, true)], 120],
    ["untouched by a positive weight while its track is down", 100, [track(20, false)], 100],
    ["untouched by what is not known yet", 100, [track(-20, null), track(20, null)], 100],
    ["the sum of all weights", 100, [track(-20, false), track(-30, false), track(5, true)], 55],
    ["never below 1: 0 would say that the router leaves", 100, [track(-253, false)], 1],
    ["never 255, which is the owner's", 200, [track(200, true)], 254],
    ["that of the sum, clamped at the end only", 250, [track(100, true), track(-100, false)], 250],
    ["untouched by a required track, which is a matter of faults", 100, [track(0, false)], 100],
    ["higher or lower by the number in a file", 100, [track(0, true, 30), track(0, true, -45)], 85],
    ["untouched by the number in a file that is not there", 100, [track(-10, false, 30)], 90],
    ["that of the sum of weight and number", 100, [track(10, true, 5)], 115],
    ["255 for an owner, whatever it tracks", 255, [track(-100, false), track(-253, false)], 255],
  ] as const)("is %s", (_, configured, tracks, expected) => {
    expect(effectivePriority(priority(configured), tracks)).toBe(priority(expected));
  });
});

describe("a track", () => {
  test.each([
    ["that is required and down", track(0, false), true],
    ["that is required and up", track(0, true), false],
    ["that is required and of which nothing is known", track(0, null), false],
    ["with a weight and down", track(-10, false), false],
    ["with a number of -253", track(0, true, -253), false],
    ["with a number of -254", track(-10, true, -254), true],
    ["whose number of -254 is history", track(-10, false, -254), false],
  ])("%s keeps its router from running, or not", (_, tracked, expected) => {
    expect(isFatal(tracked)).toBe(expected);
  });
});
