/** From the text of haagent.toml to a configuration, or to everything that is wrong with it. */
import { parse } from "toml";
import { build } from "./build.ts";
import { isTable } from "./field.ts";
import type { ConfigSource, Loaded } from "./model.ts";
import { Report } from "./report.ts";
import { scan } from "./scan.ts";
import { readSections } from "./sections.ts";

/** Arrays and inline tables in each other; the language needs three. */
const DEPTH_MAX = 32;

/** Reads a configuration. Pure and total: whatever is wrong becomes a finding, all of them in one pass. */
export function load(source: ConfigSource): Loaded {
  const report = new Report();
  const text = source.text ?? "";
  let values: unknown;
  try {
    values = parse(text, { maxDepth: DEPTH_MAX });
  } catch (error) {
    report.error(0, `${error}`);
  }
  const config = isTable(values) ? build(readSections(values, scan(text), report), source.hostname) : null;
  return { config: report.failed ? null : config, findings: report.findings(text) };
}
