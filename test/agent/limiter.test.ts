/** What is said once a minute, however often it happens. */
import { describe, expect, test } from "bun:test";
import { Limiter } from "../../src/agent/limiter.ts";
import { instant } from "../../src/base/units.ts";

describe("the limiter", () => {
  test("lets each thing be said once a minute", () => {
    const limiter = new Limiter();
    expect(limiter.allows("a", instant(0))).toBe(true);
    expect(limiter.allows("a", instant(59_999))).toBe(false);
    expect(limiter.allows("b", instant(59_999))).toBe(true);
    expect(limiter.allows("a", instant(60_000))).toBe(true);
    expect(limiter.allows("a", instant(60_001))).toBe(false);
    expect(limiter.allows("b", instant(119_999))).toBe(true);
  });

  test("says nothing new beyond a thousand things, until they are a minute old", () => {
    const limiter = new Limiter();
    const said = Array.from({ length: 5000 }, (_, at) => limiter.allows(`source ${at}`, instant(at)));
    expect(said.filter((allowed) => allowed)).toHaveLength(1024);
    expect(limiter.allows("one more", instant(59_999))).toBe(false);
    expect(limiter.allows("one more", instant(60_000))).toBe(true);
  });
});
