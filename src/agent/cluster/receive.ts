/** What comes in over the links: judged, counted, answered. */
import { agreementForgets, arrangementDue, arrangementTold } from "./agreement.ts";
import { due, nextAsk, owesAck, without } from "../../heartbeat/admission.ts";
import type { Content } from "../../heartbeat/content.ts";
import type { DropReason, Reading, Receipt, Receiver } from "../../heartbeat/receive.ts";
import { read, receive } from "../../heartbeat/receive.ts";
import { sameBytes } from "../../wire/heartbeat-message.ts";
import { unreachable } from "../../base/assert.ts";
import type { Event } from "../../heartbeat/membership.ts";
import type { Instant } from "../../base/units.ts";
import { after, earlier, ms, NEVER } from "../../base/units.ts";
import type { AboutRouters, Cluster, Link, Node } from "./cluster.ts";
import { REPEAT_EVERY } from "./cluster.ts";
import { tellNode } from "./notify.ts";
import { doubtLife, earlierLife, laterLife } from "./life.ts";
import { greet, happen } from "./members.ts";
import { resourceTold } from "./resources.ts";
import { say, transmit } from "./send.ts";
import { give } from "../resource/machine.ts";
import type { HeartbeatEvent } from "./boundary.ts";
import type { Turn } from "../world.ts";

type Heard = Extract<Event, { readonly kind: "heard" }>;

/** What is missing is asked for so much later, and up to 200 ms more: it may just come out of order. */
const ASK_AFTER = 50;
const ASK_SPREAD = 200;

/** Reasons that are somebody's mistake, or attack: told once a minute for each link. The others belong to every day. */
const TOLD: readonly DropReason[] = [
  ...(["unsigned", "key", "forged", "oversized", "algorithm", "stream"] as const),
  ...(["header", "node", "content", "replay", "future", "stale"] as const),
];

/** Bytes of a link: a datagram is a message, of a line every whole one counts. */
export function bytesReceived(
  cluster: Cluster,
  turn: Turn,
  { link: id, bytes }: Extract<HeartbeatEvent, { readonly what: "received" }>,
): void {
  const link = cluster.links.get(id);
  if (link === undefined || cluster.state === null) return;
  link.counters.receivedBytes += bytes.length;
  if (link.config.type !== "serial") return take(cluster, turn, link, bytes);
  const { frames, skipped, halves, oversized } = link.framer.take(bytes);
  cluster.drop("noise", skipped);
  cluster.drop("half", halves);
  cluster.drop("oversized", oversized);
  for (const frame of frames) take(cluster, turn, link, frame);
}

const receiverOf = (cluster: Cluster, own: Receiver["own"]): Receiver => ({
  own,
  sender: (name) => {
    const node = cluster.nodes.get(name);
    if (node === undefined) return null;
    return { tracking: node.tracking, dead: cluster.state?.peers.get(name)?.status === "dead" };
  },
});

/** What it says, worked out once for what comes in over several links. */
function reading(cluster: Cluster, bytes: Uint8Array): Reading {
  const { ring, lastRead } = cluster;
  if (lastRead !== null && lastRead.ring === ring && sameBytes(lastRead.bytes, bytes))
    return lastRead.reading;
  const made = read(bytes, ring);
  if (made.ok) cluster.lastRead = { ring, bytes, reading: made };
  return made;
}

function take(cluster: Cluster, turn: Turn, link: Link, bytes: Uint8Array): void {
  const { identity } = cluster;
  if (identity === null) return;
  const askAt = after(turn.now, ms(ASK_AFTER + cluster.random(ASK_SPREAD)));
  const receipt = receive(receiverOf(cluster, identity), reading(cluster, bytes), askAt);
  if (receipt.kind === "dropped") {
    cluster.drop(receipt.reason);
    if (TOLD.includes(receipt.reason) && cluster.limiter.allows(`${receipt.reason} ${link.id}`, turn.now)) {
      const fields = { link: link.config.name, type: link.config.type, reason: receipt.reason };
      turn.out.log("warning", "heartbeat.rejected", { ...fields, source: receipt.source ?? "unknown" });
    }
    const node = receipt.source === null ? undefined : cluster.nodes.get(receipt.source);
    const isPassed = receipt.reason === "replay" || receipt.reason === "future";
    if (node !== undefined && isPassed) earlierLife(cluster, turn, node);
    // The same over another link, or a link that is slower than the other.
    if (node !== undefined && (receipt.reason === "duplicate" || receipt.reason === "old")) {
      heard(cluster, turn, link, node, "again");
    }
    return;
  }
  accepted(cluster, turn, link, receipt);
}

function accepted(
  cluster: Cluster,
  turn: Turn,
  link: Link,
  receipt: Extract<Receipt, { readonly kind: "accepted" }>,
): void {
  const { header, content, admission, tracking } = receipt;
  const node = cluster.nodes.get(header.source);
  if (node === undefined) return;
  const begins = tracking.generation !== node.tracking.generation || admission?.change === "returned";
  node.tracking = tracking;
  node.uuid = header.uuid ?? node.uuid;
  cluster.heardIndex = receipt.index;
  doubtLife(cluster, turn, node);
  if (begins) greet(cluster, turn);
  if (admission !== null) {
    const { change, lost } = admission;
    if (change !== "none") {
      cluster.history.forget(node.name);
      node.left = false;
      node.stable = false;
      const reason = change === "restarted" ? "began a new life" : "returned after a partition";
      tellNode(cluster, turn, "info", { node: node.name, state: change, reason });
      if (change === "restarted") agreementForgets(cluster);
      arrangementDue(cluster, turn);
      give(cluster, turn, { kind: "peer-back", how: change });
    }
    cluster.lost += lost;
    const { sequence } = header;
    if (sequence !== null && owesAck(node.tracking, sequence, node.turn)) {
      say(cluster, turn, { kind: "ack", to: node.name, sequence });
    }
  }
  heard(cluster, turn, link, node, signOfLife(receipt));
  if (!receipt.forUs) return;
  if (content.kind === "ask-claims" || content.kind === "claims") {
    const { generation, sequence } = header;
    if (generation === null || sequence === null) return;
    cluster.inbox.push({ node: node.name, content, generation, sequence });
    return;
  }
  if (content.kind === "arrangement") {
    return arrangementTold(cluster, turn, node, content.arrangement, header);
  }
  answer(cluster, turn, node, content);
  if (cluster.resources !== null) {
    give(cluster, turn, { kind: "message", content, sequence: header.sequence ?? 0 });
  }
}

/** What a message shows of its sender. One without a number may be one that somebody recorded: it shows that the link lives, and no more. */
function signOfLife({ header, content }: Extract<Receipt, { readonly kind: "accepted" }>): Heard["what"] {
  if (content.kind === "status") return { status: content.status, deadtime: content.deadtime };
  return header.sequence === null ? "again" : null;
}

function heard(cluster: Cluster, turn: Turn, link: Link, node: Node, what: Heard["what"]): void {
  link.counters.receivedMessages++;
  node.heardOn.set(link.id, turn.now);
  happen(cluster, turn, { kind: "heard", name: node.name, link: link.id, what });
}

function answer(
  cluster: Cluster,
  turn: Turn,
  node: Node,
  content: Exclude<Content, AboutRouters | { readonly kind: "arrangement" }>,
): void {
  const { name } = node;
  switch (content.kind) {
    case "reqnodes":
      return say(cluster, turn, { kind: "repnodes", to: name, nodes: cluster.config.nodes, removed: [] });
    case "repnodes":
      return happen(cluster, turn, { kind: "nodes-told" });
    case "ack": {
      const alive = [...(cluster.state?.peers ?? [])].filter(([, { status }]) => status !== "dead");
      return cluster.history.acknowledge(
        name,
        content.sequence,
        alive.map(([each]) => each),
      );
    }
    case "life":
      return laterLife(cluster, turn, node, content.generation);
    case "nak":
      node.tracking = without(node.tracking, content.sequence);
      return;
    case "rexmit": {
      const { again, naks } = cluster.history.answer(name, content.first, content.last, turn.now);
      for (const message of again) transmit(cluster, turn, message, "again");
      for (const { sequence, why } of naks) say(cluster, turn, { kind: "nak", to: name, sequence, why });
      return;
    }
    case "status":
    case "ping-count":
    case "give-up":
    case "ipfail-joined":
    case "other":
      return;
    case "starting":
    case "resource":
    case "standby":
    case "takeover":
    case "ip-request":
    case "ip-response":
      return resourceTold(cluster, turn, node, content);
    case "shutdone":
      happen(cluster, turn, { kind: "left", name });
      return resourceTold(cluster, turn, node, content);
    default:
      return unreachable(content);
  }
}

/** Asks for what is missing and due. */
export function askAgain(cluster: Cluster, turn: Turn): void {
  for (const node of cluster.nodes.values()) {
    if (node.tracking.missing.length === 0) continue;
    const { tracking, ask } = due(node.tracking, turn.now, REPEAT_EVERY);
    node.tracking = tracking;
    for (const sequence of ask) {
      say(cluster, turn, { kind: "rexmit", to: node.name, first: sequence, last: sequence });
    }
  }
}

/** When to do that next. */
export function nextQuestion(cluster: Cluster): Instant {
  let least = NEVER;
  for (const { tracking } of cluster.nodes.values()) {
    if (tracking.missing.length > 0) least = earlier(least, nextAsk(tracking));
  }
  return least;
}
