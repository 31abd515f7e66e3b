/** What each of three directors was found to do, as a table to be read. */
import type { DirectorKind } from "../lab/directors.ts";
import { DIRECTORS } from "../lab/directors.ts";
import { PATIENCE } from "./rivals.ts";

export class Findings {
  readonly #rows = new Map<string, Map<DirectorKind, string>>();

  /** Notes for each how it did by what was looked at. */
  note<Value>(what: string, found: ReadonlyMap<DirectorKind, Value>, text: (value: Value) => string): void {
    const row = this.#rows.get(what) ?? new Map<DirectorKind, string>();
    for (const [kind, value] of found) row.set(kind, text(value));
    this.#rows.set(what, row);
  }

  print(): void {
    const rows = [...this.#rows].map(([what, row]) => [
      what,
      ...DIRECTORS.map((kind) => row.get(kind) ?? "-"),
    ]);
    const lines = [["", ...DIRECTORS], ...rows];
    const widths = [0, 1, 2, 3].map((at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
    for (const line of lines) console.log(line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "));
  }
}

/** A span of time in milliseconds; null is one that had not ended when nobody waited any longer. */
export const seconds = (span: number | null): string =>
  span === null ? `not in ${PATIENCE / 1000} s` : `${(span / 1000).toFixed(2)} s`;
