/**
 * `npm run bench`: haagent beside keepalived, heartbeat and ldirectord in the same run, each in a lab of its own and on one clock; a table of each at the
 * end. Nothing here passes or fails: it leaves with 0 unless the bench itself breaks.
 */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release } from "node:os";
import { parseArgs } from "node:util";
import { HAAGENT } from "../lab/haagent.ts";
import { run } from "../lab/process.ts";
import type { Side } from "./plan.ts";
import { parts } from "./plan.ts";
import type { Rival } from "./row.ts";
import { RIVALS, Rows, table } from "./row.ts";
import { judged } from "./target.ts";

const SERVICE = new URL("../../conf/haagent.service", import.meta.url).pathname;
const RESULTS = new URL("results.md", import.meta.url).pathname;

const HELP = `npm run bench -- [--quick] [--only NAME,NAME] [--contender rival|haagent] [--write] [--list]
  --quick      a few trials of each, two minutes instead of half an hour
  --only       these parts, or all whose names begin so (--list names them)
  --contender  one side alone: haagent, or whom it is compared with
  --write      the table into test/bench/results.md as well`;

/** What a reader must know of the machine to believe a figure. */
function circumstances(busyBefore: readonly number[], version: string): string {
  const loads = [busyBefore, loadavg()].map(([one = 0]) => one.toFixed(2)).join(" and ");
  const machine = `Linux ${release()}, ${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown"}`;
  return `${new Date().toISOString().slice(0, 10)}; ${machine}; load before and after: ${loads}; ${version}`;
}

function chosen(side: string | undefined): readonly Side[] {
  const sides = ["rival", "haagent"] as const;
  return sides.filter((each) => side === undefined || each === side);
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
  const sides = chosen(values.contender);
  if (selected.length === 0 || sides.length === 0) {
    console.error(HELP);
    return 2;
  }
  // haagent runs as its service has it run; to the others these mean nothing.
  for (const [, name = "", value = ""] of readFileSync(SERVICE, "utf8").matchAll(
    /^Environment=(\w+)=(.*)$/gm,
  ))
    process.env[name] = value;
  const before = loadavg();
  // A part may build anew.
  const version = existsSync(HAAGENT) ? (await run([HAAGENT, "version"])).trim() : "not built";
  const rivals = Object.keys(RIVALS) as Rival[]; // of an object of these keys
  const rows = new Map(rivals.map((rival) => [rival, new Rows()]));
  const broken: string[] = [];
  for (const part of selected) {
    const start = performance.now();
    try {
      await part.run(sides, rows.get(part.rival) ?? new Rows());
    } catch (cause) {
      broken.push(`${part.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    console.error(`${part.name}: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  }
  const text = [
    "# haagent beside keepalived, heartbeat and ldirectord, in the same run",
    circumstances(before, version),
    "Median [min - max], p99 from 50 samples on. Lateness is what the next master took beyond the protocol's minimum (three intervals and the skew after the last advert; the skew alone after priority 0; from exec for preempt back). Times are the kernel's stamps in the client's namespace.",
    ...rivals.flatMap((rival) => {
      const measured = rows.get(rival)?.all() ?? [];
      return measured.length === 0 ? [] : [table(measured, rival), judged(measured)];
    }),
    ...broken.map((why) => `Broken: ${why}`),
  ].join("\n\n");
  console.log(text);
  if (values.write) await Bun.write(RESULTS, `${text}\n`);
  return broken.length === 0 ? 0 : 1;
}

process.exit(await main());
