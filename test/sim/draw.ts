/** The seed draws the configuration too: how many nodes, which virtual routers, and where the nodes differ. */
import type { Ip } from "../../src/base/address.ts";
import { boundsOf } from "./bounds.ts";
import { balancedAfter, drawBalanceFaults, withBalance } from "./balance-plan.ts";
import { drawClusterFaults } from "./cluster-faults.ts";
import { drawPurpose, termsOf, withCluster } from "./cluster-plan.ts";
import { addressesOf, type Common, drawCommon, ownAddress, partOf } from "./draw-router.ts";
import { drawGatewayFaults, withGuards } from "./draw-guards.ts";
import { drawHookFailures, withHooks } from "./draw-hooks.ts";
import { drawMacFaults, withMacs } from "./draw-macs.ts";
import { drawRouteLosses, withRoutes } from "./draw-routes.ts";
import { drawLatePort, drawMutes } from "./draw-port.ts";
import { drawFaults } from "./faults.ts";
import { togetherAfter } from "./members.ts";
import type {
  CheckPlan,
  ConfigPlan,
  NodePlan,
  Plan,
  PlannedAddress,
  RouterPlan,
  SegmentName,
} from "./plan.ts";
import { Prng } from "./prng.ts";

/** What groups need to move now and then, milliseconds. */
const MOVES = 40_000;
/** Into peace, until a node is started anew: what a partition left is settled by then. */
const CYCLE_AFTER = 45_000;

const ip = (text: string): Ip => text as Ip;

/** Two interfaces that are master together or not at all; the order of the nodes is the same on both. */
function drawSyncPair(chance: Prng, nodes: number, number: number): Common[] {
  const lan = { ...drawCommon(chance, nodes, number), segment: "lan" as const, syncGroup: "gateway" };
  const base = { ...lan, differs: null, family: 4 as const, key: null, header: false, both: false };
  const versions = { version: 3 as const, interval: chance.pick([100, 500, 1000]) };
  return (["lan", "wan"] as const).map((segment, index) => ({
    ...base,
    ...versions,
    name: `VI_${number + index}`,
    vrid: 50 + number + index,
    segment,
    excluded: [],
    addresses: addressesOf(chance, segment, 4, 50 + number + index),
  }));
}

function drawChecks(chance: Prng): CheckPlan[] {
  const count = chance.pick([0, 0, 0, 1, 1, 2, 3]);
  return Array.from({ length: count }, (_, number) => ({
    name: `probe${number + 1}`,
    type: chance.pick(["script", "script", "file"] as const),
    interval: chance.pick([200, 500, 1000]),
    rise: chance.integer(1, 3),
    fall: chance.integer(1, 3),
    weight: chance.pick([0, 0, -60, -120, 40, -5, 110]),
  }));
}

/** What a reload changes: a priority, an interval, an address more, the way of the checksum. */
function drawLater(chance: Prng, { routers, ...rest }: ConfigPlan): ConfigPlan {
  const changed = routers.map((router): RouterPlan => {
    if (chance.chance(0.4)) return router;
    const { segment, family, vrid } = router;
    const host = family === 4 ? `10.0.7.${vrid}` : `2001:db8:7::${vrid}`;
    const extra = { address: ip(host), prefix: segment === "lan" ? 24 : 32 };
    return {
      ...router,
      priority:
        router.priority === 255 || router.syncGroup !== null ? router.priority : chance.integer(1, 254),
      addresses: chance.chance(0.3) ? [...router.addresses, extra] : router.addresses,
      preempt: chance.chance(0.8),
      checksum: chance.pick(["rfc5798", "rfc9568"] as const),
    };
  });
  // A sync group of which one node lacks a member cannot move as one.
  const drops = chance.chance(0.2) && routers.every(({ syncGroup }) => syncGroup === null);
  return { ...rest, routers: drops ? changed.slice(0, Math.max(1, changed.length - 1)) : changed };
}

function withTracking(
  chance: Prng,
  routers: readonly RouterPlan[],
  checks: readonly CheckPlan[],
): RouterPlan[] {
  const track = {
    segment: "wan" as const,
    weight: chance.pick([0, 0, -100, 30]),
    upDelay: chance.pick([0, 0, 300, 1500]),
    downDelay: chance.pick([0, 0, 100, 1000]),
  };
  const tracked = chance.chance(0.4) ? [track] : [];
  return routers.map((router) => ({
    ...router,
    tracks: router.syncGroup === null && router.priority !== 255 ? tracked : [],
    checks: checks.map(({ name }) => name),
  }));
}

/** Gives the first virtual router's addresses to one node as its own. */
function crown(node: NodePlan, common: Common): NodePlan {
  const { segment, family } = common;
  const owned = (config: ConfigPlan): ConfigPlan => ({
    ...config,
    routers: config.routers.map((router) =>
      router.name === common.name
        ? { ...router, priority: 255, addresses: common.addresses, excluded: [], tracks: [] }
        : router,
    ),
  });
  // IPv6 adverts go out from a link-local address, which an owner has beside those that it owns.
  const first = family === 4 && common.vrid % 2 === 0 ? [] : node.own[segment].slice();
  const kept = first.length > 0 ? first : node.own[segment].filter(({ address }) => address.includes(":"));
  return {
    ...node,
    own: { ...node.own, [segment]: [...kept, ...common.addresses] },
    config: owned(node.config),
    later: owned(node.later),
  };
}

/** An owner may send from what it owns, which nobody has as a peer. */
const knowsNoPeers = ({ unicast, differs }: Common): boolean => !unicast && differs !== "transport";

/** Draws everything that one seed stands for. */
export function drawPlan(seed: number): Plan {
  const chance = new Prng(seed);
  const forCluster = new Prng(seed ^ 0xc1a5);
  const purpose = drawPurpose(forCluster);
  const drawn = chance.pick([2, 2, 2, 3, 3, 4, 5]);
  const count = purpose !== "routers" && forCluster.chance(0.7) ? 2 : drawn;
  const all = chance.chance(0.2)
    ? drawSyncPair(chance, count, 1)
    : Array.from({ length: chance.pick([1, 1, 1, 2, 3]) }, (_, index) =>
        drawCommon(chance, count, index + 1),
      );
  const routers = purpose === "cluster" ? [] : all;
  const hosts = chance.shuffle([11, 12, 13, 14, 15]).slice(0, count);
  const odd = chance.integer(0, count - 1);
  const lifetime = chance.chance(0.05) ? "forever" : "auto";
  const nodes = hosts.map((host, number): NodePlan => {
    const checks = drawChecks(chance);
    const parts = routers.map((common) => partOf(chance, common, hosts, number, number === odd));
    const config: ConfigPlan = {
      routers: withTracking(chance, parts, checks),
      checks,
      lifetime,
      method: "auto",
      cluster: null,
      services: [],
    };
    const own = (segment: SegmentName): PlannedAddress[] => [
      { address: ownAddress(segment, 4, host), prefix: 24 },
      { address: ownAddress(segment, 6, host), prefix: 64 },
    ];
    return {
      name: `n${number + 1}`,
      own: { lan: own("lan"), wan: own("wan") },
      config,
      later: drawLater(chance, config),
      uptime: chance.between(1000, 1e8),
    };
  });
  const [first] = routers;
  const owner = chance.integer(0, count - 1);
  const crowned =
    first !== undefined && first.syncGroup === null && chance.chance(0.12) && routers.every(knowsNoPeers);
  const owned = crowned ? nodes.map((node, number) => (number === owner ? crown(node, first) : node)) : nodes;
  const routed = withRoutes(new Prng(seed ^ 0x20ad), withHooks(new Prng(~seed), owned));
  const alone = withMacs(new Prng(seed ^ 0x3ac5), routed);
  const joined = purpose === "routers" ? alone : withCluster(forCluster, alone);
  const guarded = withGuards(new Prng(seed ^ 0x90a4d), joined);
  const hooked = withBalance(new Prng(seed ^ 0xba1a), guarded);
  const times = drawTimes(chance, hooked);
  const failures = drawHookFailures(new Prng(seed ^ 0x5eed), hooked, times.faults, times.peaceAt);
  const losses = drawRouteLosses(new Prng(seed ^ 0x105e), hooked, times.peaceAt);
  const broken = drawMacFaults(new Prng(seed ^ 0xdead), hooked, times.peaceAt);
  const cut = drawClusterFaults(forCluster, hooked, times.peaceAt);
  const lost = drawGatewayFaults(new Prng(seed ^ 0x6a7e), hooked, times.peaceAt);
  const unheard = drawMutes(new Prng(seed ^ 0x307e), hooked, times.peaceAt);
  const dead = drawBalanceFaults(new Prng(seed ^ 0xba1b), hooked, times.peaceAt);
  const faults = [
    ...times.faults,
    ...lost,
    ...unheard,
    ...failures,
    ...losses,
    ...broken,
    ...cut,
    ...dead,
  ].sort((a, b) => a.at - b.at);
  const cluster = hooked[0]?.config.cluster ?? null;
  const cycled = times.cycleAt !== null;
  const terms = cluster === null ? null : termsOf(cluster, { cycled, calm: false });
  return { seed, nodes: hooked, ...times, faults, terms };
}

function drawTimes(
  chance: Prng,
  nodes: readonly NodePlan[],
): Pick<Plan, "faults" | "peaceAt" | "cycleAt" | "quietAt" | "endAt"> {
  const bounds = [...boundsOf(nodes).values()];
  const cluster = nodes[0]?.config.cluster ?? null;
  const slowest = Math.max(...bounds.map(({ interval }) => interval), bounds.length > 0 ? 0 : 1000);
  // Time for a death or two.
  const moves = cluster !== null && cluster.resources !== null && bounds.length === 0 ? MOVES : 0;
  const lives = cluster === null ? 0 : 8 * cluster.deadtime + moves;
  const peaceAt = chance.between(4_000, 10_000) + 20 * slowest + lives;
  const drawn = drawFaults(chance, nodes, 0, peaceAt, Math.max(300, 3 * slowest));
  const tied = nodes[0]?.config.routers.find(({ tie }) => tie === "sticky");
  const late = tied !== undefined && chance.chance(0.7);
  // Other faults would hide what comes of it more often than not.
  const faults = late
    ? [...drawn.slice(0, 1), ...drawLatePort(chance, nodes, tied.interval, peaceAt)]
    : drawn;
  const delay = Math.max(
    1,
    ...faults.map((fault) => (fault.kind === "weather" ? fault.weather.delay[1] : 0)),
  );
  const preemptDelay = Math.max(
    0,
    ...nodes.flatMap(({ config, later }) =>
      [...config.routers, ...later.routers].map((each) => each.preemptDelay),
    ),
  );
  const startupDelay = Math.max(
    0,
    ...nodes.flatMap(({ config }) => config.routers.map((each) => each.startupDelay)),
  );
  const elected = startupDelay + Math.max(0, ...bounds.map((each) => each.settled(preemptDelay, delay)));
  const moved = cluster === null ? null : termsOf(cluster, { cycled: true, calm: false });
  // Where there are routers, too, a node that leaves would be no peace to them.
  const cycleAt = moved === null || bounds.length > 0 ? null : peaceAt + CYCLE_AFTER;
  const together = cluster === null ? 0 : togetherAfter(cluster);
  const balanced = balancedAfter(
    nodes.flatMap(({ config, later }) => [...config.services, ...later.services]),
  );
  const settled = Math.max(
    elected + balanced,
    together,
    (moved?.peace ?? 0) + (cycleAt === null ? 0 : CYCLE_AFTER),
  );
  return {
    faults,
    peaceAt,
    cycleAt,
    quietAt: peaceAt + settled,
    endAt: peaceAt + settled + 6 * slowest + 500,
  };
}
