/** A switch port that does not forward yet, as a seed draws it. */
import { anyNode, type Fault } from "./faults.ts";
import type { NodePlan } from "./plan.ts";
import type { Prng } from "./prng.ts";

/**
 * A node is started again behind a port that does not forward yet, and becomes a second master there; it is heard when the first one
 * has run for long. `interval` is that of their adverts, and there must be time for it before `peaceAt`.
 */
export function drawLatePort(
  chance: Prng,
  nodes: readonly NodePlan[],
  interval: number,
  peaceAt: number,
): Fault[] {
  const at = 80 * interval;
  // Until it is still new, or until both have run for long.
  const until = at + (chance.chance(0.6) ? chance.between(10, 45) : chance.between(75, 90)) * interval + 20;
  if (until >= peaceAt) return [];
  const node = anyNode(chance, nodes);
  const others = nodes.map((_, index) => index).filter((index) => index !== node);
  const cut = { kind: "cut", at, until, from: [node], to: others, both: true } as const;
  return [
    { ...cut, segment: "lan" },
    { ...cut, segment: "wan" },
    { kind: "stop", at: at + 1, until: at + 15, node, restart: true },
  ];
}
