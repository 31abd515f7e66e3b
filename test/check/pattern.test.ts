/** Patterns, beside JavaScript's own regular expressions, and where those would never end. */
import { describe, expect, test } from "bun:test";
import { matches } from "../../src/check/match.ts";
import { compile } from "../../src/check/pattern.ts";
import { Random } from "../fuzz/mutate.ts";

function fits(source: string, text: string): boolean {
  const pattern = compile(source);
  if (!pattern.ok) throw new Error(`${source}: ${pattern.error}`);
  return matches(pattern.value, text);
}

describe("a pattern", () => {
  test.each([
    ["Test Page", "<h1>Test Page</h1>", true],
    ["^on$", "on", true],
    ["^on$", "on\n", false],
    ["^$", "", true],
    ["a.c", "a\nc", false],
    ["[^a]", "\n", true],
    ["\\bon\\b", "is on.", true],
    ["\\bon\\b", "once", false],
    ["\\Bn", "on", true],
    ["(ok|up) since \\d{2,3}s", "state: up since 120s", true],
    ["(ok|up) since \\d{4}s", "state: up since 120s", false],
    ["x{0}y", "y", true],
    ["a{2,}", "a", false],
    ["{", "{", true],
    ["a{,2}", "a{,2}", true],
    ["[]-]", "]", false],
    ["[a\\]]", "]", true],
    ["[a-]", "-", true],
    ["[\\d-]", "-", true],
    ["\\x41\\u00e9", "Aé", true],
    ["grüß", "Grüß grüß", true],
    ["^.$", "😀", true],
    ["[😀-😂]", "😁", true],
    ["(?:ab)+?c", "ababc", true],
    ["(a*)*b", "aaab", true],
    ["", "anything", true],
    ["a||b", "", true],
    ["\\.", "x", false],
    ["[\\s\\S]", "\r", true],
    ["(?i)test page", "TEST Page", true],
    ["(?i)[A-C]x", "bX", true],
    ["(?i)É", "é", true],
    ["test", "TEST", false],
  ])("%j in %j: %p", (source, text, expected) => {
    expect(fits(source, text)).toBe(expected);
  });

  test.each([
    ["(a", "missing )"],
    ["a)", "unmatched )"],
    ["[a", "missing ]"],
    ["*a", "nothing to repeat"],
    ["a**", "nothing to repeat"],
    ["a{3,2}", "numbers out of order"],
    ["a{256}", "repeats more than 255 times"],
    ["[b-a]", "a range out of order"],
    ["[a-\\d]", "a range out of order"],
    ["[[:alpha:]]", "[: :] is not known"],
    ["(a)\\1", "backreferences cannot be matched in one pass"],
    ["(?=a)", "lookaround and named groups cannot be matched in one pass"],
    ["(?<n>a)", "lookaround and named groups cannot be matched in one pass"],
    ["\\q", "unknown \\q"],
    ["\\x4", "\\x needs 2 hexadecimal digits"],
    ["a\\", "\\ at the end"],
    ["((a{99}){99}){99}", "too large"],
    ["(".repeat(100), "too deep"],
  ])("%j is wrong: %s", (source, why) => {
    expect(compile(source)).toEqual({ ok: false, error: why });
  });

  test.each(["(a+)+$", ".*.*.*z", "(x+x+)+y", "(a|a)*b", "^(.*)*z", "(.|y|yy)*z"])(
    "%s comes to an end on a long text that is nearly right",
    (source) => {
      expect(fits(source, "y".repeat(32 * 1024))).toBe(false);
      expect(fits(source, `${"ax".repeat(8 * 1024)}!`)).toBe(false);
    },
  );
});

describe("patterns at random", () => {
  /** A pattern of a few letters, made so that both engines know it. */
  function draw(random: Random, depth: number): string {
    const atom = (): string => {
      if (depth > 0 && random.below(4) === 0) return `(${draw(random, depth - 1)})`;
      return random.pick(["a", "b", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", "ba", "\\n"]);
    };
    const quantified = (): string => {
      const text = atom();
      // JavaScript does not repeat conditions.
      if (["\\b", "^", "$"].includes(text)) return text;
      return `${text}${random.pick(["", "", "", "*", "+", "?", "{1,2}", "*?"])}`;
    };
    const sequence = (): string => Array.from({ length: random.below(4) }, quantified).join("");
    return Array.from({ length: 1 + random.below(2) }, sequence).join("|");
  }

  test("match what JavaScript's match", () => {
    const random = new Random(20_260_101);
    let matched = 0;
    for (let round = 0; round < 4000; round++) {
      const source = draw(random, 2);
      const text = Array.from({ length: random.below(8) }, () => "ab\n x"[random.below(5)] ?? "").join("");
      const expected = new RegExp(source).test(text);
      if (expected) matched++;
      expect({ source, text, fits: fits(source, text) }).toEqual({ source, text, fits: expected });
    }
    expect(matched).toBeGreaterThan(1000);
    expect(matched).toBeLessThan(3900);
  });
});
