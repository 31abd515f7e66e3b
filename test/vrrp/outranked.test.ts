/** A router that hears of a better master by another way than its adverts. */
import { describe, expect, test } from "bun:test";
import { instant, priority } from "../../src/base/units.ts";
import type { Event } from "../../src/vrrp/state.ts";
import { advert, backupAt, due, HIGHER, last, LOWER, masterAt, play, said, settings } from "./play.ts";

const outranked = (until: number, source = HIGHER): Event => ({
  ...{ kind: "outranked", source, priority: priority(150), until: instant(until) },
});
const PATIENCE = 3000 + (1000 * 156) / 256;

describe("a master that is outranked by one whose adverts do not come", () => {
  test("gives its addresses up, and waits as long as that is known to be master", () => {
    const set = settings();
    const given = last(play(set, masterAt(set, 0), [[500, outranked(9000)]]));
    expect(said(given)).toEqual(["release"]);
    expect(due(given.state)).toBe(instant(9000));
    expect(given.reason).toContain(HIGHER);
  });

  test("waits for a whole master-down interval at least", () => {
    const set = settings();
    const given = last(play(set, masterAt(set, 0), [[500, outranked(600)]]));
    expect(due(given.state)).toBe(instant(500 + PATIENCE));
  });

  test("takes over again when nobody says any more that it is", () => {
    const set = settings();
    const steps = play(set, masterAt(set, 0), [
      [500, outranked(5000)],
      [1500, outranked(6000)],
      [5500, "deadline"],
      [6000, "deadline"],
    ]);
    expect(steps.map(({ state }) => state.kind)).toEqual(["backup", "backup", "backup", "master"]);
  });

  test("takes over at once when that one releases", () => {
    const set = settings();
    const backup = last(play(set, masterAt(set, 0), [[500, outranked(9000)]])).state;
    const word: Event = { kind: "released", source: HIGHER, alone: true, sureAt: instant(0) };
    expect(last(play(set, backup, [[1000, word]])).state.kind).toBe("master");
  });
});

describe("a backup", () => {
  test("waits longer for one that is outranked as well, and does not preempt it", () => {
    const set = settings();
    const backup = last(play(set, backupAt(set, 0), [[1000, advert(50, LOWER)]])).state;
    const steps = play(set, backup, [
      [1500, outranked(9000)],
      [2000, advert(50, LOWER)],
      [8000, "deadline"],
    ]);
    expect(due(last(steps).state)).toBe(instant(9000));
  });

  test("waits no less than it would", () => {
    const set = settings();
    const backup = last(play(set, backupAt(set, 0), [[1000, advert(200)]])).state;
    expect(due(last(play(set, backup, [[1500, outranked(9000)]])).state)).toBe(instant(9000));
    expect(due(last(play(set, backup, [[1500, outranked(2000)]])).state)).toBe(due(backup));
  });

  test("of a sync group waits again though it had expired", () => {
    const set = settings({ grouped: true });
    const steps = play(set, backupAt(set, 0), [
      [1000, advert(200)],
      [1000 + PATIENCE, "deadline"],
      [5000, outranked(9000)],
    ]);
    expect(steps[1]?.state).toMatchObject({ expired: true });
    expect(last(steps).state).toMatchObject({ expired: false });
  });
});
