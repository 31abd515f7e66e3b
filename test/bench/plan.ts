/** Every part of the bench by name: what is run, how often, on whom. */
import type { DaemonKind } from "../lab/daemon.ts";
import { buildSizes, buildStarts } from "./builds.ts";
import { occupy } from "./busy.ts";
import type { ClusterKind } from "./cluster.ts";
import { cuts, idles, moves } from "./cluster.ts";
import { move, reload } from "./crowd.ts";
import { directors } from "./directors.ts";
import { excluded } from "./excluded.ts";
import type { FailoverPlan } from "./failover.ts";
import { failover } from "./failover.ts";
import { load } from "./load.ts";
import type { Crowd } from "./crowded.ts";
import { probing } from "./probing.ts";
import type { Rival, Rows } from "./row.ts";
import { sizes } from "./size.ts";
import { starts } from "./start.ts";

/** Who takes part: haagent, whom it is compared with, or both. */
export type Side = "rival" | "haagent";

export interface Part {
  readonly name: string;
  readonly about: string;
  readonly rival: Rival;
  run(sides: readonly Side[], rows: Rows): Promise<void>;
}

const kindsOf = (sides: readonly Side[]): DaemonKind[] =>
  sides.map((side) => (side === "haagent" ? side : "keepalived"));

/** RFC 9568 allows 255 virtual routers on one link and family. */
const MOST = 255;
/** Addresses that one router takes beside the advertised one. */
const ADDRESSES = 1000;
const COUNTS = [1, 20, 100, MOST];
const INTERVALS = [1000, 100];
const REALTIME = 10;
/** Servers that are probed, and none for comparison. */
const CROWDS: readonly Crowd[] = [
  { count: 0, type: "tcp", hung: 0 },
  ...(["tcp", "http"] as const).flatMap((type) =>
    [100, 1000, 5000].map((count): Crowd => ({ count, type, hung: 0.05 })),
  ),
];
/** Below 100 ms: the largest number only, and below 50 ms as `haagent check` wants it, in real time. */
const FAST = [
  { interval: 50, realtime: 0 },
  { interval: 20, realtime: REALTIME },
  { interval: 10, realtime: REALTIME },
];

function failovers(name: string, about: string, plan: FailoverPlan, busy = false): Part {
  return {
    name,
    about,
    rival: "keepalived",
    async run(sides, rows) {
      const others = busy ? occupy() : [];
      try {
        await failover(plan, kindsOf(sides), rows);
      } finally {
        for (const other of others) await other.end("SIGKILL");
      }
    },
  };
}

/** The same for each kind, one after the other, `rounds` times. */
function inTurn(
  name: string,
  about: string,
  rounds: number,
  turn: (kind: DaemonKind, rows: Rows) => Promise<void>,
): Part {
  return {
    name,
    about,
    rival: "keepalived",
    async run(sides, rows) {
      for (let round = 0; round < rounds; round++) for (const kind of kindsOf(sides)) await turn(kind, rows);
    },
  };
}

/** A cluster of two with a group of resources, of heartbeat and of haagent in turn. */
function clusters(
  name: string,
  about: string,
  measure: (kind: ClusterKind, rows: Rows) => Promise<void>,
): Part {
  return {
    name,
    about,
    rival: "heartbeat",
    run: async (sides, rows) => {
      for (const side of sides) await measure(side === "haagent" ? side : "heartbeat", rows);
    },
  };
}

/** A director of virtual services in a guest, and haagent on the same. */
function directing(rival: "keepalived" | "ldirectord", trials: number, small: boolean): Part {
  return {
    name: `directors-${rival}`,
    about: `virtual services in a guest with IPVS, beside ${rival}`,
    rival,
    run: async (sides, rows) => {
      for (const side of sides) await directors(side === "haagent" ? side : rival, trials, small, rows);
    },
  };
}

/** What only haagent has. */
function ofOurs(name: string, about: string, measure: (rows: Rows) => Promise<void>): Part {
  return {
    name,
    about,
    rival: "keepalived",
    run: async (sides, rows) => {
      if (sides.includes("haagent")) await measure(rows);
    },
  };
}

/** All parts, in the order of the table. `quick`: a few trials each, to see that something works and nothing more. */
export function parts(quick: boolean): Part[] {
  const few = (many: number, quickly: number): number => (quick ? quickly : many);
  const span = few(10_000, 3000);
  return [
    failovers("1s", "loss and return of a master at 1 s adverts", {
      label: "1 s",
      terms: { count: 1, interval: 1000 },
      trials: {
        "silent loss": few(12, 2),
        "first takeover": few(8, 1),
        "clean stop": few(12, 2),
        "preempt back": few(8, 1),
        "link down": few(8, 1),
      },
    }),
    failovers("100ms", "the same at 100 ms", {
      label: "100 ms",
      terms: { count: 1, interval: 100 },
      trials: {
        "silent loss": few(100, 8),
        "first takeover": few(50, 4),
        "clean stop": few(50, 5),
        "preempt back": few(20, 3),
        "link down": few(50, 5),
      },
    }),
    ...INTERVALS.map((interval) => {
      const label = `${interval === 1000 ? "1 s" : `${interval} ms`}, virtual MAC`;
      const trials = {
        "silent loss": interval === 1000 ? few(8, 2) : few(40, 5),
        "first takeover": few(interval === 1000 ? 4 : 15, 2),
        "clean stop": few(interval === 1000 ? 8 : 20, 3),
      };
      const terms = { count: 1, interval, virtualMac: true };
      return failovers(`mac-${interval}`, `the same at ${label} address`, { label, terms, trials });
    }),
    ...(["ethernet", "serial"] as const).map((besides) =>
      failovers(`notice-${besides}`, `a master that says by a second link that it goes: ${besides}`, {
        label: `1 s, second link ${besides},`,
        terms: { count: 1, interval: 1000, besides },
        trials: { "clean stop": few(8, 2), "link down": few(8, 2) },
      }),
    ),
    ...[false, true].flatMap((busy) =>
      [0, REALTIME].map((realtime) => {
        const label = `10 ms${realtime > 0 ? ", real-time" : ""}${busy ? ", busy" : ""}`;
        const name = `10ms${realtime > 0 ? "-realtime" : ""}${busy ? "-busy" : ""}`;
        const trials = { "silent loss": few(30, 4), "clean stop": few(15, 3) };
        const terms = { count: 1, interval: 10, realtime };
        return failovers(name, `the same at ${label}`, { label, terms, trials }, busy);
      }),
    ),
    ...INTERVALS.flatMap((interval) =>
      COUNTS.map((count) =>
        inTurn(
          `load-${count}x${interval}`,
          `cost of ${count} routers at ${interval} ms`,
          count === MOST ? few(2, 1) : 1,
          (kind, rows) => load(kind, { count, interval }, span, rows),
        ),
      ),
    ),
    inTurn("mac-load", "cost of 100 routers at 1 s, each with a virtual MAC address", 1, (kind, rows) =>
      load(kind, { count: 100, interval: 1000, virtualMac: true }, span, rows),
    ),
    ...FAST.map((terms) =>
      inTurn(`fast-${terms.interval}`, `cost of ${MOST} routers at ${terms.interval} ms`, 1, (kind, rows) =>
        load(kind, { count: MOST, ...terms }, span, rows),
      ),
    ),
    ...[1, MOST].map((count) =>
      inTurn(`start-${count}`, `start with ${count} routers`, few(4, 1), (kind, rows) =>
        starts(kind, { count, interval: 1000 }, few(5, 3), rows),
      ),
    ),
    ...INTERVALS.map((interval) =>
      inTurn(`move-${interval}`, `${MOST} routers move at once`, 1, (kind, rows) =>
        move(kind, { count: MOST, interval }, few(5, 1), rows),
      ),
    ),
    ...INTERVALS.map((interval) =>
      inTurn(`reload-${interval}`, `reload with ${MOST} routers`, 1, (kind, rows) =>
        reload(kind, { count: MOST, interval }, few(6, 2), rows),
      ),
    ),
    inTurn("addresses", `${ADDRESSES} addresses of one router`, few(5, 1), (kind, rows) =>
      excluded(kind, ADDRESSES, rows),
    ),
    inTurn("size", "what is on the flash", 1, sizes),
    clusters("cluster-moves", "groups of resources: deaths, orders, clean stops", (kind, rows) =>
      moves(kind, few(6, 1), rows),
    ),
    clusters("cluster-links", "from a cut to the word that a link is dead", (kind, rows) =>
      cuts(kind, few(6, 1), rows),
    ),
    ...INTERVALS.map((keepalive) =>
      clusters(
        `cluster-load-${keepalive}`,
        `cost of a cluster with keepalive ${keepalive} ms`,
        (kind, rows) => idles(kind, keepalive, span, rows),
      ),
    ),
    ...CROWDS.map((crowd) =>
      inTurn(
        `probing-${crowd.count === 0 ? "none" : `${crowd.type}-${crowd.count}`}`,
        crowd.count === 0
          ? "adverts beside which nobody is probed"
          : `${crowd.count} servers probed every second by ${crowd.type}, a twentieth of them hung`,
        1,
        (kind, rows) => probing(kind, crowd, span, rows),
      ),
    ),
    directing("keepalived", few(10, 3), quick),
    directing("ldirectord", few(5, 2), true),
    ofOurs("builds-start", "start of the cross builds", (rows) => buildStarts(few(10, 2), rows)),
    // A minute of compressing, and nothing in it that could be measured in less.
    ...(quick ? [] : [ofOurs("builds-size", "the cross builds and their packages", buildSizes)]),
  ];
}
