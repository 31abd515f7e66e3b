/** The text of `why`. */
import { describe, expect, test } from "bun:test";
import { isWhyReport, whyText } from "../../src/cli/why.ts";

const transition = (boots: number, time: string | null, ago: number | null, reason: string): object => ({
  time,
  ago_ms: ago,
  from: "backup",
  to: "master",
  reason,
  priority: 100,
  boots_ago: boots,
});
const text = (...transitions: object[]): string => {
  const report = { schema: 1, name: "lan", transitions };
  if (!isWhyReport(report)) throw new Error("no report");
  return whyText(report);
};

describe("the text of why", () => {
  test("has a line for each transition, and says where the system was booted", () => {
    expect(
      text(
        transition(2, null, null, "older"),
        transition(1, "1970-01-01T00:00:41.500Z", 999_999_999_999, "old"),
        transition(1, "1970-01-01T00:00:42.000Z", 999_999_999_000, "old, too"),
        transition(0, "2026-01-31T23:59:58.999Z", 61_000, "new"),
      ),
    ).toBe(
      [
        "lan, UTC                  AGO  CHANGE           CAUSE",
        "?                           ?  backup > master  older",
        "-- the system was booted --",
        "1970-01-01 00:00:41  11574d1h  backup > master  old",
        "1970-01-01 00:00:42  11574d1h  backup > master  old, too",
        "-- the system was booted --",
        "2026-01-31 23:59:58     1m01s  backup > master  new",
        "",
      ].join("\n"),
    );
  });

  test("ends with what holds the router back at the moment", () => {
    const report = { schema: 1, name: "lan", held: "guard: ha1 says that it is master", transitions: [] };
    if (!isWhyReport(report)) throw new Error("no report");
    expect(whyText(report)).toBe("lan: nothing has happened yet\nnow: guard: ha1 says that it is master\n");
  });

  test("says when there is none", () => {
    expect(text()).toBe("lan: nothing has happened yet\n");
  });
});
