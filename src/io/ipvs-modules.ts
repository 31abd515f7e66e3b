/** What this kernel has of IPVS: whether it is there, and which modules could be loaded. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { release } from "node:os";
import type { IpvsFact } from "../config/model.ts";

/** `kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz:` of modules.dep, the same without colon of modules.builtin (modules.dep(5)). */
const LISTED = /\/(ip_vs\w*)\.ko/g;
/** A module's file, whatever it is compressed with. */
const MODULE = /^(\w[\w-]*)\.ko(?:\.(?:xz|gz|zst))?$/;

/** Null where there is no such list. */
function listed(path: string): string[] | null {
  try {
    return Array.from(readFileSync(path, "latin1").matchAll(LISTED), ([, name = ""]) => name);
  } catch {
    return null;
  }
}

/** The modules of a kernel that has no list of them: OpenWrt has their files side by side. Null where there are none. */
function lying(directory: string): string[] | null {
  try {
    const names = readdirSync(directory).flatMap((file) => MODULE.exec(file)?.[1] ?? []);
    return names.length === 0 ? null : names.filter((name) => name.startsWith("ip_vs"));
  } catch {
    return null;
  }
}

/** Reads which modules there are, those of the running kernel. */
export function ipvsFact(directory = `/lib/modules/${release()}`): IpvsFact {
  const loadable = listed(`${directory}/modules.dep`) ?? lying(directory);
  const builtIn = listed(`${directory}/modules.builtin`);
  const known = loadable !== null || builtIn !== null;
  const names = [...(loadable ?? []), ...(builtIn ?? [])];
  return { loaded: existsSync("/proc/net/ip_vs"), modules: known ? new Set(names) : null };
}
