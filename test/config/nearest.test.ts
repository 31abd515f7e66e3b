/** "Did you mean": which slips are seen through. */
import { describe, expect, test } from "bun:test";
import { editDistance, hint, nearest } from "../../src/config/nearest.ts";

describe("the edit distance", () => {
  const rows: readonly [a: string, b: string, distance: number][] = [
    ["", "", 0],
    ["vrid", "vrid", 0],
    ["", "vrid", 4],
    ["vrid", "", 4],
    ["vrd", "vrid", 1],
    ["vriid", "vrid", 1],
    ["vrit", "vrid", 1],
    ["vird", "vrid", 1],
    ["kitten", "sitting", 3],
    ["ab", "ba", 1],
    ["abcd", "badc", 2],
    ["flaw", "lawn", 2],
  ];
  test.each(rows)("from %s to %s is %d", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
    expect(editDistance(b, a)).toBe(distance);
  });
});

describe("the nearest word", () => {
  const words = ["priority", "preempt", "preempt_delay", "vrid", "on_found", "garp", "c"];
  const rows: readonly [written: string, found: string | null][] = [
    ["priorty", "priority"],
    ["prioirty", "priority"],
    ["PRIORITY", "priority"],
    ["preempt-delay", "preempt_delay"],
    ["preempt_dealy", "preempt_delay"],
    ["on-fuond", "on_found"],
    ["prio", "priority"],
    ["vrd", "vrid"],
    ["gap", "garp"],
    ["pr", null],
    ["colour", null],
    ["", null],
    ["d", null],
    ["p".repeat(65), null],
  ];
  test.each(rows)("to %s is %s", (written, found) => {
    expect(nearest(written, words)).toBe(found);
  });
  test("is the closer of two", () => {
    expect(nearest("falt", ["fault", "fall"])).toBe("fault");
    expect(nearest("rise2", ["rises", "rise"])).toBe("rises");
  });
  test("is asked for, or there is nothing to ask", () => {
    expect(hint("vird", words)).toBe('; did you mean "vrid"?');
    expect(hint("colour", words)).toBe("");
  });
});
