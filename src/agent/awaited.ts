/** What goes on when an awaited hook has ended: a router takes or is in fault, leaves, the agent stops, a reload is applied. */
import { unreachable } from "../base/assert.ts";
import { elapsed } from "../base/units.ts";
import { trouble } from "./addresses.ts";
import { assess } from "./assess.ts";
import type { Event } from "./boundary.ts";
import { drive } from "./drive.ts";
import { standDown } from "./operator.ts";
import { reload, shutDown } from "./reload.ts";
import type { Turn, World } from "./world.ts";

type Ended = Extract<Event, { kind: "hook-ended" }>;

/** A hook ended; one that was cancelled in the meantime means nothing. */
export function hookEnded(world: World, turn: Turn, event: Ended): void {
  const { router: name, failure, output } = event;
  const run = world.hooks.ended(world, turn, name, event.id);
  if (run === null) return;
  const about = { name, hook: run.which };
  if (output !== "") turn.out.log("debug", "hook.output", { ...about, text: output });
  const took = Math.max(0, Math.round(elapsed(run.since, turn.now)));
  if (failure === null) turn.out.log("info", "hook.ended", { ...about, took_ms: took });
  else turn.out.log("warning", "hook.failed", { ...about, detail: failure, took_ms: took });
  const router = world.routers.get(name);
  if (router === undefined) return;
  switch (run.which) {
    case "before_take":
      if (router.phase !== "taking") return;
      if (failure === null) {
        router.phase = "ready";
        turn.touched.add(router);
      } else {
        const text = `hook: before_take failed: ${failure}`;
        trouble(world, turn, router, { text, span: router.config.hooks.retry, cure: "time" });
        assess(world, turn, [router]);
      }
      return;
    case "after_take":
      return;
    case "before_release":
      if (router.phase !== "leaving") return;
      router.phase = "left";
      assess(world, turn, [router]);
      return;
    default:
      unreachable(run.which);
  }
}

/**
 * Goes on with what began before a hook was awaited, as far as nothing is awaited for it any more: a stop, a reload; and a router that
 * was on its way out and lost its mastership otherwise is out. Says whether any machine may be another.
 */
export function proceed(world: World, turn: Turn): boolean {
  for (const router of turn.touched) {
    if (router.machine.kind !== "backup") continue;
    if (router.role === "standby") standDown(world, turn, [router]);
    else if (router.role === "fault") drive(world, turn, router, { kind: "stop", silent: true });
  }
  if (world.stopping !== null) {
    shutDown(world, turn);
    return true;
  }
  const { pending } = world;
  if (pending === null || [...pending.routers].some(({ phase }) => phase === "leaving")) return false;
  reload(world, turn, { kind: "config", source: pending.source, connection: null }, true);
  return true;
}
