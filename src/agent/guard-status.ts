/** The guard of a router in the status: what is asked for, what was answered, and what it makes of that. */
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import type { Reply } from "./boundary.ts";
import { guardText } from "./guard.ts";
import type { Router } from "./router.ts";
import type { World } from "./world.ts";

const rounded = (from: Instant | null, to: Instant): number | null =>
  from === null ? null : Math.max(0, Math.round(elapsed(from, to)));

/** `idle`: a master is heard, or the router is none of those that wait for one. */
function stateOf({ guard }: Router): "idle" | "asking" | "blocked" | "isolated" {
  if (guard === null || guard.last === null || guard.outcome === "passed") return "idle";
  return guard.outcome === "waiting" ? "asking" : guard.outcome;
}

/** Null where no evidence is configured. */
export function guardStatus(router: Router, now: Instant): object | null {
  const { heartbeat, witnesses } = router.config.guard;
  if (!heartbeat && witnesses.length === 0) return null;
  return {
    evidence: [...(heartbeat ? ["heartbeat"] : []), ...witnesses.map((address) => `ping:${address}`)],
    state: stateOf(router),
    text: guardText(router),
    asked_ms: rounded(router.askedAt, now),
    witness_answered_ms: rounded(router.witnessedAt, now),
    claims: [...router.claims].map(([node, { claim, at }]) => ({
      node,
      name: claim.name,
      state: claim.state,
      healthy: claim.healthy,
      priority: claim.priority,
      address: claim.address,
      adverts_sent: claim.adverts,
      heard_ms: rounded(at, now),
    })),
  };
}

/** The answer to `why`, with what holds the router back at the moment. */
export function withGuard(world: World, name: string, reply: Reply): Reply {
  const router = world.routers.get(name);
  const held = router === undefined ? null : guardText(router);
  return held === null ? reply : { ...reply, body: { ...Object(reply.body), held } };
}

/** Some router would take over and must not: the election does not do what it is for. */
export const guardDegraded = (world: World): boolean =>
  [...world.routers.values()].some(
    ({ guard }) => guard?.outcome === "blocked" || guard?.outcome === "isolated",
  );
