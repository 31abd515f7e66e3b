/** Two masters of equal priority: which of them stays, by address and with `tie = "sticky"`. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import type { Ip } from "../../src/base/address.ts";
import type { Event, Settings, State } from "../../src/vrrp/state.ts";
import { advert, backupAt, HIGHER, INIT, last, LOWER, masterAt, play, said, settings } from "./play.ts";

const sticky = settings({ tie: "sticky" });

/** A master that has been one for longer than a minute, its last advert sent at 100 s. */
const old = (set: Settings): State => {
  const minutes = Array.from({ length: 100 }, (_, at) => [(at + 1) * 1000, "deadline"] as const);
  return last(play(set, masterAt(set, 0), minutes)).state;
};
/** One that became it at 99.5 s. */
const young = (set: Settings): State => masterAt(set, 99_500);

/** What it is after it heard the other's adverts at these times. */
const after = (set: Settings, from: State, source: Ip, times: readonly number[], theirs = 100): string[] =>
  play(
    set,
    from,
    times.map((at) => [at, advert(theirs, source)]),
  ).map(({ state }) => state.kind);

describe("a master that hears an equal, where addresses decide,", () => {
  const plain = settings();
  test("yields to the higher address and stays with the lower one, for however long either was master", () => {
    for (const state of [old(plain), young(plain)]) {
      expect(after(plain, state, HIGHER, [100_100])).toEqual(["backup"]);
      expect(after(plain, state, LOWER, [100_100, 101_100, 103_000])).toEqual(["master", "master", "master"]);
    }
  });
});

describe("a sticky newcomer", () => {
  test("yields to a higher address at once", () => {
    expect(after(sticky, young(sticky), HIGHER, [100_100])).toEqual(["backup"]);
  });

  test("of the higher address waits whether the other goes on, which a newcomer would not", () => {
    expect(after(sticky, young(sticky), LOWER, [100_100, 100_102])).toEqual(["master", "master"]);
    expect(after(sticky, young(sticky), LOWER, [100_100, 100_599])).toEqual(["master", "master"]);
    expect(after(sticky, young(sticky), LOWER, [100_100, 100_600])).toEqual(["master", "backup"]);
  });

  test("asserts itself in the meantime, and says a last word when it yields", () => {
    const steps = play(sticky, young(sticky), [
      [100_100, advert(100, LOWER)],
      [100_900, advert(100, LOWER)],
    ]);
    expect(steps.map(said)).toEqual([
      ["advertise 100", "announce"],
      ["advertise 100", "release"],
    ]);
    expect(last(steps).reason).toBe("192.0.2.4 has priority 100");
  });

  test("begins anew after the other was silent for two intervals", () => {
    const steps = play(sticky, masterAt(sticky, 0), [
      [1000, advert(100, LOWER)],
      [2000, "deadline"],
      [3000, "deadline"],
      [3100, advert(100, LOWER)],
    ]);
    expect(last(steps).state.kind).toBe("master");
  });
});

describe("a sticky master that runs for long", () => {
  const kinds = (source: Ip): string[] =>
    play(sticky, old(sticky), [
      [100_100, advert(100, source)],
      [101_100, advert(100, source)],
      [102_100, advert(100, source)],
      [102_599, advert(100, source)],
      [102_600, advert(100, source)],
    ]).map(({ state }) => state.kind);

  test("stays beside a newcomer, whose last word comes by the second interval", () => {
    expect(kinds(LOWER).slice(0, 4)).toEqual(["master", "master", "master", "master"]);
    expect(kinds(HIGHER).slice(0, 4)).toEqual(["master", "master", "master", "master"]);
  });

  test("yields to a higher address that goes on all the same: it ran for long, too, or is not sticky", () => {
    expect(kinds(HIGHER).at(-1)).toBe("backup");
    expect(kinds(LOWER).at(-1)).toBe("master");
  });

  test("measures what goes on by the slower of the two", () => {
    const slow = (at: number): [number, Event] => [at, advert(100, HIGHER, 5000)];
    const kept = play(sticky, old(sticky), [slow(100_100), [101_000, "deadline"], [102_000, "deadline"]]);
    const steps = [103, 104, 105].map((second) => [second * 1000, "deadline"] as const);
    const later = play(sticky, last(kept).state, [...steps, slow(105_100)]);
    expect(last(later).state).toMatchObject({ kind: "master", tie: { since: 100_100 } });
    const more = [106, 107, 108, 109, 110, 111, 112].map((second) => [second * 1000, "deadline"] as const);
    expect(last(play(sticky, last(later).state, [...more, slow(112_700)])).state.kind).toBe("backup");
  });

  test("is one after a minute, and sooner where sixty adverts take less", () => {
    const slow = settings({ tie: "sticky", interval: ms(2000) });
    const since = (set: Settings, age: number): string =>
      after(set, masterAt(set, 0), HIGHER, [age], 100)[0] ?? "";
    // Nothing else stalls it: the machine is asked within two intervals of its last advert.
    const aged = (set: Settings, age: number): string => {
      const every = set.interval;
      const times = Array.from({ length: Math.floor((age - 1) / every) }, (_, at) => (at + 1) * every);
      const state = last(
        play(set, masterAt(set, 0), [[0, "settings"], ...times.map((at) => [at, "deadline"] as const)]),
      ).state;
      return after(set, state, HIGHER, [age])[0] ?? "";
    };
    expect(since(sticky, 1)).toBe("backup");
    expect(aged(slow, 59_900)).toBe("backup");
    expect(aged(slow, 60_100)).toBe("master");
    const fast = settings({ tie: "sticky", interval: ms(10) });
    expect(aged(fast, 599)).toBe("backup");
    expect(aged(fast, 601)).toBe("master");
  });

  test("is one from the start when its mastership was resumed", () => {
    const { state } = last(play(sticky, INIT, [[5000, { kind: "resume", sentAt: instant(4900) }]]));
    expect(after(sticky, state, HIGHER, [5100])).toEqual(["master"]);
  });

  test("yields to a better one at once, and never to a worse one", () => {
    expect(after(sticky, old(sticky), LOWER, [100_100], 101)).toEqual(["backup"]);
    expect(after(sticky, old(sticky), HIGHER, [100_100, 101_100, 103_000], 99)).toEqual([
      "master",
      "master",
      "master",
    ]);
  });

  test("forgets the contest where a reload lets addresses decide", () => {
    const { state } = last(play(sticky, old(sticky), [[100_100, advert(100, HIGHER)]]));
    expect(after(settings(), state, HIGHER, [100_200])).toEqual(["backup"]);
  });
});

describe("two sticky masters that hear each other", () => {
  /** Both advertise at their regular times and to assert themselves, a millisecond apart, for eight intervals; who is master then. */
  function meet(low: State, high: State, lowSet: Settings, highSet: Settings): string[] {
    const sets = [lowSet, highSet];
    const states = [low, high];
    let flying: { readonly at: number; readonly to: number; readonly priority: number }[] = [];
    for (let now = 100_050; now < 108_000; now++) {
      for (const side of [0, 1]) {
        const set = sets[side] ?? lowSet;
        const heard = flying.filter(({ at, to }) => at === now && to === side && at > 0);
        const events = [
          ...heard.map(({ priority }) => advert(priority, (sets[1 - side] ?? lowSet).source)),
          { kind: "deadline" } as const,
        ];
        for (const event of events) {
          const step = last(play(set, states[side] ?? INIT, [[now, event]]));
          states[side] = step.state;
          for (const action of step.actions) {
            if (action.kind === "advertise") {
              flying = [...flying, { at: now + 1, to: 1 - side, priority: action.priority }];
            }
          }
        }
      }
      flying = flying.filter(({ at }) => at > now);
    }
    return states.map(({ kind }) => kind);
  }
  const low = settings({ tie: "sticky", source: LOWER });
  const high = settings({ tie: "sticky", source: HIGHER });

  test.each([
    ["both of them newcomers: the higher address stays", young(low), young(high), ["backup", "master"]],
    ["both of them long: the higher address stays", old(low), old(high), ["backup", "master"]],
    ["the lower one long: it stays", old(low), young(high), ["master", "backup"]],
    ["the higher one long: it stays", young(low), old(high), ["backup", "master"]],
  ] as const)("are one in the end, %s", (_, one, two, expected) => {
    expect(meet(one, two, low, high)).toEqual([...expected]);
  });

  test("are one in the end where only one of them is sticky: by address", () => {
    const plain = { ...high, tie: "address" } as const;
    expect(meet(old(low), young(plain), low, plain)).toEqual(["backup", "master"]);
    const other = { ...low, tie: "address" } as const;
    expect(meet(old(other), young(high), other, high)).toEqual(["backup", "master"]);
  });
});

describe("a backup among sticky routers", () => {
  test("believes the equal that stays, though it has the lower address, without waiting for the other's silence to grow", () => {
    const heard = play(sticky, backupAt(sticky, 0), [
      [1000, advert(150, HIGHER)],
      [1300, advert(150, LOWER)],
    ]);
    expect(last(heard).state).toMatchObject({ master: { address: LOWER }, masterDownAt: 1300 + 3609.375 });
    const plain = play(settings(), backupAt(settings(), 0), [
      [1000, advert(150, HIGHER)],
      [1300, advert(150, LOWER)],
    ]);
    expect(last(plain).state).toMatchObject({ master: { address: HIGHER } });
  });
});
