/** Scripts of resources that a configuration names: which, and what this host has of them. */
import { placedResources } from "../heartbeat/haresources.ts";
import { kindOf } from "../heartbeat/resource-kind.ts";
import type { ConfigSource } from "./model.ts";
import { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { parseToml } from "./syntax.ts";
import { DIRECTORIES } from "./tables-resources.ts";
import { isTable } from "./words.ts";

/** Names that are looked for, and where. */
export interface WantedScripts {
  readonly names: readonly string[];
  /** The first one first. */
  readonly directories: readonly string[];
}

const isScript = (resource: Parameters<typeof kindOf>[0]): boolean => {
  const kind = kindOf(resource);
  return kind.ok && kind.value.kind === "script";
};

const textsOf = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];

/** The scripts that `heartbeat.resources` names in a text, to be looked for together with reading it; null where it names none. */
export function scriptsOf(text: string): WantedScripts | null {
  // Most files name none, and a long one takes a while to be parsed.
  if (!text.includes("resources")) return null;
  const parsed = parseToml(text.replace(/^\uFEFF/, ""), new Report());
  const table = parsed !== null && isTable(parsed.values) ? parsed.values["heartbeat"] : null;
  if (!isTable(table)) return null;
  const resources = placedResources(textsOf(table["resources"])).map(({ resource }) => resource);
  const names = [...new Set(resources.filter(isScript).map(({ script }) => script))];
  const directories = textsOf(table["resource_dirs"]).filter((each) => each.startsWith("/"));
  return names.length === 0
    ? null
    : { names, directories: "resource_dirs" in table ? directories : DIRECTORIES };
}

/** Scripts that are not there, and those that others than root decide on, at the place that names them. */
export function judgeScripts({ scripts }: ConfigSource, { heartbeat }: Sections, report: Report): void {
  const given = heartbeat?.values.resources?.value ?? null;
  if (scripts === undefined || given === null) return;
  const written = entries({ value: given });
  const facts = new Map(scripts.map((fact) => [fact.name, fact]));
  for (const { resource, line, column } of placedResources(written.map(({ value }) => value))) {
    const fact = facts.get(resource.script);
    const entry = written[line - 1];
    if (fact === undefined || entry === undefined || !isScript(resource)) continue;
    const say = (text: string): void => report.errorInside(entry.at, entry.value, column - 1, text);
    if (fact.path === null) {
      const where = entries(heartbeat?.values.resource_dirs ?? null).map(({ value }) => value);
      say(
        `there is no executable ${resource.script} in ${where.join(", ")}, and no systemd unit of that name; cure: install it, or correct the name`,
      );
    } else if (fact.unsafe !== null) {
      const { path, why, cure } = fact.unsafe;
      say(`${path} ${why}, who so decide what ${resource.script} runs as root; cure: ${cure}`);
    }
  }
}
