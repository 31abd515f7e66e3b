/** The files that checks name, scripts and certificates of authorities: which they are, and whether they will do as they are on this host. */
import type { Given } from "./kind.ts";
import type { ConfigSource, ProgramFile } from "./model.ts";
import { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { parseToml } from "./syntax.ts";
import { isTable, quote } from "./words.ts";

const WRITABLE_BY_OTHERS = 0o002;
const EXECUTABLE = 0o111;
/** Files that are looked at; a generated file may name more. */
const FILES_MAX = 1024;
/** Levels of tables and arrays from a section to a key: `virtual_server.NAME.real_servers[0].check.ca`. */
const DEPTH_MAX = 6;

/** The absolute paths of files that checks name in a text, to be looked at together with it. */
export function checkFilesOf(text: string): readonly string[] {
  // Most files name none, and a long one takes a while to be parsed.
  if (!/\b(?:command|ca)\b/.test(text)) return [];
  const parsed = parseToml(text.replace(/^\uFEFF/, ""), new Report());
  if (parsed === null || !isTable(parsed.values)) return [];
  const found = new Set<string>();
  const walk = (value: unknown, depth: number): void => {
    if (depth > DEPTH_MAX || found.size >= FILES_MAX) return;
    if (Array.isArray(value)) for (const each of value) walk(each, depth + 1);
    if (!isTable(value)) return;
    const { ca, command } = value;
    const argv: unknown = Array.isArray(command) && Array.isArray(command[0]) ? command[0] : command;
    const program: unknown = Array.isArray(argv) ? argv[0] : null;
    for (const path of [ca, program]) {
      if (typeof path === "string" && path.startsWith("/")) found.add(path);
    }
    for (const each of Object.values(value)) walk(each, depth + 1);
  };
  walk(parsed.values["check"], 0);
  walk(parsed.values["virtual_server"], 0);
  return [...found];
}

/** The keys of a check that name files. */
interface Naming {
  readonly type: Given<string | null> | null;
  readonly command?: Given<readonly (readonly string[])[] | null> | null;
  readonly ca?: Given<string | null> | null;
}

function namings({ checks, services }: Sections): Naming[] {
  return [
    ...checks.map(({ values }) => values),
    ...services.flatMap(({ values }) => [
      values.check?.value ?? null,
      values.fallback?.value?.check?.value ?? null,
      ...entries(values.real_servers).map(({ value }) => value.check?.value ?? null),
    ]),
  ].filter((values) => values !== null);
}

/** Warns of what will make a check fail, or lets others decide what it runs. No error: the file may come later, and checks are tried again. */
export function judgeCheckFiles(files: ConfigSource["checkFiles"], sections: Sections, report: Report): void {
  const known = new Map(files?.map((file) => [file.path, file]));
  for (const { command, ca } of namings(sections)) {
    const program = command?.value?.[0]?.[0];
    const script = program === undefined ? undefined : known.get(program);
    if (command && script !== undefined) {
      for (const wrong of wrongWithScript(script)) {
        report.warning(command.at, `script ${quote(script.path)} ${wrong}`);
      }
    }
    const authorities = ca?.value == null ? undefined : known.get(ca.value);
    const why = authorities === undefined ? null : unreadable(authorities);
    if (ca && authorities !== undefined && why !== null) {
      report.warning(ca.at, `ca ${quote(authorities.path)} ${why}: the check fails until it is there`);
    }
  }
}

function wrongWithScript(file: ProgramFile): string[] {
  const why = unreadable(file);
  if (why !== null) return [`${why}: the check fails until it is there`];
  const { mode } = file;
  return [
    ...((mode & EXECUTABLE) === 0 ? ["is not executable: the check fails; cure: chmod a+x"] : []),
    ...((mode & WRITABLE_BY_OTHERS) === 0
      ? []
      : ["is writable by others, who so decide what runs; cure: chmod o-w"]),
  ];
}

function unreadable({ failure, isFile }: ProgramFile): string | null {
  if (failure !== null) return `cannot be used: ${quote(failure).slice(1, -1)}`;
  return isFile ? null : "is no file";
}
