/** `fence`: which program it names, and what the key means. */
import type { FenceConfig } from "./heartbeat-model.ts";
import { Report } from "./report.ts";
import type { HeartbeatSection } from "./sections.ts";
import { parseToml } from "./syntax.ts";
import { isTable } from "./words.ts";

/** The path of the program in a text, to be looked at together with it; null where none is named. */
export function fenceProgramOf(text: string): string | null {
  // Most files name none, and a long one takes a while to be parsed.
  if (!text.includes("fence")) return null;
  const parsed = parseToml(text.replace(/^\uFEFF/, ""), new Report());
  const table = parsed !== null && isTable(parsed.values) ? parsed.values["heartbeat"] : null;
  const fence = isTable(table) ? table["fence"] : null;
  const command: unknown = isTable(fence) ? fence["command"] : null;
  const argv: unknown = Array.isArray(command) && Array.isArray(command[0]) ? command[0] : command;
  const program: unknown = Array.isArray(argv) ? argv[0] : null;
  return typeof program === "string" && program.startsWith("/") ? program : null;
}

/** Null: there is none. Undefined: something that it needs could not be read. */
export function buildFence({ fence }: HeartbeatSection["values"]): FenceConfig | null | undefined {
  if (fence === null) return undefined;
  if (fence.value === null) return null;
  const { command, timeout, delay, tries, retry, on_failure: onFailure } = fence.value;
  const argv = command?.value[0];
  if (argv === undefined || timeout === null || delay === null || tries === null) return undefined;
  if (retry === null || onFailure === null) return undefined;
  return {
    argv,
    timeout: timeout.value,
    delay: delay.value,
    tries: tries.value,
    retry: retry.value,
    onFailure: onFailure.value,
  };
}
