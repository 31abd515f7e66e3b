/** What docs/split-brain.md does to a pair of machines, in a user's words and as faults of the simulator. */
import { idOf } from "./cluster-plan.ts";
import type { Fault } from "./faults.ts";
import type { SegmentName } from "./plan.ts";
import { HEALED_AT, HURT_AT, planOf, type Site } from "./sites.ts";

/** A row of the document. */
export interface Mishap {
  readonly name: string;
  /** Null: the pair has nothing that this could happen to. */
  readonly faults: (site: Site) => readonly Fault[] | null;
}

const at = 1000 * HURT_AT;
const until = 1000 * HEALED_AT;
const times = { at, until };
const YEAR = 365 * 86_400_000;

/** Nothing passes the segment between the nodes, and each port says that all is well. */
const silent = (segment: SegmentName, both = true): Fault => ({
  ...times,
  kind: "cut",
  segment,
  from: [0],
  to: [1],
  both,
});
const unplugged = (node: number, segment: SegmentName): Fault => ({
  ...times,
  kind: "no-carrier",
  node,
  segment,
});
const gateway = (...from: number[]): Fault => ({ ...times, kind: "gateway-lost", from });
const crash = (lasts: number): Fault => ({
  at,
  until: at + lasts,
  kind: "crash",
  node: 0,
  actions: null,
  respawn: true,
});

/** The cable, where there is one. */
function serial(site: Site): Fault | null {
  const cluster = planOf(0, site, []).nodes[0]?.config.cluster;
  const line = cluster?.links.find(({ type }) => type === "serial");
  return line === undefined
    ? null
    : { ...times, kind: "heartbeat-cut", link: idOf(line), from: 0, both: true };
}

const always =
  (...faults: readonly Fault[]) =>
  (): readonly Fault[] =>
    faults;
const only = (fault: Fault | null): readonly Fault[] | null => (fault === null ? null : [fault]);

export const MISHAPS: readonly Mishap[] = [
  { name: "link A: a's cable is pulled", faults: always(unplugged(0, "lan"), gateway(0)) },
  { name: "link A: b's cable is pulled", faults: always(unplugged(1, "lan"), gateway(1)) },
  { name: "link A: nothing passes between a and b", faults: always(silent("lan")) },
  { name: "link A: nothing passes to or from a, its port is up", faults: always(silent("lan"), gateway(0)) },
  { name: "one-way loss: b hears nothing of a on A", faults: always(silent("lan", false)) },
  { name: "link B: nothing passes", faults: ({ links }) => (links.includes("B") ? [silent("wan")] : null) },
  { name: "serial: the cable is pulled", faults: (site) => only(serial(site)) },
  {
    name: "switch A dies, its ports go down",
    faults: always(unplugged(0, "lan"), unplugged(1, "lan"), gateway(0, 1)),
  },
  {
    name: "switches A and B pass nothing, their ports are up",
    faults: always(silent("lan"), silent("wan"), gateway(0, 1)),
  },
  {
    name: "every link at once, the gateway answers a only",
    faults: (site) => [silent("lan"), silent("wan"), gateway(1), ...(only(serial(site)) ?? [])],
  },
  {
    name: "peer frozen: a is stopped for 20 s, and goes on",
    faults: always({ at, until: at + 20_000, kind: "freeze", node: 0 }),
  },
  {
    name: "overloaded: a runs for 5 ms in 300",
    faults: always({ ...times, kind: "overload", node: 0, runs: 5, waits: 295 }),
  },
  { name: "gateway lost to a", faults: always(gateway(0)) },
  { name: "gateway lost to both", faults: always(gateway(0, 1)) },
  {
    name: "clock step: a's goes a year ahead",
    faults: always({ at, until, kind: "clock-step", node: 0, by: YEAR }),
  },
  { name: "kill -9 of a's agent, started again after 0.1 s", faults: always(crash(100)) },
  { name: "kill -9 of a's agent, started again after 30 s", faults: always(crash(30_000)) },
  {
    name: "power: a loses it for 30 s",
    faults: always({ ...times, kind: "reboot", node: 0, keepsLedger: false }),
  },
];
