/**
 * `npm run bench`: haagent and keepalived side by side in the same run, each in a lab of its own and on one clock; one table at the
 * end. Nothing here passes or fails: it leaves with 0 unless the bench itself breaks.
 */
import { existsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import type { DaemonKind } from "../lab/daemon.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { run } from "../lab/process.ts";
import { KINDS } from "./contender.ts";
import { parts } from "./plan.ts";
import { Rows, table } from "./row.ts";
import { judged } from "./target.ts";

const RESULTS = new URL("results.md", import.meta.url).pathname;

const HELP = `npm run bench -- [--quick] [--only NAME,NAME] [--contender keepalived|haagent] [--write] [--list]
  --quick      a few trials of each, two minutes instead of half an hour
  --only       these parts, or all whose names begin so (--list names them)
  --contender  one of the two alone
  --write      the table into test/bench/results.md as well`;

/** What a reader must know of the machine to believe a figure. */
function circumstances(busyBefore: readonly number[], version: string): string {
  const loads = [busyBefore, loadavg()].map(([one = 0]) => one.toFixed(2)).join(" and ");
  const machine = `Linux ${release()}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown"}`;
  return `${new Date().toISOString().slice(0, 10)}; ${machine}; load before and after: ${loads}; ${version}`;
}

function chosen(kind: string | undefined): readonly DaemonKind[] {
  return KINDS.filter((each) => kind === undefined || each === kind);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      contender: { type: "string" },
      write: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const wanted = values.only.flatMap((names) => names.split(","));
  const selected = parts(values.quick).filter(
    ({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)),
  );
  if (values.list) {
    for (const { name, about } of selected) console.log(`${name.padEnd(20)} ${about}`);
    return 0;
  }
  const kinds = chosen(values.contender);
  if (selected.length === 0 || kinds.length === 0) {
    console.error(HELP);
    return 2;
  }
  const before = loadavg();
  // A part may build anew.
  const version = existsSync(HAAGENT) ? (await run([HAAGENT, "version"])).trim() : "not built";
  const rows = new Rows();
  const broken: string[] = [];
  for (const part of selected) {
    const start = performance.now();
    try {
      await part.run(kinds, rows);
    } catch (cause) {
      broken.push(`${part.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    console.error(`${part.name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  const text = [
    "# keepalived and haagent in the same run",
    circumstances(before, version),
    "Median [min - max], p99 from 50 samples on. Lateness is what the next master took beyond the protocol's minimum (three intervals and the skew after the last advert; the skew alone after priority 0; from exec for preempt back). Times are the kernel's stamps in the client's namespace.",
    table(rows.all()),
    judged(rows.all()),
    ...broken.map((why) => `Broken: ${why}`),
  ].join("\n\n");
  console.log(text);
  if (values.write) await Bun.write(RESULTS, `${text}\n`);
  return broken.length === 0 ? 0 : 1;
}

process.exit(await main());
