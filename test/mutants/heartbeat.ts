/** Faults of heartbeat. */
import { FENCE } from "./fence.ts";
import type { Catcher, Mutant } from "./mutants.ts";
import { RELEASED } from "./released.ts";

const fault = (file: string, find: string, replace: string, breaks: string): Mutant => ({
  file: `src/heartbeat/${file}.ts`,
  find,
  replace,
  breaks,
  caughtBy: "heartbeat",
});

/** Of the agent's part in a cluster. */
const agentFault = (
  file: string,
  find: string,
  replace: string,
  breaks: string,
  caughtBy: Catcher,
): Mutant => ({
  ...{ file: `src/agent/${file}.ts`, find, replace, breaks },
  caughtBy,
});

export const HEARTBEAT: readonly Mutant[] = [
  ...FENCE,
  agentFault(
    "cluster/members",
    "elapsed(dueAt(cluster, cluster.state), turn.now) > SLEEP",
    "false",
    "takes the others for dead when it wakes up",
    "agent/cluster",
  ),
  agentFault(
    "cluster/resources",
    "const settled = content.stable && !node.stable;",
    "const settled = content.stable;",
    "answers each answer, without end",
    "agent/cluster",
  ),
  agentFault(
    "cluster/receive",
    'receipt.reason === "duplicate" || receipt.reason === "old"',
    "false",
    "lets a second link die",
    "agent/cluster",
  ),
  agentFault(
    "cluster/receive",
    "for (const message of again) transmit(cluster, turn, message);",
    "",
    "sends nothing again",
    "agent/cluster",
  ),
  agentFault(
    "cluster/heartbeat",
    "    resourcesEnd(cluster, turn);\n",
    "",
    "leaves without a word",
    "agent/cluster",
  ),
  agentFault(
    "cluster/receive",
    "  if (begins) greet(cluster, turn);\n",
    "",
    "lets a heartbeat that begins hear something else than its status first",
    "agent/cluster-life",
  ),
  agentFault(
    "cluster/agreement",
    "agreement.alike ? after(turn.now, GRACE) : turn.now",
    "turn.now",
    "cries at each reload of one node and then the other",
    "agent/agreement",
  ),
  agentFault(
    "cluster/agreement",
    '    if (agreement.told !== "") tell(cluster, turn);\n',
    "",
    "never says that both nodes have the same groups again",
    "agent/agreement",
  ),
  agentFault(
    "cluster/status",
    "if (disagrees(cluster)) return true;",
    "",
    "is content with a node that has other groups",
    "agent/agreement",
  ),
  agentFault(
    "cluster/members",
    "      arrangementDue(cluster, turn);\n",
    "",
    "does not say at once what groups it has",
    "agent/agreement",
  ),
  fault(
    "arrangement",
    "mark.own === ours[at]?.own",
    "false",
    "does not notice that both nodes prefer themselves",
  ),
  agentFault(
    "cluster/links",
    "if (told === cluster.told && cluster.retryAt > turn.now) return;",
    "if (told === cluster.told) return;",
    "gives a link up that could not be opened",
    "agent/cluster",
  ),

  fault(
    "keys",
    "isSame(sign(ring, index, data), signature) ? index",
    "sign(ring, index, data).length === signature.length ? index",
    "believes a token of the right length",
  ),
  {
    file: "src/wire/heartbeat-token.ts",
    find: "one.length === other.length && timingSafeEqual",
    replace: "timingSafeEqual",
    breaks: "ends at a token of another length",
    caughtBy: "heartbeat",
  },
  agentFault(
    "cluster/receive",
    "lastRead.ring === ring && sameBytes(lastRead.bytes, bytes)",
    "lastRead.ring === ring",
    "takes every message for the last one",
    "agent/cluster",
  ),
  agentFault(
    "cluster/receive",
    "lastRead.ring === ring && sameBytes",
    "sameBytes",
    "believes once more what was signed with a key that is no more",
    "agent/cluster",
  ),
  fault("keys", "follow && heard !== null", "heard !== null", "signs with what the peer signs with, unasked"),
  fault(
    "packet",
    'if (typeof index !== "number") return fail(index);\n  // Only now',
    "// Only now",
    "takes a datagram that nobody signed",
  ),
  fault(
    "admission",
    'arrival.generation < generation) return drop("replay")',
    'arrival.generation + 1 < generation) return drop("replay")',
    "believes the life before",
  ),
  fault("admission", 'if (!arrival.isStatus) return drop("early");', "", "lets any message begin a life"),
  fault(
    "admission",
    'if (dead && sequence <= highest) return drop("stale");',
    "",
    "wakes the dead with what was sent before",
  ),
  fault(
    "admission",
    'return { tracking: without(tracking, sequence), admission: accepted("none") };',
    'return { tracking, admission: accepted("none") };',
    "counts a late message as often as it comes",
  ),
  fault("admission", ".slice(-MISSING_MAX)", "", "remembers what is missing without bound"),
  fault("admission", "if (lost > GAP_MAX) {", "if (lost > 2 * GAP_MAX) {", "asks for hundreds of messages"),
  fault(
    "history",
    "if (this.#sent.length > HISTORY_MAX) this.#sent.shift();",
    "",
    "keeps all that it ever sent",
  ),
  fault(
    "history",
    "if (sequence > this.#highest || ",
    "if (",
    "believes an acknowledgement of what was never sent",
  ),
  fault("history", "first + ANSWERS_MAX - 1", "last", "answers a request of any size"),
  fault(
    "generation",
    "Math.max(counted(stored), counted(heard), sane(time)) + 1",
    "counted(stored) + 1",
    "goes back when state_dir is lost",
  ),
  fault("generation", "time >= CLOCK_LEAST && ", "", "believes a clock that was never set"),
  fault("serial", "if (this.#length === SERIAL_BYTES_MAX) {", "if (false) {", "writes over its end"),
  fault(
    "serial",
    "if (this.#lineEndsWith(OPENING)) {",
    "if (false) {",
    "loses the message behind a half one",
  ),
  fault("receive", 'if (source === own.name) return drop("own");', "", "counts itself"),
  fault("receive", "return destinationUuid === own.uuid;", "return true;", "takes what is for another"),
  fault(
    "membership",
    "patience: says?.deadtime ?? peer.patience",
    "patience: peer.patience",
    "does not wait as long as a node announced",
  ),
  fault(
    "membership",
    'peer.status === "dead" ? peer : { ...peer, heardAt: now }',
    '{ ...peer, heardAt: now, status: "up" }',
    "wakes the dead with any message",
  ),
  fault(
    "membership",
    "heardAt: now };\n  const peers = Array",
    "heardAt: link.heardAt };\n  const peers = Array",
    "takes links for dead after a stall of its own",
  ),
  fault(
    "membership",
    'const heardAt = peer.status === "dead" || peer.heardAt === null ? peer.heardAt : now;',
    "const { heardAt } = peer;",
    "takes nodes for dead after a stall of its own",
  ),
  fault(
    "asking",
    'kind === "node" && peer?.status !== "dead"',
    'kind === "node"',
    "waits for an answer of the dead",
  ),
  fault(
    "membership",
    "complete ? peer.patience : ms(Math.max(initdead, peer.patience))",
    "peer.patience",
    "gives up a peer while networks come up",
  ),
  ...RELEASED,
];
