/** The agent's whole state, and the turn in which one event is handled. Every other file of this folder works on these two. */
import type { Family, Ip } from "../base/address.ts";
import type { Instant } from "../base/units.ts";
import { NEVER } from "../base/units.ts";
import type { Config } from "../config/model.ts";
import { addressesOf } from "../heartbeat/haresources.ts";
import { OWNER } from "../vrrp/state.ts";
import { Announcer } from "./announcer.ts";
import type { Action } from "./boundary.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { Listener } from "./listen.ts";
import { Checks } from "./checks.ts";
import { Neighbours } from "./neighbour-watch.ts";
import type { PendingReload } from "./reload.ts";
import { Guards } from "./guards.ts";
import { Hooks } from "./hooks.ts";
import { History } from "./history.ts";
import { Kernel } from "./kernel.ts";
import { Limiter } from "./limiter.ts";
import type { Outbox } from "./outbox.ts";
import { Ownership } from "./ownership.ts";
import type { RealServerState } from "./realserver.ts";
import { noRealServer } from "./realserver.ts";
import type { Role, Router } from "./router.ts";
import { Rivals } from "./rival.ts";
import { Routing } from "./routing.ts";
import { Services } from "./service/services.ts";
import type { Sign } from "./signs.ts";
import { LinkDelays } from "./tracking.ts";

/** {@link World.virtualMacs} before anything was told: no devices. */
export const NOTHING = "[]";

export interface World {
  config: Config;
  /** The file's name as given, for the status. */
  path: string;
  loadedAt: Instant;
  /** When this agent started: what startup_delay counts from. */
  readonly startedAt: Instant;
  /** Why the last reload was refused; null when the running configuration is the file's. */
  lastError: string | null;
  readonly pid: number;
  readonly version: string;
  readonly bootId: string;
  readonly kernel: Kernel;
  readonly routers: Map<string, Router>;
  /** The role last told of each sync group. */
  readonly groupsTold: Map<string, Role>;
  /** Routers by interface, family and VRID: where an advert belongs. */
  readonly wires: Map<number, Router>;
  readonly ownership: Ownership;
  readonly routing: Routing;
  readonly announcer: Announcer;
  readonly checks: Checks;
  readonly services: Services;
  readonly history: History;
  readonly hooks: Hooks;
  readonly guards: Guards;
  /** A reload that waits for before_release. */
  pending: PendingReload | null;
  readonly linkDelays: LinkDelays;
  /** Null: no heartbeat. */
  cluster: Cluster | null;
  readonly rivals: Rivals;
  readonly neighbours: Neighbours;
  /** What shows that others have what routers of ours have, by those. */
  readonly signs: Map<Router, Sign>;
  /** Masters that went and have not told it to the cluster yet; see notice.ts. */
  readonly owed: Set<Router>;
  readonly realServer: RealServerState;
  /** For what a packet can make us say: a flood of sources uses it up. */
  readonly limiter: Limiter;
  /** For what concerns a router, whoever sends: a flood must not silence it. */
  readonly alarms: Limiter;
  /** Addresses that move, and so are never the source of anything; an owner's are its real ones. */
  virtual: ReadonlySet<Ip>;
  /** The same and those of owners. */
  moved: ReadonlySet<Ip>;
  /** Addresses of all routers and resources together. */
  addressTotal: number;
  /** What the edge was last told to listen on. */
  listeners: readonly Listener[];
  /** Receiving sockets that failed, by interface and family, with the error's name. */
  readonly deaf: Map<string, string>;
  /** Those of them that are being tried again. */
  reopening: Set<string>;
  listenAgainAt: Instant;
  refreshAt: Instant;
  /** Devices of virtual MAC addresses: what the edge was told last, as JSON, how often, and when it is to try again what failed. */
  readonly virtualMacs: { told: string; attempts: number; retryAt: Instant };
  /** The packet filter: what the edge was told last, unless that failed and is due again, and why it failed. */
  readonly refusal: {
    told: Extract<Action, { kind: "refuse" }>["refused"];
    sound: boolean;
    failure: string | null;
    retryAt: Instant;
  };
  /** Indexes of interfaces whose promote_secondaries is set by us. */
  readonly promoted: Set<number>;
  resyncedAt: Instant;
  resyncAt: Instant;
  /** Some router is in fault over an address until its trouble ends. */
  troubleUntil: Instant;
  /** Who asked for the end; null: nobody. What does not wait for a hook is released by then. */
  stopping: string | null;
  /** Everything is released. */
  stopped: boolean;
}

/** One event being handled. The agent has one, and empties it after each: most events are adverts that change nothing. */
export interface Turn {
  now: Instant;
  readonly out: Outbox;
  /** Routers whose state may have changed: told about, and their groups judged, at the end. */
  readonly touched: Set<Router>;
  /** Members that have just lost mastership, by sync group. */
  readonly losers: Set<string>;
  /** Routers that became master, or got an address without asking the kernel, by name: their addresses are to be told. */
  readonly gained: Set<string>;
  /** Routers whose ledger record is out of date, by name; also of such as are no more. */
  readonly records: Set<string>;
  /** The set of addresses, routes and rules to hold may have changed. */
  addresses: boolean;
  /** The earliest deadline among the machines driven in this turn. */
  next: Instant;
}

/** The key of {@link World.wires}: interface index, one bit for the family, eight for the VRID. */
export const wire = (index: number, family: Family, vrid: number): number =>
  index * 512 + (family === 6 ? 256 : 0) + vrid;

export function makeWorld(
  config: Config,
  about: { path: string; pid: number; version: string; bootId: string },
  now: Instant,
): World {
  return {
    config,
    ...about,
    loadedAt: now,
    startedAt: now,
    lastError: null,
    kernel: new Kernel(),
    routers: new Map(),
    groupsTold: new Map(),
    wires: new Map(),
    ownership: new Ownership(),
    routing: new Routing(),
    announcer: new Announcer(),
    checks: new Checks(),
    services: new Services(),
    history: new History(),
    hooks: new Hooks(),
    guards: new Guards(),
    pending: null,
    linkDelays: new LinkDelays(),
    cluster: null,
    rivals: new Rivals(),
    neighbours: new Neighbours(),
    signs: new Map(),
    owed: new Set(),
    realServer: noRealServer(),
    limiter: new Limiter(),
    alarms: new Limiter(),
    virtual: new Set(),
    moved: new Set(),
    addressTotal: 0,
    listeners: [],
    deaf: new Map(),
    reopening: new Set(),
    listenAgainAt: NEVER,
    refreshAt: NEVER,
    virtualMacs: { told: NOTHING, attempts: 0, retryAt: NEVER },
    refusal: { told: null, sound: true, failure: null, retryAt: NEVER },
    promoted: new Set(),
    resyncedAt: now,
    resyncAt: NEVER,
    troubleUntil: NEVER,
    stopping: null,
    stopped: false,
  };
}

/** Recomputes what is derived from the set of routers and of resources; to be called whenever that or an interface index changes. */
export function index(world: World): void {
  const virtual = new Set<Ip>();
  const moved = new Set<Ip>();
  world.addressTotal = 0;
  world.wires.clear();
  for (const router of world.routers.values()) {
    world.addressTotal += router.carried.length;
    for (const { address } of router.carried) {
      moved.add(address);
      if (router.config.priority !== OWNER) virtual.add(address);
    }
    const { family, vrid } = router.config;
    if (router.index !== null) world.wires.set(wire(router.index, family, vrid), router);
  }
  for (const address of addressesOf(world.config.heartbeat?.resources?.groups ?? [])) {
    world.addressTotal += 1;
    virtual.add(address);
    moved.add(address);
  }
  world.virtual = virtual;
  world.moved = moved;
}

/** The members of a router's sync group, itself included; only itself without a group. */
export function group(world: World, router: Router): Router[] {
  const { syncGroup } = router.config;
  if (syncGroup === null) return [router];
  return [...world.routers.values()].filter(({ config }) => config.syncGroup === syncGroup);
}
