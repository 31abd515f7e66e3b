/** The part of the status object that is about a check, of a router's or of a real server's. */
import type { Instant } from "../base/units.ts";
import type { World } from "./world.ts";

/** The last failed probe of a check, with what was said. */
export function failureStatus(
  world: World,
  check: string,
  clock: (at: Instant) => string,
): { readonly at: string; readonly detail: string; readonly transcript: readonly string[] } | null {
  const failure = world.checks.failure(check);
  return failure === null ? null : { ...failure, at: clock(failure.at) };
}
