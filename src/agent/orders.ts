/** The operator's `standby` and `takeover`: of a router with its sync group, of groups of resources, or of all there is. */
import type { Reply, Request } from "./boundary.ts";
import { standby, takeover } from "./operator.ts";
import { classOf, order } from "./resource/orders.ts";
import type { Which } from "./resource/orders.ts";
import type { Turn, World } from "./world.ts";

type Asked = Extract<Request, { readonly command: "standby" | "takeover" }>;

/** Carries it out. Null: it is answered when the other node of a cluster has. */
export function obey(world: World, turn: Turn, connection: number, asked: Asked): Reply | null {
  const { cluster } = world;
  const resources = cluster?.resources ?? null;
  const { command: kind, name, groups = null } = asked;
  const named = name !== null && !world.routers.has(name) && cluster !== null ? classOf(cluster, name) : null;
  const which: Which | null = groups ?? named ?? (name === null ? "all" : null);
  const routers = groups === null && named === null;
  if (cluster === null || resources === null || which === null) {
    if (groups !== null) return { exit: 1, body: { error: "there are no groups of resources" } };
    return tellRouters(world, turn, asked);
  }
  if (world.stopping !== null) return { exit: 1, body: { error: "the agent is stopping" } };
  if (kind === "takeover" && asked.force && !routers) {
    return { exit: 1, body: { error: "--force is for virtual routers: groups move when both nodes agree" } };
  }
  const first = routers && world.routers.size > 0 ? tellRouters(world, turn, asked) : null;
  // What the routers refused stays refused.
  const { exit, body } = first ?? { exit: 0, body: {} };
  return order(cluster, turn, resources, { kind, which, connection, exit, body: { ...Object(body) } });
}

const tellRouters = (world: World, turn: Turn, asked: Asked): Reply =>
  asked.command === "standby"
    ? standby(world, turn, asked.name)
    : takeover(world, turn, asked.name, asked.force);
