/** The order of findings, their places, their number, and their printed form. */
import { describe, expect, test } from "bun:test";
import { printFinding } from "../../src/config/print.ts";
import { Report } from "../../src/config/report.ts";
import { said } from "./said.ts";

/** What a report of these remarks says of a text. */
function reported(text: string, remark: (report: Report) => void): readonly string[] {
  const report = new Report();
  remark(report);
  return report.findings(text).map((finding) => printFinding("F", finding));
}

describe("a report", () => {
  test("is in the order of the file, errors first", () => {
    const lines = reported("ab\ncd\n", (report) => {
      report.warning(4, "last");
      report.warning(1, "third");
      report.error(1, "second");
      report.error(0, "first");
    });
    expect(lines).toEqual([
      "F:1:1: error: first",
      "F:1:2: error: second",
      "F:1:2: warning: third",
      "F:2:2: warning: last",
    ]);
  });

  test("says the same thing once", () => {
    const lines = reported("a", (report) => {
      report.error(0, "x");
      report.error(0, "x");
      report.warning(0, "x");
    });
    expect(lines).toEqual(["F:1:1: error: x", "F:1:1: warning: x"]);
  });

  test("has places for every offset, the end too", () => {
    const text = "é😀\n\n\tx";
    const places = Array.from({ length: text.length + 1 }, (_, offset) =>
      reported(text, (report) => report.error(offset, "")),
    );
    expect(places.flat()).toEqual([
      ...["F:1:1: error: ", "F:1:2: error: ", "F:1:3: error: ", "F:1:3: error: ", "F:2:1: error: "],
      ...["F:3:1: error: ", "F:3:2: error: ", "F:3:3: error: "],
    ]);
  });

  test("of a text known in part does not say what is missing", () => {
    const report = new Report();
    report.partial = true;
    report.missing(0, "x");
    expect(report.failed).toBe(false);
    expect(report.findings("")).toEqual([]);
  });

  test("ends at a thousand findings, and says so", () => {
    const lines = said(`[vrrp.a]\n${Array.from({ length: 2000 }, (_, key) => `k${key} = 1\n`).join("")}`);
    expect(lines).toHaveLength(1001);
    expect(lines.at(-1)).toBe("1002:1 error: more than 1000 findings; this is the last");
  });
});
