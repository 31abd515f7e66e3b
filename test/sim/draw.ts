/** The seed draws the configuration too: how many nodes, which virtual routers, and where the nodes differ. */
import type { Family, Ip } from "../../src/base/address.ts";
import { boundsOf } from "./bounds.ts";
import { drawFaults } from "./faults.ts";
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

const ip = (text: string): Ip => text as Ip;

/** What is common to all parts of one virtual router. */
interface Common {
  readonly name: string;
  readonly segment: SegmentName;
  readonly vrid: number;
  readonly family: Family;
  readonly version: 2 | 3;
  readonly interval: number;
  readonly key: string | null;
  readonly unicast: boolean;
  readonly preempt: boolean;
  readonly addresses: readonly PlannedAddress[];
  readonly excluded: readonly PlannedAddress[];
  /** By node. */
  readonly priorities: readonly number[];
  /** Nodes differ in interval, version, transport, addresses or key. */
  readonly differs: "interval" | "version" | "transport" | "addresses" | "key" | null;
  readonly syncGroup: string | null;
}

function drawInterval(chance: Prng, version: 2 | 3): number {
  if (version === 2) return chance.pick([1000, 1000, 2000, 3000]);
  return chance.pick([10, 100, 100, 250, 500, 1000, 1000, 1000, 2000, 5000]);
}

function drawPriorities(chance: Prng, nodes: number): number[] {
  if (chance.chance(0.15)) return new Array<number>(nodes).fill(chance.integer(1, 254));
  return Array.from({ length: nodes }, () => chance.pick([1, 50, 100, 100, 101, 150, 200, 254]));
}

function addressesOf(chance: Prng, segment: SegmentName, family: Family, vrid: number): PlannedAddress[] {
  const count = chance.pick([1, 1, 2, 3]);
  const net = segment === "lan" ? 1 : 2;
  if (family === 6) {
    const global = { address: ip(`2001:db8:${net}::${vrid.toString(16)}`), prefix: chance.pick([64, 128]) };
    const local = { address: ip(`fe80::${net}:${vrid.toString(16)}`), prefix: 64 };
    return chance.chance(0.8) ? [local, global] : [global];
  }
  return Array.from({ length: count }, (_, index) => ({
    address: ip(`10.0.${net}.${100 + 10 * (vrid % 10) + index}`),
    prefix: chance.pick([24, 24, 24, 32]),
  }));
}

function drawCommon(chance: Prng, nodes: number, number: number): Common {
  const differs = chance.chance(0.3)
    ? chance.pick(["interval", "interval", "version", "transport", "addresses", "key"] as const)
    : null;
  // Version 2, whose passwords differ, knows no IPv6.
  const old = differs === "key" || differs === "version";
  const family: Family = !old && chance.chance(0.3) ? 6 : 4;
  const version = family === 4 && chance.chance(0.35) ? 2 : 3;
  const segment: SegmentName = chance.chance(0.8) ? "lan" : "wan";
  const vrid = 50 + number;
  return {
    name: `VI_${number}`,
    segment,
    vrid,
    family,
    version: differs === "key" ? 2 : version,
    interval: old ? 1000 : drawInterval(chance, version),
    key: version === 2 && differs === null && chance.chance(0.3) ? "secret" : null,
    unicast: chance.chance(0.2),
    preempt: chance.chance(0.8),
    addresses: addressesOf(chance, segment, family, vrid),
    excluded: chance.chance(0.2) ? [{ address: ip(`10.0.9.${vrid}`), prefix: 32 }] : [],
    priorities: drawPriorities(chance, nodes),
    differs,
    syncGroup: null,
  };
}

/** Two interfaces that are master together or not at all; the order of the nodes is the same on both. */
function drawSyncPair(chance: Prng, nodes: number, number: number): Common[] {
  const lan = { ...drawCommon(chance, nodes, number), segment: "lan" as const, syncGroup: "gateway" };
  const base = { ...lan, differs: null, family: 4 as const, key: null };
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
  if (!chance.chance(0.4)) return [];
  return [
    {
      name: "probe",
      interval: chance.pick([200, 500, 1000]),
      rise: chance.integer(1, 3),
      fall: chance.integer(1, 3),
      weight: chance.pick([0, 0, -60, -120, 40]),
    },
  ];
}

const ownAddress = (segment: SegmentName, family: Family, host: number): Ip => {
  const net = segment === "lan" ? 1 : 2;
  return ip(family === 4 ? `10.0.${net}.${host}` : `fe80::${host}`);
};

/** One node's part in a virtual router; `odd` when it is the node that differs. */
function partOf(
  chance: Prng,
  common: Common,
  hosts: readonly number[],
  number: number,
  odd: boolean,
): RouterPlan {
  const { family, segment, differs } = common;
  const strange = odd ? differs : null;
  const version = strange === "version" ? (common.version === 2 ? 3 : 2) : common.version;
  const unicast = strange === "transport" ? !common.unicast : common.unicast;
  const extra = {
    address: ip(family === 4 ? `10.0.8.${common.vrid}` : `2001:db8:8::${common.vrid}`),
    prefix: 32,
  };
  // More than three times the interval, and a backup that believes its own one is out of patience before the master speaks.
  const longer = common.interval * chance.pick([2, 5]);
  return {
    name: common.name,
    segment,
    vrid: common.vrid,
    family,
    version,
    priority: common.priorities[number] ?? 100,
    interval: strange === "interval" ? longer : common.interval,
    preempt: common.preempt,
    preemptDelay: chance.chance(0.15) ? chance.pick([500, 3000]) : 0,
    key: strange === "key" ? "another" : common.key,
    checksum: chance.pick(["rfc5798", "rfc9568"] as const),
    addresses: strange === "addresses" ? [...common.addresses, extra] : common.addresses,
    excluded: common.excluded,
    adopt: chance.chance(0.15),
    peers: unicast
      ? hosts.filter((_, index) => index !== number).map((host) => ownAddress(segment, family, host))
      : null,
    syncGroup: common.syncGroup,
    tracks: [],
    checks: [],
    garp: {
      count: chance.pick([1, 2, 5, 5]),
      interval: chance.pick([0, 2, 20]),
      refresh: chance.pick([0, 5000, 60_000]),
      repeatAfter: chance.pick([0, 1000, 5000]),
    },
  };
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
  const tracked = chance.chance(0.2) ? [{ segment: "wan" as const, weight: chance.pick([0, -100, 30]) }] : [];
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
  const count = chance.pick([2, 2, 2, 3, 3, 4, 5]);
  const routers = chance.chance(0.2)
    ? drawSyncPair(chance, count, 1)
    : Array.from({ length: chance.pick([1, 1, 1, 2, 3]) }, (_, index) =>
        drawCommon(chance, count, index + 1),
      );
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
  const all = crowned ? nodes.map((node, number) => (number === owner ? crown(node, first) : node)) : nodes;
  return { seed, nodes: all, ...drawTimes(chance, all) };
}

function drawTimes(
  chance: Prng,
  nodes: readonly NodePlan[],
): Pick<Plan, "faults" | "peaceAt" | "quietAt" | "endAt"> {
  const bounds = [...boundsOf(nodes).values()];
  const slowest = Math.max(...bounds.map(({ interval }) => interval));
  const peaceAt = chance.between(4_000, 10_000) + 20 * slowest;
  const faults = drawFaults(chance, nodes, 0, peaceAt, Math.max(300, 3 * slowest));
  const delay = Math.max(
    1,
    ...faults.map((fault) => (fault.kind === "weather" ? fault.weather.delay[1] : 0)),
  );
  const preemptDelay = Math.max(
    ...nodes.flatMap(({ config, later }) =>
      [...config.routers, ...later.routers].map((each) => each.preemptDelay),
    ),
  );
  const settled = Math.max(...bounds.map((each) => each.settled(preemptDelay, delay)));
  return { faults, peaceAt, quietAt: peaceAt + settled, endAt: peaceAt + settled + 6 * slowest + 500 };
}
