/** Syntax errors in words, at their true place. Each row: a rule, a text, all that is said of it. */
import { router, table } from "./said.ts";

table("a syntax error", [
  [
    "text without quotes",
    router("interface = eth1"),
    ["2:13 error: eth1 is not a value of TOML; text stands in double quotes"],
  ],
  [
    "text without quotes in an array",
    router("track_checks = [nginx]"),
    ["5:17 error: nginx is not a value of TOML; text stands in double quotes"],
  ],
  [
    "a duration without quotes",
    router("advert_interval = 1s"),
    ["5:20 error: 1s is not a value of TOML; text stands in double quotes"],
  ],
  [
    "an address without quotes",
    router("addresses = [10.0.0.1/24]"),
    ["4:18 error: 10.0.0.1/24 is not a value of TOML; text stands in double quotes"],
  ],
  ["yes", router("preempt = yes"), ["5:11 error: yes is not a value of TOML; text stands in double quotes"]],
  [
    "a mistyped true",
    router("preempt = ture"),
    ["5:11 error: ture is not a value of TOML; text stands in double quotes"],
  ],
  ["a leading zero", router("vrid = 055"), ["3:11 error: a number has no leading zeros"]],
  ["no value", router("vrid ="), ["3:7 error: the line ends where a value was expected"]],
  ["no value before a comment", router("vrid = # later"), ['3:8 error: "#" where a value was expected']],
  ["no equals sign", router("vrid 5"), ['3:6 error: "5" where "=" was expected']],
  ["a key alone", router("vrid"), ['3:5 error: the line ends where "=" was expected']],
  ["no key", router("= 5"), ['5:1 error: "=" where a key was expected']],
  [
    "a header that is not closed",
    router().replace("[vrrp.a]", "[vrrp.a"),
    ['1:8 error: the line ends where "]" was expected'],
  ],
  [
    "a header with a space",
    router().replace("[vrrp.a]", "[vrrp a]"),
    ['1:7 error: "a" where "]" was expected'],
  ],
  ["an empty header", router() + "[]\n", ['5:2 error: "]" where a key was expected']],
  [
    "something after a header",
    router().replace("[vrrp.a]", "[vrrp.a] x"),
    ['1:10 error: "x" where the end of the line was expected'],
  ],
  [
    "a string that is not closed",
    router('interface = "eth0'),
    ["2:18 error: the line ends where the closing quote was expected"],
  ],
  [
    "a literal string that is not closed",
    router("interface = 'eth0"),
    ["2:18 error: the line ends where the closing quote was expected"],
  ],
  [
    "a long string that is not closed",
    router('interface = """eth0'),
    ["5:1 error: the file ends where the closing quote was expected"],
  ],
  [
    "something after a value",
    router("vrid = 5 6"),
    ['3:10 error: "6" where the end of the line was expected'],
  ],
  [
    "a string with a quote inside",
    router('interface = "et"h0"'),
    ['2:17 error: "h" where the end of the line was expected'],
  ],
  [
    "an array that is not closed",
    router('addresses = ["10.0.0.1/24"', "priority = 100"),
    ['5:1 error: "p" where "," or "]" was expected'],
  ],
  [
    "an array without a comma",
    router('addresses = ["10.0.0.1/24" "10.0.0.2/24"]'),
    ['4:28 error: a double quote where "," or "]" was expected'],
  ],
  [
    "an array with two commas",
    router('addresses = ["10.0.0.1/24",, "10.0.0.2/24"]'),
    ['4:28 error: "," where a value or "]" was expected'],
  ],
  [
    "an array that is not closed at the end of the file",
    router().trimEnd().slice(0, -1),
    ['4:27 error: the file ends where "," or "]" was expected'],
  ],
  [
    "a table without a comma",
    router("garp = { count = 5 refresh = 1 }"),
    ['5:20 error: "r" where "," or "}" was expected'],
  ],
  [
    "a table that is not closed",
    router("garp = { count = 5", "priority = 100"),
    ['6:1 error: "p" where "," or "}" was expected'],
  ],
  ["a table with a key alone", router("garp = { count }"), ['5:16 error: "}" where "=" was expected']],
  [
    "an unknown escape",
    router('interface = "eth\\q"'),
    ['2:17 error: unknown escape after the backslash; "\\\\" stands for one backslash'],
  ],
  [
    "an escape that names no character",
    router('interface = "\\ud800"'),
    ["2:14 error: the escape names no character"],
  ],
  [
    "a control character",
    router('interface = "eth\u0001"'),
    ['2:17 error: "\\u0001" where the closing quote was expected'],
  ],
  [
    "a control character in a comment",
    router("# \u0001"),
    ['5:3 error: "\\u0001" where the end of the line was expected'],
  ],
  [
    "a character of a word processor",
    router("interface = “eth0”"),
    ['2:13 error: "“" where a value was expected'],
  ],
  [
    "a brace of another language",
    "vrrp_instance VI_1 {\n    state MASTER\n}\n",
    ['1:15 error: "V" where "=" was expected'],
  ],
  [
    "a number that is too large",
    router("vrid = 99999999999999999999"),
    ["3:8 error: the number is too large"],
  ],
  ["a number that is large", router("vrid = 9007199254740993"), ["3:8 error: the number is too large"]],
  ["a date that does not exist", router("vrid = 2021-02-30"), ["3:8 error: there is no such date or time"]],
  [
    "a key that is there twice",
    router("priority = 100", "mail = false", "priority = 150"),
    ["7:1 error: vrrp.a.priority is defined a second time"],
  ],
  [
    "a table that is there twice",
    router() + "\n" + router(),
    ["6:1 error: [vrrp.a] is defined a second time"],
  ],
  [
    "a key of a table that is there twice",
    router("garp = { count = 5, count = 6 }"),
    ["5:21 error: count is defined a second time"],
  ],
  [
    "a table that already has a header",
    "[vrrp.a.garp]\ncount = 5\n" + router("garp.count = 4"),
    ["7:1 error: vrrp.a.garp already has a table of its own"],
  ],
  [
    "an inline table with a header",
    router("garp = { count = 5 }") + "[vrrp.a.garp]\nrefresh = 1\n",
    ["6:1 error: [vrrp.a.garp] is defined a second time"],
  ],
  [
    "an array with a header",
    router() + "[[vrrp.a.addresses]]\n",
    ["5:1 error: [vrrp.a.addresses] is already an array"],
  ],
  [
    "arrays in each other without end",
    router("routes = " + "[".repeat(40)),
    ["5:42 error: more than 32 arrays or inline tables in each other"],
  ],
  [
    "a carriage return alone",
    router().replaceAll("\n", "\r"),
    ['1:10 error: "i" where the end of the line was expected'],
  ],
  [
    "a quote in a quoted key",
    router('"a = 1'),
    ["5:7 error: the line ends where the closing quote was expected"],
  ],
]);
