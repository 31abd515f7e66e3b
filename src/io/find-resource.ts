/** Where the script or the unit of a resource is on this host. */
import { statSync } from "node:fs";
import type { ScriptFact } from "../config/heartbeat-model.ts";
import { unsafePath } from "./unsafe-path.ts";

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

/** What there is of these scripts. */
export const scriptFacts = (names: readonly string[], directories: readonly string[]): ScriptFact[] =>
  names.map((name) => {
    const found = findResource(name, directories);
    if (found === null) return { name, path: null, unsafe: null };
    return { name, path: found.path, unsafe: unsafePath(found.path)[0] ?? null };
  });
