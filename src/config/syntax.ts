/**
 * The parser's syntax errors in words, at their true place, and more than the first of them: a broken statement is blanked
 * out and the rest is read again, so that one missing quote does not hide what else is wrong.
 */
import { parse } from "toml";
import { parsePieces } from "./pieces.ts";
import type { Report } from "./report.ts";
import { bareKey, quote } from "./words.ts";

/** Arrays and inline tables in each other; the language needs four. */
const DEPTH_MAX = 32;
/** Broken statements after which nobody wants more of them. */
const SYNTAX_ERRORS_MAX = 20;
/** Characters read again in total: reading happens between two adverts and must not take long. */
const REREAD_LENGTH_MAX = 200_000;

/** What a text parsed to. */
interface Parsed {
  readonly values: unknown;
  /** The text that parsed: as long as the original, with broken statements blanked. */
  readonly text: string;
  /** Nothing was blanked. */
  readonly whole: boolean;
}

const parseWhole = (text: string): unknown => parse(text, { maxDepth: DEPTH_MAX });

/** Parses TOML; syntax errors are reported. Null when even the repaired text does not parse. */
export function parseToml(original: string, report: Report): Parsed | null {
  let text = original;
  for (let errors = 0; errors < SYNTAX_ERRORS_MAX; errors++) {
    try {
      return { values: parsePieces(text, parseWhole) ?? parseWhole(text), text, whole: errors === 0 };
    } catch (error) {
      const offset = Math.min(offsetOf(error, text), text.length);
      // A later error at the very end most likely follows from what was blanked before.
      if (errors === 0 || offset < text.length) report.error(offset, translate(error, original, offset));
      const next = blankStatement(text, isLocated(error) ? culprit(text, offset) : offset);
      if (next === text || text.length * (errors + 1) > REREAD_LENGTH_MAX) return null;
      text = next;
    }
  }
  return null;
}

/** Reads a number at a path of properties of something thrown. */
function numberAt(thrown: unknown, ...path: readonly string[]): number | null {
  let value = thrown;
  for (const name of path) {
    value = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  }
  return typeof value === "number" ? value : null;
}

/** True for an error of syntax, false for one of meaning. */
const isLocated = (error: unknown): boolean => numberAt(error, "location", "start", "offset") !== null;

/** Syntax errors have `location` (their `line` and `column` are wrong), errors of meaning `line` and `column`. */
function offsetOf(error: unknown, text: string): number {
  const offset = numberAt(error, "location", "start", "offset");
  if (offset !== null) return offset;
  let start = 0;
  for (let line = numberAt(error, "line") ?? 1; line > 1; line--) start = text.indexOf("\n", start) + 1;
  return start + (numberAt(error, "column") ?? 1) - 1;
}

function translate(error: unknown, text: string, offset: number): string {
  if (!isLocated(error)) return translateMeaning(error, text, offset);
  const token = bareToken(text, offset);
  if (token !== null) return token;
  const expected = expectations(error);
  return `${describeFound(text, offset)}${expected === "" ? " is not allowed" : ` where ${expected} was expected`}`;
}

/** Messages of the compiler behind the parser. Names in them are keys, never values. */
const MEANINGS: readonly (readonly [RegExp, (name: string) => string])[] = [
  [/^Cannot redefine existing key '(.*)'\.$/s, (name) => `${name} is defined a second time`],
  [
    /^Cannot use dotted keys to extend table '(.*)' defined/s,
    (name) => `${name} already has a table of its own`,
  ],
  [
    /^Cannot extend inline table '(.*)'\.$/s,
    (name) => `${name} is an inline table: its keys stand in its braces`,
  ],
  [/^Cannot append to statically defined array '(.*)'\.$/s, (name) => `${name} is already an array`],
  [/^Maximum nesting depth/, () => `more than ${DEPTH_MAX} arrays or inline tables in each other`],
  [/^Integer /, () => "the number is too large"],
  [/^Invalid (date|time|offset)/, () => "there is no such date or time"],
  [/^Invalid Unicode escape/, () => "the escape names no character"],
  [/^Invalid escape sequence/, () => 'unknown escape after the backslash; "\\\\" stands for one backslash'],
];

function translateMeaning(error: unknown, text: string, offset: number): string {
  const message = error instanceof Error ? error.message : "";
  for (const [pattern, say] of MEANINGS) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const name = (match[1] ?? "").split(".").map(bareKey).join(".");
    return say(text[offset] === "[" ? `[${name}]` : name);
  }
  return "this is not TOML";
}

/** Lines above an error whose words tell whether a key is near: a table of a key written in several lines has about as many. */
const SECRET_LINES = 4;

/** True where a key may stand: then the text there is not repeated. */
function nearSecret(text: string, offset: number): boolean {
  let start = lineStart(text, offset);
  for (let line = 0; line < SECRET_LINES; line++) start = lineStart(text, start - 1);
  return /auth|key|pass|secret/i.test(text.slice(Math.min(start, statementStart(text, offset)), offset));
}

/** A bare word where a value stands, the commonest slip: `interface = eth1`, `advert_interval = 1s`. */
function bareToken(text: string, offset: number): string | null {
  let start = offset;
  while (/[A-Za-z0-9_.:+/-]/.test(text[start - 1] ?? "")) start--;
  if (!/[=[,]/.test(text.slice(0, start).trimEnd().at(-1) ?? "")) return null;
  const token = /^[A-Za-z0-9_.:+/-]+/.exec(text.slice(start, start + 200))?.[0] ?? "";
  if (token === "" || /^[+-]?[1-9]\d*$/.test(token)) return null;
  // The name in a table's header is none either.
  if (/^[ \t]*\[\[?[ \t]*$/.test(text.slice(lineStart(text, start), start))) return null;
  if (/^[+-]?0\d+$/.test(token)) return "a number has no leading zeros";
  const shown = nearSecret(text, offset) ? "this" : quote(token).slice(1, -1);
  return `${shown} is not a value of TOML; text stands in double quotes`;
}

function describeFound(text: string, offset: number): string {
  const code = text.codePointAt(offset);
  if (code === undefined) return "the file ends";
  if (code === 10 || code === 13) return "the line ends";
  const character = String.fromCodePoint(code);
  if (/[A-Za-z0-9]/.test(character) && nearSecret(text, offset)) return "a character";
  return character === '"' ? "a double quote" : quote(character);
}

/** What the parser would have taken, in words: the first that fits, of most telling to least. */
const EXPECTED: readonly (readonly [literal: string, words: string])[] = [
  ["true", "a value"],
  ["=", '"="'],
  ["]", '"]"'],
  ["}", '"}"'],
  ["'", "a key"],
  ["#", "the end of the line"],
  ["\n", "the end of the line"],
];

function expectations(error: unknown): string {
  const expected: unknown =
    typeof error === "object" && error !== null ? Reflect.get(error, "expected") : null;
  if (!Array.isArray(expected)) return "";
  const literals = new Set<unknown>();
  let inString = false;
  for (const item of expected as readonly { text?: unknown; inverted?: unknown }[]) {
    literals.add(item.text);
    if (item.inverted === true) inString = true;
  }
  if (inString) return "the closing quote";
  const words = EXPECTED.find(([literal]) => literals.has(literal))?.[1] ?? "a digit";
  const separated = literals.has(",") && (words === '"]"' || words === '"}"');
  if (words === "a value" && literals.has("]")) return 'a value or "]"';
  return separated ? `"," or ${words}` : words;
}

/** A line that begins a statement: `[table]` or `key =`. */
const STATEMENT =
  /^[ \t]*(?:\[\[?[ \t]*[\w-]+[^\]\n]*\]?\]?[ \t]*(?:#.*)?\r?$|(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*[.=])/;
/** Of those, the first form. */
const TABLE = /^[ \t]*\[/;

/** Where the statement around `offset` begins. */
function statementStart(text: string, offset: number): number {
  let start = lineStart(text, offset);
  while (start > 0 && !STATEMENT.test(lineAt(text, start))) start = lineStart(text, start - 1);
  return start;
}

const lineStart = (text: string, offset: number): number =>
  offset <= 0 ? 0 : text.lastIndexOf("\n", offset - 1) + 1;

/** Where the statement that is broken ends: what breaks at the beginning of a good one is the one before. */
function culprit(text: string, offset: number): number {
  const start = lineStart(text, offset);
  const opening = text.slice(start, offset).trim() === "" && STATEMENT.test(lineAt(text, start));
  return opening && start > 0 ? start - 1 : offset;
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf("\n", start);
  return text.slice(start, end < 0 ? text.length : end);
}

/** The text with the statement around `offset` made blank; after a table's header, all that stood in the table. */
function blankStatement(text: string, offset: number): string {
  const start = statementStart(text, offset);
  const table = TABLE.test(lineAt(text, start));
  let end = nextLine(text, offset);
  for (; end < text.length; end = nextLine(text, end)) {
    const line = lineAt(text, end);
    if (STATEMENT.test(line) && (!table || TABLE.test(line))) break;
  }
  return text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, " ") + text.slice(end);
}

function nextLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end + 1;
}
