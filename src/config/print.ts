/** Findings as `haagent check` and the log print them. */
import type { Finding } from "./model.ts";

/** `FILE:LINE:COLUMN: error: text`, the form that editors and compilers share. */
export const printFinding = (path: string, finding: Finding): string =>
  `${path}:${finding.line}:${finding.column}: ${finding.severity}: ${finding.text}`;
