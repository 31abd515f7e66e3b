/** How a task of a resource ends, in words that all kinds of resources share. */
import type { ResourceAction, ResourceEvent } from "../agent/cluster/boundary.ts";

/** What is to be done. */
export type ResourceTask = ResourceAction["task"];
/** How it ended. */
export type Outcome = Omit<ResourceEvent, "kind" | "id">;

/** Characters of a command's last line that the failure quotes. */
const LAST_WORDS_MAX = 200;
/** LSB: for no reason that has a code of its own. */
const FAILED = 1;
/** LSB: the program is not installed. */
export const NOT_INSTALLED = 5;

/** It ended well. */
export const succeeded: Outcome = { code: 0, output: "", failure: null };

/** It ended otherwise, for that reason; `code` as of an LSB script. */
export const failed = (failure: string, code = FAILED): Outcome => ({ code, output: "", failure });

/** Where mount says to look besides, and what drbdadm says of the program that it ran, which has said why. */
const NO_REASON = /^dmesg\(1\)|^Command '.*' terminated with exit code \d+$/;

/** `mount: exit 32: mount: /srv: unknown filesystem type 'x'.`: the last line that says more than where else to look. */
export function lastWords(program: string, failure: string, output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const words = lines.findLast((line) => line !== "" && !NO_REASON.test(line)) ?? "";
  return [program, failure, words.slice(0, LAST_WORDS_MAX)].filter((part) => part !== "").join(": ");
}

/** Of `exit 3`, the number; null for all that is no exit. */
export function exitCodeOf(failure: string | null): number | null {
  if (failure === null) return 0;
  const code = /^exit (\d+)$/.exec(failure)?.[1];
  return code === undefined ? null : Number(code);
}
