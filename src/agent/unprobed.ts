/**
 * Probes that were not made, as this host had no descriptor for them: they say nothing of what is probed, so that keeps the health it had,
 * good or bad. The agent is degraded meanwhile.
 */
import type { Turn, World } from "./world.ts";

/** EMFILE is this process's limit, which the runtime has raised to the hard one; ENFILE that of the host, of all processes together (proc(5)). */
const cureOf = (why: string): string =>
  /\bENFILE\b/.test(why)
    ? "a higher sysctl fs.file-max, or end who has so many (lsof)"
    : "a higher hard limit (LimitNOFILE= of the service, ulimit -Hn) and a restart";

const textOf = (why: string): string =>
  `no descriptors left (${why}): what is not probed keeps the health it had; cure: ${cureOf(why)}`;

/** A check was due, and was not probed. */
export function unprobed(world: World, turn: Turn, check: string, why: string): void {
  world.checks.unprobed(check, why, turn.now);
  if (!world.alarms.allows("unprobed", turn.now)) return;
  turn.out.log("warning", "agent.warning", { what: "checks", detail: textOf(why) });
}

/** What keeps checks from being probed, and how many, in words; null: nothing. */
export function probingFailure({ checks }: World): string | null {
  const short = checks.short();
  return short === null ? null : `${short.count} of ${checks.count} checks: ${textOf(short.why)}`;
}
