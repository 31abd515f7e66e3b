/**
 * Regular expressions for health checks, matched in one pass. JavaScript's own engine tries one way after the other, and a server that
 * sends the wrong page can make that take for ever; this one follows all ways at once, so that a text takes as long as it is. What
 * cannot be had that way (backreferences, lookaround) is refused. Otherwise it is the syntax of JavaScript, without captures; `(?i)`
 * in front ignores case.
 */
import { unreachable } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Ranges } from "./characters.ts";
import { DIGIT, invert, LINE_END, SPACE, WORD } from "./characters.ts";

/** Where a way can go on without taking a character. */
export type Condition = "start" | "end" | "boundary" | "inside";

/** One step of a compiled pattern; numbers are those of steps. */
export type Step =
  /** Takes one character of these, and goes on with the next step. */
  | { readonly kind: "take"; readonly ranges: Ranges }
  | { readonly kind: "fork"; readonly to: readonly number[] }
  | { readonly kind: "if"; readonly condition: Condition }
  | { readonly kind: "found" };

export interface Pattern {
  readonly steps: readonly Step[];
  readonly ignoresCase: boolean;
}

type Node =
  | { readonly kind: "take"; readonly ranges: Ranges }
  | { readonly kind: "if"; readonly condition: Condition }
  | { readonly kind: "all"; readonly parts: readonly Node[] }
  | { readonly kind: "one"; readonly parts: readonly Node[] }
  /** `most` null: without limit. */
  | { readonly kind: "repeat"; readonly part: Node; readonly least: number; readonly most: number | null };

/** Steps of one pattern: each may have to be looked at for every character. */
const STEPS_MAX = 1000;
const DEPTH_MAX = 32;
const REPEAT_MAX = 255;

class Wrong extends Error {}

const wrong = (text: string): never => {
  throw new Wrong(text);
};

/** Compiles a pattern; the error says in few words what is wrong with it. */
export function compile(source: string): Result<Pattern, string> {
  const ignoresCase = source.startsWith("(?i)");
  try {
    const node = new Parser(ignoresCase ? source.slice("(?i)".length) : source).whole();
    const steps: Step[] = [];
    emit(node, steps);
    push(steps, { kind: "found" });
    return ok({ steps, ignoresCase });
  } catch (error) {
    if (error instanceof Wrong) return fail(error.message);
    throw error;
  }
}

function push(steps: Step[], step: Step): number {
  if (steps.length >= STEPS_MAX) wrong("too large");
  return steps.push(step) - 1;
}

function emit(node: Node, steps: Step[]): void {
  switch (node.kind) {
    case "take":
    case "if":
      push(steps, node);
      break;
    case "all":
      for (const part of node.parts) emit(part, steps);
      break;
    case "one": {
      const fork = push(steps, { kind: "fork", to: [] });
      const starts: number[] = [];
      const ends: number[] = [];
      for (const part of node.parts) {
        starts.push(steps.length);
        emit(part, steps);
        ends.push(push(steps, { kind: "fork", to: [] }));
      }
      steps[fork] = { kind: "fork", to: starts };
      for (const end of ends) steps[end] = { kind: "fork", to: [steps.length] };
      break;
    }
    case "repeat":
      emitRepeat(node, steps);
      break;
    default:
      unreachable(node);
  }
}

function emitRepeat({ part, least, most }: Extract<Node, { kind: "repeat" }>, steps: Step[]): void {
  for (let count = 0; count < least; count++) emit(part, steps);
  if (most === null) {
    const fork = push(steps, { kind: "fork", to: [] });
    emit(part, steps);
    push(steps, { kind: "fork", to: [fork] });
    steps[fork] = { kind: "fork", to: [fork + 1, steps.length] };
    return;
  }
  const forks: number[] = [];
  for (let count = least; count < most; count++) {
    forks.push(push(steps, { kind: "fork", to: [] }));
    emit(part, steps);
  }
  for (const fork of forks) steps[fork] = { kind: "fork", to: [fork + 1, steps.length] };
}

const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, "0": 0 };
const CLASSES: Readonly<Record<string, Ranges>> = {
  d: DIGIT,
  D: invert(DIGIT),
  w: WORD,
  W: invert(WORD),
  s: SPACE,
  S: invert(SPACE),
};

const single = (code: number): Ranges => [[code, code]];

class Parser {
  private readonly characters: readonly string[];
  private at = 0;
  private depth = 0;

  constructor(source: string) {
    this.characters = Array.from(source);
  }

  whole(): Node {
    const node = this.choice();
    if (this.at < this.characters.length) wrong("unmatched )");
    return node;
  }

  private get next(): string {
    return this.characters[this.at] ?? "";
  }

  private take(): string {
    const character = this.next;
    this.at++;
    return character;
  }

  private skip(text: string): boolean {
    if (
      !this.characters
        .slice(this.at, this.at + text.length)
        .join("")
        .startsWith(text)
    )
      return false;
    this.at += text.length;
    return true;
  }

  private choice(): Node {
    if (++this.depth > DEPTH_MAX) wrong("too deep");
    const parts = [this.sequence()];
    while (this.skip("|")) parts.push(this.sequence());
    this.depth--;
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: "one", parts };
  }

  private sequence(): Node {
    const parts: Node[] = [];
    while (this.next !== "" && this.next !== "|" && this.next !== ")") parts.push(this.quantified());
    return { kind: "all", parts };
  }

  private quantified(): Node {
    const part = this.atom();
    const [least, most] = this.quantifier() ?? [1, 1];
    if (least === 1 && most === 1) return part;
    // Lazy or not: whether there is a match is the same.
    this.skip("?");
    if (this.quantifier() !== null) wrong("nothing to repeat");
    return { kind: "repeat", part, least, most };
  }

  private quantifier(): readonly [number, number | null] | null {
    if (this.skip("*")) return [0, null];
    if (this.skip("+")) return [1, null];
    if (this.skip("?")) return [0, 1];
    const rest = this.characters.slice(this.at, this.at + 16).join("");
    const [text, first = "", comma, last = ""] = /^\{(\d{1,3})(,(\d{0,3}))?\}/.exec(rest) ?? [];
    if (text === undefined) return null;
    this.at += text.length;
    const least = Number(first);
    const most = comma === undefined ? least : last === "" ? null : Number(last);
    if (Math.max(least, most ?? 0) > REPEAT_MAX) wrong(`repeats more than ${REPEAT_MAX} times`);
    if (most !== null && most < least) wrong("numbers out of order");
    return [least, most];
  }

  private atom(): Node {
    const character = this.take();
    switch (character) {
      case "(":
        return this.group();
      case "[":
        return { kind: "take", ranges: this.set() };
      case ".":
        return { kind: "take", ranges: invert(LINE_END) };
      case "^":
        return { kind: "if", condition: "start" };
      case "$":
        return { kind: "if", condition: "end" };
      case "\\":
        return this.escape();
      case "*":
      case "+":
      case "?":
        return wrong("nothing to repeat");
      default:
        return { kind: "take", ranges: single(character.codePointAt(0) ?? 0) };
    }
  }

  private group(): Node {
    if (this.skip("?:")) {
      // A group like any other: nothing is captured anyway.
    } else if (this.next === "?") wrong("lookaround and named groups cannot be matched in one pass");
    const inside = this.choice();
    return this.skip(")") ? inside : wrong("missing )");
  }

  private escape(): Node {
    if (this.skip("b")) return { kind: "if", condition: "boundary" };
    if (this.skip("B")) return { kind: "if", condition: "inside" };
    return { kind: "take", ranges: this.escaped() };
  }

  /** What stands behind a backslash, in a set or outside. */
  private escaped(): Ranges {
    const letter = this.take();
    if (letter === "") return wrong("\\ at the end");
    if (/[1-9]/.test(letter)) return wrong("backreferences cannot be matched in one pass");
    const known = CLASSES[letter];
    if (known !== undefined) return known;
    const control = CONTROLS[letter];
    if (control !== undefined) return single(control);
    const digits = letter === "x" ? 2 : letter === "u" ? 4 : 0;
    if (digits > 0) {
      const hex = this.characters.slice(this.at, this.at + digits).join("");
      if (!new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(hex))
        return wrong(`\\${letter} needs ${digits} hexadecimal digits`);
      this.at += digits;
      return single(Number.parseInt(hex, 16));
    }
    if (/[A-Za-z]/.test(letter)) return wrong(`unknown \\${letter}`);
    return single(letter.codePointAt(0) ?? 0);
  }

  private set(): Ranges {
    const negated = this.skip("^");
    const ranges: (readonly [number, number])[] = [];
    while (this.next !== "]") {
      if (this.next === "") return wrong("missing ]");
      if (this.next === "[" && this.characters[this.at + 1] === ":") return wrong("[: :] is not known");
      const low = this.member();
      const dash = this.next === "-" && !["]", ""].includes(this.characters[this.at + 1] ?? "");
      if (!dash) {
        ranges.push(...low);
        continue;
      }
      this.at++;
      const high = this.member();
      const [from, to] = [low[0]?.[0] ?? 0, high[0]?.[1] ?? 0];
      if (low.length !== 1 || high.length !== 1 || low[0]?.[1] !== from || to < from)
        return wrong("a range out of order");
      ranges.push([from, to]);
    }
    this.at++;
    return negated ? invert(ranges) : ranges;
  }

  private member(): Ranges {
    if (this.skip("\\")) return this.skip("b") ? single(8) : this.escaped();
    return single(this.take().codePointAt(0) ?? 0);
  }
}
