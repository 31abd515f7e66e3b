/** All routers of a node lost at once, and a reload with all of them: how long it takes, and whether an advert is missing meanwhile. */
import type { DaemonKind } from "../lab/daemon.ts";
import { now, until } from "../lab/process.ts";
import type { Terms } from "./bout.ts";
import { Bout, pass } from "./bout.ts";
import { addressOf, HIGH, LOW, vrids } from "./contender.ts";
import { masterDown } from "./failover.ts";
import type { Tape } from "./recording.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";

/** How long the new master is watched, in intervals and at least. */
const WATCH_INTERVALS = 4;
const WATCH_MS = 7000;
const RELOAD_MS = 10_000;
const RELOADED = { keepalived: "Reload complete", haagent: "config.loaded" } as const;

/** Silent death of the master of everything. */
export async function move(kind: DaemonKind, terms: Terms, trials: number, rows: Rows): Promise<void> {
  const bout = await Bout.create(kind, terms);
  try {
    const recording = await Recording.start(bout.lab.client, "proto 112 or arp");
    bout.lab.atClose(() => recording.close());
    await bout.begin();
    const scenes: { from: number; to: number }[] = [];
    for (let trial = 0; trial < trials; trial++) {
      await pass(2 * terms.interval + 1000);
      const from = await bout.lab.cut(bout.node(0));
      await bout.settled(1, false);
      scenes.push({ from, to: await pass(Math.max(WATCH_MS, WATCH_INTERVALS * terms.interval)) });
      await bout.lab.heal(bout.node(0));
      await bout.settled(0);
    }
    const tape = await recording.finish();
    for (const { from, to } of scenes) moved(bout, tape, from, to, rows);
  } finally {
    await bout.close();
  }
}

function moved(bout: Bout, tape: Tape, from: number, to: number, rows: Rows): void {
  const { kind, terms } = bout;
  const [first, second] = [bout.node(0).address4, bout.node(1).address4];
  const told: number[] = [];
  const gaps: number[] = [];
  const late: number[] = [];
  for (const vrid of vrids(bout.sides[1].fleet)) {
    told.push((tape.announced(addressOf(vrid), bout.node(1).mac, from) ?? Number.NaN) - from);
    const taken = tape.adverts(vrid, second, from, to)[0]?.at ?? Number.NaN;
    const last = tape.adverts(vrid, first, 0, taken).at(-1)?.at ?? Number.NaN;
    late.push(taken - last - masterDown(LOW, terms.interval));
    gaps.push(...tape.gaps(vrid, second, from, to));
  }
  if (told.some(Number.isNaN)) throw new Error(`${kind}: some addresses were never announced`);
  const label = `${terms.count} x ${terms.interval} ms moved`;
  rows.add(`${label}: first address announced`, "ms", kind, Math.min(...told));
  rows.add(`${label}: last address announced`, "ms", kind, Math.max(...told));
  rows.add(`${label}: last - first`, "ms", kind, Math.max(...told) - Math.min(...told));
  rows.add(`${label}: lateness`, "ms", kind, ...late);
  rows.add(`${label}: longest advert gap`, "ms", kind, Math.max(...gaps));
}

/** SIGHUP to the master of everything: the same file, and one with another priority for all. */
export async function reload(kind: DaemonKind, terms: Terms, trials: number, rows: Rows): Promise<void> {
  const bout = await Bout.create(kind, terms);
  try {
    const recording = await Recording.start(bout.lab.client, "proto 112");
    bout.lab.atClose(() => recording.close());
    await bout.begin();
    const { daemon, text } = bout.sides[0];
    const scenes: { what: string; from: number; to: number }[] = [];
    for (const what of ["unchanged", "changed"] as const) {
      for (let trial = 0; trial < trials; trial++) {
        await pass(2 * terms.interval + 1000);
        const seen = daemon.log.length;
        const priority = what === "changed" && trial % 2 === 0 ? HIGH + 1 : HIGH;
        const before = now() - 2 * terms.interval;
        const from = await daemon.reload(text({ ...terms, priority }));
        await until("the reload", RELOAD_MS, () =>
          daemon.log.slice(seen).some((line) => line.includes(RELOADED[kind])),
        );
        rows.add(`reload of ${terms.count} x ${terms.interval} ms, ${what}: time`, "ms", kind, now() - from);
        scenes.push({ what, from: before, to: await pass(2 * terms.interval) });
      }
    }
    const tape = await recording.finish();
    for (const { what, from, to } of scenes) {
      const gaps = vrids(bout.sides[0].fleet).flatMap((vrid) =>
        tape.gaps(vrid, bout.node(0).address4, from, to),
      );
      const name = `reload of ${terms.count} x ${terms.interval} ms, ${what}: longest advert gap`;
      rows.add(name, "ms", kind, Math.max(...gaps));
    }
  } finally {
    await bout.close();
  }
}
