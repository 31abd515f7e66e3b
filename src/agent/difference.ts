/** What another configuration makes different, and what of it a running agent cannot take up. */
import type { HeartbeatConfig } from "../config/heartbeat-model.ts";
import type { AgentConfig, Config, ConfigSource, RouterConfig } from "../config/model.ts";
import { errorAt } from "../config/place.ts";
import { printFinding } from "../config/print.ts";
import { unchangeableResources } from "./resource/changes.ts";
import type { World } from "./world.ts";

/** What a reload did. */
export interface Difference {
  /** Routers, by name. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly restarted: readonly string[];
  readonly changed: readonly string[];
  /** Checks that are new, gone or other than before. */
  readonly checks: readonly string[];
  /** Keys of `[agent]`. */
  readonly agent: readonly string[];
  /** Keys of `[heartbeat]`, or `heartbeat` where the whole table comes or goes. */
  readonly heartbeat: readonly string[];
  /** Addresses of `[realserver]` that come or go. */
  readonly realserver: readonly string[];
  /** Virtual servers that are new, gone or other than before. */
  readonly services: readonly string[];
}

const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Settings that the process takes up once, when it starts. */
const FIXED = ["runtimeDir", "stateDir", "controlGroup", "realtimePriority", "node"] as const;

/** How the keys of `[agent]` are written. */
const NAMES: Record<keyof AgentConfig, string> = {
  runtimeDir: "runtime_dir",
  stateDir: "state_dir",
  maintenanceDir: "maintenance_dir",
  ipvsTimeouts: "ipvs_timeouts",
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

const HEARTBEAT_NAMES: Record<keyof HeartbeatConfig, string> = {
  nodes: "nodes",
  keepalive: "keepalive",
  warntime: "warntime",
  deadtime: "deadtime",
  initdead: "initdead",
  udpPort: "udp_port",
  auth: "auth",
  links: "links",
  pings: "ping_nodes, ping_groups",
  resources: "resources",
  fence: "fence",
  notify: "notify",
};

function heartbeatChanges(before: HeartbeatConfig | null, next: HeartbeatConfig | null): string[] {
  if (before === null || next === null) return before === next ? [] : ["heartbeat"];
  const keys = Object.keys(HEARTBEAT_NAMES) as (keyof HeartbeatConfig)[]; // what `Record` above says of them
  return keys.filter((key) => !equal(before[key], next[key])).map((key) => HEARTBEAT_NAMES[key]);
}

/** The names of tables that are new, gone or different. */
function byName<Table extends { readonly name: string }>(
  before: readonly Table[],
  next: readonly Table[],
): string[] {
  const was = new Map(before.map((table) => [table.name, table]));
  const is = new Map(next.map((table) => [table.name, table]));
  return [...new Set([...was.keys(), ...is.keys()])].filter((name) => !equal(was.get(name), is.get(name)));
}

/** Changes of these make another virtual router of it: it releases and starts anew. */
const sameRouter = (a: RouterConfig, b: RouterConfig): boolean =>
  a.interface === b.interface &&
  a.vrid === b.vrid &&
  a.family === b.family &&
  a.version === b.version &&
  a.virtualMac === b.virtualMac;

/** What of `config` only another start takes up, as findings with their place. */
export function unchangeable(world: World, source: ConfigSource, config: Config): string[] {
  const agent = FIXED.filter((key) => config.agent[key] !== world.config.agent[key]).map((key) => {
    const old = JSON.stringify(world.config.agent[key] ?? "not set");
    const text = `agent.${NAMES[key]} cannot change while the agent runs; cure: restart it, or put back ${old}`;
    return { path: ["agent", NAMES[key]], text };
  });
  const resources = unchangeableResources(
    world.cluster?.resources ?? null,
    world.config.heartbeat,
    config.heartbeat,
  );
  return [...agent, ...resources].flatMap(({ path, text }) =>
    errorAt(source, path, text).map((each) => printFinding(source.path, each)),
  );
}

/** What another configuration makes different. */
export function compare(world: World, config: Config): Difference {
  const before = world.config;
  const difference: Record<keyof Difference, string[]> = {
    added: config.routers.map(({ name }) => name).filter((name) => !world.routers.has(name)),
    removed: [],
    restarted: [],
    changed: [],
    checks: byName(before.checks, config.checks),
    agent: agentChanges(before.agent, config.agent),
    heartbeat: heartbeatChanges(before.heartbeat, config.heartbeat),
    services: byName(before.services, config.services),
    realserver: [...new Set(before.realserver).symmetricDifference(new Set(config.realserver))],
  };
  const fresh = new Map(config.routers.map((router) => [router.name, router]));
  for (const [name, router] of world.routers) {
    const next = fresh.get(name);
    if (next === undefined) difference.removed.push(name);
    else if (!sameRouter(router.config, next)) difference.restarted.push(name);
    else if (!equal(router.config, next)) difference.changed.push(name);
  }
  return difference;
}
