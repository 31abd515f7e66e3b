/**
 * `[heartbeat]` as a seed draws it: whether there are routers, a cluster or both, and over which links its nodes speak. All of it comes from
 * streams of its own: runs without heartbeat stay what they were.
 */
import type { Ip } from "../../src/base/address.ts";
import { INTERFACE_OF, type NodePlan, type SegmentName, SEGMENTS } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** One link. */
export type LinkPlan =
  | { readonly type: "broadcast"; readonly segment: SegmentName }
  | { readonly type: "multicast"; readonly segment: SegmentName; readonly group: Ip }
  | { readonly type: "unicast"; readonly segment: SegmentName; readonly peers: readonly Ip[] }
  | { readonly type: "serial"; readonly baud: number };

/** `[heartbeat]` of a node; times in milliseconds. */
export interface ClusterPlan {
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

/** Both ends have the same name for a link: that of src/agent/cluster.ts. */
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
  return nodes.map((node) => {
    const of = (chosen: readonly LinkPlan[]): ClusterPlan => ({
      ...{ nodes: names, keepalive, deadtime, initdead: 2 * deadtime, pings },
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

export const clusterText = ({ nodes, links, keepalive, deadtime, initdead, pings }: ClusterPlan): string =>
  [
    "[heartbeat]",
    `nodes = ${JSON.stringify(nodes)}`,
    `keepalive = "${keepalive}ms"`,
    `deadtime = "${deadtime}ms"`,
    `initdead = "${initdead}ms"`,
    'auth = { method = "sha1", key = "k" }',
    `links = [${links.flatMap(linkTexts).join(", ")}]`,
    `ping_nodes = ${pings ? `["${GATEWAY}"]` : "[]"}`,
  ].join("\n");
