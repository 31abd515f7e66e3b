/** What must be on the flash: the executable, and the libraries that it loads. */
import { realpathSync, statSync } from "node:fs";
import { gzipSync } from "node:zlib";
import type { DaemonKind } from "../lab/daemon.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { run } from "../lab/process.ts";
import type { Rows } from "./row.ts";

const megabytes = (bytes: number): number => bytes / 1e6;

async function libraries(path: string): Promise<string[]> {
  const lines = (await run(["ldd", path])).split("\n");
  return [...new Set(lines.flatMap((line) => /(\/\S+) \(0x/.exec(line)?.[1] ?? []))];
}

export async function sizes(kind: DaemonKind, rows: Rows): Promise<void> {
  const path = kind === "haagent" ? HAAGENT : "/usr/sbin/keepalived";
  const shared = await libraries(path);
  const total = shared.reduce((sum, library) => sum + statSync(realpathSync(library)).size, 0);
  rows.add("executable", "MB", kind, megabytes(statSync(path).size));
  rows.add("executable, gzip", "MB", kind, megabytes(gzipSync(await Bun.file(path).bytes()).length));
  rows.add("shared libraries it loads", "", kind, shared.length);
  rows.add("executable and its libraries", "MB", kind, megabytes(statSync(path).size + total));
}
