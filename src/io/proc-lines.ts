/** Files of /proc as lines. */
import { readFileSync } from "node:fs";

/** Lines that are looked at of a file. */
const LINES_MAX = 100_000;

/** The lines of a file; none where there is none. */
export function procLines(path: string): string[] {
  try {
    return readFileSync(path, "latin1").split("\n", LINES_MAX);
  } catch {
    return [];
  }
}
