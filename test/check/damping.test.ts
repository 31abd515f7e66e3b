/** Rise and fall. */
import { describe, expect, test } from "bun:test";
import type { Health } from "../../src/check/damping.ts";
import { judge, NEUTRAL } from "../../src/check/damping.ts";

/** What the health is after each of the results, `+` for good and `-` for bad: `u`p, `d`own, `?` neutral. */
function course(results: string, { rise, fall }: { rise: number; fall: number }): string {
  let health: Health = NEUTRAL;
  let text = "";
  for (const result of results) {
    health = judge({ rise, fall }, health, result === "+");
    text += health.up === null ? "?" : health.up ? "u" : "d";
  }
  return text;
}

describe("a check", () => {
  test("is neutral before its first result", () => {
    expect(NEUTRAL.up).toBeNull();
  });

  test("is good after its first success, however many a rise takes", () => {
    expect(course("+", { rise: 5, fall: 3 })).toBe("u");
  });

  test("is failed after as many failures as it takes to fall, from the start too", () => {
    expect(course("---", { rise: 2, fall: 3 })).toBe("??d");
    expect(course("+---", { rise: 2, fall: 3 })).toBe("uuud");
  });

  test("needs the failures in a row", () => {
    expect(course("+--+--+---", { rise: 2, fall: 3 })).toBe("uuuuuuuuud");
    expect(course("--+", { rise: 2, fall: 3 })).toBe("??u");
  });

  test("rises again after as many successes in a row", () => {
    expect(course("-+-++", { rise: 2, fall: 1 })).toBe("ddddu");
  });

  test("changes with every result when rise and fall are 1", () => {
    expect(course("+-+-", { rise: 1, fall: 1 })).toBe("udud");
  });
});
