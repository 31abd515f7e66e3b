/** Two agents of a cluster with groups of resources, on a clock that only moves when told. */
import type { Reply, Request } from "../../src/agent/boundary.ts";
import { Wire, type WireNode } from "./cluster-wire.ts";

export const GROUPS = ["a probe::one probe::uno", "b probe::two"];
/** Two that begin at once have agreed by then. */
export const BEGUN = 15_000;
export const DEADTIME = 3000;

export const text = (resources: readonly string[] = GROUPS, more = ""): string => `[heartbeat]
nodes = ["a", "b"]
keepalive = "500ms"
deadtime = "${DEADTIME}ms"
initdead = "6s"
auth = { method = "sha1", key = "k" }
links = [{ type = "broadcast", interface = "eth0" }]
resources = ${JSON.stringify(resources)}
${more}
`;

export interface Pair {
  readonly wire: Wire;
  readonly a: WireNode;
  readonly b: WireNode;
}

export function pair(resources = GROUPS, more = ""): Pair {
  const wire = new Wire();
  const [a, b] = [wire.node("a", text(resources, more)), wire.node("b", text(resources, more))];
  wire.run(BEGUN);
  return { wire, a, b };
}

export const running = ({ a, b }: Pair): string =>
  [a, b].map(({ scripts }) => [...scripts.running].toSorted().join(",")).join(" | ");

interface Row {
  readonly group: string;
  readonly owner: string | null;
  readonly state: string;
}
export const rows = (node: WireNode): string[] => {
  const { resources }: { resources: readonly Row[] } = Object(node.status()["heartbeat"]);
  return resources.map(({ group, owner, state }) => `${group} ${owner ?? "-"} ${state}`);
};

/** What the status says besides, of each group. */
export const details = (node: WireNode): string[] => {
  const { resources }: { resources: readonly { readonly detail: string }[] } = Object(
    node.status()["heartbeat"],
  );
  return resources.map(({ detail }) => detail);
};

/** The answer to an order, which may come only when the other node has agreed. */
export function asked({ wire }: Pair, node: WireNode, request: Request): Reply {
  const { length } = node.replies;
  const reply = node.request(request);
  wire.run(11_000);
  return node.replies[length] ?? reply;
}
export const standby = (groups?: "all" | "local" | "foreign"): Request =>
  groups === undefined ? { command: "standby", name: null } : { command: "standby", name: null, groups };

/** Every link is cut, until both have taken the other for dead, and joined again. */
export function partition({ wire }: Pair, then: () => void = () => undefined): void {
  wire.passes = () => false;
  wire.run(10_000);
  then();
  wire.passes = () => true;
  wire.run(20_000);
}
