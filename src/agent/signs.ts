/**
 * What shows, besides adverts, that somebody else has what a router of ours has: a node of the cluster says so, or another link-layer address
 * answers for an address. An alarm while it lasts: in the log once a minute, in the status, and to `notify.any`.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after } from "../base/units.ts";
import { contestOver } from "./contest.ts";
import { notifyAgain } from "./notify.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** How it shows: `arp` and `nd` for IPv4 and IPv6. */
export type SignKind = "claim" | "arp" | "nd";

export interface Sign {
  readonly what: SignKind;
  /** The other's address, or link-layer address. */
  readonly source: string;
  readonly since: Instant;
  /** It counts until then if nothing of the kind comes again. */
  readonly until: Instant;
}

/** Something of the kind was seen: for `lasts`, unless it is seen again. `text`: what it means, and what is done. */
export function seen(
  world: World,
  turn: Turn,
  router: Router,
  sign: Pick<Sign, "what" | "source"> & { readonly lasts: Milliseconds; readonly text: string },
): void {
  const { what, source, lasts, text } = sign;
  const { name } = router.config;
  for (const other of world.signs.keys()) signOf(world, other, turn.now);
  const known = signOf(world, router, turn.now);
  world.signs.set(router, { what, source, since: known?.since ?? turn.now, until: after(turn.now, lasts) });
  if (!world.alarms.allows(`contested ${name} ${what}`, turn.now)) return;
  turn.out.log("error", "vrrp.contested", { name, what, source, text });
  if (known !== null) return;
  const reason = `contested: ${source}: ${text}`;
  const action = notifyAgain(router, reason, world.config.agent.scriptUser);
  if (action !== null) turn.out.defer(action);
}

/** What shows of a router at the moment. */
function signOf(world: World, router: Router, now: Instant): Sign | null {
  const sign = world.signs.get(router);
  if (sign !== undefined && sign.until > now) return sign;
  world.signs.delete(router);
  return null;
}

/** Whether a router shares what it has with somebody, by adverts or by any sign. */
export const contends = (world: World, router: Router, now: Instant): boolean =>
  (router.contest?.alarmed === true && !contestOver(router, now)) || signOf(world, router, now) !== null;

/** `contested` of a router in the status; null where nobody contends. */
export function contestStatus(
  world: World,
  router: Router,
  now: Instant,
  clock: (at: Instant) => string,
): object | null {
  const { contest } = router;
  if (contest?.alarmed === true && !contestOver(router, now)) {
    const { source, setting } = contest;
    return { what: "advert", source, setting, since: clock(contest.since) };
  }
  const sign = signOf(world, router, now);
  return sign === null
    ? null
    : { what: sign.what, source: sign.source, setting: "", since: clock(sign.since) };
}
