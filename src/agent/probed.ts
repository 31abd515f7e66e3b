/** What becomes of a probe's result: evidence for guards, or the health of checks, of what tracks them and of real servers. */
import { assess } from "./assess.ts";
import { witnessed } from "./guard.ts";
import type { ProbeEvent } from "./probe-boundary.ts";
import type { Turn, World } from "./world.ts";

/** A probe has ended. */
export function probed(world: World, turn: Turn, event: Extract<ProbeEvent, { kind: "probe" }>): void {
  const witnesses = world.guards.answered(world, turn, event);
  if (witnesses !== null) return witnessed(world, turn, witnesses);
  const changed = world.checks.result(event, turn.now);
  for (const { name, text } of world.checks.takeWarnings()) {
    turn.out.log("warning", "check.warning", { name, text });
  }
  if (changed.length === 0) return;
  world.services.probed(changed);
  const tracking = [...world.routers.values()].filter(({ config }) =>
    changed.some((name) => config.trackChecks.includes(name)),
  );
  assess(world, turn, tracking);
}
