/** Looks at a path and at all that leads to it, for the judge of config/path-safety.ts. */
import { realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Unsafe } from "../config/path-safety.ts";
import { wrongsOf } from "../config/path-safety.ts";

const isDirectory = (mode: number): boolean => (mode & 0o170_000) === 0o040_000;

/** A path and all the directories above it. */
const upwards = (path: string): string[] => (path === "/" ? [path] : [path, ...upwards(dirname(path))]);

/** All that lets somebody else than root, or whoever we are, decide what is there; by its name, and where a link leads to. */
export function unsafePath(path: string): Unsafe[] {
  try {
    const places = new Set([...upwards(path), ...upwards(realpathSync(path))]);
    return [...places].flatMap((place) => {
      const { mode, uid, gid } = statSync(place);
      const owners = [process.getuid?.() ?? 0];
      return wrongsOf({ path: place, isDirectory: isDirectory(mode), mode, uid, gid }, owners);
    });
  } catch {
    // Gone, or not to be looked at: it is missed when it is called.
    return [];
  }
}
