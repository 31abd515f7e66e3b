/** Heartbeat in the contract's status object. */
import type { Instant } from "../../base/units.ts";
import { elapsed } from "../../base/units.ts";
import { agreementStatus, disagrees } from "./agreement.ts";
import type { Cluster, Link } from "./cluster.ts";
import type { PingNode } from "../../config/heartbeat-model.ts";
import { concerns } from "./members.ts";
import { pingFailure } from "./pings.ts";
import { fenceStatus } from "../resource/fence.ts";
import { resourceStatus } from "../resource/status.ts";
import type { World } from "../world.ts";

const rounded = (from: Instant, to: Instant): number => Math.max(0, Math.round(elapsed(from, to)));

/** The value of `heartbeat`. */
export function heartbeatStatus({ cluster }: World, now: Instant): object {
  if (cluster === null) return { nodes: [], links: [], resources: [] };
  const { generation, config, drops, lost } = cluster;
  return {
    generation,
    lost,
    dropped: Object.fromEntries(drops),
    nodes: [
      ...config.nodes.map((name) => nodeRow(cluster, name, now)),
      ...config.pings.map((ping) => pingRow(cluster, ping, now)),
    ],
    links: [...cluster.links.values()].flatMap((link) => linkRows(cluster, link, now)),
    resources: resourceStatus(cluster, now),
    fence: fenceStatus(cluster, now),
    unkept: cluster.resources?.memory.failure ?? null,
    agreement: agreementStatus(cluster),
  };
}

function nodeRow({ name: own, state, nodes }: Cluster, name: string, now: Instant): object {
  if (name === own) {
    return { name, type: "node", self: true, state: state?.own ?? "init", last_heard_ms: null };
  }
  const heard = [...(nodes.get(name)?.heardOn.values() ?? [])];
  return {
    name,
    type: "node",
    self: false,
    state: state?.peers.get(name)?.status ?? "init",
    last_heard_ms: heard.length === 0 ? null : Math.min(...heard.map((at) => rounded(at, now))),
    left: nodes.get(name)?.left ?? false,
  };
}

function pingRow(cluster: Cluster, { name, addresses }: PingNode, now: Instant): object {
  const known = cluster.state?.peers.get(name);
  const heardAt = known?.heardAt ?? null;
  return {
    name,
    type: "ping",
    self: false,
    state: known?.status ?? "init",
    last_heard_ms: heardAt === null ? null : rounded(heardAt, now),
    addresses,
    failure: pingFailure(cluster, name),
  };
}

/** Keepalives for which a message that could not be sent stays worth telling. */
const TROUBLE_LASTS = 3;

function trouble({ config }: Cluster, { failure, unsent }: Link, now: Instant): string | null {
  if (failure !== null || unsent === null) return failure;
  return elapsed(unsent.at, now) <= config.keepalive * TROUBLE_LASTS ? unsent.reason : null;
}

/** A row for each node that the link leads to. */
function linkRows(cluster: Cluster, link: Link, now: Instant): object[] {
  const { config, open, counters, id } = link;
  const failure = trouble(cluster, link, now);
  return [...cluster.nodes.values()]
    .filter(({ name }) => concerns(cluster, link, name))
    .map(({ name, heardOn }) => {
      const heard = heardOn.get(id);
      return {
        name: config.name,
        type: config.type,
        peer: name,
        state: open ? (cluster.state?.peers.get(name)?.links.get(id)?.state ?? "init") : "failed",
        last_heard_ms: heard === undefined ? null : rounded(heard, now),
        open,
        failure,
        counters: {
          messages_sent: counters.sentMessages,
          bytes_sent: counters.sentBytes,
          messages_received: counters.receivedMessages,
          bytes_received: counters.receivedBytes,
          errors: counters.errors,
        },
      };
    });
}

/** A node that is missing, or a link: what keeps the two apart is one less; or the two have not the same groups. */
export function heartbeatDegraded({ cluster }: World): boolean {
  if (cluster === null || cluster.state === null) return false;
  const { peers } = cluster.state;
  if (disagrees(cluster)) return true;
  if ([...cluster.links.values()].some(({ open }) => !open)) return true;
  return [...peers].some(
    ([name, { status, links }]) =>
      status === "dead" ||
      [...links].some(([id, { state }]) => {
        const link = cluster.links.get(id);
        return state === "dead" && link !== undefined && concerns(cluster, link, name);
      }),
  );
}
