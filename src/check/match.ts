/** Whether a text has a match of a pattern, in time proportional to the length of both: all ways are followed at once (Thompson). */
import { unreachable } from "../base/assert.ts";
import { contains, WORD } from "./characters.ts";
import type { Condition, Pattern, Step } from "./pattern.ts";

/** Stands for "before the first" and "behind the last character". */
const NOTHING = -1;

/** The characters around a place in the text. */
interface Place {
  readonly before: number;
  readonly after: number;
}

const isWord = (code: number): boolean => contains(WORD, code);

function holds(condition: Condition, { before, after }: Place): boolean {
  switch (condition) {
    case "start":
      return before === NOTHING;
    case "end":
      return after === NOTHING;
    case "boundary":
      return isWord(before) !== isWord(after);
    case "inside":
      return isWord(before) === isWord(after);
    default:
      return unreachable(condition);
  }
}

/** The steps that wait for a character. */
class Ways {
  readonly takes: number[] = [];
  readonly #seen: Uint8Array;
  readonly #steps: readonly Step[];

  constructor(steps: readonly Step[]) {
    this.#steps = steps;
    this.#seen = new Uint8Array(steps.length);
  }

  clear(): void {
    this.takes.length = 0;
    this.#seen.fill(0);
  }

  /** Goes on at a step, as far as that is possible without a character. Says whether the end was reached. */
  enter(start: number, place: Place): boolean {
    const open = [start];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const step = this.#steps[at];
      if (step === undefined || this.#seen[at] === 1) continue;
      this.#seen[at] = 1;
      if (step.kind === "found") return true;
      if (step.kind === "take") this.takes.push(at);
      else if (step.kind === "fork") open.push(...step.to);
      else if (holds(step.condition, place)) open.push(at + 1);
    }
    return false;
  }
}

/** Whether the pattern matches anywhere in the text. */
export function matches({ steps, ignoresCase }: Pattern, text: string): boolean {
  let [now, next] = [new Ways(steps), new Ways(steps)];
  let before = NOTHING;
  for (let at = 0; ;) {
    const code = text.codePointAt(at) ?? NOTHING;
    const place = { before, after: code };
    // A match may begin anywhere.
    if (now.enter(0, place)) return true;
    if (code === NOTHING) return false;
    at += code > 0xffff ? 2 : 1;
    const after = { before: code, after: text.codePointAt(at) ?? NOTHING };
    next.clear();
    for (const way of now.takes) {
      if (takes(steps[way], code, ignoresCase) && next.enter(way + 1, after)) return true;
    }
    [now, next] = [next, now];
    before = code;
  }
}

function takes(step: Step | undefined, code: number, ignoresCase: boolean): boolean {
  if (step?.kind !== "take") return false;
  if (contains(step.ranges, code)) return true;
  if (!ignoresCase) return false;
  const character = String.fromCodePoint(code);
  const [lower, upper] = [character.toLowerCase().codePointAt(0), character.toUpperCase().codePointAt(0)];
  return contains(step.ranges, lower ?? code) || contains(step.ranges, upper ?? code);
}
