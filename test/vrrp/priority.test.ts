/** Weights of what is tracked. */
import { describe, expect, test } from "bun:test";
import { priority } from "../../src/base/units.ts";
import type { Track } from "../../src/vrrp/priority.ts";
import { effectivePriority } from "../../src/vrrp/priority.ts";

const track = (weight: number, up: boolean | null): Track => ({ name: "t", weight, up });

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
    ["255 for an owner, whatever it tracks", 255, [track(-100, false), track(-253, false)], 255],
  ] as const)("is %s", (_, configured, tracks, expected) => {
    expect(effectivePriority(priority(configured), tracks)).toBe(priority(expected));
  });
});
