/**
 * Awaited hooks: commands that a router waits for before it takes the addresses (`before_take`), after it took them (`after_take`)
 * and before it gives them up (`before_release`). One at a time for each router: what takes waits for the release before it to end,
 * and what releases waits for nothing, but ends what still runs.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { elapsed, ms } from "../base/units.ts";
import type { AddressConfig, HooksConfig } from "../config/model.ts";
import type { HookName } from "./boundary.ts";
import { notify, routerEnvironment } from "./notify.ts";
import type { Router } from "./router.ts";
import { keyOf } from "./kernel.ts";
import type { Turn, World } from "./world.ts";
import { group } from "./world.ts";

/**
 * How far a master's hooks are, besides its machine:
 * - `settled`: nothing is awaited; a master holds what it should
 * - `taking`: its before_take runs: it advertises and holds nothing
 * - `ready`: that ended well, or there is none; its sync group may still be waited for
 * - `leaving`: its before_release runs: it advertises and holds until the end of that, then goes
 * - `left`: that is over; it goes as soon as its sync group, or the reload it goes for, can
 */
export type Phase = "settled" | "taking" | "ready" | "leaving" | "left";

const LISTS = {
  before_take: "beforeTake",
  after_take: "afterTake",
  before_release: "beforeRelease",
} as const satisfies Record<HookName, keyof HooksConfig>;

const commandsOf = (router: Router, which: HookName): HooksConfig["beforeTake"] =>
  router.config.hooks[LISTS[which]];

/** A hook under way. */
interface Run {
  readonly id: number;
  readonly which: HookName;
  readonly router: string;
  readonly since: Instant;
  readonly timeout: Milliseconds;
}

/** The hooks under way, by the router's name: a router that a reload makes anew still waits for what the old one started. */
export class Hooks {
  private lastId = 0;
  private readonly running = new Map<string, Run>();
  /** What waits for the one under way. */
  private readonly waiting = new Map<string, { readonly router: Router; readonly which: HookName }>();
  /** Routers that just took: their after_take starts when the last address, route and rule is there. */
  readonly arriving = new Set<Router>();

  /** The one under way for a router; null: none. */
  of(router: string): Run | null {
    return this.running.get(router) ?? null;
  }

  /** Whether it runs for a router, or waits. */
  has(router: string, which: HookName): boolean {
    return this.running.get(router)?.which === which || this.waiting.get(router)?.which === which;
  }

  /** Starts it, or has it wait; `reason` is told to it. */
  start(world: World, turn: Turn, router: Router, which: HookName, reason: string): void {
    const { name, hooks } = router.config;
    const known = this.running.get(name);
    if (known?.which === "before_release" && which !== "before_release") {
      this.waiting.set(name, { router, which });
      return;
    }
    if (known !== undefined) this.cancel(turn, name);
    const id = ++this.lastId;
    this.running.set(name, { id, which, router: name, since: turn.now, timeout: hooks.timeout });
    turn.out.log("debug", "hook.started", { name, hook: which });
    turn.out.defer({
      kind: "hook",
      id,
      router: name,
      which,
      commands: commandsOf(router, which),
      environment: routerEnvironment(router, router.previous, reason),
      user: world.config.agent.scriptUser,
      timeout: hooks.timeout,
    });
  }

  /** Whether any is under way: a release after a loss, too, for nobody but us ends it in time. */
  get busy(): boolean {
    return this.running.size > 0;
  }

  /** How long those under way may take from now at the longest. */
  time(now: Instant): Milliseconds {
    const left = [...this.running.values()].map(({ since, timeout }) => timeout - elapsed(since, now));
    return ms(Math.max(0, ...left));
  }

  /** Nobody waits for any of them any more. */
  kill(turn: Turn, why: string): void {
    for (const { which, router: name, since } of [...this.running.values()]) {
      this.cancel(turn, name);
      const took = Math.max(0, Math.round(elapsed(since, turn.now)));
      turn.out.log("warning", "hook.failed", { name, hook: which, detail: `killed: ${why}`, took_ms: took });
    }
  }

  /** What runs for a router, and what waits, is not wanted any more. */
  cancel(turn: Turn, name: string): void {
    const run = this.running.get(name);
    this.waiting.delete(name);
    if (run === undefined) return;
    this.running.delete(name);
    turn.out.defer({ kind: "hook-cancel", id: run.id });
  }

  /** Whatever of taking runs or waits for a router ends; a release goes on. */
  cancelTaking(turn: Turn, name: string): void {
    this.waiting.delete(name);
    if (this.running.get(name)?.which !== "before_release") this.cancel(turn, name);
  }

  /** One has ended, and the one that waited for it starts; null when it was cancelled. */
  ended(world: World, turn: Turn, name: string, id: number): Run | null {
    const run = this.running.get(name);
    if (run?.id !== id) return null;
    this.running.delete(name);
    const next = this.waiting.get(name);
    this.waiting.delete(name);
    if (next !== undefined) {
      this.start(world, turn, next.router, next.which, next.router.reason);
    }
    return run;
  }
}

/**
 * A router was elected: it takes when its before_take and those of its sync group have ended, at the end of the turn without any. One
 * that was `resumed` has taken before; its after_take may never have run.
 */
export function elected(world: World, router: Router, resumed: boolean): void {
  if (resumed) expectArrival(world, router);
  else router.phase = commandsOf(router, "before_take").length === 0 ? "ready" : "taking";
}

function expectArrival(world: World, router: Router): void {
  if (commandsOf(router, "after_take").length > 0) world.hooks.arriving.add(router);
}

/**
 * A router is master no more. What should have made it hold is killed and its end means nothing. Whatever it gives up without having
 * waited for before_release it gives up first, and before_release starts at the end of the turn.
 */
export function unseated(world: World, turn: Turn, router: Router): void {
  const { phase } = router;
  router.phase = "settled";
  router.owesRelease = phase === "settled" && commandsOf(router, "before_release").length > 0;
  world.hooks.arriving.delete(router);
  world.hooks.cancelTaking(turn, router.config.name);
}

/**
 * Has those of these routers that hold anything run their before_release before they go, side by side. Says whether one must still be
 * waited for; the others of its sync group then wait as well.
 */
export function awaitsRelease(world: World, turn: Turn, routers: readonly Router[], reason: string): boolean {
  const holding = routers.filter(({ machine, phase }) => machine.kind === "master" && phase === "settled");
  for (const router of holding) {
    if (commandsOf(router, "before_release").length === 0) continue;
    router.phase = "leaving";
    world.hooks.arriving.delete(router);
    world.hooks.start(world, turn, router, "before_release", reason);
  }
  const leaving = routers.filter(({ phase }) => phase === "leaving");
  const groups = new Set(leaving.map(({ config }) => config.syncGroup));
  for (const router of holding) {
    const { syncGroup } = router.config;
    if (router.phase === "settled" && syncGroup !== null && groups.has(syncGroup)) router.phase = "left";
  }
  return leaving.length > 0;
}

/** Routers whose before_take, and those of their sync group, have ended hold from now on. */
export function take(world: World, turn: Turn): void {
  for (const router of turn.touched) {
    if (router.phase !== "ready") continue;
    const members = group(world, router);
    if (members.some(({ phase }) => phase === "taking")) continue;
    for (const member of members) {
      if (member.phase !== "ready") continue;
      const { name } = member.config;
      member.phase = "settled";
      turn.addresses = true;
      turn.gained.add(name);
      turn.records.add(name);
      expectArrival(world, member);
      // Told as master when it was elected, but its scripts expect the addresses to be there.
      if (member.told !== "master") continue;
      const action = notify(member, member.previous, world.config.agent.scriptUser);
      if (action !== null) turn.out.defer(action);
    }
  }
}

/** Starts what the turn's changes of role ask for, now that their reasons are told. */
export function startHooks(world: World, turn: Turn): void {
  for (const router of turn.touched) {
    const { name } = router.config;
    // One that was elected again in this turn, and waits for nothing, has given up nothing.
    if (router.owesRelease && !router.holds)
      world.hooks.start(world, turn, router, "before_release", router.reason);
    router.owesRelease = false;
    if (router.phase !== "taking" || world.hooks.has(name, "before_take")) continue;
    world.hooks.start(world, turn, router, "before_take", router.reason);
  }
}

function isThere(world: World, address: AddressConfig): boolean {
  const key = keyOf(world.kernel, address);
  const held = key === null ? null : world.ownership.get(key);
  return held !== null && (held.state === "added" || held.state === "found");
}

/** Starts after_take of the routers that have everything by now. */
export function arrive(world: World, turn: Turn): void {
  for (const router of world.hooks.arriving) {
    if (!router.carried.every((address) => isThere(world, address))) continue;
    if (!world.routing.complete(world.kernel, router)) continue;
    world.hooks.arriving.delete(router);
    world.hooks.start(world, turn, router, "after_take", router.reason);
  }
}

/** The hook under way in words for the status, `hook: before_take running 1.2s`; null: none. */
export function hookText(world: World, router: Router, now: Instant): string | null {
  const run = world.hooks.of(router.config.name);
  return run === null
    ? null
    : `hook: ${run.which} running ${(Math.max(0, elapsed(run.since, now)) / 1000).toFixed(1)}s`;
}
