/** A node's life never has a lower number than the one before. */
import { describe, expect, test } from "bun:test";
import {
  decodeGeneration,
  encodeGeneration,
  GENERATION_MAX,
  isEarlierLife,
  LIFE_MOST,
  nextGeneration,
} from "../../src/heartbeat/generation.ts";

const TIME = 1_790_000_000;
const known = (stored: number | null, heard: number | null, time: number | null): number =>
  nextGeneration({ stored, heard, time });

describe("the generation of a new life", () => {
  test.each([
    ["of nothing known is 1", known(null, null, null), 1],
    ["follows the stored one, without a clock", known(41, null, null), 42],
    ["follows the stored one, though the clock was never set", known(TIME, null, 7), TIME + 1],
    ["follows the clock when nothing is stored", known(null, null, TIME), TIME + 1],
    ["follows the clock when that is ahead", known(41, null, TIME + 0.9), TIME + 1],
    ["follows the stored one when the clock went back", known(TIME, null, TIME - 500), TIME + 1],
    ["follows what was heard of us when state_dir was lost", known(null, TIME + 3, null), TIME + 4],
    ["follows the highest of all", known(TIME + 1, TIME + 9, TIME + 5), TIME + 10],
    ["does not believe a clock before 2020", known(null, null, 1_500_000_000), 1],
    ["does not believe a number that the wire has no room for", known(GENERATION_MAX, 2 ** 40, 2 ** 33), 1],
    ["does not believe a number that no clock gives", known(LIFE_MOST, LIFE_MOST + 1, LIFE_MOST + 2), 1],
    ["nor lets one spoil what is known", known(GENERATION_MAX - 5, 41, TIME), TIME + 1],
    ["is the last one there is at most", known(LIFE_MOST - 1, null, null), LIFE_MOST],
  ])("%s", (_, generation, expected) => expect(generation).toBe(expected));
});

test("of two lives the earlier one has the lower number, unless only one of them is to be believed", () => {
  expect([isEarlierLife(1, 2), isEarlierLife(2, 1), isEarlierLife(2, 2)]).toEqual([true, false, false]);
  const [none, more] = [LIFE_MOST + 1, LIFE_MOST + 2];
  expect([isEarlierLife(none, more), isEarlierLife(more, none)]).toEqual([true, false]);
  expect([isEarlierLife(more, 1), isEarlierLife(1, more), isEarlierLife(LIFE_MOST, more)]).toEqual([
    true,
    false,
    false,
  ]);
});

describe("the stored generation", () => {
  test("is what the daemon stores: 16 bytes", () => {
    expect(encodeGeneration(1_795_244_163)).toBe("     1795244163\n");
    expect(decodeGeneration("     1795244163\n")).toBe(1_795_244_163);
  });

  test.each(["", "\n", "x", "-1\n", "0\n", "1.5\n", "1 2\n", "99999999999\n", "4294967296\n"])(
    "is none in %j",
    (text) => {
      expect(decodeGeneration(text)).toBe(null);
    },
  );
});
