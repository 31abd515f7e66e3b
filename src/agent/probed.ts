/** What becomes of a probe's result: evidence for guards, or the health of checks, of what tracks them and of real servers. */
import { assess } from "./assess.ts";
import { witnessed } from "./guard.ts";
import type { Ended, ProbeEvent } from "./probe-boundary.ts";
import { unprobed } from "./unprobed.ts";
import type { Turn, World } from "./world.ts";

type ProbesEnded = Exclude<ProbeEvent, { kind: "probe-hint" }>;

/** Probes have ended. */
export function probed(world: World, turn: Turn, event: ProbesEnded): void {
  if (event.kind === "probe") one(world, turn, { check: event.check, outcome: event });
  else for (const ended of event.ended) one(world, turn, ended);
}

function one(world: World, turn: Turn, { check, outcome }: Ended): void {
  const witnesses = world.guards.answered(world, turn, check, outcome.healthy);
  // A witness that could not be asked has not answered: guards keep from two masters, whyever nobody knows.
  if (witnesses !== null) return witnessed(world, turn, witnesses);
  if (outcome.unprobed === true) return unprobed(world, turn, check, outcome.detail);
  const changed = world.checks.result(check, outcome, turn.now);
  for (const { name, text } of world.checks.takeWarnings()) {
    turn.out.log("warning", "check.warning", { name, text });
  }
  if (changed.length > 0) follow(world, turn, changed);
}

/** Checks mean something else than before. */
function follow(world: World, turn: Turn, changed: readonly string[]): void {
  world.services.probed(changed);
  const tracking = [...world.routers.values()].filter(({ config }) =>
    changed.some((name) => config.trackChecks.includes(name)),
  );
  assess(world, turn, tracking);
}
