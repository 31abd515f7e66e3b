/** What this kernel has of IPVS: whether it is there, and which modules could be loaded. */
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import type { IpvsFact } from "../config/model.ts";

/** `kernel/net/netfilter/ipvs/ip_vs_rr.ko.xz:` of modules.dep, the same without colon of modules.builtin. */
const MODULE = /\/(ip_vs\w*)\.ko/g;

/** Reads the lists of modules of the running kernel. */
export function ipvsFact(): IpvsFact {
  const directory = `/lib/modules/${release()}`;
  const texts = ["modules.dep", "modules.builtin"].flatMap((name) => {
    try {
      return [readFileSync(`${directory}/${name}`, "latin1")];
    } catch {
      return [];
    }
  });
  const names = texts.flatMap((text) => Array.from(text.matchAll(MODULE), ([, name = ""]) => name));
  return { loaded: existsSync("/proc/net/ip_vs"), modules: texts.length === 0 ? null : new Set(names) };
}
