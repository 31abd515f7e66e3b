/** Two agents of one cluster: adverts on eth0, heartbeat on eth0 and eth1, a gateway that answers or not. Milliseconds of a clock that only moves when told. */
import { expect } from "bun:test";
import type { WireNode } from "./cluster-wire.ts";
import { Wire } from "./cluster-wire.ts";

export const INTERVAL = 1000;
/** Of priority 100: three intervals and the skew. */
export const TIMER = 3000 + (156 * INTERVAL) / 256;
export const GATEWAY = "10.0.2.254";

export const heartbeat = (nodes: readonly string[]): string => `
[heartbeat]
nodes = [${nodes.map((node) => `"${node}"`).join(", ")}]
keepalive = "200ms"
deadtime = "5s"
auth = { method = "crc" }
links = [{ type = "broadcast", interface = "eth0" }, { type = "broadcast", interface = "eth1" }]
`;

interface Options {
  readonly guard?: readonly string[];
  readonly more?: string;
  readonly name?: string;
  readonly priority?: number;
  readonly nodes?: readonly string[];
}

export const router = ({
  guard = ["heartbeat"],
  more = "",
  name = "VI_1",
  priority = 100,
}: Options): string => `
[vrrp.${name}]
interface = "eth0"
vrid = 51
priority = ${priority}
addresses = ["10.0.2.100/24"]
guard = [${guard.map((each) => `"${each}"`).join(", ")}]
${more}
`;

export const config = (options: Options): string =>
  router(options) +
  (options.guard?.includes("heartbeat") === false ? "" : heartbeat(options.nodes ?? ["a", "b"]));

/** `a`, master for a while, and `b`, its backup. */
export function pair(b: Options = {}, a: Options = {}) {
  const wire = new Wire();
  const master = wire.node("a", config({ priority: 150, ...a }));
  wire.run(5000);
  const backup = wire.node("b", config(b));
  wire.run(20_000);
  expect([master, backup].map((node) => node.router()["state"])).toEqual(["master", "backup"]);
  return { wire, master, backup };
}

export const state = (node: WireNode, name?: string): unknown => node.router(name)["state"];
export const guard = (node: WireNode): Record<string, unknown> => ({ ...Object(node.router()["guard"]) });
/** Nobody hears anybody's adverts any more. */
export const blocks = (wire: Wire): void => void (wire.hears = () => false);
export const heals = (wire: Wire): void => void (wire.hears = () => true);

/** How long until a node is master, from now; null: not within a minute. */
export function takes(wire: Wire, node: WireNode, limit = 60_000): number | null {
  const from = wire.now;
  const known = node.said("vrrp.state").length;
  wire.run(limit);
  const found = node.logs.find(
    ({ event, at, fields }) => event === "vrrp.state" && at >= from && fields["to"] === "master",
  );
  expect(node.said("vrrp.state").length).toBeGreaterThanOrEqual(known);
  return found === undefined ? null : found.at - from;
}

/** When the last advert was heard, before now. */
export function silentFor(node: WireNode): number {
  const { last_heard_ms: heard = 0 } = Object(node.router()["master"]);
  return Number(heard);
}
