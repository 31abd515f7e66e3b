/** Who else than root decides what a path names. */
import { expect, test } from "bun:test";
import { wrongsOf } from "../../src/config/path-safety.ts";

const judged = (mode: number, uid = 0, gid = 0, isDirectory = false): string[] =>
  wrongsOf({ path: "/p", isDirectory, mode, uid, gid }, [1000]).map(({ why, cure }) => `${why}; ${cure}`);

test.each([
  ["root's alone", judged(0o755), []],
  ["of root's group", judged(0o775), []],
  ["of another group", judged(0o770, 0, 7), ["is writable by group 7; chmod g-w /p"]],
  ["of everybody", judged(0o777, 0, 7), ["is writable by others; chmod o-w /p"]],
  ["of whom it runs as", judged(0o755, 1000), []],
  ["of somebody", judged(0o755, 33), ["belongs to uid 33; chown root /p"]],
  [
    "of somebody, and everybody's",
    judged(0o777, 33),
    ["is writable by others; chmod o-w /p", "belongs to uid 33; chown root /p"],
  ],
  ["a directory as /tmp", judged(0o1777, 0, 0, true), []],
  [
    "a file with the sticky bit, which means nothing",
    judged(0o1777),
    ["is writable by others; chmod o-w /p"],
  ],
  [
    "a directory as /tmp that is somebody's",
    judged(0o1777, 33, 0, true),
    ["belongs to uid 33; chown root /p"],
  ],
])("what is %s", (_, said, expected) => {
  expect(said).toEqual(expected);
});
