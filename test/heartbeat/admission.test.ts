/** Which messages count: play by play, as they come in. */
import { describe, expect, test } from "bun:test";
import type { Admission, AdmissionError, Arrival, Tracking } from "../../src/heartbeat/admission.ts";
import { GENERATION_MAX } from "../../src/heartbeat/generation.ts";
import {
  ADMISSION_ERRORS,
  admit,
  due,
  forsaken,
  nextAsk,
  owesAck,
  UNHEARD,
  without,
} from "../../src/heartbeat/admission.ts";
import { instant, ms, NEVER } from "../../src/base/units.ts";

const ASK_AT = instant(1000);
const status = (sequence: number, generation = 7): Arrival => ({ generation, sequence, isStatus: true });
const other = (sequence: number, generation = 7): Arrival => ({ generation, sequence, isStatus: false });

/** In one word: `ok`, what changed, how many are lost, or why it was dropped. */
function word(admission: Admission): string {
  if (admission.kind === "dropped") return admission.reason;
  const lost = admission.lost === 0 ? "" : ` lost ${admission.lost}${admission.lot ? " lot" : ""}`;
  return `${admission.change === "none" ? "ok" : admission.change}${lost}`;
}

function play(arrivals: readonly Arrival[], from: Tracking = UNHEARD, dead = false) {
  let tracking = from;
  const words = arrivals.map((arrival) => {
    const admitted = admit(tracking, arrival, dead, ASK_AT);
    tracking = admitted.tracking;
    return word(admitted.admission);
  });
  return { tracking, words };
}

const missing = (tracking: Tracking): number[] => tracking.missing.map(({ sequence }) => sequence);

describe("messages of one node", () => {
  test("count once each, in order", () => {
    expect(play([status(1), status(2), other(3), status(4)]).words).toEqual(["ok", "ok", "ok", "ok"]);
  });

  test("count from the first status that is heard on, whatever number that has", () => {
    const { words, tracking } = play([status(40), other(41), status(39)]);
    expect(words).toEqual(["ok", "ok", "old"]);
    expect(missing(tracking)).toEqual([]);
  });

  test("count once when they come over two links", () => {
    expect(play([status(1), status(1), status(2), status(2)]).words).toEqual([
      "ok",
      "duplicate",
      "ok",
      "duplicate",
    ]);
  });

  test("count when they come late, once", () => {
    const { words, tracking } = play([status(1), status(4), other(3), other(3), other(2), status(5)]);
    expect(words).toEqual(["ok", "ok lost 2", "ok", "old", "ok", "ok"]);
    expect(missing(tracking)).toEqual([]);
  });

  test("are no replay when the sender began anew, and are one when they are of an earlier life", () => {
    const { words, tracking } = play([
      status(1),
      status(9),
      status(1, 8),
      status(2),
      other(2, 8),
      status(500, 7),
    ]);
    expect(words).toEqual(["ok", "ok lost 7", "restarted", "replay", "ok", "replay"]);
    expect(missing(tracking)).toEqual([]);
  });

  test("count only in a life that a status has begun", () => {
    expect(play([other(5), other(6), status(7), other(1, 8), status(2, 8), other(3, 8)]).words).toEqual([
      "early",
      "early",
      "ok",
      "early",
      "restarted",
      "ok",
    ]);
  });

  test("that are lost by the hundred are given up", () => {
    const { words, tracking } = play([status(1), status(252), status(504), status(505)]);
    expect(words).toEqual(["ok", "ok lost 250", "ok lost 251 lot", "ok"]);
    expect(missing(tracking)).toEqual([]);
  });

  test("are remembered as missing in bounded number, the newest ones", () => {
    const { tracking } = play([status(1), status(252), status(503), status(754)]);
    expect(tracking.missing.length).toBe(500);
    expect(missing(tracking).at(0)).toBe(253);
    expect(missing(tracking).at(-1)).toBe(753);
  });
});

describe("a node that was taken for dead", () => {
  const dead = forsaken(play([status(1), other(2), status(5)]).tracking);

  test("owes nothing any more", () => expect(missing(dead)).toEqual([]));

  test("is back with a newer status of the same life", () => {
    const { words, tracking } = play([status(9)], dead, true);
    expect(words).toEqual(["returned"]);
    expect(missing(tracking)).toEqual([]);
    expect(play([status(10), status(12)], tracking).words).toEqual(["ok", "ok lost 1"]);
  });

  test("is not back by what was sent before, nor by anything but a status, which that does not make old", () => {
    expect(play([status(5), status(4), other(3), other(8), status(7), status(9)], dead, true).words).toEqual([
      "stale",
      "stale",
      "stale",
      "early",
      "returned",
      "returned",
    ]);
  });

  test("has restarted when its life is a new one, and is no ghost of an old one", () => {
    expect(play([status(6, 6), status(1, 8)], dead, true).words).toEqual(["replay", "restarted"]);
  });
});

test("each way to be dropped is a counter", () => {
  const { words } = play([
    other(1),
    status(2),
    status(2),
    status(1),
    status(9, 6),
    status(9, GENERATION_MAX),
  ]);
  const seen = [
    ...words.filter((each) => each !== "ok"),
    play([status(2)], play([status(2)]).tracking, true).words[0],
  ];
  expect([...ADMISSION_ERRORS].sort()).toEqual(seen.sort() as AdmissionError[]);
});

describe("what is missing", () => {
  const gap = play([status(1), status(4)]).tracking;
  const every = ms(250);

  test("is asked for when its time has come, and again until it comes", () => {
    expect(nextAsk(gap)).toBe(ASK_AT);
    expect(due(gap, instant(999), every).ask).toEqual([]);
    const first = due(gap, ASK_AT, every);
    expect(first.ask).toEqual([2, 3]);
    expect(nextAsk(first.tracking)).toBe(instant(1250));
    expect(due(first.tracking, instant(1249), every).ask).toEqual([]);
    const filled = play([other(3)], first.tracking).tracking;
    expect(due(filled, instant(1250), every).ask).toEqual([2]);
  });

  test("is asked for less and less often: a slow line has no room for more", () => {
    let tracking = gap;
    const at = Array.from({ length: 8 }, () => {
      const now = nextAsk(tracking);
      ({ tracking } = due(tracking, now, every));
      return now - ASK_AT;
    });
    expect(at).toEqual([0, 250, 750, 1750, 3750, 7750, 11_750, 15_750]);
  });

  test("is asked for no more when the sender does not have it", () => {
    expect(missing(without(gap, 2))).toEqual([3]);
    expect(nextAsk(without(without(gap, 2), 3))).toBe(NEVER);
  });

  test("is asked for in pieces", () => {
    const wide = play([status(1), status(202)]).tracking;
    const first = due(wide, ASK_AT, every);
    expect(first.ask.length).toBe(50);
    expect(due(first.tracking, ASK_AT, every).ask.at(0)).toBe(52);
  });
});

describe("an acknowledgement", () => {
  test("is owed for one number in ten, when nothing before it is missing", () => {
    const { tracking } = play([status(11), status(14)]);
    expect([11, 12, 13, 14].map((sequence) => owesAck(tracking, sequence, 4))).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(owesAck(tracking, 11, 1)).toBe(true);
    expect(owesAck(play([other(12), other(13)], tracking).tracking, 14, 4)).toBe(true);
  });
});
