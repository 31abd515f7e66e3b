/** What follows a syntax error: the rest of the file is read on, and a key is never shown. Each row: a rule, a text, all that is said of it. */
import { checked, router, table } from "./said.ts";

table("several syntax errors", [
  [
    "are all said",
    router("vrid = 5 6", "interface = eth0", "priority = "),
    [
      "2:13 error: eth0 is not a value of TOML; text stands in double quotes",
      '3:10 error: "6" where the end of the line was expected',
      "5:12 error: the line ends where a value was expected",
    ],
  ],
  [
    "do not hide a value that is wrong",
    router("priority = 100 x", 'on_found = "x"', "prioritty = 5"),
    [
      '5:16 error: "x" where the end of the line was expected',
      '6:12 error: on_found must be "fault" or "adopt", not "x"',
      '7:1 error: unknown key prioritty in [vrrp.a]; did you mean "priority"?',
    ],
  ],
  [
    "do not make keys missing",
    router("vrid = x"),
    ["3:8 error: x is not a value of TOML; text stands in double quotes"],
  ],
  [
    "do not make names dangle",
    checked().replace("[check.c]", "[check.c"),
    ['6:9 error: the line ends where "]" was expected'],
  ],
  [
    "in an array of several lines are one",
    router("addresses = [", '  "10.0.0.1/24" x,', '  "10.0.0.2/24",', "]", "on_found = 1"),
    [
      '5:17 error: "x" where "," or "]" was expected',
      '8:12 error: on_found must be "fault" or "adopt", not 1',
    ],
  ],
  [
    "of a header hide its table only",
    "[vrrp.x\nvrid = 0\n[vrrp.b]\nvrid = 0\n",
    ['1:8 error: the line ends where "]" was expected', "4:8 error: vrid must be 1 to 255, not 0"],
  ],
  [
    "of a string of several lines",
    router('interface = """', "a = 1", "vrid = 300"),
    ["6:1 error: the file ends where the closing quote was expected"],
  ],
  [
    "end after twenty",
    "x = \n".repeat(30),
    [
      "1:5 error: the line ends where a value was expected",
      "2:5 error: the line ends where a value was expected",
      "3:5 error: the line ends where a value was expected",
      "4:5 error: the line ends where a value was expected",
      "5:5 error: the line ends where a value was expected",
      "6:5 error: the line ends where a value was expected",
      "7:5 error: the line ends where a value was expected",
      "8:5 error: the line ends where a value was expected",
      "9:5 error: the line ends where a value was expected",
      "10:5 error: the line ends where a value was expected",
      "11:5 error: the line ends where a value was expected",
      "12:5 error: the line ends where a value was expected",
      "13:5 error: the line ends where a value was expected",
      "14:5 error: the line ends where a value was expected",
      "15:5 error: the line ends where a value was expected",
      "16:5 error: the line ends where a value was expected",
      "17:5 error: the line ends where a value was expected",
      "18:5 error: the line ends where a value was expected",
      "19:5 error: the line ends where a value was expected",
      "20:5 error: the line ends where a value was expected",
    ],
  ],
]);

table("a key in a syntax error", [
  [
    "is not shown when its quotes are missing",
    router("version = 2", 'auth = { type = "pass", key = s3cret }'),
    ["6:31 error: this is not a value of TOML; text stands in double quotes"],
  ],
  [
    "is not shown when one quote is missing",
    router("version = 2", 'auth = { type = "pass", key = "s3cret }'),
    ["6:40 error: the line ends where the closing quote was expected"],
  ],
  [
    "is not shown when its quotes end early",
    router("version = 2", 'auth = { type = "pass", key = "s3"cret" }'),
    ['6:35 error: a character where "," or "}" was expected'],
  ],
  [
    "is not shown in a table of its own",
    router("version = 2") + '[vrrp.a.auth]\ntype = "pass"\nkey = s3cret\n',
    ["8:7 error: this is not a value of TOML; text stands in double quotes"],
  ],
  [
    "is not shown on a line of its own",
    router("version = 2", "auth = {", '  type = "pass",', "  key =", "    s3cret", "}"),
    ["8:8 error: the line ends where a value was expected"],
  ],
  [
    "is not shown when a broken line above it took its table away",
    router("version = 2", "auth = { ty", "e = cr3tXYZ }"),
    [
      '6:12 error: the line ends where "=" was expected',
      "7:5 error: this is not a value of TOML; text stands in double quotes",
    ],
  ],
]);
