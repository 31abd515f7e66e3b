/** Bad configurations made from good ones; the same seed makes the same texts for ever. */
import type { Random } from "./mutate.ts";

/** Changes to one text, at most. */
const CHANGES_MAX = 3;
/** Longer texts are cut: every good one is shorter. */
const TEXT_LENGTH_MAX = 4096;

/** Values to stand where another stood: of every type, at the edges of every range, and of no type at all. */
const VALUES = [
  ...[
    "0",
    "-1",
    "1",
    "255",
    "256",
    "1.5",
    "-0.0",
    "1e400",
    "nan",
    "-inf",
    "9223372036854775808",
    "0x1F",
    "010",
  ],
  ...["true", "false", "yes", "{}", "[]", "[[]]", "[1, [2]]", "[{}]", "{ a = 1 }", "{ a.b = 1, a.c = [] }"],
  ...['""', "''", '"""\n"""', '"10ms"', '"0s"', '"41s"', '"1e3s"', '"99999999h"', '"-1s"', '"auto"', '"2+3"'],
  ...['"eth0"', '"eth0:1"', '"10.0.0.1/24"', '"10.0.0.1"', '"10.0.0.1/33"', '"fe80::1/64"', '"224.0.0.18"'],
  ...[
    '"::"',
    '"::/0"',
    '"ff02::12"',
    '"1:2:3:4:5:6:7:8/128"',
    '"é😀"',
    '"\\u0000"',
    '"\\ud800"',
    '"\\q"',
    '"a\\"b"',
  ],
  ...[
    "2020-01-01T00:00:00Z",
    "2021-02-30",
    "07:32:00",
    "eth0",
    "1s",
    "10.0.0.1",
    '["/bin/true"]',
    '[["/a"], "b"]',
  ],
  ...["[".repeat(40), "{a=".repeat(40), `"${"x".repeat(200)}"`, '"/a b"', "a", ""],
];

/** Keys and headers of the language, and some that it does not have. */
const KEYS = [
  ...[
    "interface",
    "vrid",
    "version",
    "priority",
    "addresses",
    "excluded_addresses",
    "auth",
    "key",
    "type",
    "garp",
  ],
  ...[
    "unicast_peers",
    "unicast_source",
    "multicast_group",
    "track_checks",
    "track_interfaces",
    "sync_group",
    "notify",
  ],
  ...[
    "command",
    "weight",
    "interval",
    "virtual_mac",
    "routes",
    "hooks",
    "mail",
    "priorty",
    "__proto__",
    "constructor",
  ],
  ...["a.b", '"a b"', "''", "a.", ".a", "vrrp", "vrrp.a", "toString", "é"],
];
const HEADERS = [
  ...[
    "[vrrp]",
    "[vrrp.a]",
    "[[vrrp]]",
    "[[vrrp.a]]",
    "[vrrp.a.garp]",
    "[agent]",
    "[check.c]",
    "[heartbeat]",
    "[x]",
  ],
  ...[
    "[virtual_server.a]",
    "[__proto__]",
    '[vrrp."a\\u000ab"]',
    "[vrrp.a",
    "[]",
    "[vrrp.a.auth]",
    '"a\\u0007" = 1',
    '[check."\\u0007"]',
    '[vrrp."\\u0007"]',
    "[agent.log]",
    "[.]",
  ],
];
const MARKS = [
  ..."[]{}=,.\"'#\\\n\r\t -_0aé😀\u0000\u0085\u2028\uFEFF\uFFFD",
  '"""',
  "'''",
  "\r\n",
  "\ud800",
];

/** One of `golden`, changed in one to three places. */
export function mutateText(random: Random, golden: readonly string[]): string {
  let text = random.pick(golden);
  for (let changes = 1 + random.below(CHANGES_MAX); changes > 0; changes--)
    text = change(random, text, golden);
  return text.slice(0, TEXT_LENGTH_MAX);
}

function change(random: Random, text: string, golden: readonly string[]): string {
  const at = random.below(text.length + 1);
  const end = at + 1 + random.below(24);
  switch (random.below(12)) {
    case 0:
    case 1:
    case 2:
      return replaceSome(
        random,
        text,
        /"[^"\n]*"|\b(?:\d+|true|false)\b|\[[^[\]\n]*\]|\{[^{}\n]*\}/g,
        VALUES,
      );
    case 3:
    case 4:
      return replaceSome(random, text, /\b[a-z_]+(?= =)/g, KEYS);
    case 5:
      return replaceSome(random, text, /^\[.*\]$/gm, HEADERS);
    case 6:
      return text.slice(0, at) + random.pick(MARKS) + text.slice(at);
    case 7:
      return text.slice(0, at) + text.slice(end);
    case 8:
      return text.slice(0, at) + random.pick(MARKS) + text.slice(at + 1);
    case 9:
      return shuffleLines(random, text);
    case 10:
      return text + random.pick(golden);
    default:
      return text.slice(0, end) + text.slice(at);
  }
}

/** Replaces one of the places that `pattern` finds. */
function replaceSome(random: Random, text: string, pattern: RegExp, by: readonly string[]): string {
  const found = [...text.matchAll(pattern)];
  if (found.length === 0) return text;
  const match = random.pick(found);
  return text.slice(0, match.index) + random.pick(by) + text.slice(match.index + match[0].length);
}

/** Removes a line, doubles it, or moves it. */
function shuffleLines(random: Random, text: string): string {
  const lines = text.split("\n");
  const [line = ""] = lines.splice(random.below(lines.length), 1);
  for (let copies = random.below(3); copies > 0; copies--)
    lines.splice(random.below(lines.length + 1), 0, line);
  return lines.join("\n");
}
