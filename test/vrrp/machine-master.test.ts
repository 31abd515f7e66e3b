/** The machine as master: advertising, asserting, yielding, stalling; and as a member of a group. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { instant, ms, NEVER, priority } from "../../src/base/units.ts";
import { stalled } from "../../src/vrrp/lateness.ts";
import { step } from "../../src/vrrp/machine.ts";
import { advert, backupAt, due, HIGHER, INIT, last, LOWER, masterAt, play, said, settings } from "./play.ts";

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

  test("takes over alone when a reload took it out of its group while it waited", () => {
    const waiting = last(play(grouped, backupAt(grouped, 0), [[3610, "deadline"]])).state;
    const steps = play(settings(), waiting, [
      [9000, "settings"],
      [9000, "deadline"],
    ]);
    expect(last(steps).state.kind).toBe("master");
    expect(last(play(grouped, waiting, [[9000, "settings"]])).state).toEqual(waiting);
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

  test("right after the takeover ends it: nobody has heard of it", () => {
    const steps = play(settings(), backupAt(settings(), 0), [
      [3610, "deadline"],
      [3610, "unsent"],
    ]);
    expect(said(last(steps))).toEqual(["release"]);
    expect(last(steps).state).toMatchObject({ kind: "backup", masterDownAt: 3610 + 3609.375 });
  });
});
