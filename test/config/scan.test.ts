/** The scan for places: that it sees what the parser sees, and says where it stands. */
import { describe, expect, test } from "bun:test";
import { parse } from "toml";
import type { Spot } from "../../src/config/scan.ts";
import { scan } from "../../src/config/scan.ts";
import { misplaced } from "./places.ts";

/** Each value of a text as `path KEY-OFFSET VALUE-OFFSET`, offsets as `line:column` of ASCII texts. */
function places(text: string): readonly string[] {
  const at = (offset: number): string => {
    const lines = text.slice(0, offset).split("\n");
    return `${lines.length}:${(lines.at(-1) ?? "").length + 1}`;
  };
  const below = (path: string, spot: Spot): string[] => [
    ...[...spot.members].flatMap(([key, member]) => walk(path === "" ? key : `${path}.${key}`, member)),
    ...spot.items.flatMap((item, index) => walk(`${path}[${index}]`, item)),
  ];
  const walk = (path: string, spot: Spot): string[] => [
    `${path} ${at(spot.key)} ${at(spot.value)}`,
    ...below(path, spot),
  ];
  return below("", scan(text));
}

describe("a scan", () => {
  const rows: readonly [what: string, text: string, places: readonly string[]][] = [
    ["a key and its value", "a = 1", ["a 1:1 1:5"]],
    ["a key without spaces", "a=1", ["a 1:1 1:3"]],
    ["an indented key", "\t a  =  1", ["a 1:3 1:9"]],
    ["keys behind blank lines and comments", "# x = 1\n\n a = 1 # b = 2\nc = 3", ["a 3:2 3:6", "c 4:1 4:5"]],
    ["CRLF", "a = 1\r\nb = 2\r\n", ["a 1:1 1:5", "b 2:1 2:5"]],
    ["a header", "[a]\nb = 1", ["a 1:1 1:1", "a.b 2:1 2:5"]],
    [
      "a header with spaces and a comment",
      " [ a . b ] # [c]\nd = 1",
      ["a 1:2 1:2", "a.b 1:2 1:2", "a.b.d 2:1 2:5"],
    ],
    [
      "a header of its own after a longer one",
      "[a.b]\n[a]\nc = 1",
      ["a 2:1 2:1", "a.b 1:1 1:1", "a.c 3:1 3:5"],
    ],
    ["a dotted key", "a.b.c = 1\na.d = 2", ["a 1:1 1:1", "a.b 1:1 1:1", "a.b.c 1:1 1:9", "a.d 2:1 2:7"]],
    ["a dotted key with spaces", "a . b = 1", ["a 1:1 1:1", "a.b 1:1 1:9"]],
    ["quoted keys", `"a b" = 1\n'c.d' = 2\n"" = 3`, ["a b 1:1 1:9", "c.d 2:1 2:9", " 3:1 3:6"]],
    ["escapes in a quoted key", '"\\u0061\\tb\\"" = 1', ['a\tb" 1:1 1:17']],
    ["a quoted part of a dotted key", `a."b]".'#' = 1`, ["a 1:1 1:1", "a.b] 1:1 1:1", "a.b].# 1:1 1:14"]],
    ["quoted names in a header", `[a."b]"]\nc = 1`, ["a 1:1 1:1", "a.b] 1:1 1:1", "a.b].c 2:1 2:5"]],
    ["an array", "a = [1, 2]", ["a 1:1 1:5", "a[0] 1:6 1:6", "a[1] 1:9 1:9"]],
    [
      "an array of several lines with comments",
      "a = [ # ]\n  1, # 2,\n  3\n]\nb = 4",
      ["a 1:1 1:5", "a[0] 2:3 2:3", "a[1] 3:3 3:3", "b 5:1 5:5"],
    ],
    ["an array that ends with a comma", "a = [1,]\nb = 2", ["a 1:1 1:5", "a[0] 1:6 1:6", "b 2:1 2:5"]],
    [
      "empty arrays and tables",
      "a = []\nb = {}\nc = [[], {}]",
      ["a 1:1 1:5", "b 2:1 2:5", "c 3:1 3:5", "c[0] 3:6 3:6", "c[1] 3:10 3:10"],
    ],
    [
      "arrays in arrays",
      'a = [["x", "y"], ["z"]]',
      [
        "a 1:1 1:5",
        "a[0] 1:6 1:6",
        "a[0][0] 1:7 1:7",
        "a[0][1] 1:12 1:12",
        "a[1] 1:18 1:18",
        "a[1][0] 1:19 1:19",
      ],
    ],
    [
      "an inline table",
      "a = { b = 1, c.d = 2 }",
      ["a 1:1 1:5", "a.b 1:7 1:11", "a.c 1:14 1:14", "a.c.d 1:14 1:20"],
    ],
    [
      "an inline table of several lines (TOML 1.1)",
      "a = {\n  b = 1, # }\n  c = 2,\n}\nd = 3",
      ["a 1:1 1:5", "a.b 2:3 2:7", "a.c 3:3 3:7", "d 5:1 5:5"],
    ],
    [
      "tables in an array",
      'a = ["x", { b = "y" }]',
      ["a 1:1 1:5", "a[0] 1:6 1:6", "a[1] 1:11 1:11", "a[1].b 1:13 1:17"],
    ],
    [
      "an array of tables",
      "[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3",
      [
        "a 1:1 1:1",
        "a[0] 1:1 1:1",
        "a[0].b 2:1 2:5",
        "a[1] 3:1 3:1",
        "a[1].b 4:1 4:5",
        "a[1].c 5:1 5:1",
        "a[1].c.d 6:1 6:5",
      ],
    ],
    [
      "strings with what is none",
      `a = "# [ , = \\" ]"\nb = '\\'\nc = 1`,
      ["a 1:1 1:5", "b 2:1 2:5", "c 3:1 3:5"],
    ],
    ["long strings", 'a = """\nb = 1\n""" # x\nc = 2', ["a 1:1 1:5", "c 4:1 4:5"]],
    ["long literal strings", "a = '''\n'' \\''' \nc = 2", ["a 1:1 1:5", "c 3:1 3:5"]],
    [
      "quotes at the end of a long string",
      'a = """x"""""\nb = """\\""""\nc = 1',
      ["a 1:1 1:5", "b 2:1 2:5", "c 3:1 3:5"],
    ],
    [
      "empty strings",
      `a = ""\nb = ''\nc = """"""\nd = 1`,
      ["a 1:1 1:5", "b 2:1 2:5", "c 3:1 3:5", "d 4:1 4:5"],
    ],
    ["dates with a space", "a = [1979-05-27 07:32:00, 1]", ["a 1:1 1:5", "a[0] 1:6 1:6", "a[1] 1:27 1:27"]],
    [
      "numbers of all sorts",
      "a = [+1_0, -0.5e+3, 0xff, inf, nan, true]",
      ["a 1:1 1:5", ...[6, 12, 21, 27, 32, 37].map((column, index) => `a[${index}] 1:${column} 1:${column}`)],
    ],
    [
      "__proto__ as a key",
      "__proto__ = 1\n[constructor]\na = 2",
      ["__proto__ 1:1 1:13", "constructor 2:1 2:1", "constructor.a 3:1 3:5"],
    ],
  ];
  for (const [what, text, expected] of rows) {
    test(`finds ${what}`, () => {
      expect(places(text)).toEqual(expected);
      expect(misplaced(text, parse(text), scan(text))).toBeNull();
    });
  }

  test("ends on any text", () => {
    const marks = [
      "[",
      "]",
      "{",
      "}",
      "=",
      '"',
      "'",
      '"""',
      "'''",
      "\\",
      ".",
      ",",
      "#",
      "\n",
      "\r",
      "a",
      " ",
      "\\u",
      "1",
    ];
    for (const first of marks) {
      for (const next of marks) {
        for (const last of marks) expect(scan(first + next + last).key).toBe(0);
      }
    }
  });
});
