/** What a router tracks, as it counts at the moment: interfaces, debounced, and checks. */
import type { Instant } from "../base/units.ts";
import { earlier, NEVER } from "../base/units.ts";
import type { Steady } from "../check/debounce.ts";
import { settle, settlesAt } from "../check/debounce.ts";
import type { TrackedInterface } from "../config/model.ts";
import type { Track } from "../vrrp/priority.ts";
import type { Link } from "./boundary.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Whether frames can pass. */
export const usable = (link: Link | null): link is Link => link !== null && link.up && link.carrier;

/** Why an interface is not {@link usable}; null: it is. */
export function linkFault(name: string, link: Link | null): string | null {
  if (link === null) return `interface ${name} is not there`;
  if (!link.up) return `interface ${name} is down`;
  return link.carrier ? null : `interface ${name} has no carrier`;
}

interface Wait {
  steady: Steady;
  settlesAt: Instant;
}

/** The tracked interfaces that have a delay, by router and name. */
export class LinkDelays {
  private readonly waits = new Map<string, Map<string, Wait>>();
  private next: Instant = NEVER;

  /** What counts of an interface that is seen up, or not. */
  look(router: string, { name, upDelay, downDelay }: TrackedInterface, seen: boolean, now: Instant): boolean {
    if (upDelay === 0 && downDelay === 0) return seen;
    const delays = { up: upDelay, down: downDelay };
    const known = this.waits.get(router) ?? new Map<string, Wait>();
    this.waits.set(router, known);
    const steady = settle(delays, known.get(name)?.steady ?? null, seen, now);
    known.set(name, { steady, settlesAt: settlesAt(delays, steady) });
    this.next = earlier(this.next, settlesAt(delays, steady));
    return steady.up;
  }

  /** Forgets what is not tracked any more, and by which router. */
  keep(routers: ReadonlyMap<string, Router>): void {
    for (const [name, known] of this.waits) {
      const tracked = new Set(routers.get(name)?.config.trackInterfaces.map((each) => each.name));
      for (const link of known.keys()) if (!tracked.has(link)) known.delete(link);
      if (known.size === 0) this.waits.delete(name);
    }
  }

  deadline(): Instant {
    return this.next;
  }

  /** The routers that must be judged now, by name. */
  due(now: Instant): string[] {
    if (this.next > now) return [];
    this.next = NEVER;
    const names = new Set<string>();
    for (const [name, known] of this.waits) {
      for (const wait of known.values()) {
        if (wait.settlesAt <= now) names.add(name);
        else this.next = earlier(this.next, wait.settlesAt);
      }
    }
    return [...names];
  }
}

/** The tracks of a router as they count now. */
function tracksOf(world: World, turn: Turn, { config }: Router): Track[] {
  const { checks, kernel, linkDelays } = world;
  return [
    ...config.trackInterfaces.map((tracked) => ({
      name: tracked.name,
      weight: tracked.weight,
      up: linkDelays.look(config.name, tracked, usable(kernel.named(tracked.name)), turn.now),
      bonus: 0,
    })),
    ...config.trackChecks.map((name) => ({
      name,
      weight: checks.weight(name),
      up: checks.health(name),
      bonus: checks.value(name) ?? 0,
    })),
  ];
}

/** Takes up the tracks of a router as they count now, and says in the log which of them changed. */
export function track(world: World, turn: Turn, router: Router): void {
  const before = new Map(router.tracks.map((known) => [known.name, known]));
  router.tracks = tracksOf(world, turn, router);
  for (const { name, up, bonus } of router.tracks) {
    const was = before.get(name);
    const number = up === true && bonus !== (was?.up === true ? was.bonus : 0);
    // Nothing is said of what works from the start.
    const told = was === undefined ? up !== false : was.up === up;
    if (up === null || (told && !number)) continue;
    const detail = world.checks.detail(name);
    turn.out.log("info", "track.changed", {
      name,
      router: router.config.name,
      up,
      ...(number ? { value: bonus } : {}),
      ...(detail === "" ? {} : { detail }),
    });
  }
}
