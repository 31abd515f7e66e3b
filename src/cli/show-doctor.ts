/** What the doctor found, for people and for scripts. */
import type { Finding, Health } from "../doctor/finding.ts";
import { duration } from "./duration.ts";

/** The whole report. */
export interface DoctorReport {
  readonly node: string;
  readonly version: string;
  /** The configuration file. */
  readonly file: string;
  /** Milliseconds. */
  readonly listened: number;
  readonly health: Health;
  /** The worst first. */
  readonly findings: readonly Finding[];
}

/** One JSON object in a line, schema 1: keys are added to it, none is taken away. */
export function doctorJson({ node, version, file, listened, health, findings }: DoctorReport): string {
  const listed = findings.map(({ part, id, severity, subject, text, cure }) => {
    return { part, id, severity, subject, text, cure };
  });
  const report = { schema: 1, node, version, config: file, health, listened_ms: listened, findings: listed };
  return `${JSON.stringify(report)}\n`;
}

/** Plain ASCII for a console of 80 columns: a block a finding, its cure last. */
export function doctorText({ node, file, listened, health, findings }: DoctorReport): string {
  const heard = listened === 0 ? "did not listen" : `listened for ${duration(listened)}`;
  const head = `${node}: ${health}   ${file}, ${heard}`;
  const blocks = findings.map(({ severity, id, subject, text, cure }) =>
    [
      `${severity.toUpperCase()} ${id}: ${subject}`,
      ...wrapped(text).map((line) => `  ${line}`),
      ...wrapped(`cure: ${cure}`).map((line, at) => (at === 0 ? `  ${line}` : `        ${line}`)),
    ].join("\n"),
  );
  const end = findings.length === 0 ? ["nothing is wrong with this host, as far as it can be seen"] : [];
  return `${[head, ...blocks, ...end].join("\n\n")}\n`;
}

/** Columns of a text within its block. */
const WIDTH = 72;

function wrapped(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
