/** Addresses that we hold and watch: nobody else on their link may have them. */
import type { Family, Ip, Mac } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { NEVER } from "../base/units.ts";

/** What the edge listens for on one interface, in one family. */
export interface NeighbourWatch {
  readonly index: number;
  readonly family: Family;
  readonly addresses: readonly Ip[];
}

/** An ARP message, or an IPv6 packet with a neighbour advertisement, that gives somebody's link-layer address for one that is watched. */
export interface NeighbourEvent {
  readonly kind: "neighbour";
  readonly index: number;
  readonly family: Family;
  readonly bytes: Uint8Array;
}

export type NeighbourAction =
  /** The complete set of addresses to be watched from now on for what neighbours say of them. A few answers a second are enough. */
  | { readonly kind: "neighbours"; readonly watches: readonly NeighbourWatch[] }
  /** A question to neighbours, as a frame from the interface's own link-layer address. */
  | {
      readonly kind: "neighbour-probe";
      readonly index: number;
      readonly ethertype: number;
      readonly destination: Mac;
      readonly bytes: Uint8Array;
    };

/** Watched addresses of an interface and family, at most: a filter in the kernel has its limit (BPF_MAXINSNS, 4096 instructions). */
export const WATCHED_MAX = 1000;

/** Somebody else was heard to have one of ours. */
interface Suspect {
  readonly since: Instant;
  readonly seenAt: Instant;
}

/** By the text of the address's key. */
export class Neighbours {
  /** What the edge was told last, as JSON. */
  told = "[]";
  /** When its neighbours are asked about an address next. */
  readonly askAt = new Map<string, Instant>();
  readonly suspects = new Map<string, Suspect>();
  /** When an address was last defended, by router. */
  readonly defendedAt = new Map<string, Instant>();
  /** When something is to be asked. */
  wakeAt: Instant = NEVER;
}
