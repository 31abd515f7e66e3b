/** Where a key of a file stands, for what is found out about its value after the file was read. */
import type { ConfigSource, Finding } from "./model.ts";
import { Report } from "./report.ts";
import { scan } from "./scan.ts";

/** An error about the value at `path` (`["agent", "node"]`), or where that is not written at the last of its tables that is. */
export function errorAt(source: ConfigSource, path: readonly string[], text: string): readonly Finding[] {
  // As load() reads it: editors do not count a byte order mark.
  const content = (source.text ?? "").replace(/^\uFEFF/, "");
  let spot = scan(content);
  for (const key of path) {
    const member = spot.members.get(key);
    if (member === undefined) break;
    spot = member;
  }
  const report = new Report();
  report.error(spot.value, text);
  return report.findings(content);
}
