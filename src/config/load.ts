/** From the text of haagent.toml to a configuration, or to everything that is wrong with it. */
import { build } from "./build.ts";
import type { ConfigSource, Loaded } from "./model.ts";
import { Report } from "./report.ts";
import { judge } from "./rules-file.ts";
import { judgeKeysFile } from "./keys-file.ts";
import { judgeAccounts, judgeMember, judgeReadable, judgeRights, judgeWritable } from "./rules-host.ts";
import { judgeOwnWitnesses } from "./rules-guard.ts";
import { judgeFenceDelay, judgeFenceProgram } from "./rules-fence.ts";
import { judgeOwnPings } from "./rules-ping.ts";
import { judgeScripts } from "./resource-scripts.ts";
import { scan } from "./scan.ts";
import type { Sections } from "./sections.ts";
import { readSections } from "./sections.ts";
import { judgeModules } from "./kernel-modules.ts";
import { judgeNamedFiles } from "./named-files.ts";
import { parseToml } from "./syntax.ts";
import { isTable, quote } from "./words.ts";

/** Characters of a file: 255 routers with everything written out are a fifth of it. */
const TEXT_LENGTH_MAX = 1 << 20;

/** What is known of sources already: a start checks a file before it runs it, and 255 routers take tens of milliseconds. */
const LOADED = new WeakMap<ConfigSource, Loaded>();

/** Reads a configuration. Pure and total: whatever is wrong becomes a finding, all of them in one pass. */
export function load(source: ConfigSource): Loaded {
  const known = LOADED.get(source);
  if (known !== undefined) return known;
  const loaded = read(source);
  LOADED.set(source, loaded);
  return loaded;
}

function read(source: ConfigSource): Loaded {
  const report = new Report();
  // Editors do not count a byte order mark as a character.
  const text = (source.text ?? "").replace(/^\uFEFF/, "");
  const sections = understand(source, text, report);
  if (source.text !== null) judgeWritable(source.mode ?? 0, report);
  if (sections !== null) {
    judgeReadable(source.mode ?? 0, sections, report);
    judgeAccounts(source.accounts, sections, report);
    judgeRights(source.lacking, sections, report);
    judgeMember(source.hostname, sections, report);
    judgeKeysFile(source, sections, report);
    judgeScripts(source, sections, report);
    judgeFenceDelay(source.hostname, sections, report);
    judgeFenceProgram(source.fenceProgram, sections, report);
    judgeNamedFiles(source, sections, report);
    judgeModules(source.ipvs, sections, report);
    judgeOwnPings(source.addresses, sections, report);
    judgeOwnWitnesses(source.addresses, sections, report);
  }
  const config = sections === null || report.failed ? null : build(sections, source);
  if (config === null && !report.failed) report.error(0, "not understood; this is a bug of haagent");
  return { config, findings: report.findings(text) };
}

function understand(source: ConfigSource, text: string, report: Report): Sections | null {
  const stop = (why: string): null => {
    report.error(0, why);
    return null;
  };
  if (source.text === null) {
    return stop(`cannot be read: ${quote(source.failure ?? "no reason given").slice(1, -1)}`);
  }
  if (text.length > TEXT_LENGTH_MAX) return stop(`longer than ${TEXT_LENGTH_MAX} characters`);
  if (text.trim() === "") return stop("the file is empty");
  const replaced = text.indexOf("\uFFFD");
  if (replaced >= 0) report.error(replaced, "not UTF-8 from here on");
  const parsed = parseToml(text, report);
  if (parsed === null || !isTable(parsed.values)) return null;
  report.partial = !parsed.whole;
  if (nothingToDo(parsed.values))
    report.missing(
      0,
      "nothing to do: there is no table of [vrrp.NAME], [virtual_server.NAME], [heartbeat] or [realserver]",
    );
  const sections = readSections(parsed.values, scan(parsed.text), report);
  if (parsed.whole) judge(sections, report);
  return sections;
}

/** True if all tables there are only serve others, and those are not there. */
const nothingToDo = (values: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(values).every(
    ([key, value]) =>
      key === "agent" ||
      key === "check" ||
      ((key === "vrrp" || key === "virtual_server") && isTable(value) && Object.keys(value).length === 0),
  );
