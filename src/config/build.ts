/** From a file that was read, and found good, to what the machines run on. */
import type { Family, Ip } from "../base/address.ts";
import type { Milliseconds, Seconds } from "../base/units.ts";
import { priority, seconds } from "../base/units.ts";
import type { Given } from "./kind.ts";
import { buildCheck } from "./build-check.ts";
import { buildHeartbeat } from "./build-heartbeat.ts";
import { buildService } from "./build-service.ts";
import type { AddressConfig, AgentConfig, AuthConfig, Config, ConfigSource, RouterConfig } from "./model.ts";
import type { AddressEntry, AgentValues, RouterSection, Sections } from "./sections.ts";
import { entries, familyOfRouter } from "./sections.ts";

/** 224.0.0.18 (RFC 9568 5.1.1.2) and ff02::12 (5.1.2.2). */
const GROUPS: Readonly<Record<Family, Ip>> = { 4: "224.0.0.18" as Ip, 6: "ff02::12" as Ip };

/** A node must be called something even where the host has no name. */
const NAMELESS = "localhost";

/** The configuration, or null if anything that it needs could not be read. */
export function build(sections: Sections, source: ConfigSource): Config | null {
  const agent = buildAgent(sections.agent, source.hostname);
  const routers = all(sections.routers.map(buildRouter));
  const checks = all(sections.checks.map(buildCheck));
  const services = all(sections.services.map(buildService));
  const heartbeat =
    sections.heartbeat === null ? null : buildHeartbeat(sections.heartbeat, source.keysFile ?? null);
  if (agent === null || routers === null || checks === null || services === null) return null;
  if (heartbeat === null && sections.heartbeat !== null) return null;
  const realserver = entries(sections.realserver?.values.addresses ?? null).map(({ value }) => value);
  return { agent, routers, checks, services, heartbeat, realserver };
}

/** The values, or null if any of them is. */
function all<Value>(values: readonly (Value | null)[]): readonly Value[] | null {
  const good = values.filter((value) => value !== null);
  return good.length === values.length ? good : null;
}

/** The values of a table without their places. */
type Plain<V> = { readonly [Key in keyof V]: V[Key] extends Given<infer Value> | null ? Value : never };

/** Strips the places from a table; null if a value is missing. */
function plain<V extends Readonly<Record<string, Given<unknown> | null>>>(values: V): Plain<V> | null {
  const result: Record<string, unknown> = {};
  for (const [key, given] of Object.entries(values)) {
    if (given === null) return null;
    result[key] = given.value;
  }
  // The same keys, each with its own value.
  return result as Plain<V>;
}

/** What a node calls itself: as written, or as its host is called. */
export const nodeName = (written: string | null, hostname: string): string =>
  written ?? (hostname === "" ? NAMELESS : hostname);

/** 0: not written. */
const secondsOf = (span: Milliseconds | null): Seconds => seconds((span ?? 0) / 1000);

function buildAgent(values: AgentValues, hostname: string): AgentConfig | null {
  const read = plain(values);
  const log = read === null ? null : plain(read.log);
  const timeouts = read === null ? null : plain(read.ipvs_timeouts);
  if (read === null || log === null || timeouts === null) return null;
  return {
    node: nodeName(read.node, hostname),
    runtimeDir: read.runtime_dir,
    stateDir: read.state_dir,
    maintenanceDir: read.maintenance_dir,
    ipvsTimeouts: {
      tcp: secondsOf(timeouts.tcp),
      tcpFin: secondsOf(timeouts.tcp_fin),
      udp: secondsOf(timeouts.udp),
    },
    controlGroup: read.control_group,
    realtimePriority: read.realtime_priority,
    scriptUser: read.script_user,
    addressMethod: read.address_method,
    addressLifetime: read.address_lifetime,
    log,
  };
}

function buildRouter(section: RouterSection): RouterConfig | null {
  const read = plain(section.values);
  const family = familyOfRouter(section);
  if (read === null || family === null) return null;
  const auth = buildAuth(read.auth);
  const addresses = all(read.addresses.map((entry) => buildAddress(entry, read.interface)));
  const excluded = all(read.excluded_addresses.map((entry) => buildAddress(entry, read.interface)));
  const peers = all(read.unicast_peers.map((entry) => entry && plain(entry.value)));
  const tracked = all(read.track_interfaces.map((entry) => entry && plain(entry.value)));
  const checks = all(read.track_checks);
  const routes = all(read.routes);
  const rules = all(read.rules);
  const garp = plain(read.garp);
  const notify = plain(read.notify);
  const hooks = plain(read.hooks);
  if (auth === null || garp === null || notify === null || hooks === null) return null;
  if (addresses === null || excluded === null || peers === null || tracked === null || checks === null)
    return null;
  const evidence = all(read.guard);
  if (routes === null || rules === null || evidence === null) return null;
  return {
    name: section.name,
    interface: read.interface,
    vrid: read.vrid,
    version: read.version,
    family,
    priority: priority(read.priority),
    advertInterval: read.advert_interval,
    preempt: read.preempt,
    preemptDelay: read.preempt_delay,
    startupDelay: read.startup_delay,
    tie: read.tie,
    checksum: read.checksum,
    auth,
    addresses,
    excludedAddresses: excluded,
    onFound: read.on_found,
    accept: read.accept,
    virtualMac: read.virtual_mac,
    routes: routes.map(({ value }) => value),
    rules: rules.map(({ value }) => value),
    multicastGroup: read.multicast_group ?? GROUPS[family],
    unicastSource: read.unicast_source,
    unicastPeers: peers.map(({ address, min_ttl }) => ({ address, minTtl: min_ttl })),
    trackInterfaces: tracked.map(({ name, weight, up_delay: upDelay, down_delay: downDelay }) => ({
      name,
      weight,
      upDelay,
      downDelay,
    })),
    trackChecks: checks.map(({ value }) => value),
    syncGroup: read.sync_group,
    garp: {
      count: garp.count,
      interval: garp.interval,
      refresh: garp.refresh,
      repeatAfter: garp.repeat_after,
    },
    notify,
    hooks: {
      beforeTake: hooks.before_take,
      afterTake: hooks.after_take,
      beforeRelease: hooks.before_release,
      timeout: hooks.timeout,
      retry: hooks.retry,
    },
    guard: {
      heartbeat: evidence.some(({ value }) => value.type === "heartbeat"),
      witnesses: evidence.flatMap(({ value }) => (value.type === "ping" ? [value.address] : [])),
    },
    onIsolation: read.on_isolation,
  };
}

function buildAuth(values: NonNullable<RouterSection["values"]["auth"]>["value"]): AuthConfig | null {
  if (values === null) return { type: "none" };
  const read = plain(values);
  if (read === null) return null;
  if (read.type === "none") return { type: "none" };
  return read.key === null ? null : { type: read.type, key: read.key };
}

function buildAddress(entry: AddressEntry | null, own: string): AddressConfig | null {
  const read = entry === null ? null : plain(entry.value);
  if (read === null) return null;
  return { ...read.address, interface: read.interface ?? own, label: read.label };
}
