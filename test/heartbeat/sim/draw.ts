/** What a seed draws: the cluster, its settings, and what happens to it. */
import { ms } from "../../../src/base/units.ts";
import type * as membership from "../../../src/heartbeat/membership.ts";
import { patience } from "../../../src/heartbeat/sight.ts";
import type { Failback, FenceSettings, GroupPlan } from "../../../src/heartbeat/takeover-state.ts";
import type { Prng } from "../../sim/prng.ts";
import { type GroupView, type Terms, togetherFor } from "./view.ts";
import { sightedWithin } from "./sights.ts";

export const NAMES = ["a", "b"] as const;
const KEEPALIVE = 1000;
const DEADTIME = 5000;
/** Longest of one script: it has ended by then, or hangs. */
const SCRIPT = 3000;
const STOP = 10_000;
const SIZE_MAX = 3;

export interface Plan {
  /** Only operators act. */
  readonly calm: boolean;
  readonly links: number;
  readonly failback: Failback;
  readonly fence: FenceSettings | null;
  /** Of fence runs, 0 to 1. */
  readonly fenceFails: number;
  /** How long a script takes, milliseconds, at least and at most; and one that stops something. */
  readonly scripts: readonly [number, number];
  readonly stops: readonly [number, number];
  /** Of starts and stops, 0 to 1. */
  readonly scriptFails: number;
  /** Ping nodes; 0: none are configured. */
  readonly pings: number;
  readonly groups: readonly (GroupView & { readonly size: number })[];
  /** Milliseconds until peace. */
  readonly faults: number;
  readonly terms: Terms;
}

export function draw(prng: Prng): Plan {
  const calm = prng.chance(0.25);
  const fenced = prng.chance(0.5);
  const fenceFails = prng.chance(0.3) ? 0.5 : 0;
  const fence: FenceSettings | null = fenced
    ? {
        delay: ms(0),
        timeout: ms(3100),
        pause: ms(1000),
        tries: 3,
        onFailure: fenceFails > 0 && prng.chance(0.3) ? "proceed" : "block",
        blind: null,
      }
    : null;
  const failback = prng.pick<Failback>([true, true, true, false, false, "legacy"]);
  const groups = Array.from({ length: prng.integer(1, 3) }, (_, at) => ({
    key: `group${at}`,
    preferred: prng.integer(0, 1),
    shared: prng.chance(0.2),
    size: prng.integer(1, SIZE_MAX),
  }));
  const pings = failback !== "legacy" && prng.chance(0.5) ? 2 : 0;
  // Databases take their time to stop.
  const lazy = prng.chance(0.3);
  const slow = lazy || prng.chance(0.3);
  const scripts = slow && !lazy ? ([500, SCRIPT - 200] as const) : ([10, 800] as const);
  const stops = lazy ? ([2000, STOP - 1000] as const) : scripts;
  const longest = { start: scripts[1], stop: stops[1], size: Math.max(...groups.map(({ size }) => size)) };
  return {
    ...{ calm, scripts, stops },
    ...{ links: prng.integer(1, 3), failback, fence, fenceFails, groups },
    scriptFails: !calm && prng.chance(0.2) ? 0.1 : 0,
    pings,
    // One that was fenced and comes up isolated is to be waited for.
    faults: prng.integer(30_000, fenced && pings > 0 ? 130_000 : 70_000),
    terms: {
      calm,
      fenced: fence?.onFailure === "block",
      sight:
        fence !== null && fenceFails === 0 ? { fresh: 2 * KEEPALIVE + 100, later: DEADTIME + 1000 } : null,
      failback,
      sights: pings === 0 ? null : { within: sightedWithin(KEEPALIVE, longest), stays: DEADTIME },
      bound: togetherFor(KEEPALIVE, longest),
      takeover: fenceFails > 0 ? Number.POSITIVE_INFINITY : lazy ? 100_000 : slow ? 70_000 : 45_000,
      peace: lazy ? 120_000 : 75_000,
    },
  };
}

/** The settings of a node's machines. */
export function membersOf(links: readonly string[], index: 0 | 1): membership.Settings {
  return {
    peers: [{ name: NAMES[1 - index] ?? "", kind: "node", links }],
    keepalive: ms(KEEPALIVE),
    warntime: ms(DEADTIME / 2),
    deadtime: ms(DEADTIME),
    initdead: ms(2 * DEADTIME),
  };
}

export const planOf = (group: Plan["groups"][number], index: 0 | 1): GroupPlan => ({
  ...{
    key: group.key,
    local: group.preferred === index,
    shared: group.shared,
    retired: false,
    size: group.size,
  },
  timeouts: { status: ms(SCRIPT), start: ms(SCRIPT), stop: ms(STOP) },
  ...{ startTries: 2, stopTries: 3, pause: ms(500), stuckPause: ms(3000) },
});

export const TIMES = { keepalive: ms(KEEPALIVE), deadtime: ms(DEADTIME) } as const;

/** The second node waits, so that two do not shoot each other. */
export function fenceOf({ fence, pings }: Plan, index: 0 | 1): FenceSettings | null {
  if (fence === null) return null;
  const delayed = { ...fence, delay: ms(index === 0 ? 0 : DEADTIME) };
  return { ...delayed, blind: pings === 0 ? null : patience(delayed, TIMES) };
}
