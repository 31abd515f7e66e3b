/** Who would win an election if one were held now, as far as this node can know: backups are silent, and what they were may be old. */
import type { Ip } from "../base/address.ts";
import { elapsed } from "../base/units.ts";
import type { Instant, Priority } from "../base/units.ts";
import { outranks } from "../vrrp/rank.ts";
import { RELEASING } from "../vrrp/state.ts";
import type { Peer, Router } from "./router.ts";

/** One that takes part. */
export interface Candidate {
  readonly address: Ip;
  readonly priority: Priority;
  /** This node. */
  readonly self: boolean;
  /** Null for this node. */
  readonly heardAt: Instant | null;
}

export interface Prospect {
  /** Whether this node would be master. */
  readonly wins: boolean;
  /** In a word or two. */
  readonly reason: string;
  /** Everybody known, best first; without this node where it takes no part. */
  readonly order: readonly Candidate[];
}

/** Adverts that a master may miss before it counts as silent. */
const PATIENCE = 4;

export function prospect(router: Router, now: Instant): Prospect {
  const { source, priority, machine } = router;
  const others = [...router.peers.values()]
    .filter((peer) => peer.priority !== RELEASING)
    .map((peer): Candidate => ({ ...pick(peer), self: false, heardAt: peer.heardAt }));
  const out = takesNoPart(router);
  const own: Candidate[] =
    source === null || out !== null ? [] : [{ address: source, priority, self: true, heardAt: null }];
  const order = [...own, ...others].sort((a, b) => (ranks(a, b) ? -1 : 1));
  const judged = (wins: boolean, reason: string): Prospect => ({ wins, reason, order });
  if (source === null || out !== null) return judged(false, out ?? "no address to send from");
  // A better one that says nothing would have spoken: it does not want to, or is gone.
  const speaking = (heardAt: Instant | null): boolean =>
    heardAt !== null && elapsed(heardAt, now) <= PATIENCE * longest(router);
  const rival = order.find(({ self, heardAt }) => !self && speaking(heardAt));
  if (rival === undefined) return judged(true, others.length === 0 ? "no other heard" : "no other speaks");
  if (priority < rival.priority) return judged(false, "lower priority");
  const settings = router.settings();
  const incumbent = machine.kind === "backup" ? machine.master : null;
  if (incumbent !== null && !settings.preempt)
    return judged(false, "preempt = false: the running master stays");
  if (priority > rival.priority) return judged(true, "higher priority");
  if (settings.tie === "sticky") return judged(machine.kind === "master", "equals: the running master stays");
  const higher = outranks(priority, source, rival.priority, rival.address);
  return judged(higher, higher ? "equals: higher address" : "equals: lower address");
}

const pick = ({ address, priority }: Peer): { address: Ip; priority: Priority } => ({ address, priority });

const ranks = (a: Candidate, b: Candidate): boolean => outranks(a.priority, a.address, b.priority, b.address);

/** Why a router cannot be master, null where it can. */
function takesNoPart(router: Router): string | null {
  if (router.order?.kind === "standby") return "in standby";
  return router.faults.length > 0 ? "in fault" : null;
}

/** The longest interval that it or a peer keeps to. */
const longest = ({ config, peers }: Router): number =>
  Math.max(config.advertInterval, ...[...peers.values()].map(({ interval }) => interval));
