/**
 * The master that a backup follows says by the cluster's links that it released: heeded as a priority of 0 would be, and without the skew
 * where nobody else can take over. Which node a master is, its own claims say: they carry what its adverts come from.
 */
import type { Ip } from "../base/address.ts";
import { after, elapsed, ms } from "../base/units.ts";
import { RELEASING } from "../vrrp/state.ts";
import type { Believed } from "./cluster/claims.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { drive } from "./drive.ts";
import { isIsolated } from "./guard.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** A word that came after others of its sender, as one that was lost and is said again, is sure when so many intervals brought no advert. */
const MISSED = 1.5;
/** Who has released takes nothing for so many intervals at least (RFC 9568 6.1). */
const LISTENS = 3;

/** A node has said something of its router: it is heeded here where that is that it released. */
export function heedReleased(world: World, turn: Turn, { router, node, claim, late }: Believed): void {
  if (claim.state !== "released") return;
  const { machine, config } = router;
  const { address: source } = claim;
  // In fault, as without a link, in standby and while it stops it is none.
  if (machine.kind !== "backup") return;
  // It gave them to that one, as no witness answered here.
  if (isIsolated(router)) return;
  const { master } = machine;
  if (source === null || master?.address !== source) return;
  if (claimedByAnother(router, node, source)) return;
  const peer = router.peers.get(source);
  if (peer !== undefined && !late) router.heard({ ...peer, priority: RELEASING, heardAt: turn.now });
  const alone = world.cluster !== null && isAlone(world.cluster, router, node, source, turn);
  turn.out.log("info", "vrrp.released", { name: config.name, source, node });
  const sureAt = late ? after(master.heardAt, ms(MISSED * master.interval)) : turn.now;
  drive(world, turn, router, { kind: "released", source, alone, sureAt });
}

/** Two nodes with one address: nobody knows whose word it is. */
const claimedByAnother = (router: Router, node: string, source: Ip): boolean =>
  [...router.claims].some(([name, { claim }]) => name !== node && claim.address === source);

/** Whether every other router of this election is known to be dead, or to have released a moment ago and to listen now. */
function isAlone({ nodes, state }: Cluster, router: Router, node: string, source: Ip, turn: Turn): boolean {
  const listens = (at: Ip): boolean => {
    const peer = router.peers.get(at);
    if (peer?.priority !== RELEASING) return false;
    return elapsed(peer.heardAt, turn.now) < LISTENS * peer.interval;
  };
  const gone = new Set<Ip>([source]);
  for (const name of nodes.keys()) {
    if (name === node) continue;
    const address = router.claims.get(name)?.claim.address ?? null;
    const dead = state?.peers.get(name)?.status === "dead";
    if (!dead && (address === null || !listens(address))) return false;
    if (dead && address !== null) gone.add(address);
  }
  const others = [...router.peers.keys(), ...router.config.unicastPeers.map(({ address }) => address)];
  return others.every((each) => gone.has(each) || listens(each));
}
