/** Answers to probes, judged. */
import { describe, expect, test } from "bun:test";
import { bodyFits, judgeExit, judgeFile, refused, statusFits } from "../../src/check/response.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("an HTTP status", () => {
  const ranges = [
    { low: 200, high: 299 },
    { low: 401, high: 401 },
  ];
  test.each([
    [199, false],
    [200, true],
    [299, true],
    [300, false],
    [400, false],
    [401, true],
    [402, false],
  ])("%d in 200-299,401: %p", (status, fits) => {
    expect(statusFits(status, ranges)).toBe(fits);
  });
});

describe("a body", () => {
  test("matches anywhere, as UTF-8", () => {
    expect(bodyFits(bytes("<h1>Grüß Gott</h1>"), "Grüß")).toBe(true);
    expect(bodyFits(bytes("<h1>Hallo</h1>"), "^Hallo")).toBe(false);
  });

  test("matches words as it matches a pattern of them", () => {
    const text = "a-b \u{1f600}c\n<d e='f'>";
    for (const word of ["", "a-b", "\u{1f600}c", "c\n<d", "e='f'", "f'>g", "A"]) {
      expect([word, bodyFits(bytes(text), word)]).toEqual([word, bodyFits(bytes(text), `(?:${word})`)]);
    }
  });

  test("that is no UTF-8 is no reason to throw", () => {
    expect(bodyFits(Uint8Array.of(0xff, 0xfe, 0x41), "A")).toBe(true);
  });

  test("matches within its first 64 KiB", () => {
    expect(bodyFits(bytes(`${" ".repeat(64 * 1024 - 2)}ok`), "ok")).toBe(true);
    expect(bodyFits(bytes(`${" ".repeat(64 * 1024 - 1)}ok`), "ok")).toBe(false);
  });
});

describe("a file", () => {
  const file = (text: string, age = 0) => ({ bytes: bytes(text), size: text.length, age });
  const any = { pattern: null, integer: null, maxAge: null, minSize: 0 };
  test("is good by being there", () => {
    expect(judgeFile(file(""), any).healthy).toBe(true);
    expect(judgeFile({ failure: "ENOENT" }, any)).toEqual({ healthy: false, detail: "ENOENT" });
  });

  test("may have to be new and long", () => {
    const backup = { ...any, maxAge: 60_000, minSize: 3 };
    expect(judgeFile(file("abc", 60_000), backup).healthy).toBe(true);
    expect(judgeFile(file("abc", 61_500), backup)).toEqual({ healthy: false, detail: "written 61s ago" });
    expect(judgeFile(file("ab", 0), backup)).toEqual({ healthy: false, detail: "has 2 bytes" });
    // A clock that steps makes nothing old.
    expect(judgeFile(file("abc", -1e9), backup).healthy).toBe(true);
    // What has no number by default counts only where it may.
    const number = { ...backup, integer: { scale: 1, fallback: 5 } };
    expect(judgeFile(file("123", 61_500), number).healthy).toBe(false);
    expect(judgeFile({ failure: "ENOENT" }, backup)).toEqual({ healthy: false, detail: "ENOENT" });
  });

  test("that we had no descriptor for says nothing, neither does a process or socket, a number by default does not count", () => {
    const unprobed = (detail: string) => ({ healthy: false, detail, unprobed: true as const });
    expect(judgeFile({ failure: "EMFILE" }, any)).toEqual(unprobed("EMFILE"));
    const number = { ...any, integer: { scale: 1, fallback: 5 } };
    expect(judgeFile({ failure: "ENFILE" }, number)).toEqual(unprobed("ENFILE"));
    expect(judgeExit("EMFILE: too many open files", true)).toEqual(unprobed("EMFILE: too many open files"));
    expect(refused("EMFILE: no socket")).toEqual(unprobed("EMFILE: no socket"));
    for (const why of ["EPERM: no socket", 'certificate: "EMFILE"', "EMFILES"]) {
      expect(refused(why)).toEqual({ healthy: false, detail: why });
    }
  });

  test("may have to match", () => {
    expect(judgeFile(file("on\n"), { ...any, pattern: "^on$" }).healthy).toBe(false);
    expect(judgeFile(file("on\n"), { ...any, pattern: "^on\\s*$" }).healthy).toBe(true);
    expect(judgeFile({ failure: "EACCES" }, { ...any, pattern: "on" }).healthy).toBe(false);
  });

  const number = (text: string, scale = 1, fallback: number | null = null): number | string => {
    const { healthy, detail, value } = judgeFile(file(text), { ...any, integer: { scale, fallback } });
    return healthy && value !== undefined ? value : detail;
  };

  test.each([
    ["5", 5],
    ["-20\n", -20],
    [" +7 ", 7],
    ["0", 0],
    ["-0", 0],
    ["007", 7],
    ["999999999", 999_999_999],
    ["9999999999", "holds no whole number"],
    ["", "is empty"],
    [" \n", "is empty"],
    ["1.5", "holds no whole number"],
    ["5 apples", "holds no whole number"],
    ["1\n2", "holds no whole number"],
    ["0x10", "holds no whole number"],
    ["--5", "holds no whole number"],
  ])("that holds %j as a number gives %p", (text, expected) => {
    expect(number(text)).toBe(expected);
  });

  test("has its number multiplied", () => {
    expect(number("5", -3)).toBe(-15);
    expect(Object.is(number("0", -3), 0)).toBe(true);
  });

  test("without a number may have one by default, multiplied as well", () => {
    expect(number("garbage", 2, 4)).toBe(8);
    expect(judgeFile({ failure: "ENOENT" }, { ...any, integer: { scale: 2, fallback: 4 } })).toEqual({
      healthy: true,
      detail: "ENOENT; 4 counts",
      value: 8,
    });
    expect(judgeFile({ failure: "ENOENT" }, { ...any, integer: { scale: 2, fallback: null } })).toEqual({
      healthy: false,
      detail: "ENOENT",
    });
  });
});

describe("a script", () => {
  test("is good with exit status 0 and with no other, unless others are numbers", () => {
    expect(judgeExit(null, false)).toEqual({ healthy: true, detail: "exit 0" });
    expect(judgeExit("exit 2", false)).toEqual({ healthy: false, detail: "exit 2" });
    expect(judgeExit(null, true)).toEqual({ healthy: true, detail: "exit 0" });
    expect(judgeExit("exit 1", true)).toEqual({ healthy: false, detail: "exit 1" });
    expect(judgeExit("exit 2", true)).toEqual({ healthy: true, detail: "exit 2", value: 0 });
    expect(judgeExit("exit 255", true)).toEqual({ healthy: true, detail: "exit 255", value: 253 });
    for (const end of ["signal SIGSEGV", "timeout after 2s", "ENOENT: no such file"]) {
      expect(judgeExit(end, true)).toEqual({ healthy: false, detail: end });
    }
  });
});
