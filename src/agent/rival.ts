/** Other nodes of the cluster that say they are master of what we are master of; contend.ts says what comes of it. */
import type { Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { earlier, instant, NEVER } from "../base/units.ts";
import type { Router } from "./router.ts";

/** Another node that says it is master of what we are master of, or were until it said so. */
export interface Rival {
  readonly node: string;
  readonly source: Ip;
  /** Since when both are. */
  readonly since: Instant;
  /** It said so last. */
  readonly saidAt: Instant;
  /** When we gave way; null: we did not. */
  yieldedAt: Instant | null;
}

export class Rivals {
  /** By the router of ours that they contend with. */
  readonly known = new Map<Router, Rival>();
  /** When a router was told of last. */
  readonly told = new Map<Router, Instant>();
  tellAt: Instant = instant(0);
  askAt: Instant = NEVER;

  /** Long ago, where it was not told of. */
  toldAt(router: Router): number {
    return this.told.get(router) ?? Number.NEGATIVE_INFINITY;
  }

  get deadline(): Instant {
    return earlier(this.tellAt, this.askAt);
  }
}
