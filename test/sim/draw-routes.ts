/** Routes and rules as a seed draws them, from streams of their own: runs without them stay what they were. */
import type { Fault } from "./faults.ts";
import type { NodePlan, PlannedRoute, RouterPlan, SegmentName } from "./plan.ts";
import { INTERFACE_OF, SEGMENTS } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** So many runs have some. */
const ODDS = 0.35;
const LOSSES_MAX = 5;

const on = (segment: SegmentName, words: string): PlannedRoute => ({ text: words, segment });

/** What a router may have: on its own interface or the other, from its address, one that others share, one that leads nowhere. */
function drawRoutes(chance: Prng, { vrid, segment, addresses }: RouterPlan): PlannedRoute[] {
  const own = INTERFACE_OF[segment];
  const other = chance.pick(SEGMENTS);
  const source = addresses.find(({ address }) => !address.includes(":"))?.address;
  const all: PlannedRoute[] = [
    on(segment, `10.20.${vrid}.0/24 via 10.0.${segment === "lan" ? 1 : 2}.9 dev ${own}`),
    on(other, `10.21.${vrid}.0/24 dev ${INTERFACE_OF[other]} table 100`),
    on("wan", "10.22.0.0/16 dev eth2"),
    { text: `blackhole 10.23.${vrid}.0/24`, segment: null },
    ...(source === undefined ? [] : [on(segment, `10.24.${vrid}.0/24 dev ${own} src ${source}`)]),
  ];
  return all.filter(() => chance.chance(0.5));
}

const drawRules = (chance: Prng, { vrid }: RouterPlan): string[] =>
  [`from 10.20.${vrid}.0/24 table 100 priority 1000`, "from all fwmark 0x7 table 100 priority 1001"].filter(
    () => chance.chance(0.5),
  );

/** Gives routes and rules to some routers of every node; a reload changes them. */
export function withRoutes(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  if (!chance.chance(ODDS)) return [...nodes];
  const give = (router: RouterPlan): RouterPlan =>
    chance.chance(0.8)
      ? { ...router, routes: drawRoutes(chance, router), rules: drawRules(chance, router) }
      : router;
  return nodes.map((node): NodePlan => {
    const { config, later } = node;
    return {
      ...node,
      config: { ...config, routers: config.routers.map(give) },
      later: { ...later, routers: later.routers.map(give) },
    };
  });
}

/** `ip route del` by hand. */
export function drawRouteLosses(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  if (!nodes.some(({ config }) => config.routers.some(({ routes }) => routes.length > 0))) return [];
  return Array.from({ length: chance.integer(0, LOSSES_MAX) }, (): Fault => {
    const at = chance.between(0, peaceAt - 1);
    return { kind: "route-removed", at, until: at, node: chance.integer(0, nodes.length - 1) };
  });
}
