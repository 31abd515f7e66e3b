/** The part of the status object that is about a check, of a router's or of a real server's. */
import type { Instant } from "../base/units.ts";
import type { World } from "./world.ts";

/** How often a check is to be probed, and how often it lately was; null: there is none, or it is not known yet. */
export function paceStatus(
  world: World,
  check: string | null,
): { readonly interval_ms: number | null; readonly achieved_interval_ms: number | null } {
  const pace = check === null ? null : world.checks.pace(check);
  const achieved = pace?.achieved ?? null;
  return {
    interval_ms: pace?.interval ?? null,
    achieved_interval_ms: achieved === null ? null : Math.round(achieved),
  };
}

/** The last failed probe of a check, with what was said. */
export function failureStatus(
  world: World,
  check: string,
  clock: (at: Instant) => string,
): { readonly at: string; readonly detail: string; readonly transcript: readonly string[] } | null {
  const failure = world.checks.failure(check);
  return failure === null ? null : { ...failure, at: clock(failure.at) };
}
