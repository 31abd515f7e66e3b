/** The agent's service files, where each manager has them. */
import { readdirSync, readFileSync } from "node:fs";
import type { ServiceFile } from "../doctor/facts.ts";

/** The first of these that is there is the unit: systemd.unit(5). */
const UNITS = ["/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib"].map(
  (place) => `${place}/systemd/system/haagent.service`,
);
const DROP_INS = "/etc/systemd/system/haagent.service.d";
/** OpenWrt's procd, OpenRC and System V init. */
const INIT = "/etc/init.d/haagent";
/** Drop-ins that are read at most. */
const DROP_INS_MAX = 64;

function textOf(path: string): ServiceFile | null {
  try {
    return { path, text: readFileSync(path, "utf8") };
  } catch {
    return null;
  }
}

function dropIns(): string[] {
  try {
    const names = readdirSync(DROP_INS).filter((name) => name.endsWith(".conf"));
    return names
      .toSorted()
      .slice(0, DROP_INS_MAX)
      .map((name) => `${DROP_INS}/${name}`);
  } catch {
    return [];
  }
}

/** Those that are there, a drop-in after its unit. */
export function serviceFiles(): ServiceFile[] {
  const unit = UNITS.map(textOf).find((file) => file !== null) ?? null;
  return [unit, ...dropIns().map(textOf), textOf(INIT)].filter((file) => file !== null);
}
