/**
 * `[heartbeat]` as a seed draws it: whether there are routers, a cluster or both, and over which links its nodes speak. All of it comes from
 * streams of its own: runs without heartbeat stay what they were.
 */
import type { Ip } from "../../src/base/address.ts";
import type { Failback } from "../../src/heartbeat/takeover-state.ts";
import { type Terms, togetherFor } from "../heartbeat/sim/view.ts";
import { INTERFACE_OF, type NodePlan, type PlannedAddress, type SegmentName, SEGMENTS } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { ScriptTimes } from "./services.ts";

/** One link. */
export type LinkPlan =
  | { readonly type: "broadcast"; readonly segment: SegmentName }
  | { readonly type: "multicast"; readonly segment: SegmentName; readonly group: Ip }
  | { readonly type: "unicast"; readonly segment: SegmentName; readonly peers: readonly Ip[] }
  | { readonly type: "serial"; readonly baud: number };

/** One line of haresources: perhaps an address, then scripts with names of their own. */
export interface GroupPlan {
  /** Its first resource. */
  readonly key: string;
  /** On the LAN. */
  readonly address: PlannedAddress | null;
  readonly scripts: readonly string[];
  /** Index of the node that prefers it. */
  readonly preferred: number;
  readonly size: number;
  readonly shared: boolean;
}

export function groupOf(
  preferred: number,
  address: PlannedAddress | null,
  scripts: readonly string[],
): GroupPlan {
  const [key = ""] = textsOf(address, scripts);
  const size = scripts.length + (address === null ? 0 : 1);
  return { key, address, scripts, preferred, size, shared: false };
}

const textsOf = (address: PlannedAddress | null, scripts: readonly string[]): string[] => [
  ...(address === null ? [] : [`IPaddr::${address.address}/${address.prefix}/${INTERFACE_OF.lan}`]),
  ...scripts,
];

/** valid_lft of the addresses of groups, seconds: they are gone before a silent node is taken for dead, where deadtime allows that. */
export const lifetimeOf = ({ keepalive, deadtime }: ClusterPlan): number =>
  Math.max(2, Math.floor((deadtime - keepalive) / 1000));

/** What `[heartbeat]` says of resources; times in milliseconds. */
export interface ResourcesPlan {
  readonly groups: readonly GroupPlan[];
  readonly failback: Failback;
  readonly times: ScriptTimes;
  readonly startTries: number;
  readonly stopTries: number;
  /** Null: none. */
  readonly fence: FencePlan | null;
}

export interface FencePlan {
  /** Of its runs, so many fail. */
  readonly fails: number;
  readonly onFailure: "block" | "proceed";
  /** How long a run takes, and how long the power of the other node is gone, milliseconds; null: drawn. */
  readonly times: { readonly takes: number; readonly lasts: number } | null;
}

/** A run of a fence's command takes as long, at most, milliseconds; longer, and two nodes would shoot each other. */
export const FENCE_MAX = 3000;

/** `[heartbeat]` of a node; times in milliseconds. */
export interface ClusterPlan {
  /** Null: nothing moves. */
  readonly resources: ResourcesPlan | null;
  readonly nodes: readonly string[];
  readonly links: readonly LinkPlan[];
  readonly keepalive: number;
  readonly deadtime: number;
  readonly initdead: number;
  /** A gateway on the LAN, {@link GATEWAY}, is asked for echoes. */
  readonly pings: boolean;
}

export const GATEWAY = "192.0.2.254";

/** What a run is about. */
export type Purpose = "routers" | "cluster" | "both";

export const drawPurpose = (chance: Prng): Purpose =>
  chance.pick(["routers", "routers", "routers", "routers", "routers", "both", "both", "both", "cluster"]);

/** Both ends have the same name for a link: that of src/agent/cluster/cluster.ts. */
export function idOf(link: LinkPlan): string {
  if (link.type === "serial") return `serial ${LINE}`;
  const base = `${link.type} ${INTERFACE_OF[link.segment]}`;
  if (link.type === "multicast") return `${base} ${link.group}`;
  return link.type === "unicast" ? `${base} IPv4` : base;
}

/** The port of the null-modem cable. */
const LINE = "/dev/ttyS0";
/** Lines that carry a status of some 200 bytes and a keepalive of this many milliseconds, so that it is less than half of what they can. */
const LINES: readonly (readonly [keepalive: number, bauds: readonly number[]])[] = [
  [200, [115_200, 38_400]],
  [500, [38_400, 19_200]],
  [1000, [19_200, 9600]],
];
/** So many clusters of two nodes have resources. */
const RESOURCES = 0.8;
/** Scripts of a group. */
const SCRIPTS_MAX = 3;
/** Longest of one script: it has ended by then, or hangs. */
const START_TIMEOUT = 3000;
const STOP_TIMEOUT = 10_000;
/** What a fence adds to a takeover at most, milliseconds: its delay, and a run. */
const FENCED = 5000 + FENCE_MAX;
const GROUP = "225.0.0.1" as Ip;

function drawLink(
  chance: Prng,
  segment: SegmentName,
  type: LinkPlan["type"],
  bauds: readonly number[],
): LinkPlan {
  switch (type) {
    case "broadcast":
      return { type, segment };
    case "multicast":
      return { type, segment, group: GROUP };
    case "unicast":
      return { type, segment, peers: [] };
    case "serial":
      return { type, baud: chance.pick(bauds) };
  }
}

/** Gives the nodes a cluster; a reload may take links away. */
export function withCluster(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  const names = nodes.map(({ name }) => name);
  const [keepalive, bauds] = chance.pick(LINES);
  const deadtime = keepalive * chance.pick([4, 5, 8]);
  const links = SEGMENTS.map((segment) =>
    drawLink(chance, segment, chance.pick(["broadcast", "multicast", "unicast"] as const), bauds),
  );
  if (nodes.length === 2) links.push(drawLink(chance, "lan", "serial", bauds));
  const drawn = chance.shuffle(links).slice(0, chance.integer(1, links.length));
  // The ones that stay are the same on all nodes: without one in common they would be two clusters.
  const kept = chance.chance(0.5) ? drawn : drawn.slice(0, 1);
  const pings = chance.chance(0.5);
  const resources = nodes.length === 2 && chance.chance(RESOURCES) ? drawResources(chance) : null;
  return nodes.map((node) => {
    const of = (chosen: readonly LinkPlan[]): ClusterPlan => ({
      ...{ nodes: names, keepalive, deadtime, initdead: 2 * deadtime, pings, resources },
      links: chosen.map((link) =>
        link.type === "unicast" ? { ...link, peers: othersOf(node, nodes, link.segment) } : link,
      ),
    });
    return {
      ...node,
      config: { ...node.config, cluster: of(drawn) },
      later: { ...node.later, cluster: of(kept) },
    };
  });
}

function drawResources(chance: Prng): ResourcesPlan {
  const groups = Array.from({ length: chance.integer(1, 3) }, (_, at) => {
    const preferred = chance.integer(0, 1);
    const address = { address: `10.0.1.${200 + at}` as Ip, prefix: 24 };
    const scripts = Array.from(
      { length: chance.integer(0, SCRIPTS_MAX) },
      (__, number) => `group${at}-${number}`,
    );
    return groupOf(preferred, scripts.length === 0 || chance.chance(0.5) ? address : null, scripts);
  });
  const slow = chance.chance(0.3);
  const usual = slow ? ([500, START_TIMEOUT - 200] as const) : ([10, 800] as const);
  // Databases take their time to stop.
  const stop = chance.chance(0.3) ? ([2000, STOP_TIMEOUT - 1000] as const) : usual;
  return {
    groups,
    failback: chance.pick<Failback>([true, true, true, false, false, "legacy"]),
    times: { start: usual, stop },
    ...{ startTries: 2, stopTries: 3 },
    fence: chance.chance(0.5) ? drawFence(chance) : null,
  };
}

function drawFence(chance: Prng): FencePlan {
  const fails = chance.chance(0.4) ? 0.8 : 0;
  return { fails, onFailure: fails > 0 && chance.chance(0.3) ? "proceed" : "block", times: null };
}

/** Room for what a node announces above its deadtime in its first seconds, and for an agent that is late. */
export const sightOf = (keepalive: number, deadtime: number): NonNullable<Terms["sight"]> => ({
  fresh: Math.max(1000, 2 * keepalive) + 500,
  later: deadtime + 3000,
});

/** What is promised of the groups of a plan: bounds as test/heartbeat/sim has them; `cycled` and `calm` say what else a run has. */
export function termsOf(
  { resources, keepalive, deadtime }: ClusterPlan,
  { cycled, calm }: { readonly cycled: boolean; readonly calm: boolean },
): Terms | null {
  if (resources === null) return null;
  const { stop, start } = resources.times;
  const lazy = stop[1] > START_TIMEOUT;
  const slow = start[1] > 1000;
  const size = Math.max(...resources.groups.map((group) => group.size));
  return {
    ...{ calm, fenced: resources.fence?.onFailure === "block" },
    sight: resources.fence?.fails === 0 ? sightOf(keepalive, deadtime) : null,
    ...{ failback: cycled ? resources.failback : false },
    sights: null,
    bound: togetherFor(keepalive, { start: start[1], stop: stop[1], size }),
    takeover:
      (resources.fence?.fails ?? 0) > 0
        ? Number.POSITIVE_INFINITY
        : FENCED + (lazy ? 80_000 : slow ? 50_000 : 15_000) + 2 * deadtime,
    peace: lazy ? 120_000 : 75_000,
  };
}

/** The longest that groups take to stop: each after what it is at, all of its tries included. */
export const stopTime = ({ groups, stopTries }: ResourcesPlan): number =>
  Math.max(...groups.map(({ size }) => size)) * stopTries * (STOP_TIMEOUT + 500) + START_TIMEOUT;

const fenceLine = ({ onFailure }: FencePlan): string =>
  `fence = { command = ["/sbin/fence"], timeout = "4s", retry = "2s", on_failure = "${onFailure}" }`;

function resourceLines(
  names: readonly string[],
  { groups, failback, startTries, stopTries, fence }: ResourcesPlan,
): string[] {
  const lines = groups.map(({ preferred, address, scripts }) =>
    JSON.stringify([names[preferred], ...textsOf(address, scripts)].join(" ")),
  );
  const timeouts = `start_timeout = "${START_TIMEOUT}ms", status_timeout = "${START_TIMEOUT}ms", stop_timeout = "${STOP_TIMEOUT}ms"`;
  return [
    `resources = [${lines.join(", ")}]`,
    `auto_failback = ${JSON.stringify(failback)}`,
    `resource_scripts = { ${timeouts}, start_tries = ${startTries}, stop_tries = ${stopTries}, pause = "500ms" }`,
    ...(fence === null ? [] : [fenceLine(fence)]),
  ];
}

/** The addresses of the other nodes on a segment. */
const othersOf = (node: NodePlan, nodes: readonly NodePlan[], segment: SegmentName): Ip[] =>
  nodes
    .filter((other) => other !== node)
    .flatMap(({ own }) => own[segment].slice(0, 1).map(({ address }) => address));

function linkTexts(link: LinkPlan): readonly string[] {
  if (link.type === "serial") return [`{ type = "serial", device = "${LINE}", baud = ${link.baud} }`];
  const on = `type = "${link.type}", interface = "${INTERFACE_OF[link.segment]}"`;
  if (link.type === "unicast") return link.peers.map((peer) => `{ ${on}, peer = "${peer}" }`);
  return [link.type === "multicast" ? `{ ${on}, group = "${link.group}" }` : `{ ${on} }`];
}

export function clusterText(cluster: ClusterPlan): string {
  const { nodes, links, keepalive, deadtime, initdead, pings, resources } = cluster;
  return [
    "[heartbeat]",
    `nodes = ${JSON.stringify(nodes)}`,
    `keepalive = "${keepalive}ms"`,
    `deadtime = "${deadtime}ms"`,
    `initdead = "${initdead}ms"`,
    'auth = { method = "sha1", key = "k" }',
    `links = [${links.flatMap(linkTexts).join(", ")}]`,
    ...(resources === null ? [] : resourceLines(nodes, resources)),
    `ping_nodes = ${pings ? `["${GATEWAY}"]` : "[]"}`,
  ].join("\n");
}
