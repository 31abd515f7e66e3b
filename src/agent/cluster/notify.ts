/** A link, a node or a group of resources is another than before: a line of the log, and the commands of `[heartbeat] notify`, not waited for. */
import type { LogLevel } from "../../config/model.ts";
import type { Cluster } from "./cluster.ts";
import type { Turn } from "../world.ts";

/** What happened to what; the words are those of the log. */
interface News {
  /** An interface or device, a node, a group. */
  readonly name: string;
  readonly state: string;
  /** Empty where it is not known. */
  readonly previous: string;
  readonly reason: string;
  /** Of a link, the node that it leads to; all where that is not one. */
  readonly node?: string;
}

const WORDS = { link: "LINK", node: "NODE", group: "GROUP" } as const;

/** Runs them with `LINK|NODE|GROUP name state` behind their own arguments; one after the other for each thing. */
function notifyCluster(
  { config, scriptUser }: Cluster,
  turn: Turn,
  what: keyof typeof WORDS,
  { name, state, previous, reason, node = "" }: News,
): void {
  const lists = config.notify[what];
  if (lists.length === 0) return;
  const word = state.toUpperCase();
  turn.out.defer({
    kind: "notify",
    queue: `heartbeat ${what} ${name} ${node}`.trimEnd(),
    commands: lists.map((argv) => [...argv, WORDS[what], name, word]),
    environment: {
      HAAGENT_NAME: name,
      HAAGENT_STATE: word,
      HAAGENT_PREVIOUS: previous.toUpperCase(),
      HAAGENT_REASON: reason,
      ...(node === "" ? {} : { HAAGENT_NODE: node }),
    },
    user: scriptUser,
  });
}

/** What is told of a link, as the log has it. */
interface LinkFields {
  readonly link: string;
  readonly type: string;
  /** The node that it leads to; absent where all of it is meant. */
  readonly node?: string;
  readonly state: string;
  readonly reason?: string;
}

/** Tells of a link; `previous` is empty where it is not known. */
export function tellLink(
  cluster: Cluster,
  turn: Turn,
  level: LogLevel,
  fields: LinkFields,
  previous = "",
): void {
  const { link: name, node, state, reason = "" } = fields;
  turn.out.log(level, "heartbeat.link", { ...fields });
  notifyCluster(cluster, turn, "link", {
    name,
    state,
    previous,
    reason,
    ...(node === undefined ? {} : { node }),
  });
}

/** What is told of a node or a ping node, as the log has it. */
interface NodeFields {
  readonly node: string;
  readonly type?: "ping";
  readonly from?: string;
  readonly state: string;
  readonly reason?: string;
}

/** Tells of a node; `previous` where the log does not say it. */
export function tellNode(
  cluster: Cluster,
  turn: Turn,
  level: LogLevel,
  fields: NodeFields,
  previous = fields.from ?? "",
): void {
  const { node: name, state, reason = "" } = fields;
  turn.out.log(level, "heartbeat.node", { ...fields });
  notifyCluster(cluster, turn, "node", { name, state, previous, reason });
}

/** Tells of a group. */
export function tellGroup(
  cluster: Cluster,
  turn: Turn,
  level: LogLevel,
  fields: { readonly group: string; readonly state: string; readonly from: string; readonly reason: string },
): void {
  const { group: name, state, from: previous, reason } = fields;
  turn.out.log(level, "resource.state", fields);
  notifyCluster(cluster, turn, "group", { name, state, previous, reason });
}

/** Tells whether the other node has the same groups; `differences` is empty where it has. */
export function tellAgreement(cluster: Cluster, turn: Turn, node: string, differences: string): void {
  const [state, previous] = differences === "" ? ["same", "differs"] : ["differs", "same"];
  if (differences === "") turn.out.log("info", "resource.agreement", { node, state });
  else {
    const detail = "cure: make resources, auto_failback and ping nodes the same in both files, reload both";
    turn.out.log("warning", "resource.agreement", { node, state, differences, detail });
  }
  notifyCluster(cluster, turn, "node", { name: node, state, previous, reason: differences });
}
