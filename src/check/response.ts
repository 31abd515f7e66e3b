/** Whether the answer to a probe is a good one: HTTP status and body, the content of a file. */

import { matches } from "./match.ts";
import type { Pattern } from "./pattern.ts";
import { compile } from "./pattern.ts";

/** What a probe found. */
export interface Outcome {
  readonly healthy: boolean;
  /** In few words: `HTTP 200`, `connection refused`. */
  readonly detail: string;
  /** The number in a file that must hold one, scaled. */
  readonly value?: number;
  /** Nothing was probed, as we had no descriptor for it: no verdict. */
  readonly unprobed?: true;
  /** What is good now and will not be for long: a certificate that expires. */
  readonly warning?: string;
  /** Of a probe over a network that failed: what was said, a line each. */
  readonly transcript?: readonly string[];
}

export const good = (detail: string): Outcome => ({ healthy: true, detail });
export const bad = (detail: string): Outcome => ({ healthy: false, detail });

/** Too many files are open, in this process or on this host (errno(3)). */
const NO_DESCRIPTOR = /^E[MN]FILE\b/;

/** What the system's refusal means, `ECONNREFUSED`, `EMFILE: no socket`: it is bad, unless it is our own shortage. */
export const refused = (why: string): Outcome =>
  NO_DESCRIPTOR.test(why) ? { healthy: false, detail: why, unprobed: true } : bad(why);

/** Status codes, both ends included. */
export interface StatusRange {
  readonly low: number;
  readonly high: number;
}

export const statusFits = (status: number, ranges: readonly StatusRange[]): boolean =>
  ranges.some(({ low, high }) => status >= low && status <= high);

/** Characters of a text that a pattern is tried on: what is longer is cut. */
export const TEXT_MAX = 64 * 1024;

const utf8 = new TextDecoder();

/** Patterns compiled lately. */
const compiled = new Map<string, Pattern>();
const COMPILED_MAX = 1024;

function patternOf(source: string): Pattern | null {
  const known = compiled.get(source);
  if (known !== undefined) return known;
  const made = compile(source);
  if (!made.ok) return null;
  if (compiled.size >= COMPILED_MAX) compiled.clear();
  compiled.set(source, made.value);
  return made.value;
}

/** A pattern that means what it says: nearly all are, and to look for one takes a hundredth of the time. */
const LITERAL = /^[^\\^$.|?*+()[\]{}]*$/;

/** Whether a body, as UTF-8, matches a pattern; one that does not compile matches nothing. */
export function bodyFits(body: Uint8Array, pattern: string): boolean {
  const text = utf8.decode(body.subarray(0, TEXT_MAX));
  if (LITERAL.test(pattern)) return text.includes(pattern);
  const made = patternOf(pattern);
  return made !== null && matches(made, text);
}

/** What the end of a script means: null is exit status 0, otherwise `exit 1`, `signal SIGSEGV`, `timeout after 2s`. */
export function judgeExit(failure: string | null, dynamic: boolean): Outcome {
  if (failure === null) return good("exit 0");
  const status = Number(/^exit (\d{1,3})$/.exec(failure)?.[1] ?? Number.NaN);
  return dynamic && status >= 2 ? { healthy: true, detail: failure, value: status - 2 } : refused(failure);
}

/** What a file must hold. */
export interface FileExpectation {
  /** Milliseconds since it was written, at most. */
  readonly maxAge: number | null;
  /** Bytes, at least. */
  readonly minSize: number;
  /** A regular expression. */
  readonly pattern: string | null;
  readonly integer: { readonly scale: number; readonly fallback: number | null } | null;
}

/** A whole number by itself; space around it and a sign are allowed. */
const NUMBER = /^\s*([+-]?\d{1,9})\s*$/;

/** A file that was read, or why not. */
export type FileFound =
  | {
      readonly bytes: Uint8Array;
      /** Of all of it. */
      readonly size: number;
      /** Milliseconds since it was written; negative where its clock or ours is wrong. */
      readonly age: number;
    }
  | { readonly failure: string };

/** Judges a file that was read (at most {@link TEXT_MAX} bytes of it), or the reason why it was not. */
export function judgeFile(content: FileFound, expected: FileExpectation): Outcome {
  const { integer, pattern, maxAge, minSize } = expected;
  const failure = "failure" in content ? refused(content.failure) : null;
  if (failure?.unprobed === true) return failure;
  if (!("failure" in content)) {
    const { age, size } = content;
    if (maxAge !== null && age > maxAge) return bad(`written ${Math.floor(age / 1000)}s ago`);
    if (size < minSize) return bad(`has ${size} bytes`);
  }
  if (integer !== null) return judgeNumber(content, integer);
  if ("failure" in content) return bad(content.failure);
  if (pattern === null) return good("is there");
  return bodyFits(content.bytes, pattern) ? good("content matches") : bad("content does not match");
}

function judgeNumber(
  content: FileFound,
  { scale, fallback }: NonNullable<FileExpectation["integer"]>,
): Outcome {
  const text = "failure" in content ? "" : utf8.decode(content.bytes);
  const number = NUMBER.exec(text)?.[1];
  if (number !== undefined)
    return { healthy: true, detail: `holds ${Number(number)}`, value: times(number, scale) };
  const why =
    "failure" in content ? content.failure : text.trim() === "" ? "is empty" : "holds no whole number";
  if (fallback === null) return bad(why);
  return { healthy: true, detail: `${why}; ${fallback} counts`, value: times(fallback, scale) };
}

/** Without the zero that has a sign. */
const times = (number: string | number, scale: number): number => Number(number) * scale + 0;
