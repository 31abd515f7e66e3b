/**
 * How long the kernel remembers connections of virtual services, for all of them together: what was there is noted in runtime_dir before it is
 * changed, and put back. The file names the boot and the network namespace it belongs to.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../../native/libc.ts";
import type { Timeouts } from "../wire/ipvs.ts";
import { seconds } from "../base/units.ts";
import type { KernelTable } from "./ipvs.ts";
import { openTable } from "./ipvs.ts";
import { isObject } from "./json.ts";
import { replaceFile } from "./replace-file.ts";

const pathIn = (directory: string): string => join(directory, "ipvs-timeouts");

/** What was there before us; null: nothing was changed. A file that cannot be understood says nothing. */
function noted(directory: string, bootId: string): Timeouts | null {
  try {
    const value: unknown = JSON.parse(readFileSync(pathIn(directory), "utf8"));
    if (!isObject(value) || value["bootId"] !== bootId) return null;
    const [tcp, tcpFin, udp] = [value["tcp"], value["tcpFin"], value["udp"]];
    if (typeof tcp !== "number" || typeof tcpFin !== "number" || typeof udp !== "number") return null;
    return { tcp: seconds(tcp), tcpFin: seconds(tcpFin), udp: seconds(udp) };
  } catch {
    return null;
  }
}

const same = (a: Timeouts, b: Timeouts): boolean =>
  a.tcp === b.tcp && a.tcpFin === b.tcpFin && a.udp === b.udp;

/** Those of `wanted` that are not 0, the others as they were. */
const over = (wanted: Timeouts, before: Timeouts): Timeouts => ({
  tcp: wanted.tcp > 0 ? wanted.tcp : before.tcp,
  tcpFin: wanted.tcpFin > 0 ? wanted.tcpFin : before.tcpFin,
  udp: wanted.udp > 0 ? wanted.udp : before.udp,
});

/** Has the kernel keep to these, 0 as it was before us. An error is none of its own: a table that cannot be written cannot be read, either. */
export function keepTimeouts(table: KernelTable, directory: string, bootId: string, wanted: Timeouts): void {
  const none = wanted.tcp + wanted.tcpFin + wanted.udp === 0;
  const known = noted(directory, bootId);
  const now = none && known === null ? null : table.timeouts();
  if (now === null || !now.ok) return;
  const before = known ?? now.value;
  if (known === null) replaceFile(pathIn(directory), JSON.stringify({ bootId, ...before }));
  const target = over(wanted, before);
  const failed = !same(now.value, target) && table.setTimeouts(target) < 0;
  if (none && !failed) replaceFile(pathIn(directory), null);
}

/** Puts back what was there; what went wrong, or null. */
export function restoreTimeouts(directory: string, bootId: string): string | null {
  const before = noted(directory, bootId);
  if (before === null) return null;
  const table = openTable("auto");
  // With its table a kernel has forgotten them.
  const result = table.ok ? table.value.setTimeouts(before) : 0;
  if (table.ok) table.value.close();
  if (result < 0) return `timeouts of virtual servers: ${errnoName(result)}`;
  replaceFile(pathIn(directory), null);
  return null;
}
