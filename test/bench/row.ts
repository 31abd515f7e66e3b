/** One line of the table: what both did under the same name. */
import type { DaemonKind } from "../lab/daemon.ts";
import { figure, Samples, summary } from "./samples.ts";

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly keepalived: Samples;
  readonly haagent: Samples;
}

/** Rows that fill up as things are measured, in the order in which they were named first. */
export class Rows {
  readonly #rows = new Map<string, Row>();

  add(what: string, unit: string, kind: DaemonKind, ...values: readonly number[]): void {
    const row = this.#rows.get(what) ?? { what, unit, keepalived: new Samples(), haagent: new Samples() };
    this.#rows.set(what, row);
    row[kind].add(...values);
  }

  all(): Row[] {
    return [...this.#rows.values()].filter(({ keepalived, haagent }) => keepalived.count + haagent.count > 0);
  }
}

/** Markdown, aligned, the ratio of the medians last. */
export function table(rows: readonly Row[]): string {
  const head = ["what", "unit", "n", "keepalived 2.2.7", "haagent", "haagent / keepalived"];
  const lines = rows.map((row) => [
    row.what,
    row.unit,
    [...new Set([row.keepalived.count, row.haagent.count])].join(", "),
    summary(row.keepalived),
    summary(row.haagent),
    figure(row.haagent.median / row.keepalived.median),
  ]);
  return markdown([head, ...lines]);
}

/** A table from its cells, the first line the heading. */
export function markdown(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => (line[at] ?? "").length)));
  const text = (cells: readonly string[]): string =>
    `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = lines;
  return [text(head), text(widths.map((width) => "-".repeat(width))), ...body.map(text)].join("\n");
}
