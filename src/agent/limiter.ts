/** Says a thing once a minute however often it happens: what a peer can repeat must not fill a log. */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, ms } from "../base/units.ts";

const PERIOD: Milliseconds = ms(60_000);
/** Things remembered at once; beyond that nothing new is said until old ones are a minute old. */
const REMEMBERED_MAX = 1024;

export class Limiter {
  /** In the order in which they may be said again. */
  private readonly until = new Map<string, Instant>();

  /** Whether this may be said now; remembers that it was. */
  allows(what: string, now: Instant): boolean {
    for (const [key, at] of this.until) {
      if (now < at) break;
      this.until.delete(key);
    }
    if (this.until.has(what) || this.until.size >= REMEMBERED_MAX) return false;
    this.until.set(what, after(now, PERIOD));
    return true;
  }
}
