/** Drawing on a VT100: the right text, with as little as possible. */
import { describe, expect, test } from "bun:test";
import { fit, leave, ORDINARY, redraw } from "../../src/cli/screen.ts";
import { Vt100 } from "../lab/vt100.ts";
import { Prng } from "../sim/prng.ts";

/** A screen that shows a text, whatever stood there before. */
function showing(text: string): { screen: Vt100; lines: string[] } {
  const screen = new Vt100();
  screen.feed("garbage of another program\r\nand more of it");
  const lines = fit(text, ORDINARY);
  screen.feed(redraw(null, lines));
  return { screen, lines };
}

describe("a picture on a terminal", () => {
  test("replaces what stood there, with the cursor out of the way", () => {
    const { screen } = showing("one\ntwo\n");
    expect(screen.lines).toEqual(["one", "two"]);
    expect(screen.cursorHidden).toBe(true);
    expect([screen.row, screen.column]).toEqual([2, 0]);
  });

  test("costs nothing while nothing changes", () => {
    const { lines } = showing("one\ntwo\n");
    expect(redraw(lines, [...lines])).toBe("");
  });

  test("gets only what differs", () => {
    const before = ["lan: MASTER for 1m07s (no master heard)", "  priority  150"];
    const after = ["lan: MASTER for 1m08s (no master heard)", "  priority  150"];
    expect(redraw(before, after)).toBe("\u001b[1;20H8\u001b[3;1H");
  });

  test("is what it should be after any change, in any size", () => {
    const chance = new Prng(7);
    for (let round = 0; round < 300; round++) {
      const size = { columns: chance.integer(2, 90), rows: chance.integer(2, 30) };
      const screen = new Vt100(size.columns, size.rows);
      let shown: string[] | null = null;
      for (let look = 0; look < 6; look++) {
        const text = Array.from({ length: chance.integer(0, 40) }, () =>
          "ab ".repeat(chance.integer(0, 40)).slice(chance.integer(0, 3)),
        ).join("\n");
        const lines = fit(text, size);
        screen.feed(redraw(shown, lines));
        shown = lines;
        expect(screen.lines).toEqual(lines.join("\n").trimEnd().split("\n"));
      }
    }
  });

  test("says how much of it does not fit", () => {
    const long = Array.from({ length: 40 }, (_, at) => `line ${at}`).join("\n");
    const lines = fit(long, ORDINARY);
    expect(lines).toHaveLength(23);
    expect(lines.slice(-2)).toEqual(["line 21", "... 18 lines more"]);
  });

  test("lets nobody else move the cursor", () => {
    expect(fit("a\u001b[2Jb\u0007\u009bc", ORDINARY)).toEqual(["a?[2Jb??c"]);
  });

  test("is left standing, with the cursor below it", () => {
    const { screen, lines } = showing("one\ntwo\n");
    screen.feed(leave(lines));
    expect(screen.lines).toEqual(["one", "two"]);
    expect(screen.cursorHidden).toBe(false);
    expect([screen.row, screen.column]).toEqual([2, 0]);
  });
});
