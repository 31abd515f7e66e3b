/** What must hold for `fence`. Each row: a rule, a text, all that is said of it. */
import { describe, expect, test } from "bun:test";
import { fenceProgramOf } from "../../src/config/fence.ts";
import { load } from "../../src/config/load.ts";
import type { ProgramFile } from "../../src/config/model.ts";
import type { Unsafe } from "../../src/config/path-safety.ts";
import { wrongsOf } from "../../src/config/path-safety.ts";
import { heartbeat, loadText, table } from "./said.ts";

const GROUPS = 'resources = ["ha1 one", "ha2 two", "ha1 three"]';
const THEIRS = 'resources = ["ha2 one", "ha1 two"]';
const fence = (...keys: readonly string[]): string => `fence = { ${keys.join(", ")} }`;
const COMMAND = 'command = ["/fence.sh", "-v"]';

table("fence", [
  ["needs a command only", heartbeat(GROUPS, fence(COMMAND)), []],
  ["without a command", heartbeat(GROUPS, fence('timeout = "1s"')), ["6:9 error: fence needs command"]],
  [
    "of several commands",
    heartbeat(GROUPS, fence('command = [["/a"], ["/b"]]')),
    ['6:21 error: fence.command is one command, not 2 commands: ["/program", "argument"]'],
  ],
  [
    "of no command",
    heartbeat(GROUPS, fence("command = []")),
    ['6:21 error: fence.command is one command, not 0 commands: ["/program", "argument"]'],
  ],
  [
    "that a shell would find",
    heartbeat(GROUPS, fence('command = ["fence.sh"]')),
    ['6:22 error: fence.command must begin with the absolute path of a program, not "fence.sh"'],
  ],
  [
    "with nothing to take over",
    heartbeat(fence(COMMAND)),
    ["5:9 error: fence without resources never runs: remove it, or write resources"],
  ],
  [
    "that does something else when it fails",
    heartbeat(GROUPS, fence(COMMAND, 'on_failure = "ignore"')),
    ['6:55 error: fence.on_failure must be "block" or "proceed", not "ignore"'],
  ],
  [
    "of numbers",
    heartbeat(GROUPS, fence(COMMAND, "tries = 1", "retry = 1", "timeout = 60", "delay = 0")),
    [],
  ],
  [
    "later on the node that shoots first",
    heartbeat(GROUPS, fence(COMMAND, 'delay = "5s"')),
    [
      "6:50 warning: fence.delay 5s is for the other node: this one, which more groups prefer, shoots first; cure: leave it out on both",
    ],
  ],
  [
    "at once on the node that shoots later",
    heartbeat(THEIRS, fence(COMMAND, "delay = 0")),
    [
      "6:50 warning: fence.delay 0s lets this node shoot at once, as the other one does, which more groups prefer; cure: leave it out on both",
    ],
  ],
  ["later on the node that shoots later", heartbeat(THEIRS, fence(COMMAND, 'delay = "9s"')), []],
]);

const wrongs = (path: string, mode: number, uid: number, gid = 0): Unsafe[] =>
  wrongsOf({ path, isDirectory: (mode & 0o40_000) !== 0, mode, uid, gid }, []);

describe("the fence's program", () => {
  const text = heartbeat(GROUPS, fence(COMMAND));
  const sound: ProgramFile = { path: "/fence.sh", failure: null, isFile: true, mode: 0o700, unsafe: [] };
  const said = (fenceProgram: ProgramFile | null): string[] =>
    load({
      ...{ path: "x", text, failure: null, mode: 0o600, hostname: "ha1", accounts: null },
      fenceProgram,
    }).findings.map(({ severity, text: words }) => `${severity}: ${words}`);

  test.each([
    ["is sound", {}, []],
    [
      "is not there",
      { failure: "ENOENT: no such file", mode: 0 },
      ['warning: fence.command "/fence.sh" cannot be run: ENOENT: no such file: nothing will be taken over'],
    ],
    [
      "is a directory",
      { isFile: false },
      ['warning: fence.command "/fence.sh" is no file: nothing will be taken over'],
    ],
    [
      "cannot be executed",
      { mode: 0o600 },
      ['warning: fence.command "/fence.sh" is not executable; cure: chmod u+x: nothing will be taken over'],
    ],
    [
      "is everybody's",
      { unsafe: wrongs("/fence.sh", 0o100_777, 0) },
      [
        'error: fence.command "/fence.sh" is writable by others, who so decide what the agent runs; cure: chmod o-w /fence.sh',
      ],
    ],
    [
      "is somebody's, as is its directory",
      { unsafe: [...wrongs("/fence.sh", 0o700, 33), ...wrongs("/srv", 0o40_775, 0, 7)] },
      [
        'error: fence.command "/fence.sh" belongs to uid 33, who so decide what the agent runs; cure: chown root /fence.sh',
        'error: fence.command "/fence.sh": /srv is writable by group 7, who so decide what the agent runs; cure: chmod g-w /srv',
      ],
    ],
  ])("that %s", (_, change, expected) => {
    expect(said({ ...sound, ...change })).toEqual(expected);
  });

  test("is found in a text that is not read yet", () => {
    expect(fenceProgramOf(text)).toBe("/fence.sh");
    expect(fenceProgramOf('[heartbeat]\nfence = { command = [["/a", "b"]] }')).toBe("/a");
    for (const none of ["", "fence", '[heartbeat]\nfence = "/a"', '[heartbeat]\nfence = { command = ["a"] }'])
      expect(fenceProgramOf(none)).toBe(null);
  });
});

test("what is not written of a fence has its default", () => {
  expect(loadText(heartbeat(GROUPS, fence(COMMAND))).config?.heartbeat?.fence).toEqual({
    ...{ argv: ["/fence.sh", "-v"], timeout: 20_000, delay: null, tries: 3, retry: 5000, onFailure: "block" },
  } as never);
});
