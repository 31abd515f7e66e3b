/** The machine of one virtual router, transition by transition. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import type { Instant } from "../../src/base/units.ts";
import { instant, ms, NEVER, priority } from "../../src/base/units.ts";
import { stalled, step } from "../../src/vrrp/machine.ts";
import type { Event, Settings, State, Step } from "../../src/vrrp/state.ts";
import { deadline } from "../../src/vrrp/state.ts";

const US = "192.0.2.5" as Ip;
const LOWER = "192.0.2.4" as Ip;
const HIGHER = "192.0.2.6" as Ip;

const settings = (change: Partial<Settings> = {}): Settings => ({
  version: 3,
  priority: priority(100),
  interval: ms(1000),
  preempt: true,
  preemptDelay: ms(0),
  source: US,
  grouped: false,
  ...change,
});

const advert = (own: number, source: Ip = HIGHER, interval = 1000): Event => ({
  kind: "advert",
  source,
  priority: priority(own),
  interval: ms(interval),
});

/** Plays events at their times; gives every step. */
function play(
  set: Settings,
  from: State,
  script: readonly (readonly [number, Event | Event["kind"]])[],
): Step[] {
  let state = from;
  return script.map(([at, what]) => {
    const taken = step(set, state, typeof what === "string" ? eventOf(what) : what, instant(at));
    ({ state } = taken);
    return taken;
  });
}

function eventOf(kind: Event["kind"]): Event {
  if (kind === "advert") throw new Error("say which");
  if (kind === "resume") return { kind, sentAt: instant(0) };
  return kind === "stop" ? { kind, silent: false } : { kind };
}

function last(steps: readonly Step[]): Step {
  const step = steps.at(-1);
  if (step === undefined) throw new Error("no step");
  return step;
}

/** The actions as words: `advertise 100`, `take`. */
const said = ({ actions }: Step): string[] =>
  actions.map((action) => (action.kind === "advertise" ? `advertise ${action.priority}` : action.kind));

const INIT: State = { kind: "init" };
const backupAt = (set: Settings, at: number): State => last(play(set, INIT, [[at, "start"]])).state;
/** Master since `at`, its first advert sent then. */
const masterAt = (set: Settings, at: number): State =>
  last(play({ ...set, priority: priority(255), grouped: false }, INIT, [[at, "start"]])).state;

const due = (state: State): Instant => deadline(state);

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
    const events = [advert(1), ...(["deadline", "unsent", "settings", "promote", "yield", "stop"] as const)];
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

describe("a member of a sync group", () => {
  const grouped = settings({ grouped: true });

  test("does not take over alone: it waits, expired", () => {
    const taken = last(play(grouped, backupAt(grouped, 0), [[3610, "deadline"]]));
    expect(taken.state).toMatchObject({ kind: "backup", expired: true, masterDownAt: NEVER });
    expect(said(taken)).toEqual([]);
  });

  test("takes over with its group", () => {
    const steps = play(grouped, backupAt(grouped, 0), [
      [3610, "deadline"],
      [3700, "promote"],
    ]);
    expect(said(last(steps))).toEqual(["advertise 100", "take"]);
  });

  test("is no longer expired when it hears a master again", () => {
    const steps = play(grouped, backupAt(grouped, 0), [
      [3610, "deadline"],
      [3700, advert(200)],
    ]);
    expect(last(steps).state).toMatchObject({ expired: false, masterDownAt: 3700 + 3609.375 });
  });

  test("stays expired when it hears one that it may depose", () => {
    const steps = play(grouped, backupAt(grouped, 0), [
      [3610, "deadline"],
      [3700, advert(50)],
    ]);
    expect(last(steps).state).toMatchObject({ expired: true, masterDownAt: NEVER });
  });

  test("says that it leaves when its group lost elsewhere", () => {
    const taken = last(play(grouped, masterAt(grouped, 0), [[500, "yield"]]));
    expect(taken.state.kind).toBe("backup");
    expect(said(taken)).toEqual(["advertise 0", "release"]);
  });
});

describe("a master router", () => {
  test("advertises every interval, without adding up its lateness", () => {
    const steps = play(settings(), masterAt(settings(), 0), [
      [1003, "deadline"],
      [2001, "deadline"],
      [3010, "deadline"],
    ]);
    expect(steps.map(said)).toEqual([["advertise 100"], ["advertise 100"], ["advertise 100"]]);
    expect(due(last(steps).state)).toBe(instant(4000));
  });

  test("may speak a millisecond early to share a wake-up, but not more", () => {
    const start = masterAt(settings(), 0);
    expect(said(step(settings(), start, { kind: "deadline" }, instant(999)))).toEqual(["advertise 100"]);
    expect(said(step(settings(), start, { kind: "deadline" }, instant(998.9)))).toEqual([]);
    const short = settings({ interval: ms(10) });
    expect(said(step(short, masterAt(short, 0), { kind: "deadline" }, instant(9)))).toEqual([]);
    expect(said(step(short, masterAt(short, 0), { kind: "deadline" }, instant(9.5)))).toEqual([
      "advertise 100",
    ]);
  });

  test("announces its addresses again when it was late by more than half an interval", () => {
    const taken = last(play(settings(), masterAt(settings(), 0), [[1600, "deadline"]]));
    expect(said(taken)).toEqual(["advertise 100", "announce"]);
    expect(due(taken.state)).toBe(instant(2600));
  });

  test("tells changed settings at once", () => {
    const changed = settings({ priority: priority(80) });
    const taken = last(play(changed, masterAt(settings(), 0), [[300, "settings"]]));
    expect(said(taken)).toEqual(["advertise 80"]);
    expect(due(taken.state)).toBe(instant(1300));
  });

  test("says priority 0 and releases when it is stopped", () => {
    const taken = last(play(settings(), masterAt(settings(), 0), [[300, "stop"]]));
    expect(said(taken)).toEqual(["advertise 0", "release"]);
    expect(taken.state).toEqual(INIT);
  });

  test("releases without a word when its interface cannot carry one", () => {
    const taken = last(play(settings(), masterAt(settings(), 0), [[300, { kind: "stop", silent: true }]]));
    expect(said(taken)).toEqual(["release"]);
  });
});

describe("a master that hears another one", () => {
  const start = masterAt(settings(), 0);

  test("yields to a higher priority with one last advert of its own, never 0", () => {
    const taken = last(play(settings(), start, [[500, advert(101, LOWER)]]));
    expect(said(taken)).toEqual(["advertise 100", "release"]);
    expect(taken.state).toMatchObject({ kind: "backup", master: { address: LOWER, priority: 101 } });
    expect(due(taken.state)).toBe(instant(500 + 3609.375));
    expect(taken.reason).toBe(`${LOWER} has priority 101`);
  });

  test("yields to an equal priority from a higher address", () => {
    expect(last(play(settings(), start, [[500, advert(100, HIGHER)]])).state.kind).toBe("backup");
  });

  test("stays against an equal priority from a lower address", () => {
    const taken = last(play(settings(), start, [[500, advert(100, LOWER)]]));
    expect(taken.state.kind).toBe("master");
    expect(said(taken)).toEqual(["advertise 100", "announce"]);
  });

  test("compares addresses as numbers", () => {
    const nine = settings({ source: "192.0.2.9" as Ip });
    expect(last(play(nine, start, [[500, advert(100, "192.0.2.10" as Ip)]])).state.kind).toBe("backup");
    const six = settings({ source: "fe80::9" as Ip });
    expect(last(play(six, start, [[500, advert(100, "fe80::10" as Ip)]])).state.kind).toBe("backup");
  });

  test("asserts itself at once against a lower priority, and tells its addresses again", () => {
    const taken = last(play(settings(), start, [[500, advert(50)]]));
    expect(said(taken)).toEqual(["advertise 100", "announce"]);
    expect(due(taken.state)).toBe(instant(1500));
  });

  test("asserts itself against a router that leaves", () => {
    expect(said(last(play(settings(), start, [[500, advert(0)]])))).toEqual(["advertise 100", "announce"]);
  });

  test("asserts itself ten times an interval at most, however much it hears", () => {
    let adverts = 0;
    let state = start;
    for (let at = 500; at < 900; at++) {
      const taken = step(settings(), state, advert(50), instant(at));
      adverts += said(taken).filter((word) => word === "advertise 100").length;
      ({ state } = taken);
    }
    expect(adverts).toBe(4);
  });

  test("tells its addresses after a loser's last word too, even when it has just asserted itself", () => {
    const steps = play(settings(), start, [
      [500, advert(50)],
      [501, advert(50)],
    ]);
    expect(said(last(steps))).toEqual(["announce"]);
  });

  test("waits in the winner's interval after it yielded", () => {
    const taken = last(play(settings(), start, [[500, advert(200, HIGHER, 5000)]]));
    expect(due(taken.state)).toBe(instant(500 + 15_000 + (5000 * 156) / 256));
  });
});

describe("a master that was not running", () => {
  const start = masterAt(settings(), 0);

  test("is stalled after more than two intervals without an advert", () => {
    expect(stalled(settings(), start, instant(2000))).toBe(false);
    expect(stalled(settings(), start, instant(2001))).toBe(true);
    expect(stalled(settings(), backupAt(settings(), 0), instant(9000))).toBe(false);
  });

  test("releases without a word and listens, whatever wakes it", () => {
    for (const event of ["deadline", "promote", "yield", advert(1), advert(0), advert(254)] as const) {
      const taken = last(play(settings(), start, [[2001, event]]));
      expect(said(taken)).toEqual(["drop-queued", "release"]);
      expect(taken.state).toMatchObject({ kind: "backup", master: null, masterDownAt: 2001 + 3609.375 });
      expect(taken.reason).toBe("stalled: no advert sent for 2001 ms");
    }
  });

  test("advertises and announces when it was late, but not that late", () => {
    expect(said(last(play(settings(), start, [[2000, "deadline"]])))).toEqual(["advertise 100", "announce"]);
  });
});

describe("an advert that the kernel refused", () => {
  test("does not count as sent", () => {
    const steps = play(settings(), masterAt(settings(), 0), [
      [1000, "deadline"],
      [1000, "unsent"],
    ]);
    expect(last(steps).state).toMatchObject({ kind: "master", sentAt: 0 });
  });

  test("does not count as sent either when the answer comes for every destination", () => {
    const steps = play(settings(), masterAt(settings(), 0), [
      [1000, "deadline"],
      [1000, "unsent"],
      [1000, "unsent"],
    ]);
    expect(last(steps).state).toMatchObject({ kind: "master", sentAt: 0 });
  });

  test("again and again is a stall: others will have taken over", () => {
    const steps = play(settings(), masterAt(settings(), 0), [
      [1000, "deadline"],
      [1000, "unsent"],
      [2000, "deadline"],
      [2000, "unsent"],
      [3000, "deadline"],
    ]);
    expect(last(steps).state.kind).toBe("backup");
    expect(said(last(steps))).toEqual(["drop-queued", "release"]);
  });

  test("is made up for by the next one that leaves", () => {
    const steps = play(settings(), masterAt(settings(), 0), [
      [1000, "deadline"],
      [1000, "unsent"],
      [2000, "deadline"],
      [3000, "deadline"],
      [4000, "deadline"],
    ]);
    expect(last(steps).state).toMatchObject({ kind: "master", sentAt: 4000 });
  });

  test("right after the takeover leaves no claim to the addresses", () => {
    const steps = play(settings(), backupAt(settings(), 0), [
      [3610, "deadline"],
      [3610, "unsent"],
    ]);
    expect(stalled(settings(), last(steps).state, instant(3611))).toBe(true);
  });
});
