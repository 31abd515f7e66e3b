/** A thread of its own that reads and writes the kernel's table of virtual services, an entry point of the build beside main.ts. */
import { parentPort } from "node:worker_threads";
import { errnoName } from "../../native/libc.ts";
import type { ChangeResult } from "../agent/service/boundary.ts";
import type { Result } from "../base/result.ts";
import type { TableWay } from "../config/service-model.ts";
import type { Change, Entry, Timeouts } from "../wire/ipvs.ts";
import type { KernelTable } from "./ipvs.ts";
import { openTable } from "./ipvs.ts";
import { keepTimeouts } from "./ipvs-timeouts.ts";

export type TableOrder =
  | {
      readonly kind: "read";
      readonly way: TableWay;
      /** What the kernel is to keep to. */
      readonly timeouts: Timeouts;
      /** runtime_dir, and the boot with its network namespace: what was changed is noted there. */
      readonly directory: string;
      readonly bootId: string;
    }
  | { readonly kind: "write"; readonly way: TableWay; readonly changes: readonly Change[] };

export type TableNews =
  | {
      readonly kind: "told";
      readonly way: TableWay;
      readonly entries: readonly Entry[] | null;
      readonly failure: string | null;
      readonly took: number;
    }
  | { readonly kind: "written"; readonly way: TableWay; readonly results: readonly ChangeResult[] };

const opened = new Map<TableWay, KernelTable>();

function table(way: TableWay): Result<KernelTable, number> {
  const known = opened.get(way);
  if (known !== undefined) return { ok: true, value: known };
  const made = openTable(way);
  if (made.ok) opened.set(way, made.value);
  return made;
}

function read({ way, timeouts, directory, bootId }: Extract<TableOrder, { kind: "read" }>): TableNews {
  const began = performance.now();
  const found = table(way);
  if (found.ok) keepTimeouts(found.value, directory, bootId, timeouts);
  const entries = found.ok ? found.value.read() : found;
  const took = performance.now() - began;
  if (entries.ok) return { kind: "told", way, entries: entries.value, failure: null, took };
  // The module may have gone: the next time from the beginning.
  opened.get(way)?.close();
  opened.delete(way);
  return { kind: "told", way, entries: null, failure: errnoName(entries.error), took };
}

function write(way: TableWay, changes: readonly Change[]): TableNews {
  const found = table(way);
  const results = changes.map((change) => {
    const result = found.ok ? found.value.write(change) : found.error;
    return { change, errno: result < 0 ? errnoName(result) : null };
  });
  return { kind: "written", way, results };
}

parentPort?.on("message", (order: TableOrder) => {
  parentPort?.postMessage(order.kind === "read" ? read(order) : write(order.way, order.changes));
});
