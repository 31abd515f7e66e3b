/** A backup that is told, by another way than an advert, that its master has given the addresses up. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import type { Event, Settings } from "../../src/vrrp/state.ts";
import { advert, backupAt, due, HIGHER, last, LOWER, masterAt, play, said, settings } from "./play.ts";

const released = (alone: boolean, source = HIGHER, sureAt = 0): Event => ({
  ...{ kind: "released", source, alone, sureAt: instant(sureAt) },
});
const SKEW = (1000 * 156) / 256;

/** A backup that heard its master at 1000 ms. */
const follower = (set: Settings) => last(play(set, backupAt(set, 0), [[1000, advert(200)]])).state;

describe("a backup that is told that its master released", () => {
  test("takes over at once when nobody else can", () => {
    const set = settings();
    const taken = last(play(set, follower(set), [[1200, released(true)]]));
    expect(said(taken)).toEqual(["advertise 100", "take"]);
    expect(taken.reason).toBe(`${HIGHER} released it`);
  });

  test("waits for the skew when somebody else may be better", () => {
    const set = settings();
    const steps = play(set, follower(set), [[1200, released(false)]]);
    expect(said(last(steps))).toEqual([]);
    expect(due(last(steps).state)).toBe(instant(1200 + SKEW));
    const taken = last(play(set, last(steps).state, [[1200 + SKEW, "deadline"]]));
    expect(taken.state.kind).toBe("master");
  });

  test("takes over from it though it may not preempt", () => {
    const set = settings({ preempt: false });
    const lower = last(play(set, backupAt(set, 0), [[1000, advert(50)]])).state;
    expect(last(play(set, lower, [[1100, released(true)]])).state.kind).toBe("master");
  });

  test("needs no skew after a priority of 0 that it is waiting on, and waits no longer for the word", () => {
    const set = settings();
    const going = last(play(set, follower(set), [[1100, advert(0)]])).state;
    expect(last(play(set, going, [[1101, released(true)]])).state.kind).toBe("master");
    const again = last(play(set, going, [[1300, released(false)]])).state;
    expect(due(again)).toBe(instant(1100 + SKEW));
  });

  test("ignores the word of anybody but the master that it follows", () => {
    const set = settings();
    const before = follower(set);
    expect(last(play(set, before, [[1200, released(true, LOWER)]])).state).toEqual(before);
    const nobody = backupAt(set, 0);
    expect(last(play(set, nobody, [[1200, released(true)]])).state).toEqual(nobody);
  });

  test("waits for its sync group all the same", () => {
    const set = settings({ grouped: true });
    const waiting = last(play(set, follower(set), [[1200, released(true)]]));
    expect(said(waiting)).toEqual([]);
    expect(waiting.state).toMatchObject({ kind: "backup", expired: true });
    expect(last(play(set, waiting.state, [[1300, "promote"]])).reason).toBe(`${HIGHER} released it`);
  });

  test("waits until it is sure that this is no old news, and forgets it when an advert comes", () => {
    const set = settings();
    const unsure = last(play(set, follower(set), [[1200, released(true, HIGHER, 2500)]])).state;
    expect(due(unsure)).toBe(instant(2500));
    expect(unsure).toMatchObject({ master: { priority: 200 } });
    expect(last(play(set, unsure, [[2500, "deadline"]])).state.kind).toBe("master");
    const known = last(play(set, unsure, [[2000, advert(200)]])).state;
    expect(due(known)).toBe(instant(2000 + 3000 + SKEW));
    const others = last(play(set, follower(set), [[1200, released(false, HIGHER, 2500)]])).state;
    expect(due(others)).toBe(instant(2500 + SKEW));
  });

  test("keeps its startup delay", () => {
    const set = settings({ listensUntil: instant(5000) });
    const waiting = last(play(set, follower(set), [[1200, released(true)]])).state;
    expect(waiting.kind).toBe("backup");
    expect(due(waiting)).toBe(instant(5000));
  });

  test("waits for a master again that speaks before the skew is over", () => {
    const set = settings();
    const steps = play(set, follower(set), [
      [1200, released(false)],
      [1300, advert(200)],
    ]);
    expect(due(last(steps).state)).toBe(instant(1300 + 3000 + SKEW));
  });
});

test("a master is not moved by the word of another", () => {
  const set = settings();
  const master = masterAt(set, 0);
  expect(last(play(set, master, [[100, released(true)]])).state).toEqual(master);
});

test("the interval of the master is what the skew is measured in", () => {
  const set = settings();
  const fast = last(play(set, backupAt(set, 0), [[1000, advert(200, HIGHER, 100)]])).state;
  const told = last(play(set, fast, [[1050, released(false)]])).state;
  expect(due(told)).toBe(instant(1050 + ms(SKEW / 10)));
});
