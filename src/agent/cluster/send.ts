/** What this node says to its cluster: composed, counted, signed, and put on every link. */
import type { Content } from "../../heartbeat/content.ts";
import { encodeContent } from "../../heartbeat/content.ts";
import { compose, isNumbered } from "../../heartbeat/header.ts";
import { signingIndex } from "../../heartbeat/keys.ts";
import { sealDatagram, sealSerial } from "../../heartbeat/packet.ts";
import { elapsed } from "../../base/units.ts";
import type { Message } from "../../wire/heartbeat-message.ts";
import { valueOf } from "../../wire/heartbeat-message.ts";
import type { Cluster, Link } from "./cluster.ts";
import type { Precedence } from "./boundary.ts";
import type { Turn } from "../world.ts";

/** Added to the number of nodes, ping nodes included: heartbeat's hopfudge. */
const HOPS_MORE = 1;
/** A clock that was never set: the daemon drops a message of the time 0. */
const TIME_LEAST = 1;

/** Says it to all: it carries a name where it is for one. */
export function say(
  cluster: Cluster,
  turn: Turn,
  content: Exclude<Content, { readonly kind: "other" }>,
): void {
  const { identity, host, history, generation } = cluster;
  if (identity === null || host === null) return;
  const to = "to" in content && content.to !== null ? (cluster.nodes.get(content.to) ?? null) : null;
  const wallClock = host.time.wallClock + elapsed(host.at, turn.now);
  const message = compose(encodeContent(content), identity, {
    generation,
    sequence: history.next,
    time: Math.max(TIME_LEAST, Math.floor(wallClock / 1000)),
    load: host.time.load,
    ttl: cluster.config.nodes.length + cluster.config.pings.length + HOPS_MORE,
    // What it forgot of itself may be its UUID, too.
    destinationUuid: content.kind === "life" ? null : (to?.uuid ?? null),
  });
  if (isNumbered(valueOf(message, "t") ?? "")) history.add(message);
  transmit(cluster, turn, message, precedenceOf(content));
}

function precedenceOf(content: Content): Precedence {
  switch (content.kind) {
    case "status":
      return "status";
    case "claims":
      // Somebody waits for the word that a master has released.
      return content.claims.some(({ state }) => state === "released") ? "urgent" : "other";
    case "rexmit":
    case "nak":
      return "again";
    default:
      return "other";
  }
}

/** Puts a message on every link that is open, in the form that each medium has. */
export function transmit(cluster: Cluster, turn: Turn, message: Message, precedence: Precedence): void {
  const { ring, heardIndex, config } = cluster;
  const index = signingIndex(ring, heardIndex, config.auth.follow);
  const datagrams: Link[] = [];
  const lines: Link[] = [];
  for (const link of cluster.links.values()) {
    if (link.open) (link.config.type === "serial" ? lines : datagrams).push(link);
  }
  const put = (links: readonly Link[], bytes: Uint8Array): void => {
    for (const { counters } of links) {
      counters.sentMessages++;
      counters.sentBytes += bytes.length;
    }
    turn.out.defer({ kind: "heartbeat", what: "send", links: links.map(({ id }) => id), bytes, precedence });
  };
  if (datagrams.length > 0) put(datagrams, sealDatagram(message, ring, index));
  if (lines.length > 0) put(lines, sealSerial(message, ring, index));
}
