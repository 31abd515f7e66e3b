/**
 * What is said about resources: by the machine of groups where there are any. Else the answers of a node that holds nothing: others can start,
 * move theirs, and leave beside it.
 */
import type { Content } from "../../heartbeat/content.ts";
import type { Cluster, Node } from "./cluster.ts";
import { tellNode } from "./notify.ts";
import { say } from "./send.ts";
import { give } from "../resource/machine.ts";
import type { Turn } from "../world.ts";

type About = Extract<
  Content,
  {
    readonly kind:
      "starting" | "resource" | "standby" | "takeover" | "ip-request" | "ip-response" | "shutdone";
  }
>;

/** What another node says of resources; where there is a machine, it hears it too. */
export function resourceTold(cluster: Cluster, turn: Turn, node: Node, content: About): void {
  // The machine answers for itself.
  const active = cluster.resources === null && cluster.state?.own === "active";
  switch (content.kind) {
    case "starting":
      node.stable = false;
      if (active) report(cluster, turn);
      return;
    case "resource": {
      if (content.stable === null) return;
      const settled = content.stable && !node.stable;
      node.stable = content.stable;
      // Once: two that answer each answer never end.
      if (settled && active) report(cluster, turn);
      return;
    }
    case "ip-request":
      if (cluster.resources !== null) return;
      return say(cluster, turn, { kind: "ip-response", to: node.name, group: content.group, owned: false });
    case "shutdone":
      node.left = true;
      tellNode(cluster, turn, "info", { node: node.name, state: "leaving", reason: "it stops" }, "active");
      return;
    default:
  }
}

const report = (cluster: Cluster, turn: Turn): void =>
  say(cluster, turn, { kind: "resource", hold: "none", full: true, stable: true, info: null, pings: null });

/** Takes part from now on. */
export function resourcesStart(cluster: Cluster, turn: Turn): void {
  if (cluster.resources !== null) return give(cluster, turn, { kind: "active" });
  say(cluster, turn, { kind: "starting" });
}

/** The last words: nothing is held, and nobody need wait for us. The machine has said its own. */
export function resourcesEnd(cluster: Cluster, turn: Turn): void {
  if (cluster.resources !== null) return;
  say(cluster, turn, {
    kind: "resource",
    hold: "none",
    full: true,
    stable: false,
    info: "shutdown",
    pings: null,
  });
  say(cluster, turn, { kind: "shutdone" });
}
