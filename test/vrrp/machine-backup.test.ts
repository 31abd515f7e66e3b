/** The machine while it is not master: starting, listening, deciding when to take over. */
import { describe, expect, test } from "bun:test";
import { instant, ms, NEVER, priority } from "../../src/base/units.ts";
import { overslept } from "../../src/vrrp/lateness.ts";
import { step } from "../../src/vrrp/machine.ts";
import type { Event, State } from "../../src/vrrp/state.ts";
import { advert, backupAt, due, HIGHER, INIT, last, LOWER, play, said, settings } from "./play.ts";

describe("a router that starts", () => {
  test("is backup for three intervals and the skew below priority 255", () => {
    const first = last(play(settings(), INIT, [[0, "start"]]));
    expect(first.state.kind).toBe("backup");
    expect(said(first)).toEqual([]);
    expect(due(first.state)).toBe(instant(3609.375));
  });

  test("is master at once when it owns the addresses", () => {
    const first = last(play(settings({ priority: priority(255) }), INIT, [[0, "start"]]));
    expect(first.state.kind).toBe("master");
    expect(said(first)).toEqual(["advertise 255", "take"]);
    expect(due(first.state)).toBe(instant(1000));
  });

  test("waits for its group even as the owner", () => {
    const first = last(play(settings({ priority: priority(255), grouped: true }), INIT, [[0, "start"]]));
    expect(first.state.kind).toBe("backup");
  });

  test("carries on as master when the ledger proved it", () => {
    const first = last(play(settings(), INIT, [[500, { kind: "resume", sentAt: instant(100) }]]));
    expect(said(first)).toEqual(["advertise 100", "take"]);
    expect(first.state).toMatchObject({ kind: "master", sentAt: 500, sentBefore: 100 });
  });

  test("does nothing before it is started", () => {
    const events = [
      advert(1),
      ...(["deadline", "slept", "unsent", "settings", "promote", "yield", "stop"] as const),
    ];
    for (const event of events) {
      const taken = last(play(settings(), INIT, [[0, event]]));
      expect(taken.state).toEqual(INIT);
      expect(said(taken)).toEqual([]);
    }
    expect(due(INIT)).toBe(NEVER);
  });
});

describe("a backup router", () => {
  test("takes over when it heard nobody for the master-down interval, and not before", () => {
    const start = backupAt(settings(), 0);
    expect(step(settings(), start, { kind: "deadline" }, instant(3609)).state.kind).toBe("backup");
    const taken = step(settings(), start, { kind: "deadline" }, instant(3609.375));
    expect(taken.state.kind).toBe("master");
    expect(said(taken)).toEqual(["advertise 100", "take"]);
    expect(taken.reason).toBe("no master heard");
  });

  test("waits anew from every advert of a better master", () => {
    const steps = play(settings(), backupAt(settings(), 0), [
      [1000, advert(200)],
      [2000, advert(200)],
    ]);
    expect(due(last(steps).state)).toBe(instant(5609.375));
    expect(last(steps).reason).toBeNull();
  });

  test("waits anew for an equal priority too, whatever the addresses", () => {
    for (const source of [LOWER, HIGHER]) {
      const taken = last(play(settings(), backupAt(settings(), 0), [[1000, advert(100, source)]]));
      expect(due(taken.state)).toBe(instant(4609.375));
    }
  });

  test("measures its patience in the master's interval", () => {
    const slow = last(play(settings(), backupAt(settings(), 0), [[1000, advert(200, HIGHER, 5000)]]));
    expect(due(slow.state)).toBe(instant(1000 + 15_000 + (5000 * 156) / 256));
    const fast = last(play(settings(), backupAt(settings(), 0), [[1000, advert(200, HIGHER, 100)]]));
    expect(due(fast.state)).toBe(instant(1000 + 300 + 60.9375));
  });

  test("of version 2 waits for the slower of master and itself", () => {
    const two = settings({ version: 2 });
    const slow = last(play(two, backupAt(two, 0), [[1000, advert(200, HIGHER, 5000)]]));
    expect(due(slow.state)).toBe(instant(1000 + 15_000 + 609.375));
    const fast = last(play(two, backupAt(two, 0), [[1000, advert(200, HIGHER, 500)]]));
    expect(due(fast.state)).toBe(instant(1000 + 3000 + 609.375));
  });

  test("tells who was silent for how long when it takes over", () => {
    const steps = play(settings(), backupAt(settings(), 0), [
      [1000, advert(200)],
      [4610, "deadline"],
    ]);
    expect(last(steps).reason).toBe(`${HIGHER} silent for 3610 ms`);
  });

  test("has nothing to say when it is stopped", () => {
    const taken = last(play(settings(), backupAt(settings(), 0), [[100, "stop"]]));
    expect(taken.state).toEqual(INIT);
    expect(said(taken)).toEqual([]);
  });

  test("is not moved by what concerns masters", () => {
    for (const kind of ["unsent", "settings", "yield", "start"] as const) {
      const start = backupAt(settings(), 0);
      expect(last(play(settings(), start, [[100, kind]])).state).toEqual(start);
    }
  });
});

describe("a backup that hears priority 0", () => {
  const heard = backupAt(settings(), 0);

  test("waits for the skew alone when its master leaves", () => {
    const steps = play(settings(), heard, [
      [1000, advert(200)],
      [1500, advert(0)],
    ]);
    expect(due(last(steps).state)).toBe(instant(1500 + 609.375));
    const taken = last(play(settings(), last(steps).state, [[2110, "deadline"]]));
    expect(taken.reason).toBe(`${HIGHER} released it`);
  });

  test("takes the skew from the leaving master's interval", () => {
    const steps = play(settings(), heard, [[1000, advert(0, HIGHER, 100)]]);
    expect(due(last(steps).state)).toBe(instant(1000 + 60.9375));
  });

  test("keeps waiting for its master when it is another router that leaves", () => {
    const steps = play(settings(), heard, [
      [1000, advert(200, HIGHER)],
      [1500, advert(0, LOWER)],
    ]);
    expect(due(last(steps).state)).toBe(instant(4609.375));
  });

  test("believes another router once its own master has been silent for two intervals", () => {
    const steps = play(settings(), heard, [
      [1000, advert(200, HIGHER)],
      [3001, advert(0, LOWER)],
    ]);
    expect(due(last(steps).state)).toBe(instant(3001 + 609.375));
  });

  test("believes anybody while it knows no master", () => {
    const steps = play(settings(), heard, [[1000, advert(0, LOWER)]]);
    expect(due(last(steps).state)).toBe(instant(1609.375));
  });

  test("is patient again as soon as another master speaks", () => {
    const steps = play(settings(), heard, [
      [1000, advert(0, LOWER)],
      [1001, advert(200, HIGHER)],
    ]);
    expect(due(last(steps).state)).toBe(instant(4610.375));
  });
});

describe("a backup that hears a master of lower priority", () => {
  test("does not wait anew, so that it takes over when its time has come", () => {
    const steps = play(settings(), backupAt(settings(), 0), [
      [1000, advert(50)],
      [2000, advert(50)],
      [3000, advert(50)],
    ]);
    expect(due(last(steps).state)).toBe(instant(3609.375));
    const taken = last(play(settings(), last(steps).state, [[3610, "deadline"]]));
    expect(taken.state.kind).toBe("master");
    expect(taken.reason).toBe(`preempting ${HIGHER}`);
  });

  test("leaves it alone without preemption, for as long as it speaks", () => {
    const patient = settings({ preempt: false });
    const steps = play(patient, backupAt(patient, 0), [
      [1000, advert(50)],
      [2000, advert(50)],
    ]);
    expect(due(last(steps).state)).toBe(instant(5609.375));
    expect(last(play(patient, last(steps).state, [[5610, "deadline"]])).state.kind).toBe("master");
  });

  test("leaves it alone until the preemption delay is over", () => {
    const delayed = settings({ preemptDelay: ms(10_000) });
    const script = Array.from({ length: 13 }, (_, at): [number, Event] => [1000 * (at + 1), advert(50)]);
    const steps = play(delayed, backupAt(delayed, 0), script);
    // The delay counts from the first advert heard, at 1000; the last one that made it wait anew was that of 10000.
    expect(due(last(steps).state)).toBe(instant(10_000 + 3609.375));
  });

  test("takes over in time when that master dies during the delay", () => {
    const delayed = settings({ preemptDelay: ms(60_000) });
    const steps = play(delayed, backupAt(delayed, 0), [
      [1000, advert(50)],
      [4610, "deadline"],
    ]);
    expect(last(steps).state.kind).toBe("master");
  });

  test("begins the delay anew after a better master", () => {
    const delayed = settings({ preemptDelay: ms(2000) });
    const steps = play(delayed, backupAt(delayed, 0), [
      [1000, advert(50)],
      [2000, advert(200)],
      [4000, advert(50)],
    ]);
    expect(last(steps).state).toMatchObject({ preemptAt: 6000 });
  });
});

describe("a backup whose timer rang late", () => {
  test("listens instead of taking over: it was not there to hear", () => {
    const taken = last(play(settings(), backupAt(settings(), 0), [[3609.375 + 1001, "deadline"]]));
    expect(taken.state).toMatchObject({
      kind: "backup",
      master: null,
      masterDownAt: 3609.375 + 1001 + 3609.375,
    });
    expect(said(taken)).toEqual(["drop-queued"]);
    expect(taken.reason).toBe("late by 1001 ms, listening");
  });

  test("is known before it hears what waited for it", () => {
    const start = backupAt(settings(), 0);
    expect(overslept(settings(), start, instant(3609.375 + 1000))).toBe(false);
    expect(overslept(settings(), start, instant(3609.375 + 1001))).toBe(true);
    expect(overslept(settings(), INIT, instant(9000))).toBe(false);
  });

  test("takes over when it is less than an interval late", () => {
    const taken = last(play(settings(), backupAt(settings(), 0), [[3609.375 + 1000, "deadline"]]));
    expect(taken.state.kind).toBe("master");
  });

  test("may be a tenth of a second late with the shortest intervals", () => {
    const short = settings({ interval: ms(10) });
    const start = backupAt(short, 0);
    expect(step(short, start, { kind: "deadline" }, instant(136)).state.kind).toBe("master");
    expect(step(short, start, { kind: "deadline" }, instant(137)).state.kind).toBe("backup");
  });

  test("measures lateness in the master's interval", () => {
    const heard = play(settings(), backupAt(settings(), 0), [[0, advert(200, HIGHER, 5000)]]);
    const at = due(last(heard).state);
    expect(last(play(settings(), last(heard).state, [[at + 4999, "deadline"]])).state.kind).toBe("master");
  });
});

describe("a backup that hears two others quarrel", () => {
  const waits = (script: readonly (readonly [number, Event])[]): number | undefined =>
    due(last(play(settings(), backupAt(settings(), 0), script)).state);

  test("does not take the loser's last word for the master's: it would wait by the wrong interval", () => {
    const slow = 3 * 4000 + (156 / 256) * 4000;
    const winner: readonly [number, Event] = [1000, advert(200, HIGHER, 4000)];
    expect(waits([winner])).toBe(instant(1000 + slow));
    expect(waits([winner, [1001, advert(150, LOWER, 1000)]])).toBe(instant(1000 + slow));
    expect(waits([winner, [1001, advert(200, LOWER, 1000)]])).toBe(instant(1000 + slow));
  });

  test("believes whoever is better", () => {
    const loser: readonly [number, Event] = [1000, advert(150, LOWER, 1000)];
    const patience = 3 * 4000 + (156 / 256) * 4000;
    expect(waits([loser, [1001, advert(200, HIGHER, 4000)]])).toBe(instant(1001 + patience));
  });

  test("believes a worse one again when the better one has been silent for two intervals", () => {
    const winner: readonly [number, Event] = [1000, advert(200, HIGHER, 1000)];
    const patience = 3 * 1000 + (156 / 256) * 1000;
    expect(waits([winner, [3001, advert(150, LOWER, 1000)]])).toBe(instant(3001 + patience));
  });
});

describe("a backup that takes over from a lower master when its own priority falls", () => {
  /** Hears the master of priority 90 each second from 1 s to 3 s; its own priority is 60 from then on. */
  const fallen = (grouped: boolean, own = 60): State => {
    const heard = [1000, 2000, 3000].map((at) => [at, advert(90)] as const);
    const script = [...heard, ...(grouped ? [[3610, "deadline"] as const] : [])];
    const waits = last(play(settings({ grouped }), backupAt(settings(), 0), script)).state;
    expect(waits).toMatchObject({ kind: "backup", expired: grouped });
    return step(settings({ grouped, priority: priority(own) }), waits, { kind: "settings" }, instant(3700))
      .state;
  };

  test("leaves it alone, as it was heard lately", () => {
    const state = fallen(false);
    expect(state).toMatchObject({ kind: "backup", preemptAt: null });
    expect(due(state)).toBeGreaterThan(6000);
  });

  test("takes over all the same when it still has the higher one, or the master is silent from then on", () => {
    expect(due(fallen(false, 95))).toBeLessThan(4000);
    const low = settings({ priority: priority(60) });
    expect(step(low, fallen(false), { kind: "deadline" }, instant(6800)).state.kind).toBe("master");
  });

  test("does not let its sync group wait for it any more", () => {
    expect(fallen(true)).toMatchObject({ kind: "backup", expired: false });
  });
});
