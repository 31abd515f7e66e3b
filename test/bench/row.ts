/** One line of a table: what both did under the same name. */
import { figure, Samples, summary } from "./samples.ts";

/** Whom haagent is compared with, and which version of it. */
export const RIVALS = {
  keepalived: "keepalived 2.2.7",
  heartbeat: "heartbeat 3.0.6",
  ldirectord: "ldirectord 4.12.0",
} as const;
export type Rival = keyof typeof RIVALS;

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly rival: Samples;
  readonly haagent: Samples;
}

/** Rows that fill up as things are measured, in the order in which they were named first. */
export class Rows {
  readonly #rows = new Map<string, Row>();

  add(what: string, unit: string, who: Rival | "haagent", ...values: readonly number[]): void {
    const row = this.#rows.get(what) ?? { what, unit, rival: new Samples(), haagent: new Samples() };
    this.#rows.set(what, row);
    row[who === "haagent" ? who : "rival"].add(...values);
  }

  all(): Row[] {
    return [...this.#rows.values()].filter(({ rival, haagent }) => rival.count + haagent.count > 0);
  }
}

/** Markdown, aligned, the ratio of the medians last. */
export function table(rows: readonly Row[], rival: Rival): string {
  const head = ["what", "unit", "n", RIVALS[rival], "haagent", `haagent / ${rival}`];
  const lines = rows.map((row) => [
    row.what,
    row.unit,
    [...new Set([row.rival.count, row.haagent.count])].join(", "),
    summary(row.rival),
    summary(row.haagent),
    figure(row.haagent.median / row.rival.median),
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
