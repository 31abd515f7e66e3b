/** Whether a master is cut off from its witnesses: how often it asks, and what it makes of silence. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import { answered, watch, watched } from "../../src/vrrp/isolation.ts";

/** When it asks and whether it is isolated then, for the first `count` questions; `hears` says which are answered. */
function asks(interval: number, count: number, hears: (question: number) => boolean): string[] {
  let state = watch(instant(5000));
  return Array.from({ length: count }, (_, question) => {
    const at = state.askAt;
    const { watch: next, isolated } = watched(state, ms(interval), at);
    state = hears(question) ? answered(next) : next;
    return `${at}${isolated ? " isolated" : ""}`;
  });
}

describe("a master that watches its witnesses", () => {
  test("asks at once, and then each interval", () => {
    expect(asks(2000, 3, () => true)).toEqual(["5000", "7000", "9000"]);
  });

  test("asks no more often than once a second, however short its interval: they are other people's hosts", () => {
    expect(asks(20, 3, () => true)).toEqual(["5000", "6000", "7000"]);
  });

  test("is isolated when three questions in a row were not answered, for as long as that lasts", () => {
    const none = asks(1000, 6, () => false);
    expect(none).toEqual(["5000", "6000", "7000", "8000 isolated", "9000 isolated", "10000 isolated"]);
    expect(asks(1000, 9, (question) => question % 3 === 2).join()).not.toContain("isolated");
    expect(asks(1000, 6, (question) => question === 3).at(-1)).toBe("10000");
  });
});
