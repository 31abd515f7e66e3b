/** Which of the processes that /proc shows is the one that must run (proc(5)). */

/** /proc/PID/stat, as far as it matters here. */
export interface ProcessStat {
  /** The program's name: the first 15 bytes of it, or what the process calls itself (PR_SET_NAME). */
  readonly comm: string;
  /** False for a zombie or a dead one. */
  readonly alive: boolean;
  /** Ticks between the boot and its start: with its number it names the process for good. */
  readonly startTime: string;
}

/** Bytes of a name that the kernel keeps: TASK_COMM_LEN less its NUL. */
const COMM_MAX = 15;
/** Of the fields behind the name. */
const STATE = 0;
const START_TIME = 19;

/** Reads /proc/PID/stat; null for a text that is none. The name stands in parentheses and may hold any character, those too. */
export function parseStat(text: string): ProcessStat | null {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  const fields = text.slice(close + 2).split(" ");
  const state = fields[STATE] ?? "";
  const startTime = fields[START_TIME];
  if (open < 0 || close < open || startTime === undefined) return null;
  return { comm: text.slice(open + 1, close), alive: !["Z", "X", "x"].includes(state), startTime };
}

/** Reads /proc/PID/cmdline: arguments that end in NUL. Empty for a kernel thread. */
export function parseCommandLine(text: string): string[] {
  const words = text.split("\0");
  if (words.at(-1) === "") words.pop();
  return words;
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

/** The part of `text` that fits into a name of the kernel's. */
function asComm(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return bytes.length <= COMM_MAX ? text : new TextDecoder().decode(bytes.subarray(0, COMM_MAX));
}

/**
 * Whether a process runs this program: a name, or an absolute path, and the arguments that its command line begins with. A script that
 * its interpreter runs is found by its own name as well. `executable` is the target of /proc/PID/exe, null where we may not see it.
 */
export function runs(
  program: readonly string[],
  comm: string,
  commandLine: readonly string[],
  executable: string | null,
): boolean {
  const [name = "", ...wanted] = program;
  const begins = (from: number): boolean => wanted.every((word, at) => commandLine[from + at] === word);
  const [first = "", second = ""] = commandLine;
  const isPath = name.includes("/");
  const named = (word: string): boolean => (isPath ? word === name : baseName(word) === name);
  // The name of a script is that of its process when the kernel started the interpreter for it.
  if (named(second) && asComm(baseName(second)) === comm && begins(2)) return true;
  if (!begins(1)) return false;
  if (named(first)) return true;
  if (isPath) return executable === name;
  return name === comm && name.length <= COMM_MAX;
}
