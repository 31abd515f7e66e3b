/** Membership at work: an event goes into its machine, and what it wants is said, logged and remembered. */
import { unreachable } from "../../base/assert.ts";
import type { Instant } from "../../base/units.ts";
import { elapsed } from "../../base/units.ts";
import { forsaken } from "../../heartbeat/admission.ts";
import type { Action, Event, State, Step } from "../../heartbeat/membership.ts";
import { deadline, start, step } from "../../heartbeat/membership.ts";
import { arrangementDue } from "./agreement.ts";
import type { Cluster, Link } from "./cluster.ts";
import { tellLink, tellNode } from "./notify.ts";
import { askPings, pingIs } from "./pings.ts";
import { resourcesStart } from "./resources.ts";
import { say } from "./send.ts";
import { fenceState } from "../resource/fence.ts";
import { beginResources, give } from "../resource/machine.ts";
import type { Turn } from "../world.ts";

/** So much later than due, the silence of the others is our own sleep. */
const SLEEP = 500;

/** The first words of this life. */
export function joins(cluster: Cluster, turn: Turn): void {
  turn.out.log("info", "heartbeat.node", { node: cluster.name, state: "up", generation: cluster.generation });
  beginResources(cluster, turn);
  take(cluster, turn, start(cluster.settings(), turn.now));
}

/** We may not have run for a while. What others said meanwhile may still wait, so this comes before all that is due, and all that has come. */
export function noticeSleep(cluster: Cluster, turn: Turn): void {
  const { state } = cluster;
  if (state === null || cluster.left || elapsed(dueAt(cluster, state), turn.now) <= SLEEP) return;
  give(cluster, turn, { kind: "slept" });
  take(cluster, turn, step(cluster.settings(), state, { kind: "slept" }, turn.now));
}

/** Something happens to membership. */
export function happen(cluster: Cluster, turn: Turn, event: Event): void {
  if (cluster.state === null || cluster.left) return;
  const settings = cluster.settings();
  const due = dueAt(cluster, cluster.state);
  take(cluster, turn, step(settings, cluster.state, event, turn.now, due));
}

/** The deadline of a state, worked out once: it is asked for after each step and before the next. */
function dueAt(cluster: Cluster, state: State): Instant {
  const settings = cluster.settings();
  const { due } = cluster;
  if (due !== null && due.state === state && due.settings === settings) return due.at;
  const at = deadline(settings, state);
  cluster.due = { state, settings, at };
  return at;
}

/**
 * Somebody has begun, or is back: our status goes before all else. A heartbeat that hears anything else of us first has a node more that it need
 * not wait for, and one that does not take part: it runs everything at once.
 */
export function greet(cluster: Cluster, turn: Turn): void {
  if (cluster.state === null) return;
  cluster.state = { ...cluster.state, sayAt: turn.now };
  happen(cluster, turn, { kind: "deadline" });
}

/** When membership wants to be looked at. */
export const membersDue = (cluster: Cluster): Instant | null =>
  cluster.state === null || cluster.left ? null : dueAt(cluster, cluster.state);

function take(cluster: Cluster, turn: Turn, { state, actions }: Step): void {
  cluster.state = state;
  if (actions.length === 0) return;
  if (actions.some(({ kind }) => kind === "say")) askPings(cluster, turn);
  for (const action of actions) perform(cluster, turn, action);
}

function perform(cluster: Cluster, turn: Turn, action: Action): void {
  switch (action.kind) {
    case "say":
      return say(cluster, turn, { kind: "status", status: action.status, deadtime: action.deadtime });
    case "ask-nodes":
      return say(cluster, turn, { kind: "reqnodes", to: action.to });
    case "active":
      turn.out.log("info", "heartbeat.node", { node: cluster.name, state: "active" });
      return resourcesStart(cluster, turn);
    case "node":
      if (cluster.config.pings.some(({ name }) => name === action.name)) return pingIs(cluster, turn, action);
      return nodeIs(cluster, turn, action);
    case "link": {
      const link = cluster.links.get(action.link);
      if (link === undefined || !concerns(cluster, link, action.name)) return;
      const { type, name } = link.config;
      const level = action.state === "up" ? "info" : "warning";
      return tellLink(cluster, turn, level, { link: name, type, node: action.name, state: action.state });
    }
    case "late": {
      const late_ms = Math.round(action.silence);
      return turn.out.log("warning", "heartbeat.late", { node: action.name, after_ms: late_ms });
    }
    default:
      return unreachable(action);
  }
}

function nodeIs(
  cluster: Cluster,
  turn: Turn,
  { name, from, to }: Extract<Action, { readonly kind: "node" }>,
): void {
  const node = cluster.nodes.get(name);
  if (node === undefined) return;
  const fields = { node: name, from, state: to };
  if (to !== "dead") {
    tellNode(cluster, turn, "info", fields);
    if (from === "init" || from === "dead") {
      arrangementDue(cluster, turn);
      give(cluster, turn, { kind: "peer-heard" });
    }
    return;
  }
  const heardAt = Math.max(...node.heardOn.values());
  const reason = node.left
    ? "it had stopped"
    : Number.isFinite(heardAt)
      ? `not heard for ${Math.round(elapsed(heardAt as Instant, turn.now))} ms on any link`
      : "never heard";
  node.tracking = forsaken(node.tracking);
  node.stable = false;
  cluster.history.forget(name);
  tellNode(cluster, turn, node.left ? "info" : "warning", { ...fields, reason });
  give(cluster, turn, { kind: "peer-dead" });
  // On which side of the cut we are: only an answer from now on counts.
  if (fenceState(cluster) !== null) askPings(cluster, turn);
}

/** A line leads to one node, and so may a unicast link: the others are not missing on it. */
export function concerns(cluster: Cluster, { id, config }: Link, node: string): boolean {
  const point = config.type === "serial" || (config.type === "unicast" && config.peers.length === 1);
  const known = cluster.nodes.get(node);
  if (!point || known === undefined || known.heardOn.has(id)) return true;
  return ![...cluster.nodes.values()].some(({ heardOn }) => heardOn.has(id));
}
