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
  /** What is good now and will not be for long: a certificate that expires. */
  readonly warning?: string;
  /** Of a probe over a network that failed: what was said, a line each. */
  readonly transcript?: readonly string[];
}

export const good = (detail: string): Outcome => ({ healthy: true, detail });
export const bad = (detail: string): Outcome => ({ healthy: false, detail });

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

/** Whether a body, as UTF-8, matches a pattern; one that does not compile matches nothing. */
export function bodyFits(body: Uint8Array, pattern: string): boolean {
  const made = patternOf(pattern);
  return made !== null && matches(made, utf8.decode(body.subarray(0, TEXT_MAX)));
}

/** What a file must hold. */
export interface FileExpectation {
  /** A regular expression. */
  readonly pattern: string | null;
  readonly integer: { readonly scale: number; readonly fallback: number | null } | null;
}

/** A whole number by itself; space around it and a sign are allowed. */
const NUMBER = /^\s*([+-]?\d{1,9})\s*$/;

/** Judges a file that was read (at most {@link TEXT_MAX} bytes of it), or the reason why it was not. */
export function judgeFile(
  content: { readonly bytes: Uint8Array } | { readonly failure: string },
  expected: FileExpectation,
): Outcome {
  const { integer, pattern } = expected;
  if (integer !== null) return judgeNumber(content, integer);
  if ("failure" in content) return bad(content.failure);
  if (pattern === null) return good("is there");
  return bodyFits(content.bytes, pattern) ? good("content matches") : bad("content does not match");
}

function judgeNumber(
  content: { readonly bytes: Uint8Array } | { readonly failure: string },
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
