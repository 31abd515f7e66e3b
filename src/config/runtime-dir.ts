/** Where an agent's files are, told from its configuration even when that is wrong: who must look at an agent needs no more. */
import { parse } from "toml";
import { isTable } from "./field.ts";
import { load } from "./load.ts";
import type { ConfigSource } from "./model.ts";

/** `agent.runtime_dir` where it is not written. */
export const RUNTIME_DIR = "/run/haagent";

/** The runtime directory of a configuration; null when its text cannot be read as TOML at all. */
export function runtimeDirOf(source: ConfigSource): string | null {
  const { config } = load(source);
  if (config !== null) return config.agent.runtimeDir;
  if (source.text === null) return null;
  try {
    const file: unknown = parse(source.text);
    const agent = isTable(file) ? file["agent"] : undefined;
    const directory = isTable(agent) ? agent["runtime_dir"] : undefined;
    return typeof directory === "string" && directory.startsWith("/") ? directory : RUNTIME_DIR;
  } catch {
    return null;
  }
}
