/** Help, and what is not a command or a flag. */
import { describe, expect, test } from "bun:test";
import { haagent } from "./binary.ts";

const HERE = [
  "run",
  "check",
  "status",
  "standby",
  "takeover",
  "why",
  "server",
  "fence",
  "reload",
  "stop",
  "release",
  "completion",
  "realserver",
  "version",
];
const LATER = [
  ["console", "--tty", "/dev/ttyS0", "--baud", "115200"],
  ["convert", "keepalived", "keepalived.conf"],
  ["simulate", "--config", "a.toml", "--config", "b.toml"],
] as const;

describe("help", () => {
  test("of the program names every command that works", () => {
    const { exit, stdout, stderr } = haagent(["--help"]);
    expect(exit).toBe(0);
    expect(stderr).toBe("");
    for (const command of HERE) expect(stdout).toMatch(new RegExp(`^ +${command} `, "m"));
    expect(haagent(["-h"]).stdout).toBe(stdout);
  });

  for (const command of new Set([...HERE, ...LATER.map(([name]) => name)])) {
    test(`of ${command} has an example and fits a console`, () => {
      const { exit, stdout } = haagent([command, "--help"]);
      expect(exit).toBe(0);
      expect(stdout).toContain(`EXAMPLE\n\n  haagent ${command}`);
      for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(80);
    });
  }

  test("is given instead of doing what else the line asks for", () => {
    expect(haagent(["--config", "/nonexistent", "--help"]).exit).toBe(0);
  });

  test("carries no colours, whatever the terminal", () => {
    const { stdout } = haagent(["--help"], { env: { TERM: "xterm-256color", FORCE_COLOR: "1" } });
    expect(stdout).not.toContain("\u001b");
  });
});

describe("a command of a later version", () => {
  for (const argv of LATER) {
    test(`is refused, not ignored: ${argv.join(" ")}`, () => {
      const { exit, stdout, stderr } = haagent(argv);
      expect(exit).toBe(1);
      expect(stdout).toBe("");
      expect(stderr).toContain("not in this version");
      expect(stderr).toContain(argv[0]);
    });
  }
});

describe("a command line that means nothing", () => {
  const wrong: readonly (readonly [readonly string[], string])[] = [
    [["statsu"], 'unknown command "statsu"; did you mean "status"?'],
    [["/etc/haagent.toml"], 'unknown command "/etc/haagent.toml"'],
    [["status", "--jsno"], 'unknown flag --jsno for "status"; did you mean "--json"?'],
    [["--confg", "x"], 'unknown flag --confg for "run"; did you mean "--config"?'],
    [["-c", "x"], 'unknown flag -c for "run"'],
    [["status", "--no-json"], "unknown flag --no-json"],
    [["status", "--name", "VI_1"], "unknown flag --name"],
    [["status", "--constructor"], "unknown flag --constructor"],
    [["status", "--json=yes"], "--json takes no value"],
    [["status", "--json", "--json"], "--json is given twice"],
    [["status", "--interval", "2s"], "--interval is for --watch"],
    [["status", "--watch", "--interval"], "--interval needs a value"],
    [
      ["status", "--watch", "--interval", "soon"],
      '--interval must be a duration from 100ms to 1h, not "soon"',
    ],
    [["status", "--watch", "--interval", "10ms"], 'not "10ms"'],
    [["status", "--watch", "--interval", "0"], 'not "0"'],
    [["status", "--watch=yes"], "--watch takes no value"],
    [["completion"], '"completion" needs SHELL'],
    [["completion", "fish"], 'completion for "fish": there is bash and zsh'],
    [["status", "one", "two"], 'unexpected argument "two"'],
    [["why"], '"why" needs NAME'],
    [["why", "one", "two"], 'unexpected argument "two"'],
    [["standby", "one", "two"], 'unexpected argument "two"'],
    [["standby", "--groups", "some"], '--groups is all, local or foreign, not "some"'],
    [["standby", "VI_1", "--groups", "all"], "NAME and --groups exclude each other"],
    [["takeover", "--groups", "all", "--force"], "--force is for virtual routers, and not for --groups"],
    [["standby", "--force"], 'unknown flag --force for "standby"'],
    [["takeover", "--forse"], 'unknown flag --forse for "takeover"; did you mean "--force"?'],
    [["takeover", "--force=yes"], "--force takes no value"],
    [["takeover", "--config", "a", "--socket", "b"], "exclude each other"],
    [["reload", "VI_1"], 'unexpected argument "VI_1"'],
    [["status", "--config", "a", "--socket", "b"], "exclude each other"],
    [["--config"], "--config needs a value"],
    [["--config="], "--config needs a value"],
    [["check", "--config", "--config"], "--config needs a value"],
    [[""], 'unknown command ""'],
  ];
  for (const [argv, reason] of wrong) {
    test(`is a usage error: ${JSON.stringify(argv)}`, () => {
      const { exit, stdout, stderr } = haagent(argv);
      expect(stderr).toContain(reason);
      expect(stderr).toContain("haagent --help");
      expect(stdout).toBe("");
      expect(exit).toBe(2);
    });
  }
});
