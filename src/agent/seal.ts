/**
 * Adverts behind an authentication header (`auth = { type = "ah" }`): the count of packets that keeps old ones from being sent again.
 * keepalived has one count for the whole virtual router, not one for each sender: whoever hears an advert goes on from its number, and
 * an advert that is not above it is dropped, unless it has the number of our own last one and so was sent at the same time. So a router that resumes must go on above its own last number, or the others take over.
 */
import type { Instant } from "../base/units.ts";
import type { Authenticated } from "../wire/ah.ts";
import { encodeAh, isAuthentic, SEQUENCE_MAX } from "../wire/ah.ts";
import { decodeIp } from "../wire/ip.ts";
import { assert } from "../base/assert.ts";
import type { Action } from "./boundary.ts";
import type { Router } from "./router.ts";

/** No router sends adverts faster for long: version 2 has one a second, and answers a worse master every 100 ms. */
const ADVERT_LEAST = 50;
/** Nor more than this at once. */
const BURST = 16;

/** A received packet with its authentication header. */
export interface Sealed {
  /** From the IP header on. */
  readonly bytes: Uint8Array;
  readonly header: Authenticated;
}

/** The adverts of one turn behind their headers, all with the next number. */
export function seal(router: Router, adverts: readonly Action[], key: Uint8Array): readonly Action[] {
  router.sequence = Math.min(SEQUENCE_MAX, router.sequence + 1);
  router.sequenceOwn = true;
  return adverts.map((advert) => {
    assert(advert.kind === "frame" || advert.kind === "packet", "an advert is sent");
    const packet = decodeIp(4, advert.bytes);
    assert(packet.ok, "an advert of ours is an IPv4 packet");
    return { ...advert, bytes: encodeAh(packet.value, router.sequence, key) };
  });
}

/** Why a packet behind a header does not count; null when it does, and the count goes on from it. */
export function unseal(router: Router, { bytes, header }: Sealed, key: Uint8Array): "forged" | "old" | null {
  if (!isAuthentic(bytes, header, key)) return "forged";
  if (header.sequence < router.sequence) return "old";
  // Two that took over in one moment count in step, and would never hear each other: what crossed our own last one is not old.
  if (header.sequence === router.sequence && !router.sequenceOwn) return "old";
  router.sequence = header.sequence;
  router.sequenceOwn = false;
  return null;
}

/** What the ledger keeps of the count: it grows by less than the time does, so that with the time this bounds it. */
export const sequenceBase = (router: Router, now: Instant): number =>
  router.sequence - Math.floor(now / ADVERT_LEAST);

/** Above every number that was sent until `now` since the ledger was written. */
export const resumedSequence = (base: number, now: Instant): number =>
  Math.min(SEQUENCE_MAX, Math.max(0, base + Math.floor(now / ADVERT_LEAST) + BURST));
