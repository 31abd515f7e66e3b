/** Start, reload and stop: a configuration becomes routers, or a difference to the routers that run. */
import { load } from "../config/load.ts";
import { errorAt } from "../config/place.ts";
import { printFinding } from "../config/print.ts";
import type { AgentConfig, CheckConfig, Config, ConfigSource, RouterConfig } from "../config/model.ts";
import { warnOfLifetimes } from "./addresses.ts";
import { assess } from "./assess.ts";
import type { Event, Reply } from "./boundary.ts";
import { drive } from "./drive.ts";
import { completeStandby, standDown } from "./operator.ts";
import { hasLifetimes } from "./ownership.ts";
import { Router } from "./router.ts";
import type { Turn, World } from "./world.ts";
import { index } from "./world.ts";

/** What a reload did. */
interface Difference {
  /** Routers, by name. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly restarted: readonly string[];
  readonly changed: readonly string[];
  /** Checks that are new, gone or other than before. */
  readonly checks: readonly string[];
  /** Keys of `[agent]`. */
  readonly agent: readonly string[];
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Settings that the process takes up once, when it starts. */
const FIXED = ["runtimeDir", "stateDir", "controlGroup", "realtimePriority", "node"] as const;
const NAMES: Record<keyof AgentConfig, string> = {
  runtimeDir: "runtime_dir",
  stateDir: "state_dir",
  controlGroup: "control_group",
  realtimePriority: "realtime_priority",
  node: "node",
  scriptUser: "script_user",
  addressMethod: "address_method",
  addressLifetime: "address_lifetime",
  log: "log",
};

function agentChanges(before: AgentConfig, next: AgentConfig): string[] {
  const keys = Object.keys(NAMES) as (keyof AgentConfig)[]; // what `Record` above says of them
  return keys.filter((key) => !equal(before[key], next[key])).map((key) => NAMES[key]);
}

function checkChanges(before: readonly CheckConfig[], next: readonly CheckConfig[]): string[] {
  const was = new Map(before.map((check) => [check.name, check]));
  const is = new Map(next.map((check) => [check.name, check]));
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => !equal(was.get(name), is.get(name)));
}

/** Changes of these make another virtual router of it: it releases and starts anew. */
const sameRouter = (a: RouterConfig, b: RouterConfig): boolean =>
  a.interface === b.interface && a.vrid === b.vrid && a.family === b.family && a.version === b.version;

/** A file that was read again: refused as a whole, or applied as a difference. */
export function reload(world: World, turn: Turn, event: Extract<Event, { kind: "config" }>): void {
  const { config, findings } = load(event.source);
  const printed = findings.map((finding) => printFinding(event.source.path, finding));
  const errors = findings.filter(({ severity }) => severity === "error");
  const fixed = config === null ? [] : FIXED.filter((key) => config.agent[key] !== world.config.agent[key]);
  if (config === null || fixed.length > 0) {
    const texts = fixed.flatMap((key) => {
      const old = JSON.stringify(world.config.agent[key] ?? "not set");
      const text = `agent.${NAMES[key]} cannot change while the agent runs; cure: restart it, or put back ${old}`;
      return errorAt(event.source, ["agent", NAMES[key]], text).map((each) =>
        printFinding(event.source.path, each),
      );
    });
    const said = [...(config === null ? printed : []), ...texts];
    logSettings(turn, world.config.agent);
    world.lastError = said[0] ?? "no configuration";
    turn.out.log("error", "config.rejected", {
      errors: errors.length + texts.length,
      first: world.lastError,
    });
    answer(turn, event, {
      exit: 1,
      body: { error: "refused; the running configuration stays", findings: said },
    });
    return;
  }
  const difference = apply(world, turn, config);
  logSettings(turn, config.agent);
  world.path = event.source.path;
  world.loadedAt = turn.now;
  world.lastError = null;
  const counts = Object.fromEntries(Object.entries(difference).map(([what, names]) => [what, names.length]));
  turn.out.log("info", "config.loaded", { file: event.source.path, ...counts });
  answer(turn, event, { exit: 0, body: { ...difference, findings: printed } });
}

function answer(turn: Turn, event: Extract<Event, { kind: "config" }>, reply: Reply): void {
  if (event.connection !== null) turn.out.defer({ kind: "reply", connection: event.connection, reply });
}

/** Makes the routers those of `config`; what did not change is not touched. */
export function apply(world: World, turn: Turn, config: Config): Difference {
  const before = world.config;
  const difference: Record<keyof Difference, string[]> = {
    added: [],
    removed: [],
    restarted: [],
    changed: [],
    checks: checkChanges(before.checks, config.checks),
    agent: agentChanges(before.agent, config.agent),
  };
  const standby = new Set<string>();
  const fresh = new Map(config.routers.map((router) => [router.name, router]));
  for (const [name, router] of world.routers) {
    const next = fresh.get(name);
    if (next !== undefined && sameRouter(router.config, next)) continue;
    (next === undefined ? difference.removed : difference.restarted).push(name);
    if (router.order?.kind === "standby") standby.add(name);
    retire(world, turn, router);
  }
  const hadLifetimes = hasLifetimes(before.agent, world.addressTotal);
  world.config = config;
  for (const action of world.checks.configure(config.checks, turn.now)) turn.out.defer(action);
  const changed = new Set<Router>();
  for (const next of config.routers) {
    const router = world.routers.get(next.name);
    if (router === undefined) {
      if (!difference.restarted.includes(next.name)) difference.added.push(next.name);
      const made = new Router(next, turn.now, world.startedAt);
      world.routers.set(next.name, made);
      if (standby.has(next.name)) standDown(world, turn, made);
    } else if (!equal(router.config, next)) {
      difference.changed.push(next.name);
      router.reconfigure(next);
      turn.records.add(next.name);
      changed.add(router);
    }
  }
  index(world);
  turn.addresses = true;
  completeStandby(world, turn);
  assess(world, turn, world.routers.values(), changed);
  if (hadLifetimes) warnOfLifetimes(world, turn);
  return difference;
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
  router.reason = "configuration changed";
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

/** Everything is released in this turn; the routers stay for the status until the process is gone. */
export function shutDown(world: World, turn: Turn): void {
  world.stopping = true;
  for (const router of world.routers.values()) {
    turn.touched.add(router);
    if (router.machine.kind !== "init") drive(world, turn, router, { kind: "stop", silent: false });
    router.reason = "agent stops";
    router.faults = [];
    router.order = null;
    // Last of all: what is gone must not be taken away again from whoever puts it there after us.
    turn.out.finally({ kind: "ledger", router: router.config.name, record: null });
  }
  turn.addresses = true;
}
