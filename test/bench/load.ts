/** What a pair costs while nothing happens: processor time, context switches and memory of each side, and how even its adverts are. */
import type { DaemonKind } from "../lab/daemon.ts";
import { now } from "../lab/process.ts";
import type { Side, Terms } from "./bout.ts";
import { Bout, pass } from "./bout.ts";
import { processesOf, vrids } from "./contender.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";
import { cost, memory, spent } from "./usage.ts";

/** Repeats of the announcements come after five seconds; then it is quiet. */
const QUIET_MS = 6500;

const ROLE = ["master", "backup"] as const satisfies Record<Side, string>;

/** Brings a pair up, lets it come to rest, and measures both sides for `span` milliseconds. */
export async function load(kind: DaemonKind, terms: Terms, span: number, rows: Rows): Promise<void> {
  const bout = await Bout.create(kind, terms);
  try {
    await bout.begin();
    await pass(QUIET_MS);
    const sides = [0, 1] as const;
    const processes = sides.map((side) => processesOf(bout.sides[side].daemon));
    const before = processes.map(spent);
    await pass(span);
    const after = processes.map(spent);
    const traits = [
      terms.virtualMac === true ? ", virtual MAC" : "",
      (terms.realtime ?? 0) > 0 ? ", real-time" : "",
    ];
    const label = `${terms.count} x ${terms.interval} ms${traits.join("")}`;
    for (const side of sides) {
      const [start, end, pids] = [before[side], after[side], processes[side]];
      if (start === undefined || end === undefined || pids === undefined) continue;
      const { cpu, switches } = cost(start, end);
      const { rss, pss } = memory(pids);
      const name = `${label} ${ROLE[side]}`;
      rows.add(`${name}: CPU`, "% of a core", kind, cpu);
      rows.add(`${name}: context switches`, "/s", kind, switches);
      rows.add(`${name}: RSS`, "MB", kind, rss);
      rows.add(`${name}: PSS`, "MB", kind, pss);
    }
    await evenness(bout, span, `${label} master: advert off its time`, rows);
  } finally {
    await bout.close();
  }
}

/** How far each advert is from an interval after the one before, late or early. */
async function evenness(bout: Bout, span: number, what: string, rows: Rows): Promise<void> {
  const recording = await Recording.start(bout.lab.client, "proto 112");
  bout.lab.atClose(() => recording.close());
  const from = now();
  await pass(span);
  const to = now();
  const tape = await recording.finish();
  for (const vrid of vrids(bout.sides[0].fleet)) {
    const gaps = tape.gaps(vrid, bout.node(0).address4, from, to);
    rows.add(what, "ms", bout.kind, ...gaps.map((gap) => Math.abs(gap - bout.terms.interval)));
  }
}
