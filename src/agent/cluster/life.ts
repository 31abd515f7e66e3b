/**
 * The number of this node's life, where what it knew itself was too low: a state_dir that was lost or put back, without a clock. The others drop
 * all it says as a replay then. An haagent among them tells it the number that it knows; a heartbeat does not.
 */
import { after, elapsed, instant, ms } from "../../base/units.ts";
import { isBelievable, isEarlierLife, nextGeneration } from "../../heartbeat/generation.ts";
import type { Cluster, Node } from "./cluster.ts";
import { say } from "./send.ts";
import type { Turn } from "../world.ts";

/** A node that says anything that counts speaks for itself: so many keepalives of silence, before what is dropped can be its own. */
const SILENCE = 3;
/** Between two words to the same node. */
const TELL_EVERY = ms(1000);

/** Something of an earlier life of a node came in: it may be replayed, or be all that the node can say. */
export function earlierLife(cluster: Cluster, turn: Turn, node: Node): void {
  const { generation } = node.tracking;
  const heardAt = instant(Math.max(...node.heardOn.values()));
  const silent = ms(cluster.config.keepalive * SILENCE);
  if (generation === null || cluster.left || node.toldAt > turn.now || after(heardAt, silent) > turn.now)
    return;
  node.toldAt = after(turn.now, TELL_EVERY);
  say(cluster, turn, { kind: "life", to: node.name, generation });
}

/** Another node knows a later life of ours than this one: it goes on under a number above both, once that is kept. */
export function laterLife(cluster: Cluster, turn: Turn, from: Node, heard: number): void {
  const { identity, host, generation } = cluster;
  if (!isEarlierLife(generation, heard) || identity === null || host === null || cluster.nextLife !== null)
    return;
  const time = (host.time.wallClock + elapsed(host.at, turn.now)) / 1000;
  const next = nextGeneration({ stored: generation, heard, time });
  if (next <= heard) return exhausted(cluster, turn, from, heard);
  cluster.nextLife = next;
  const reason = `${from.name} knows life ${heard} of this node: what was kept of it is lost or old`;
  turn.out.log("warning", "heartbeat.node", {
    node: cluster.name,
    state: "renumbered",
    generation: next,
    reason,
  });
  turn.out.defer({ kind: "heartbeat", what: "keep", uuid: identity.uuid, generation: next });
}

/** There is no number above that one: somebody with the key has said the last one there is. */
function exhausted(cluster: Cluster, turn: Turn, from: Node, heard: number): void {
  if (!cluster.limiter.allows("life exhausted", turn.now)) return;
  const cure = "cure: another key, and start the agents of all nodes anew";
  const reason = `${from.name} knows life ${heard} of this node, above which there is none: it is not heard there; ${cure}`;
  turn.out.log("error", "heartbeat.node", { node: cluster.name, state: "replayed", reason });
}

/** A node is heard under a number that no clock gives: it counts until a better one is heard. */
export function doubtLife(cluster: Cluster, turn: Turn, { name, tracking: { generation } }: Node): void {
  if (generation === null || isBelievable(generation)) return;
  if (!cluster.limiter.allows(`life ${name}`, turn.now)) return;
  const detail = `${name} says that this is life ${generation} of it, which no clock gives; cure: stop it, remove its hb_generation, start it`;
  turn.out.log("warning", "agent.warning", { what: "heartbeat generation", detail });
}

/** What state_dir has is not to be believed. */
export function tellDamaged(turn: Turn, stored: number | null): void {
  if (stored === null || isBelievable(stored)) return;
  const detail = `hb_generation in state_dir is damaged: it has life ${stored}, which no clock gives, and is not followed; a heartbeat that has heard of that one is to be started anew`;
  turn.out.log("warning", "agent.warning", { what: "heartbeat generation", detail });
}

/** The new number is kept, or cannot be: whether this life goes on under it. A status begins it. */
export function renumbered(cluster: Cluster, turn: Turn): boolean {
  const { nextLife, state } = cluster;
  if (nextLife === null || state === null) return false;
  cluster.generation = nextLife;
  cluster.nextLife = null;
  cluster.beginHistory();
  cluster.state = { ...state, sayAt: turn.now };
  return true;
}
