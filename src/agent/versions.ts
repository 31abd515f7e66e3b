/**
 * Peers that speak both versions of the protocol (RFC 5798 8.4): each advert comes twice. One half counts, the one this router would
 * speak itself or, if it speaks both, that of version 3: version 2 says the same with a coarser interval.
 */
import type { Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { elapsed, instant } from "../base/units.ts";
import type { Dialect, Version } from "../vrrp/timing.ts";
import { preferred } from "../vrrp/timing.ts";
import type { Peer, Router } from "./router.ts";

/** A peer that has not been heard in a version for so many of its intervals, less than any patience, does not speak it any more. */
const FORGOTTEN = 2.5;

/** When a peer was last heard in each version. */
export type Spoke = Peer["spoke"];

const NEVER_HEARD = instant(Number.NEGATIVE_INFINITY);

/** Notes an advert in one of a peer's versions; `before` is null of a peer that was never heard. Written in place: it is each advert. */
export function spokeNow(before: Spoke | null, version: Version, now: Instant): Spoke {
  const spoke = before ?? { 2: NEVER_HEARD, 3: NEVER_HEARD };
  spoke[version] = now;
  return spoke;
}

const speaks = ({ spoke, interval }: Peer, version: Version, now: Instant): boolean =>
  elapsed(spoke[version], now) <= FORGOTTEN * interval;

/** Whether an advert says again what the peer says in the version that counts here; it is noted, and that is all. */
export function isEcho(router: Router, source: Ip, version: Version, now: Instant): boolean {
  const counts = preferred(router.config.version);
  const peer = router.peers.get(source);
  if (peer === undefined || version === counts || !speaks(peer, counts, now)) return false;
  spokeNow(peer.spoke, version, now);
  return true;
}

/**
 * Whether an advert may be the first half of one in both versions, the half that does not count here: what it differs in is said by the
 * next one like it, if this version's half has not come in between.
 */
export function mayBeHalf(router: Router, before: Peer | undefined, version: Version): boolean {
  const own = router.config.version;
  if (own === "2+3" || version === own) return false;
  return before === undefined || before.spoke[version] <= before.spoke[own];
}

/** What a peer spoke when it was last heard. */
export function dialectOf(peer: Peer): Dialect {
  const two = speaks(peer, 2, peer.heardAt);
  return two && speaks(peer, 3, peer.heardAt) ? "2+3" : two ? 2 : 3;
}
