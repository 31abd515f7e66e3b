/** Where an agent's files are, told from its configuration even when that is wrong: who must look at an agent needs no more. */
import type { ConfigSource } from "./model.ts";
import { Report } from "./report.ts";
import { parseToml } from "./syntax.ts";
import { isTable } from "./words.ts";

/** `agent.runtime_dir` where it is not written. */
export const RUNTIME_DIR = "/run/haagent";

/** `agent.state_dir` where it is not written. */
const STATE_DIR = "/var/lib/haagent";

/** The runtime directory of a configuration; null when its text does not tell. */
export const runtimeDirOf = (source: ConfigSource): string | null =>
  directoryOf(source, "runtime_dir", RUNTIME_DIR);

/** The state directory of a configuration; null when its text does not tell. */
export const stateDirOf = (source: ConfigSource): string | null =>
  directoryOf(source, "state_dir", STATE_DIR);

function directoryOf(source: ConfigSource, key: string, fallback: string): string | null {
  const parsed = source.text === null ? null : parseToml(source.text, new Report());
  if (parsed === null || !isTable(parsed.values)) return null;
  const agent = parsed.values["agent"];
  const directory = isTable(agent) ? agent[key] : undefined;
  if (typeof directory === "string" && directory.startsWith("/")) return directory;
  // In a part that could not be read another one may stand.
  return parsed.whole ? fallback : null;
}
