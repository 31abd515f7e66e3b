/** Ways that are not there, as a seed draws them: a switch port that does not forward yet, a host without a route. */
import { anyNode, type Fault } from "./faults.ts";
import { type NodePlan, SEGMENTS } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** So many runs have nodes whose adverts find no way, and how long, in intervals: powers of ten. */
const MUTE_ODDS = 0.3;
const MUTES_MAX = 3;
const MUTE_LASTS = [0, 1.5] as const;

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

/** `ip route add unreachable`, and del: adverts of a node are refused on a segment; from a stream of its own. */
export function drawMutes(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  const intervals = nodes.flatMap(({ config }) => config.routers.map(({ interval }) => interval));
  if (intervals.length === 0 || !chance.chance(MUTE_ODDS)) return [];
  return Array.from({ length: chance.integer(1, MUTES_MAX) }, (): Fault => {
    const at = chance.between(0, peaceAt - 1);
    const lasts = Math.max(...intervals) * 10 ** chance.between(...MUTE_LASTS);
    const until = Math.min(at + lasts, peaceAt - 1);
    return { kind: "mute", at, until, node: anyNode(chance, nodes), segment: chance.pick(SEGMENTS) };
  });
}
