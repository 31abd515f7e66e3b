/** Where the script or the unit of a resource is on this host. */
import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { ScriptFact } from "../config/heartbeat-model.ts";

/** Where units are, the first one first: systemd.unit(5), and those that generators make, as of System V scripts. */
const UNIT_DIRECTORIES: readonly string[] = [
  ...["/etc/systemd/system", "/run/systemd/system", "/run/systemd/generator"],
  ...["/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"],
  "/run/systemd/generator.late",
];

/** What runs a resource. */
export type Found =
  | { readonly kind: "script"; readonly path: string }
  /** `unit` as systemctl is to be told. */
  | { readonly kind: "unit"; readonly unit: string; readonly path: string };

const EXECUTABLE = 0o111;
const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o002;
const WRITABLE_BY_GROUP = 0o020;
const isDirectory = (mode: number): boolean => (mode & 0o170_000) === 0o040_000;

/** A regular file, executable by somebody if that is asked for. */
function isFile(path: string, executable: boolean): boolean {
  try {
    const { mode } = statSync(path);
    const regular = (mode & 0o170_000) === 0o100_000;
    return regular && (!executable || (mode & EXECUTABLE) !== 0);
  } catch {
    return false;
  }
}

/** `NAME.service`, and for `NAME@INSTANCE` also the template's file. */
function unitFile(unit: string): string | null {
  const names = [unit, unit.replace(/@.*(?=\.service$)/, "@")];
  for (const name of names) {
    const directory = UNIT_DIRECTORIES.find((each) => isFile(`${each}/${name}`, false));
    if (directory !== undefined) return `${directory}/${name}`;
  }
  return null;
}

/** A script of that name in the directories, the first one first; else a systemd unit; null: there is neither. */
export function findResource(name: string, directories: readonly string[]): Found | null {
  const directory = directories.find((each) => isFile(`${each}/${name}`, true));
  if (directory !== undefined) return { kind: "script", path: `${directory}/${name}` };
  const unit = name.endsWith(".service") ? name : `${name}.service`;
  const path = unitFile(unit);
  return path === null ? null : { kind: "unit", unit, path };
}

/** Who else than root decides what is at this path; null: nobody. */
function unsafePlace(path: string): ScriptFact["unsafe"] {
  const { mode, uid, gid } = statSync(path);
  // As in /tmp: nobody replaces what is another's.
  if (isDirectory(mode) && (mode & STICKY) !== 0) return null;
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    return { path, why: "is writable by others", cure: `chmod o-w ${path}` };
  }
  if ((mode & WRITABLE_BY_GROUP) !== 0 && gid !== 0) {
    return { path, why: `is writable by group ${gid}`, cure: `chmod g-w ${path}` };
  }
  if (uid === 0 || uid === process.getuid?.()) return null;
  return { path, why: `belongs to uid ${uid}`, cure: `chown root ${path}` };
}

/** A path and all the directories above it. */
const upwards = (path: string): string[] => (path === "/" ? [path] : [path, ...upwards(dirname(path))]);

/** The first such place on the way to a file, by its name and where a link leads to. */
function unsafe(path: string): ScriptFact["unsafe"] {
  try {
    for (const place of new Set([...upwards(path), ...upwards(realpathSync(path))])) {
      const found = unsafePlace(place);
      if (found !== null) return found;
    }
    return null;
  } catch {
    // Gone while it was looked at: it is missed when it is called.
    return null;
  }
}

/** What there is of these scripts. */
export const scriptFacts = (names: readonly string[], directories: readonly string[]): ScriptFact[] =>
  names.map((name) => {
    const found = findResource(name, directories);
    if (found === null) return { name, path: null, unsafe: null };
    return { name, path: found.path, unsafe: unsafe(found.path) };
  });
