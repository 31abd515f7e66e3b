/** Awaited hooks as a seed draws them, from streams of their own: runs without them stay what they were. */
import type { Fault } from "./faults.ts";
import type { HooksPlan, NodePlan, RouterPlan } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** So many runs have hooks. */
const ODDS = 0.3;
const FAILURES_MAX = 6;

const drawHooks = (chance: Prng): HooksPlan => ({
  beforeTake: chance.chance(0.7),
  afterTake: chance.chance(0.4),
  beforeRelease: chance.chance(0.6),
  timeout: chance.pick([50, 300, 1000, 3000]),
  retry: chance.pick([300, 2000, 10_000]),
});

/** Gives hooks to some routers of every node; a reload keeps them. */
export function withHooks(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  if (!chance.chance(ODDS)) return [...nodes];
  return nodes.map((node): NodePlan => {
    const hooks = new Map(
      node.config.routers.map(({ name }) => [name, chance.chance(0.8) ? drawHooks(chance) : null]),
    );
    const give = (router: RouterPlan): RouterPlan => ({ ...router, hooks: hooks.get(router.name) ?? null });
    return {
      ...node,
      config: { ...node.config, routers: node.config.routers.map(give) },
      later: { ...node.later, routers: node.later.routers.map(give) },
    };
  });
}

/**
 * Times in which the hooks of a node mostly fail or hang: at the first election, or around another fault, as elections and releases
 * come of those.
 */
export function drawHookFailures(
  chance: Prng,
  nodes: readonly NodePlan[],
  faults: readonly Fault[],
  peaceAt: number,
): Fault[] {
  const hooked = nodes.some(({ config }) => config.routers.some(({ hooks }) => hooks !== null));
  if (!hooked) return [];
  return Array.from({ length: chance.integer(0, FAILURES_MAX) }, (): Fault => {
    const cause = faults.length === 0 || chance.chance(0.2) ? null : chance.pick(faults);
    const at = cause === null ? 0 : Math.max(0, chance.pick([cause.at, cause.until]) - 10);
    const until = Math.min(peaceAt - 1, at + 1000 * 10 ** chance.between(0, 1.5));
    const someone = chance.integer(0, nodes.length - 1);
    const node = cause !== null && "node" in cause && chance.chance(0.5) ? cause.node : someone;
    return { kind: "hooks-fail", at, until, node };
  });
}
