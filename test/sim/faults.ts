/** What can be done to the nodes and the network between them, drawn before the run so that a trace can tell it in advance. */
import type { BalanceFault } from "./balance-plan.ts";
import type { ClusterFault } from "./cluster-faults.ts";
import { NUMBERS } from "./health.ts";
import type { CheckPlan, NodePlan, SegmentName } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { Weather } from "./network.ts";

/** One fault: it begins `at`, and what has an end ends at `until`; all in milliseconds of world time, before peace. */
export type Fault = { readonly at: number; readonly until: number } & (
  | ClusterFault
  | BalanceFault
  | { readonly kind: "weather"; readonly segment: SegmentName; readonly weather: Weather }
  /** Nothing goes from any of `from` to any of `to`. */
  | {
      readonly kind: "cut";
      readonly segment: SegmentName;
      readonly from: readonly number[];
      readonly to: readonly number[];
      readonly both: boolean;
    }
  /** SIGKILL, at once or after `actions` actions of the next turn; respawned at `until`, or never. */
  | {
      readonly kind: "crash";
      readonly node: number;
      readonly actions: number | null;
      readonly respawn: boolean;
    }
  /** SIGSTOP, SIGCONT. */
  | { readonly kind: "freeze"; readonly node: number }
  | { readonly kind: "reboot"; readonly node: number; readonly keepsLedger: boolean }
  /** SIGTERM, started again at `until`, or never. */
  | { readonly kind: "stop"; readonly node: number; readonly restart: boolean }
  | { readonly kind: "link-down"; readonly node: number; readonly segment: SegmentName }
  | { readonly kind: "no-carrier"; readonly node: number; readonly segment: SegmentName }
  | { readonly kind: "link-gone"; readonly node: number; readonly segment: SegmentName }
  /** `ip address del` of a virtual address, where one is, so many times until `until`. */
  | { readonly kind: "address-removed"; readonly node: number; readonly times: number }
  /** What an agent added besides, taken away by hand; a device of its, set down. */
  | { readonly kind: `${"route" | "device"}-removed` | "device-down"; readonly node: number }
  /** `ip address add` of a virtual address by hand. */
  | { readonly kind: "address-added"; readonly node: number }
  /** The administrator takes the node's own address away and gives it back. */
  | { readonly kind: "own-removed"; readonly node: number; readonly segment: SegmentName }
  /** The kernel has no way for adverts of the node on this segment. */
  | { readonly kind: "mute"; readonly node: number; readonly segment: SegmentName }
  /** Most awaited hooks that begin meanwhile fail, or hang until their time is over. */
  | { readonly kind: "hooks-fail"; readonly node: number }
  | { readonly kind: "check-fails"; readonly node: number; readonly check: string }
  /** The file of a check has another number from then on. */
  | { readonly kind: "number"; readonly node: number; readonly check: string; readonly value: number }
  /** SIGHUP with the other configuration, the first one, or one that is wrong. */
  | { readonly kind: "reload"; readonly node: number; readonly config: "later" | "first" | "broken" }
  /** `haagent standby`, for all routers or one; ended by `haagent takeover` at `until`, or by the agent's end. */
  | {
      readonly kind: "standby";
      readonly node: number;
      readonly router: string | null;
      readonly back: boolean;
    }
  | {
      readonly kind: "takeover";
      readonly node: number;
      readonly router: string | null;
      readonly force: boolean;
    }
  /** The feed loses its messages until the table is told anew. */
  | { readonly kind: "feed-lost"; readonly node: number }
  /** The next addresses cannot be added, or devices made. */
  | { readonly kind: "add-fails" | "device-fails"; readonly node: number; readonly count: number }
  /** Beside each advert comes one of a stranger from beyond the link, of priority 254. */
  | { readonly kind: "forgery"; readonly segment: SegmentName }
);

type Draw = (chance: Prng, at: number, until: number, nodes: readonly NodePlan[]) => Fault;

/** The number of one of them. */
export const anyNode = (chance: Prng, nodes: readonly NodePlan[]): number =>
  chance.integer(0, nodes.length - 1);
/** A node and a check that it has, of one type where there is any; in vain where there is none. */
function anyCheck(chance: Prng, nodes: readonly NodePlan[], type: CheckPlan["type"] | null) {
  const all = nodes.flatMap(({ config }, node) =>
    config.checks.map((check) => ({ node, check: check.name, type: check.type })),
  );
  const wanted = all.filter((each) => type === null || each.type === type);
  if (wanted.length === 0) return { node: 0, check: "probe1" };
  const { node, check } = chance.pick(wanted);
  return { node, check };
}
const anyNumber = (chance: Prng, nodes: readonly NodePlan[]) => ({
  ...anyCheck(chance, nodes, "file"),
  value: chance.pick(NUMBERS),
});
const anySegment = (chance: Prng): SegmentName => (chance.chance(0.7) ? "lan" : "wan");

function drawWeather(chance: Prng): Weather {
  const shortest = chance.between(0.03, 1);
  return {
    loss: chance.chance(0.7) ? chance.between(0, 0.6) : 0,
    duplicate: chance.chance(0.4) ? chance.between(0, 0.3) : 0,
    corrupt: chance.chance(0.4) ? chance.between(0, 0.3) : 0,
    delay: [shortest, shortest + (chance.chance(0.5) ? chance.between(0, 300) : 0.2)],
  };
}

function drawCut(chance: Prng, at: number, until: number, nodes: readonly NodePlan[]): Fault {
  const numbers = chance.shuffle(nodes.map((_, index) => index));
  const split = chance.integer(1, numbers.length - 1);
  return {
    kind: "cut",
    at,
    until,
    segment: anySegment(chance),
    from: numbers.slice(0, split),
    to: numbers.slice(split),
    both: chance.chance(0.6),
  };
}

/** The name of a router, or null for all. */
const anyRouter = (chance: Prng, nodes: readonly NodePlan[], node: number): string | null =>
  chance.pick([null, ...(nodes[node]?.config.routers ?? []).map(({ name }) => name)]);

/** Once, or more often than a router puts up with. */
function drawRemovals(chance: Prng, at: number, until: number, nodes: readonly NodePlan[]): Fault {
  const times = chance.pick([1, 1, 1, 8]);
  return { kind: "address-removed", at, until, node: anyNode(chance, nodes), times };
}

/** What is refused is refused to who takes: half of the time at the first election. */
function drawRefusal(chance: Prng, at: number, until: number, nodes: readonly NodePlan[]): Fault {
  const first = chance.chance(0.5);
  const times = first ? { at: 0, until: Math.max(3_000, until - at) } : { at, until };
  return { kind: "add-fails", ...times, node: anyNode(chance, nodes), count: chance.integer(1, 3) };
}

function drawStandby(chance: Prng, at: number, until: number, nodes: readonly NodePlan[]): Fault {
  const node = anyNode(chance, nodes);
  return {
    kind: "standby",
    at,
    until,
    node,
    router: anyRouter(chance, nodes, node),
    back: chance.chance(0.7),
  };
}

function drawTakeover(chance: Prng, at: number, until: number, nodes: readonly NodePlan[]): Fault {
  const node = anyNode(chance, nodes);
  return {
    kind: "takeover",
    at,
    until,
    node,
    router: anyRouter(chance, nodes, node),
    force: chance.chance(0.5),
  };
}

/** How often each kind comes, and how one is drawn. */
const KINDS: readonly (readonly [weight: number, draw: Draw])[] = [
  [
    6,
    (chance, at, until) => ({
      kind: "weather",
      at,
      until,
      segment: anySegment(chance),
      weather: drawWeather(chance),
    }),
  ],
  [8, drawCut],
  [
    6,
    (chance, at, until, nodes) => ({
      kind: "crash",
      at,
      // Half of them come back at once, as from a service manager.
      until: chance.chance(0.5) ? at + chance.between(15, 200) : until,
      node: anyNode(chance, nodes),
      actions: chance.chance(0.4) ? chance.integer(0, 6) : null,
      respawn: chance.chance(0.9),
    }),
  ],
  [5, (chance, at, until, nodes) => ({ kind: "freeze", at, until, node: anyNode(chance, nodes) })],
  [
    2,
    (chance, at, until, nodes) => ({
      kind: "reboot",
      at,
      until,
      node: anyNode(chance, nodes),
      keepsLedger: chance.chance(0.3),
    }),
  ],
  [
    2,
    (chance, at, until, nodes) => ({
      kind: "stop",
      at,
      until,
      node: anyNode(chance, nodes),
      restart: chance.chance(0.9),
    }),
  ],
  [
    3,
    (chance, at, until, nodes) => ({
      kind: "link-down",
      at,
      until,
      node: anyNode(chance, nodes),
      segment: anySegment(chance),
    }),
  ],
  [
    3,
    (chance, at, until, nodes) => ({
      kind: "no-carrier",
      at,
      until,
      node: anyNode(chance, nodes),
      segment: anySegment(chance),
    }),
  ],
  [
    2,
    (chance, at, until, nodes) => ({
      kind: "link-gone",
      at,
      until,
      node: anyNode(chance, nodes),
      segment: anySegment(chance),
    }),
  ],
  [3, drawRemovals],
  [2, (chance, at, until, nodes) => ({ kind: "address-added", at, until, node: anyNode(chance, nodes) })],
  [
    2,
    (chance, at, until, nodes) => ({
      kind: "own-removed",
      at,
      until,
      node: anyNode(chance, nodes),
      segment: anySegment(chance),
    }),
  ],
  [6, (chance, at, until, nodes) => ({ kind: "check-fails", at, until, ...anyCheck(chance, nodes, null) })],
  [3, (chance, at, until, nodes) => ({ kind: "number", at, until, ...anyNumber(chance, nodes) })],
  [
    3,
    (chance, at, until, nodes) => ({
      kind: "reload",
      at,
      until,
      node: anyNode(chance, nodes),
      config: chance.pick(["later", "first", "broken"] as const),
    }),
  ],
  [2, (chance, at, until, nodes) => ({ kind: "feed-lost", at, until, node: anyNode(chance, nodes) })],
  [2, drawRefusal],
  [3, drawStandby],
  [4, drawTakeover],
  [3, (chance, at, until) => ({ kind: "forgery", at, until, segment: anySegment(chance) })],
];

const WEIGHTS = KINDS.reduce((sum, [weight]) => sum + weight, 0);

/** Between `from` and `peaceAt`, faults that last from a fraction of `scale` milliseconds to a good many of it. */
export function drawFaults(
  chance: Prng,
  nodes: readonly NodePlan[],
  from: number,
  peaceAt: number,
  scale: number,
): Fault[] {
  const faults: Fault[] = [];
  const count = chance.integer(0, 12);
  for (let drawn = 0; drawn < count; drawn++) {
    const at = chance.between(from, peaceAt - 1);
    // Short ones matter as much as long ones: a stall of one interval, a cut that heals before anyone notices.
    const lasts = scale * 10 ** chance.between(-1, 1);
    const until = Math.min(at + lasts, peaceAt - 1);
    let ticket = chance.between(0, WEIGHTS);
    for (const [weight, draw] of KINDS) {
      ticket -= weight;
      if (ticket >= 0) continue;
      const fault = draw(chance, at, until, nodes);
      faults.push({ ...fault, until: Math.min(fault.until, peaceAt - 1) });
      break;
    }
  }
  return faults.sort((a, b) => a.at - b.at);
}
