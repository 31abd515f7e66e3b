/** Guards as a seed draws them, from a stream of their own: runs without them stay what they were. */
import { GATEWAY } from "./cluster-plan.ts";
import type { Fault } from "./faults.ts";
import type { ConfigPlan, GuardPlan, NodePlan } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** So many runs with a cluster have guards, and so many without one. */
const ODDS = 0.8;
const ODDS_ALONE = 0.15;
const FAULTS_MAX = 3;

/** Gives some runs guards, the same on all nodes; whoever owns the addresses asks nobody. */
export function withGuards(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  const cluster = nodes[0]?.config.cluster ?? null;
  // Of two that do not believe each other's adverts a guard makes one that waits.
  const keys = new Set(nodes.flatMap(({ config }) => config.routers.map(({ key }) => key)));
  if (keys.size > 1) return [...nodes];
  if (!chance.chance(cluster === null ? ODDS_ALONE : ODDS)) return [...nodes];
  const heartbeat = cluster !== null && chance.chance(0.8);
  const witness = !heartbeat || chance.chance(0.5);
  const release = witness && chance.chance(0.3);
  const guard: GuardPlan = { heartbeat, witness: witness ? GATEWAY : null, release };
  const guarded = (config: ConfigPlan): ConfigPlan => ({
    ...config,
    routers: config.routers.map((router) => (router.priority === 255 ? router : { ...router, guard })),
  });
  return nodes.map((node) => ({ ...node, config: guarded(node.config), later: guarded(node.later) }));
}

/** Nodes lose sight of the witness, where there is one. */
export function drawGatewayFaults(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  const asks = nodes.some(({ config }) => config.routers.some(({ guard }) => guard?.witness != null));
  if (!asks) return [];
  return Array.from({ length: chance.integer(0, FAULTS_MAX) }, () => {
    const at = chance.between(0, peaceAt - 1);
    const until = Math.min(at + 300 * 10 ** chance.between(0, 2), peaceAt - 1);
    const all = nodes.map((_, index) => index);
    return {
      kind: "gateway-lost",
      at,
      until,
      from: chance.pick([all, [chance.pick(all)], [chance.pick(all)]]),
    };
  });
}
