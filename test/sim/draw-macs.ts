/** Virtual MAC addresses and refusing masters as a seed draws them, from streams of their own: runs without them stay what they were. */
import type { Fault } from "./faults.ts";
import type { NodePlan, RouterPlan } from "./plan.ts";
import type { Prng } from "./prng.ts";

/** So many runs have some, of either kind. */
const ODDS = 0.3;
const FAULTS_MAX = 4;

/** Of some routers: those that have no routes, whose words name an interface, and adopt nothing. */
export function withMacs(chance: Prng, nodes: readonly NodePlan[]): NodePlan[] {
  const macs = chance.chance(ODDS);
  const refusals = chance.chance(ODDS);
  if (!macs && !refusals) return [...nodes];
  const give = (router: RouterPlan): RouterPlan => {
    const virtualMac = chance.pick([true, true, true, "announce-only", false] as const);
    const fits = macs && router.routes.length === 0 && !router.adopt && router.priority !== 255;
    const accept = !refusals || chance.chance(0.4);
    // Bridges would forget where the address is, of which the configuration warns.
    const garp = router.garp.refresh === 0 ? { ...router.garp, refresh: 60_000 } : router.garp;
    return fits && virtualMac !== false ? { ...router, virtualMac, accept, garp } : { ...router, accept };
  };
  return nodes.map((node): NodePlan => {
    const given = new Map(node.config.routers.map((router) => [router.name, give(router)]));
    const same = (router: RouterPlan): RouterPlan => {
      const { virtualMac = false, accept = true } = given.get(router.name) ?? {};
      return chance.chance(0.85) ? { ...router, virtualMac, accept } : router;
    };
    return {
      ...node,
      config: { ...node.config, routers: [...given.values()] },
      later: { ...node.later, routers: node.later.routers.map(same) },
    };
  });
}

/** `ip link del` and `ip link set down` of devices, and a kernel that makes none. */
export function drawMacFaults(chance: Prng, nodes: readonly NodePlan[], peaceAt: number): Fault[] {
  const some = nodes.some(({ config }) => config.routers.some(({ virtualMac }) => virtualMac !== false));
  if (!some) return [];
  return Array.from({ length: chance.integer(0, FAULTS_MAX) }, (): Fault => {
    const at = chance.between(0, peaceAt - 1);
    const node = chance.integer(0, nodes.length - 1);
    const kind = chance.pick(["device-removed", "device-removed", "device-down", "device-fails"] as const);
    return kind === "device-fails" ? { kind, at, until: at, node, count: 1 } : { kind, at, until: at, node };
  });
}
