/** Guards at work: what happens to a router goes into its guard, which asks, and lets the router take over or holds it back. */
import { unreachable } from "../base/assert.ts";
import type { Instant } from "../base/units.ts";
import { after, earlier, later, ms, NEVER } from "../base/units.ts";
import type { Claim } from "../heartbeat/claim.ts";
import type { Guard, GuardEvent, Outcome } from "../vrrp/guard.ts";
import { claimant, silence, step } from "../vrrp/guard.ts";
import { answered, watch, watched } from "../vrrp/isolation.ts";
import { overslept } from "../vrrp/lateness.ts";
import type { Event, State } from "../vrrp/state.ts";
import { deadline } from "../vrrp/state.ts";
import { drive } from "./drive.ts";
import type { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";

/** Intervals that a backup waits for an advert, at least. */
const PATIENCE = 3;

const hasGuard = ({ config: { guard } }: Router): boolean => guard.heartbeat || guard.witnesses.length > 0;

/** Whether a router has a guard, or had one until a reload. */
export const isGuarded = (router: Router): boolean =>
  hasGuard(router) || router.guard !== null || router.watch !== null;

/** It gave its addresses up as no witness answered, and none has since. */
export const isIsolated = ({ watch: own }: Router): boolean => own?.released === true;

/** When a router wants to be looked at: its machine, its guard, or its watch for isolation. */
export function nextLook({ machine, guard, watch: own }: Router): Instant {
  return earlier(deadline(machine), earlier(guard?.askAt ?? NEVER, own?.askAt ?? NEVER));
}

/** After a step of a router's machine: a guard begins with each silence, and ends with mastership; `anew`: the machine began to listen again. */
export function follow(
  world: World,
  turn: Turn,
  router: Router,
  { before, event, anew }: { readonly before: State; readonly event: Event; readonly anew: boolean },
): void {
  const { machine, config } = router;
  const wanted = hasGuard(router);
  keepWatch(turn, router, config.onIsolation === "release");
  if (!wanted || machine.kind !== "backup") return replace(world, turn, router, null);
  const was = before.kind === "backup" ? before.master : null;
  const heard = machine.master !== null && machine.master !== was;
  const begins = router.guard === null || before.kind !== "backup" || anew || event.kind === "slept";
  if (!heard && !begins) return;
  const { now } = turn;
  const interval = machine.master?.interval ?? config.advertInterval;
  // That of nobody may have lasted for some time when a reload brings the guard.
  const lasted = earlier(now, after(machine.masterDownAt, ms(-PATIENCE * interval)));
  const known = event.kind === "slept" ? now : (machine.master?.heardAt ?? lasted);
  const since = later(known, router.settings().listensUntil);
  replace(world, turn, router, silence(since, interval));
}

/** Watched is a master, and who was one until it saw itself isolated; `releases`: for that. */
function keepWatch(turn: Turn, router: Router, releases: boolean): void {
  const { machine, watch: before } = router;
  if (!releases || (machine.kind !== "master" && !isIsolated(router))) router.watch = null;
  else if (before === null) router.watch = watch(turn.now);
}

/** The guard is another, or none: what it held back is over. */
function replace(world: World, turn: Turn, router: Router, guard: Guard | null): void {
  const { guard: before } = router;
  router.guard = guard;
  if (before !== null) told(world, turn, router, before.outcome, "waiting");
}

/** Whatever guards and watches want done by now, but for those whose router's patience has ended. */
export function guardDue(world: World, turn: Turn, router: Router): void {
  if (router.guard !== null && router.guard.askAt <= turn.now)
    happens(world, turn, router, { kind: "deadline" });
  const { watch: own, config } = router;
  if (own === null || own.askAt > turn.now) return;
  const { watch: next, isolated } = watched(own, config.advertInterval, turn.now);
  router.watch = next;
  world.guards.ask(router, null);
  // Whoever was told by the operator to be master has been told so.
  if (!isolated || router.order?.kind === "takeover") return;
  if (router.machine.kind !== "master") return;
  router.watch = { ...next, released: true };
  turn.out.log("warning", "vrrp.isolated", {
    name: config.name,
    text: `no witness answers (${config.guard.witnesses.join(", ")}): the addresses are released (on_isolation)`,
  });
  drive(world, turn, router, { kind: "yield", reason: "isolated: no witness answers" });
}

/** A router's patience has ended: says whether nothing holds it back. */
export function guardAllows(world: World, turn: Turn, router: Router): boolean {
  const { machine, guard } = router;
  if (guard === null || machine.kind !== "backup" || turn.now < machine.masterDownAt) return true;
  // Who slept listens first.
  if (overslept(router.settings(), machine, turn.now)) return true;
  return happens(world, turn, router, { kind: "expired" });
}

/** Gives an event to the guard of a router and does what it wants. Says whether the router may take over. */
function happens(world: World, turn: Turn, router: Router, event: GuardEvent): boolean {
  const { guard, config } = router;
  if (guard === null) return true;
  const { guard: evidence, syncGroup } = config;
  const settings = {
    ...{ witnesses: evidence.witnesses.length > 0, grouped: syncGroup !== null },
    isolated: isIsolated(router),
  };
  const question = world.guards.questionFor(router, turn.now);
  const { guard: next, asks, verdict } = step(settings, guard, event, question, turn.now);
  router.guard = next;
  if (asks) {
    world.guards.ask(router, question);
    router.askedAt = turn.now;
  }
  told(world, turn, router, guard.outcome, next.outcome);
  switch (verdict?.kind) {
    case "take":
      return true;
    case "stay":
      drive(world, turn, router, { kind: "withhold", until: verdict.until });
      return false;
    case "listen":
      drive(world, turn, router, { kind: "slept" });
      return false;
    case undefined:
      return false;
    default:
      return unreachable(verdict);
  }
}

/** A node of the cluster has said how its router is; `answers`: the question, null unasked. */
export function guardHears(
  world: World,
  turn: Turn,
  router: Router,
  node: string,
  { state, healthy }: Claim,
  answers: number | null,
): void {
  const { guard } = router;
  if (guard === null || !router.config.guard.heartbeat) return;
  const master = state === "master" && healthy;
  // Unasked it is news of now: nothing later of its sender was heard.
  const question = answers ?? guard.last;
  if (question !== null) happens(world, turn, router, { kind: "claim", node, master, question });
}

/** A witness of these routers has answered. */
export function witnessed(world: World, turn: Turn, routers: readonly Router[]): void {
  for (const router of routers) {
    router.witnessedAt = turn.now;
    // Isolated until now, it may preempt again; and is watched anew where it is master, as somebody forced it to be.
    if (isIsolated(router)) router.watch = null;
    else if (router.watch !== null) router.watch = answered(router.watch);
    if (router.guard !== null) happens(world, turn, router, { kind: "witness" });
  }
}

/** Why a backup does not take over though it hears no master, in words; null when its guard does not hold it back. */
export function guardText({ guard, claims, config }: Router): string | null {
  if (guard === null) return null;
  switch (guard.outcome) {
    case "blocked": {
      const node = claimant(guard) ?? "another node";
      const adverts = claims.get(node)?.claim.adverts;
      const sent = adverts === undefined ? "" : ` (${adverts} adverts sent)`;
      return `guard: ${node} says that it is master and healthy${sent}, but none of its adverts counts here`;
    }
    case "isolated":
      return `guard: no master is heard, and no witness answers (${config.guard.witnesses.join(", ")}): this node may be cut off`;
    case "waiting":
    case "passed":
      return null;
    default:
      return unreachable(guard.outcome);
  }
}

/** Says when a router begins to be held back, and by what, and when that is over. */
function told(world: World, turn: Turn, router: Router, from: Outcome, to: Outcome): void {
  if (from === to) return;
  const { name } = router.config;
  const text = guardText(router);
  if (to === "blocked" && world.alarms.allows(`guard ${name}`, turn.now)) {
    const node = router.guard === null ? "" : (claimant(router.guard) ?? "");
    turn.out.log("error", "vrrp.guard_blocked", { name, node, text: text ?? "" });
  }
  if (to === "isolated" && world.alarms.allows(`isolated ${name}`, turn.now)) {
    turn.out.log("warning", "vrrp.isolated", { name, text: text ?? "" });
  }
  const held = from === "blocked" || from === "isolated";
  if (held && (to === "waiting" || to === "passed")) {
    turn.out.log("info", "vrrp.guard_passed", { name, was: from });
  }
}
