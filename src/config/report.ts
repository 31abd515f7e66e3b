/** What is said about a configuration while it is read, by offset; in the end sorted and told by line and column. */
import type { Finding } from "./model.ts";

interface Remark {
  readonly severity: Finding["severity"];
  readonly offset: number;
  /** A place in the string that stands at `offset`: its value, and how many characters come before. */
  readonly inside?: { readonly value: string; readonly before: number };
  readonly text: string;
}

/** Beyond this many nobody reads on; a generated file may be wrong in every line. */
const REMARKS_MAX = 1000;

/** Collects remarks about one text. Offsets count UTF-16 units from 0, as string indices do. */
export class Report {
  private readonly remarks: Remark[] = [];
  private errors = 0;
  /** Parts of the text could not be read: what is missing may stand there. */
  partial = false;

  /** Something the agent cannot run with. */
  error(offset: number, text: string): void {
    this.errors++;
    this.remark({ severity: "error", offset, text });
  }

  /** The same at a place in the string that stands at `offset`, as far as it is written without escapes. */
  errorInside(offset: number, value: string, before: number, text: string): void {
    this.errors++;
    this.remark({ severity: "error", offset, inside: { value, before }, text });
  }

  /** Something that is not in the file; nothing is said of a text known in part only. */
  missing(offset: number, text: string): void {
    if (!this.partial) this.error(offset, text);
  }

  /** Something legal that breaks availability, or that was repaired. */
  warning(offset: number, text: string): void {
    this.remark({ severity: "warning", offset, text });
  }

  /** The same at a place in a string, as {@link errorInside} has it. */
  warningInside(offset: number, value: string, before: number, text: string): void {
    this.remark({ severity: "warning", offset, inside: { value, before }, text });
  }

  private remark(remark: Remark): void {
    if (this.remarks.length < REMARKS_MAX) this.remarks.push(remark);
    else if (!this.full)
      this.remarks.push({ ...remark, text: `more than ${REMARKS_MAX} findings; this is the last` });
  }

  /** Nothing more is taken. */
  get full(): boolean {
    return this.remarks.length > REMARKS_MAX;
  }

  /** True once an error was reported. */
  get failed(): boolean {
    return this.errors > 0;
  }

  /** All remarks in the order of the file; equal ones once; errors before warnings at the same place. */
  findings(text: string): readonly Finding[] {
    const lines = lineStarts(text);
    const placed = this.remarks.map((remark) => ({ ...remark, offset: offsetOf(text, remark) }));
    const sorted = placed.toSorted((a, b) => a.offset - b.offset || a.severity.localeCompare(b.severity));
    const seen = new Set<string>();
    const findings: Finding[] = [];
    for (const remark of sorted) {
      const finding = { severity: remark.severity, ...place(text, lines, remark.offset), text: remark.text };
      const identity = `${finding.line}:${finding.column}:${finding.severity}:${finding.text}`;
      if (!seen.has(identity)) findings.push(finding);
      seen.add(identity);
    }
    return findings;
  }
}

/** Where a string's value may begin behind its quotes; a line feed right behind three of them is none of it (TOML 1.1). */
const QUOTES = /"""(?:\r?\n)?|'''(?:\r?\n)?|["']/y;

function offsetOf(text: string, { offset, inside }: Remark): number {
  if (inside === undefined) return offset;
  QUOTES.lastIndex = offset;
  const begin = offset + (QUOTES.exec(text)?.[0].length ?? 0);
  return text.startsWith(inside.value, begin) ? begin + inside.before : offset;
}

/** The offset at which each line starts; a line ends with its line feed (TOML 1.1: LF or CRLF). */
function lineStarts(text: string): readonly number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Line and column from 1; the column counts characters (code points), as editors show it. */
function place(text: string, starts: readonly number[], offset: number): { line: number; column: number } {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  let column = 1;
  for (const _ of text.slice(starts[low] ?? 0, offset)) column++;
  return { line: low + 1, column };
}
