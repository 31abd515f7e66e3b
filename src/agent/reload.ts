/** Start, reload and stop: a configuration becomes routers, or a difference to the routers that run. */
import { load } from "../config/load.ts";
import { printFinding } from "../config/print.ts";
import type { AgentConfig, Config, ConfigSource } from "../config/model.ts";
import { warnOfLifetimes } from "./addresses.ts";
import { assess } from "./assess.ts";
import type { Event, Reply } from "./boundary.ts";
import type { Difference } from "./difference.ts";
import { compare, unchangeable } from "./difference.ts";
import { drive } from "./drive.ts";
import { configureHeartbeat, handOver, leave } from "./cluster/heartbeat.ts";
import { awaitsRelease } from "./hooks.ts";
import { completeStandby, standDown } from "./operator.ts";
import { hasLifetimes } from "./lifetimes.ts";
import { sayReleased } from "./notice.ts";
import { configureRealServer } from "./realserver.ts";
import { releaseAddresses } from "./resource/addresses.ts";
import { tellLeftBehind } from "./resource/status.ts";
import { Router } from "./router.ts";
import { configureServices } from "./service/turn.ts";
import { serverChecks } from "./service/state.ts";
import type { Turn, World } from "./world.ts";
import { group, index } from "./world.ts";

/** The exit code of an agent that leaves a resource behind, which does not stop. */
const REFUSED = 5;

/** Why a router ends that another configuration does not have, or has otherwise. */
const LEAVING = "configuration changed";

/** A reload that waits for before_release. */
export interface PendingReload {
  readonly source: ConfigSource;
  /** The routers that it removes or makes anew, and those that move with them. */
  readonly routers: ReadonlySet<Router>;
}

/**
 * A file that was read again: refused as a whole, or applied as a difference; at once, or as soon as before_release has ended for the
 * routers that it ends. `waited`: it has.
 */
export function reload(
  world: World,
  turn: Turn,
  event: Extract<Event, { kind: "config" }>,
  waited = false,
): void {
  if (world.stopping !== null) {
    answer(turn, event, { exit: 1, body: { error: "the agent is stopping" } });
    return;
  }
  const { config, findings } = load(event.source);
  const printed = findings.map((finding) => printFinding(event.source.path, finding));
  const errors = printed.filter((_, at) => findings[at]?.severity === "error");
  const fixed = config === null ? [] : unchangeable(world, event.source, config);
  if (config === null || fixed.length > 0) {
    const said = [...(config === null ? printed : []), ...fixed];
    logSettings(turn, world.config.agent);
    // Not the first of all that is said, which may be a warning that stands before it in the file.
    world.lastError = [...errors, ...fixed][0] ?? "no configuration";
    turn.out.log("error", "config.rejected", {
      errors: errors.length + fixed.length,
      first: world.lastError,
    });
    answer(turn, event, {
      exit: 1,
      body: { error: "refused; the running configuration stays", findings: said },
    });
    return;
  }
  const difference = compare(world, config);
  const said = { ...difference, findings: printed };
  const along = movedAlong(world, config, difference);
  const ended = [...named(world, [...difference.removed, ...difference.restarted]), ...along];
  world.pending = null;
  if (!waited && awaitsRelease(world, turn, ended, LEAVING)) {
    world.pending = { source: event.source, routers: new Set(ended) };
    const waits = ended.filter(({ phase }) => phase === "leaving").map(({ config: { name } }) => name);
    answer(turn, event, { exit: 0, body: { ...said, waiting_for_hook: waits } });
    return;
  }
  apply(world, turn, config, difference, along);
  logSettings(turn, config.agent);
  world.path = event.source.path;
  world.loadedAt = turn.now;
  world.lastError = null;
  const counts = Object.fromEntries(Object.entries(difference).map(([what, names]) => [what, names.length]));
  turn.out.log("info", "config.loaded", { file: event.source.path, ...counts });
  answer(turn, event, { exit: 0, body: said });
}

const named = (world: World, names: readonly string[]): Router[] =>
  names.flatMap((name) => world.routers.get(name) ?? []);

/** Routers that stay in a sync group of which a member is made anew: it moves as one, so they give up what they have. */
function movedAlong(world: World, config: Config, { restarted }: Difference): Router[] {
  const stays = ({ config: { name, syncGroup } }: Router): boolean =>
    config.routers.some((next) => next.name === name && next.syncGroup === syncGroup);
  const members = named(world, restarted)
    .filter(stays)
    .flatMap((router) => group(world, router));
  return [...new Set(members)].filter((member) => stays(member) && !restarted.includes(member.config.name));
}

function answer(turn: Turn, event: Extract<Event, { kind: "config" }>, reply: Reply): void {
  if (event.connection !== null) turn.out.defer({ kind: "reply", connection: event.connection, reply });
}

/** Makes the routers those of `config`; what did not change is not touched, but for those that go `along` with their sync group. */
function apply(
  world: World,
  turn: Turn,
  config: Config,
  difference: Difference,
  along: readonly Router[],
): void {
  const before = world.config;
  const standby = new Set<string>();
  for (const name of [...difference.removed, ...difference.restarted]) {
    const router = world.routers.get(name);
    if (router === undefined) continue;
    if (router.order?.kind === "standby") standby.add(name);
    retire(world, turn, router);
  }
  for (const member of along) drive(world, turn, member, { kind: "yield", reason: "sync group lost" });
  const hadLifetimes = hasLifetimes(before.agent, world.addressTotal);
  world.config = config;
  const checks = [...config.checks, ...serverChecks(config.services)];
  for (const action of world.checks.configure(checks, turn.now)) turn.out.defer(action);
  configureServices(world, turn);
  configureHeartbeat(world, turn, config);
  configureRealServer(world, turn, config.realserver);
  const changed = new Set<Router>();
  for (const next of config.routers) {
    const router = world.routers.get(next.name);
    if (router === undefined) {
      const made = new Router(next, turn.now, world.startedAt);
      world.routers.set(next.name, made);
      if (standby.has(next.name)) standDown(world, turn, [made]);
    } else if (difference.changed.includes(next.name)) {
      router.reconfigure(next);
      turn.records.add(next.name);
      changed.add(router);
    }
  }
  index(world);
  world.linkDelays.keep(world.routers);
  turn.addresses = true;
  completeStandby(world, turn);
  assess(world, turn, world.routers.values(), changed);
  if (hadLifetimes) warnOfLifetimes(world, turn);
}

/** The router is no more, here or as configured: its last word, its addresses, its record. */
function retire(world: World, turn: Turn, router: Router): void {
  const { name, syncGroup } = router.config;
  const lost = syncGroup !== null && turn.losers.has(syncGroup);
  drive(world, turn, router, { kind: "stop", silent: false });
  // Leaving by configuration is no loss that the rest of its sync group would share.
  if (syncGroup !== null && !lost) turn.losers.delete(syncGroup);
  router.faults = [];
  router.order = null;
  router.reason = LEAVING;
  turn.touched.add(router);
  turn.records.add(name);
  world.routers.delete(name);
}

/** Told at each reload, changed or not: a log file that was rotated is opened anew. */
function logSettings(turn: Turn, { log }: AgentConfig): void {
  turn.out.prepare({ kind: "log-settings", level: log.level, target: log.target, facility: log.facility });
}

/** A configuration for the start, or the findings that forbid it as log lines. */
export function first(turn: Turn, source: ConfigSource): Config | null {
  const { config, findings } = load(source);
  for (const finding of findings) {
    const level = finding.severity === "error" ? "error" : "warning";
    const event = config === null ? "config.rejected" : "config.warning";
    turn.out.log(level, event, { text: printFinding(source.path, finding) });
  }
  return config;
}

/**
 * Releases every router whose before_release has ended or that has none, sync groups whole; the last of them, or the last hook that
 * still runs after a loss, ends the agent. The routers stay for the status until the process is gone.
 */
export function shutDown(world: World, turn: Turn): void {
  if (world.stopped) return;
  const reason = "agent stops";
  const handed = handOver(world, turn);
  let waits = false;
  for (const router of world.routers.values()) {
    if (awaitsRelease(world, turn, group(world, router), reason)) {
      waits = true;
      continue;
    }
    turn.touched.add(router);
    if (router.machine.kind !== "init") drive(world, turn, router, { kind: "stop", silent: false });
    router.reason = reason;
    router.faults = [];
    router.order = null;
  }
  if (waits || world.hooks.busy || handed === "leaving") return;
  sayReleased(world, turn);
  // The kernel's answer comes in a moment, and then the last words.
  if (world.owed.size > 0) return;
  world.stopped = true;
  if (handed === "stuck") tellLeftBehind(world, turn);
  leave(world, turn);
  releaseAddresses(world, turn);
  configureRealServer(world, turn, []);
  turn.addresses = true;
  // Last of all: what is gone must not be taken away again from whoever puts it there after us.
  for (const router of world.routers.keys()) turn.out.finally({ kind: "ledger", router, record: null });
  const fields = { reason: world.stopping ?? reason };
  turn.out.finally({ kind: "log", level: "info", event: "agent.stopped", fields });
  turn.out.exit(handed === "stuck" ? REFUSED : 0);
}
