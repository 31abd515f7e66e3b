/** The startup delay: until its end a router only listens. */
import { describe, expect, test } from "bun:test";
import { instant, ms, NEVER, priority } from "../../src/base/units.ts";
import type { Event } from "../../src/vrrp/state.ts";
import { advert, due, INIT, last, play, said, settings } from "./play.ts";

/** Three intervals and the skew of priority 100. */
const PATIENCE = 3609.375;
const delayed = settings({ listensUntil: instant(30_000) });
const start = last(play(delayed, INIT, [[0, "start"]]));

describe("a router in its startup delay", () => {
  test("says so, and waits its whole patience from the end of the delay", () => {
    expect(start.reason).toBe("started, only listens for 30 s (startup_delay)");
    expect(said(start)).toEqual([]);
    expect(due(start.state)).toBe(instant(30_000 + PATIENCE));
  });

  test("becomes master when nobody was heard by then", () => {
    const steps = play(delayed, start.state, [
      [30_000, "deadline"],
      [30_000 + PATIENCE, "deadline"],
    ]);
    expect(steps.map(({ state }) => state.kind)).toEqual(["backup", "master"]);
  });

  test("does not take over from a master that dies or leaves meanwhile before the end of it", () => {
    const dead = play(delayed, start.state, [[5000, advert(200)]]);
    expect(due(last(dead).state)).toBe(instant(30_000 + PATIENCE));
    const left = play(delayed, start.state, [
      [5000, advert(200)],
      [6000, advert(0)],
    ]);
    expect(due(last(left).state)).toBe(instant(30_000 + 609.375));
  });

  test("preempts after it, not in it", () => {
    const steps = play(delayed, start.state, [
      [5000, advert(50)],
      [29_000, advert(50)],
      [30_000 + PATIENCE, "deadline"],
    ]);
    expect(steps.map(({ state }) => state.kind)).toEqual(["backup", "backup", "master"]);
  });

  test("owns the addresses and waits all the same, but not longer", () => {
    const owner = settings({ listensUntil: instant(30_000), priority: priority(255) });
    const first = last(play(owner, INIT, [[0, "start"]]));
    expect(first.state.kind).toBe("backup");
    expect(due(first.state)).toBe(instant(30_000));
    const steps = play(owner, first.state, [
      [29_999, advert(200)],
      [30_000, "deadline"],
    ]);
    expect(steps.map(({ state }) => state.kind)).toEqual(["backup", "master"]);
  });

  test("does not wait, expired, for its group before the end of it", () => {
    const grouped = { ...delayed, grouped: true };
    const steps = play(grouped, last(play(grouped, INIT, [[0, "start"]])).state, [
      [29_999, "deadline"],
      [30_000 + PATIENCE, "deadline"],
    ]);
    expect(steps.map(({ state }) => due(state))).toEqual([instant(30_000 + PATIENCE), NEVER]);
  });

  test("goes on as master when that was resumed", () => {
    const resume: Event = { kind: "resume", sentAt: instant(900) };
    expect(last(play(delayed, INIT, [[1000, resume]])).state.kind).toBe("master");
  });

  test("waits longer or less when a reload says so", () => {
    const shorter = settings({ listensUntil: instant(10_000) });
    expect(due(last(play(shorter, start.state, [[5000, "settings"]])).state)).toBe(
      instant(10_000 + PATIENCE),
    );
    expect(due(last(play(shorter, start.state, [[20_000, "settings"]])).state)).toBe(
      instant(20_000 + PATIENCE),
    );
    const longer = settings({ listensUntil: instant(60_000) });
    expect(due(last(play(longer, start.state, [[5000, "settings"]])).state)).toBe(instant(60_000 + PATIENCE));
  });
});

describe("a router whose startup delay is over", () => {
  test("is like any other: no fault, no reload brings it back", () => {
    const steps = play(delayed, start.state, [
      [31_000, "stop"],
      [40_000, "start"],
    ]);
    expect(last(steps).reason).toBe("started");
    expect(due(last(steps).state)).toBe(instant(40_000 + PATIENCE));
    const told = play(delayed, last(steps).state, [[41_000, "settings"]]);
    expect(due(last(told).state)).toBe(instant(40_000 + PATIENCE));
  });

  test("is master at once as the owner", () => {
    const owner = settings({ listensUntil: instant(30_000), priority: priority(255), interval: ms(1000) });
    expect(last(play(owner, INIT, [[30_000, "start"]])).state.kind).toBe("master");
  });
});
