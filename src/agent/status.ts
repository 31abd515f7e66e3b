/** What the agent knows, as the contract's status object: read in one turn, so it is consistent without a lock. */
import type { Instant } from "../base/units.ts";
import { elapsed } from "../base/units.ts";
import { effectOf } from "../vrrp/priority.ts";
import { RELEASING } from "../vrrp/state.ts";
import { heartbeatDegraded, heartbeatStatus } from "./cluster/status.ts";
import { guardDegraded, guardStatus } from "./guard-status.ts";
import { hookText } from "./hooks.ts";
import { prospect } from "./prospect.ts";
import { acceptFailure, refuses } from "./refusal.ts";
import { masterHeard } from "./operator.ts";
import { realServerFaulty, realServerStatus } from "./realserver.ts";
import { resourcesHealth } from "./resource/status.ts";
import { failureStatus, paceStatus } from "./check-status.ts";
import { forwardingStatus } from "./forwarding.ts";
import { keyOf } from "./kernel.ts";
import type { Router } from "./router.ts";
import { foreignServices, servicesDegraded, servicesStatus } from "./service/status.ts";
import { contends, contestStatus } from "./signs.ts";
import { dialectOf } from "./versions.ts";
import { probingFailure } from "./unprobed.ts";
import { virtualMac } from "./virtual-mac.ts";
import type { World } from "./world.ts";

const rounded = (from: Instant, to: Instant): number => Math.max(0, Math.round(elapsed(from, to)));

/** `fault` when a router is, `degraded` while two masters contend, one is in standby or held back by its guard, `accept = false` is not kept, or checks are not probed; a healthy backup is `ok`. */
function health(world: World, now: Instant): "ok" | "degraded" | "fault" {
  const routers = [...world.routers.values()];
  if (routers.some(({ role }) => role === "fault")) return "fault";
  // Nobody takes over from here until somebody says so: a pair that was left like this is none.
  if (routers.some(({ role }) => role === "standby")) return "degraded";
  const contended = routers.some((router) => contends(world, router, now));
  const accepting = routers.some((router) => router.holds && acceptFailure(world, router) !== null);
  const groups = resourcesHealth(world, now);
  if (groups === "fault") return "fault";
  const troubled =
    probingFailure(world) !== null ||
    guardDegraded(world) ||
    heartbeatDegraded(world) ||
    realServerFaulty(world) ||
    servicesDegraded(world);
  return contended || accepting || troubled || groups === "degraded" ? "degraded" : "ok";
}

/** What a router waits for that was started a moment ago; null when it does not. */
function startupDelay(router: Router, now: Instant): string | null {
  const left = elapsed(now, router.settings().listensUntil);
  if (router.role !== "backup" || left <= 0) return null;
  return `startup_delay: only listens for another ${Math.ceil(left / 1000)} s`;
}

function routerStatus(world: World, router: Router, now: Instant, clock: (at: Instant) => string): object {
  const { config, machine, counters, device } = router;
  const standing = router.role === "standby" ? masterHeard(router, now) : null;
  const known = machine.kind === "backup" ? machine.master : standing;
  const heard = known === null || known.priority === RELEASING ? null : known;
  const master =
    machine.kind === "master"
      ? { address: router.source, priority: router.priority, last_heard_ms: rounded(machine.sentAt, now) }
      : heard === null
        ? null
        : { address: heard.address, priority: heard.priority, last_heard_ms: rounded(heard.heardAt, now) };
  return {
    name: config.name,
    interface: config.interface,
    family: config.family,
    vrid: config.vrid,
    version: config.version,
    state: router.role,
    since: clock(router.since),
    reason: [startupDelay(router, now) ?? router.reason, hookText(world, router, now)]
      .filter((text) => text !== null)
      .join("; "),
    priority: config.priority,
    effective_priority: router.priority,
    interval_ms: config.advertInterval,
    sync_group: config.syncGroup,
    accept: !refuses(router),
    accept_failure: acceptFailure(world, router),
    virtual_mac: device === null ? null : { address: virtualMac(config), device, ready: router.deviceReady },
    operator: router.order?.kind ?? null,
    master,
    contested: contestStatus(world, router, now, clock),
    peers: [...router.peers.values()].map((peer) => ({
      address: peer.address,
      priority: peer.priority,
      last_heard_ms: rounded(peer.heardAt, now),
      version: dialectOf(peer),
      mismatch: [...peer.mismatch],
    })),
    addresses: router.addresses.map((address) => {
      const key = keyOf(world.kernel, address);
      const held = key === null ? null : world.ownership.get(key);
      const known = key === null ? null : world.kernel.find(key.index, key.address);
      const found = held === null ? known !== null : held.state === "found";
      return {
        address: `${address.address}/${address.prefix}`,
        interface: address.interface,
        held: held !== null && held.state !== "pending" && held.holder === config.name,
        found,
      };
    }),
    ...forwardingStatus(world, router),
    tracks: router.tracks.map((track) => {
      const check = config.trackChecks.includes(track.name) ? track.name : null;
      return {
        name: track.name,
        up: track.up,
        weight: track.weight,
        effect: router.owner ? 0 : effectOf(track),
        detail: check === null ? "" : world.checks.detail(check),
        warning: check === null ? null : world.checks.warning(check),
        failure: check === null ? null : failureStatus(world, check, clock),
        ...paceStatus(world, check),
      };
    }),
    election: election(router, now),
    guard: guardStatus(router, now),
    counters: {
      adverts_sent: counters.sent,
      adverts_received: counters.received,
      became_master: counters.becameMaster,
      rejected: counters.rejected,
    },
  };
}

function election(router: Router, now: Instant): object {
  const { wins, reason, order } = prospect(router, now);
  return {
    wins,
    reason,
    order: order.map(({ address, priority, self, heardAt }) => ({
      address,
      priority,
      self,
      last_heard_ms: heardAt === null ? null : rounded(heardAt, now),
    })),
  };
}

/** The status of everything, or of the router `name`; null when there is none of that name. */
export function status(
  world: World,
  name: string | null,
  now: Instant,
  wallClock: number,
): { readonly exit: number; readonly body: object } | null {
  // Instants become times of day only here, from the clock as it stands now: it may have stepped since.
  const clock = (at: Instant): string => timestamp(wallClock - elapsed(at, now));
  const routers = [...world.routers.values()].filter(
    (router) => name === null || router.config.name === name,
  );
  const other =
    name !== null && (world.cluster?.resources?.groups.has(name) === true || world.services.states.has(name));
  if (name !== null && routers.length === 0 && !other) return null;
  const healthNow = health(world, now);
  return {
    exit: healthNow === "ok" ? 0 : 3,
    body: {
      schema: 1,
      node: world.config.agent.node,
      pid: world.pid,
      version: world.version,
      health: healthNow,
      config: { file: world.path, loaded_at: clock(world.loadedAt), last_error: world.lastError },
      vrrp: routers.map((router) => routerStatus(world, router, now, clock)),
      heartbeat: heartbeatStatus(world, now),
      services: servicesStatus(world, clock, name),
      foreign_services: foreignServices(world),
      probing_failure: probingFailure(world),
      maintenance_failure: world.services.maintenanceFailure,
      realserver: realServerStatus(world),
    },
  };
}

/** RFC 3339 in UTC with milliseconds; pure, as the time comes in. */
function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
