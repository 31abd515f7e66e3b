/**
 * The files that a configuration names, scripts of checks, notify and hooks and certificates of authorities: which they are, and whether they
 * will do as they are on this host. What runs as the agent does is judged by itself: the fence, the scripts of resources.
 */
import type { Given } from "./kind.ts";
import type { AuthoritiesFile, ConfigSource, ProgramFile } from "./model.ts";
import { Report } from "./report.ts";
import type { Sections } from "./sections.ts";
import { entries } from "./sections.ts";
import { parseToml } from "./syntax.ts";
import { isTable, quote } from "./words.ts";

const EXECUTABLE = 0o111;
/** Files that are looked at; a generated file may name more. */
const FILES_MAX = 1024;
/** Levels of tables and arrays from a section to a key: `virtual_server.NAME.real_servers[0].check.ca`. */
const DEPTH_MAX = 6;

/** Absolute paths of such files. */
export interface NamedFiles {
  readonly programs: readonly string[];
  readonly authorities: readonly string[];
}

/** The files that a text names, to be looked at together with it. */
export function namedFilesOf(text: string): NamedFiles {
  const none = { programs: [], authorities: [] };
  // Most files name none, and a long one takes a while to be parsed.
  if (!/\b(?:command|ca|notify|hooks)\b/.test(text)) return none;
  const parsed = parseToml(text.replace(/^\uFEFF/, ""), new Report());
  if (parsed === null || !isTable(parsed.values)) return none;
  const programs = new Set<string>();
  const authorities = new Set<string>();
  const add = (files: Set<string>, path: unknown): void => {
    if (typeof path === "string" && path.startsWith("/")) files.add(path);
  };
  const walk = (value: unknown, depth: number): void => {
    if (depth > DEPTH_MAX || programs.size + authorities.size >= FILES_MAX) return;
    if (Array.isArray(value)) for (const each of value) walk(each, depth + 1);
    if (!isTable(value)) return;
    const { ca, command, notify, hooks } = value;
    const lists = [notify, hooks].flatMap((group) => (isTable(group) ? Object.values(group) : []));
    for (const commands of [command, ...lists]) {
      for (const argv of Array.isArray(commands) && Array.isArray(commands[0]) ? commands : [commands])
        add(programs, Array.isArray(argv) ? argv[0] : null);
    }
    add(authorities, ca);
    for (const each of Object.values(value)) walk(each, depth + 1);
  };
  const { check, virtual_server: services, vrrp: routers, heartbeat } = parsed.values;
  for (const tables of [check, services, routers]) walk(tables, 0);
  if (isTable(heartbeat)) walk({ notify: heartbeat["notify"] }, 0);
  return { programs: [...programs], authorities: [...authorities] };
}

type Commands = Given<readonly (readonly string[])[] | null> | null;

/** The keys of a check, of `notify` or of `hooks`, that name files. */
interface Naming {
  readonly command?: Commands;
  readonly ca?: Given<string | null> | null;
  /** What becomes of it with a script that does not run: `the check fails`. */
  readonly so: string;
}

function namings({ checks, services, routers, heartbeat }: Sections): Naming[] {
  const probed = [
    ...checks.map(({ values }) => values),
    ...services.flatMap(({ values }) => [
      values.check?.value ?? null,
      values.fallback?.value?.check?.value ?? null,
      ...entries(values.real_servers).map(({ value }) => value.check?.value ?? null),
    ]),
  ].filter((values) => values !== null);
  const tables = [...services, ...routers, ...(heartbeat === null ? [] : [heartbeat])];
  const told = tables.flatMap(({ values }): Commands[] => Object.values(values.notify?.value ?? {}));
  const hooks = routers.map(({ values }) => values.hooks?.value).filter((each) => each != null);
  return [
    ...probed.map(({ command, ca }) => ({ command, ca, so: "the check fails" })),
    ...told.map((command) => ({ command, so: "nobody is told" })),
    ...hooks.flatMap(({ before_take: take, after_take: taken, before_release: release }) => [
      { command: take, so: "the router takes no address" },
      { command: taken, so: "nothing is run" },
      { command: release, so: "nothing is run" },
    ]),
  ];
}

/** Warns of what will not run, or make a check fail, or lets others decide what runs; once of each script. No error: the file may come later. */
export function judgeNamedFiles(
  { programs: looked, authorities }: ConfigSource,
  sections: Sections,
  report: Report,
): void {
  const programs = new Map(looked?.map((file) => [file.path, file]));
  const vouching = new Map(authorities?.map((file) => [file.path, file]));
  const said = new Set<string>();
  for (const { command, ca, so } of namings(sections)) {
    for (const [program = ""] of command?.value ?? []) {
      const script = programs.get(program);
      for (const wrong of script === undefined ? [] : wrongWithScript(script, so)) {
        const text = `script ${quote(program)} ${wrong}`;
        if (!said.has(text)) report.warning(command?.at ?? 0, text);
        said.add(text);
      }
    }
    const file = ca?.value == null ? undefined : vouching.get(ca.value);
    const wrong = file === undefined ? null : wrongWithAuthorities(file);
    if (ca && file !== undefined && wrong !== null) {
      report.warning(ca.at, `ca ${quote(file.path)} ${wrong}`);
    }
  }
}

/** TLS takes the certificates up to one that it cannot read, and at least one. */
function wrongWithAuthorities({ failure, certificates }: AuthoritiesFile): string | null {
  if (failure !== null) return `${cannot(failure)}: the check fails until it can`;
  const cure = "cure: the certificate of who signed the server's, as PEM";
  const [first] = certificates;
  if (first === undefined) return `holds no certificate (PEM): the check fails; ${cure}`;
  const broken = certificates.indexOf(null);
  if (broken === 0) return `begins with a certificate that cannot be read: the check fails; ${cure}`;
  if (broken > 0) return `has a certificate ${broken + 1} that cannot be read: nobody from there on vouches`;
  // Bundles have some that are over, beside those that count.
  if (certificates.some((each) => each?.over === false)) return null;
  const last = certificates
    .map((each) => each?.until ?? "")
    .toSorted()
    .at(-1);
  const which = certificates.length === 1 ? "has expired" : "has certificates that are all over, the last";
  return `${which} on ${last}: the check fails; cure: a newer one`;
}

function wrongWithScript(file: ProgramFile, so: string): string[] {
  const why = unreadable(file);
  if (why !== null) return [`${why}: ${so} until it is there`];
  const { mode } = file;
  return [
    ...((mode & EXECUTABLE) === 0 ? [`is not executable: ${so}; cure: chmod a+x`] : []),
    // It may belong to whom it runs as; the doctor knows who that is.
    ...file.unsafe
      .filter(({ kind }) => kind === "writable")
      .map(({ path, why, cure }) => {
        const where = path === file.path ? "" : `in ${path}, which `;
        return `${where}${why}, who so decide what runs; cure: ${cure}`;
      }),
  ];
}

function unreadable({ failure, isFile }: ProgramFile): string | null {
  if (failure !== null) return cannot(failure);
  return isFile ? null : "is no file";
}

const cannot = (failure: string): string => `cannot be used: ${quote(failure).slice(1, -1)}`;
