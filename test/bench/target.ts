/** What the product promises of its speed and size, judged by the rows of a run. */
import { BAUD } from "./contender.ts";
import { BESIDE } from "./crowded.ts";
import type { Row } from "./row.ts";
import { markdown } from "./row.ts";
import { figure } from "./samples.ts";

interface Target {
  readonly promise: string;
  /** The row it is about. */
  readonly row: string;
  readonly of: (row: Row) => number;
  /** `rows`: all of them, where it depends on another. */
  readonly limit: (row: Row, rows: readonly Row[]) => number;
}

const median = (row: Row): number => row.haagent.median;
const worst = (row: Row): number => row.haagent.max;
/** The 99th percentile, the maximum where there are too few for one. */
const p99 = (row: Row): number => row.haagent.p99 ?? row.haagent.max;
const at = (limit: number) => (): number => limit;

const lateness = ["1 s", "100 ms"].flatMap((interval) =>
  ["silent loss", "first takeover", "clean stop", "link down"].flatMap((event): Target[] => {
    const row = `${interval} ${event}: lateness`;
    return [
      { promise: "lateness <= 0.5 ms median", row, of: median, limit: at(0.5) },
      { promise: "lateness <= 2 ms p99", row, of: p99, limit: at(2) },
    ];
  }),
);

/** Bytes of the word that a master has released, at most. */
const WORD = 240;
const BITS_PER_BYTE = 10;

const notice = ["clean stop", "link down"].flatMap((event): Target[] => [
  {
    promise: "outage < 100 ms, told over Ethernet",
    row: `1 s, second link ethernet, ${event}: client outage`,
    of: median,
    limit: at(100),
  },
  {
    promise: "outage < bits / baud + 50 ms, told over a line",
    row: `1 s, second link serial, ${event}: client outage`,
    of: median,
    limit: at((WORD * BITS_PER_BYTE * 1000) / BAUD + 50),
  },
]);

/** What a row of another name says of haagent, by `of`; NaN where there is none. */
const other =
  (what: string, of: (row: Row) => number, more: number) =>
  (_: Row, rows: readonly Row[]): number => {
    const found = rows.find((row) => row.what === what);
    return found === undefined ? Number.NaN : of(found) + more;
  };

/** Adverts beside probes, against those of a router in the same seconds that probes nobody; milliseconds more than those. */
const undisturbed = ["tcp", "http"]
  .flatMap((type) => [1000, 5000].map((count) => `${count} ${type}, 5 % hung`))
  .flatMap((label) =>
    [
      { which: "median", of: median, more: 0.5 },
      { which: "p99", of: p99, more: 2 },
    ].map(({ which, of, more }): Target => ({
      promise: `adverts as without probes, ${which} + ${more} ms`,
      row: `${label}: advert off its time`,
      of,
      limit: other(`${label}: ${BESIDE}`, of, more),
    })),
  );

/** Thousands of servers probed every second. */
const probed = ["5000 tcp, 5 % hung", "5000 http, 5 % hung"].flatMap((label): Target[] => [
  {
    promise: "probed every second within 5 %",
    row: `${label}: achieved interval`,
    of: ({ haagent }) =>
      Math.max(Math.abs(haagent.median - 1000), Math.abs((haagent.p99 ?? haagent.max) - 1000)),
    limit: at(50),
  },
  { promise: "CPU < half a core", row: `${label}: CPU`, of: median, limit: at(50) },
  { promise: "RSS < 120 MB", row: `${label}: RSS`, of: worst, limit: at(120) },
  {
    promise: "all probed in one interval",
    row: `${label}: ready to last server probed`,
    of: worst,
    limit: at(1000),
  },
]);

const TARGETS: readonly Target[] = [
  ...lateness,
  ...notice,
  ...probed,
  ...undisturbed,
  ...[1, 255].map((count): Target => {
    const row = `start, ${count}: exec to agent.ready`;
    return { promise: "start to ready < 100 ms", row, of: worst, limit: at(100) };
  }),
  ...["master", "backup"].flatMap((role): Target[] => [
    { promise: "RSS < 50 MB with 1", row: `1 x 1000 ms ${role}: RSS`, of: worst, limit: at(50) },
    { promise: "RSS < 80 MB with 255", row: `255 x 1000 ms ${role}: RSS`, of: worst, limit: at(80) },
    { promise: "RSS < 80 MB with 255", row: `255 x 100 ms ${role}: RSS`, of: worst, limit: at(80) },
    {
      promise: "CPU at 255 x 100 ms <= 6.7 % of a core",
      row: `255 x 100 ms ${role}: CPU`,
      of: median,
      limit: at(6.7),
    },
    {
      promise: "CPU at 255 x 100 ms <= keepalived's here",
      row: `255 x 100 ms ${role}: CPU`,
      of: median,
      limit: (row) => row.rival.median,
    },
  ]),
  { promise: "idle backup < 0.5 % of a core", row: "1 x 1000 ms backup: CPU", of: worst, limit: at(0.5) },
  ...[1000, 100].flatMap((interval): Target[] => {
    const label = `255 x ${interval} ms`;
    const gap = 1.5 * interval;
    return [
      {
        promise: "all 255 moved within 0.25 s",
        row: `${label} moved: last - first`,
        of: worst,
        limit: at(250),
      },
      {
        promise: "no advert hole when 255 move",
        row: `${label} moved: longest advert gap`,
        of: worst,
        limit: at(gap),
      },
      {
        promise: "no advert hole in a reload",
        row: `reload of ${label}, changed: longest advert gap`,
        of: worst,
        limit: at(gap),
      },
    ];
  }),
];

/** A table of the promises that the rows can answer. */
export function judged(rows: readonly Row[]): string {
  const lines = TARGETS.flatMap((target) => {
    const row = rows.find(({ what, haagent }) => what === target.row && haagent.count > 0);
    if (row === undefined) return [];
    const [value, limit] = [target.of(row), target.limit(row, rows)];
    const met = Number.isFinite(limit) ? (value <= limit ? "met" : "MISSED") : "-";
    return [[target.promise, row.what, `${figure(value)} ${row.unit}`, figure(limit), met]];
  });
  return lines.length === 0 ? "" : markdown([["target", "row", "haagent", "limit", ""], ...lines]);
}
