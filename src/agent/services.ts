/**
 * The virtual services: what the kernel's table should be follows from the configuration, the checks, the operator and who is master; what
 * it is gets read every few seconds, as others may change it; the difference is written. One order of a way is under way at a time.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, ms, NEVER } from "../base/units.ts";
import type { ServerConfig, ServiceConfig, TableWay } from "../config/service-model.ts";
import type { Wanted } from "../ipvs/difference.ts";
import { difference } from "../ipvs/difference.ts";
import { KnownTable } from "../ipvs/known.ts";
import type { Change, ServiceId } from "../wire/ipvs.ts";
import { serviceKey } from "../wire/ipvs.ts";
import { groupState } from "./resources.ts";
import type { OwnedService, ServiceAction, ServiceEvent } from "./service-boundary.ts";
import type { Judges, ServerOrder } from "./service-state.ts";
import { ServiceState } from "./service-state.ts";
import { refusalText, tableText, tellService } from "./service-tell.ts";
import type { Turn, World } from "./world.ts";

/** From one look at the table to the next, milliseconds; a table that takes long to read is read less often. */
const LOOK_EVERY = 3000;
const LOOK_SHARE = 10;
/** After an answer which says that the table is not what it was known to be. */
const LOOK_SOON = ms(100);
/** Errors of a change that somebody else was faster with. */
const RACES: readonly string[] = ["EEXIST", "ESRCH"];

/** The table by one of the kernel's interfaces. */
interface Table {
  known: KnownTable | null;
  /** Why it cannot be read; null where it can. */
  failure: string | null;
  busy: boolean;
  /** It was as it should be when it was last written or read. */
  settled: boolean;
  /** It was just read. */
  fresh: boolean;
  /** Services whose last change failed, until the next reading. */
  readonly refused: Set<string>;
  /** Services of others, said once. */
  foreign: readonly ServiceId[];
}

export class Services {
  readonly states = new Map<string, ServiceState>();
  readonly orders = new Map<string, ServerOrder>();
  readonly tables = new Map<TableWay, Table>();
  /** What is ours in the kernel, by way and key. */
  readonly owned = new Map<string, OwnedService>();
  /** The list of these as the edge has it, as JSON. */
  noted = "[]";
  /** Addresses, with or without a port. */
  maintained: ReadonlySet<string> = new Set();
  maintenanceFailure: string | null = null;
  /** Something that the table depends on may be another. */
  dirty = false;
  readAt: Instant = NEVER;
  /** Answers to `read` that are awaited. */
  private reading = 0;
  directory: string | null = null;

  /** Takes over a new set of services; those of the same name go on with what is known of their servers. */
  configure(configs: readonly ServiceConfig[], now: Instant): void {
    const before = new Map(this.states);
    this.states.clear();
    for (const config of configs) {
      this.states.set(config.name, new ServiceState(config, before.get(config.name) ?? null, now));
      const { id } = config.service;
      this.owned.set(ownedKey(config.way, serviceKey(id)), {
        id,
        way: config.way,
        keep: config.onStop === "keep",
      });
    }
    for (const key of this.orders.keys())
      if (!this.servers().some(([name]) => name === key)) this.orders.delete(key);
    this.dirty = true;
    if (this.states.size > 0 || before.size > 0) this.readAt = now;
  }

  /** Every server by the name of its service and its own. */
  servers(): [string, ServerConfig][] {
    return [...this.states.values()].flatMap(({ config }) =>
      config.servers.map((server): [string, ServerConfig] => [orderKey(config.name, server.name), server]),
    );
  }

  /** The interfaces of the kernel that are used. */
  private ways(): TableWay[] {
    const used = [
      ...[...this.states.values()].map(({ config }) => config.way),
      ...[...this.owned.values()].map(({ way }) => way),
    ];
    return [...new Set(used)];
  }

  /** Has the table read. */
  look(turn: Turn): void {
    this.readAt = NEVER;
    if (this.reading > 0) return;
    // A write that is under way is answered before.
    const ways = this.ways();
    this.reading = ways.length;
    order(turn, { kind: "services", what: "read", ways });
  }

  table(way: TableWay): Table {
    const known = this.tables.get(way);
    if (known !== undefined) return known;
    const made: Table = {
      ...{ known: null, failure: null, busy: false, settled: false, fresh: false, foreign: [] },
      refused: new Set<string>(),
    };
    this.tables.set(way, made);
    return made;
  }

  /** An answer to `look`. */
  told(turn: Turn, event: Extract<ServiceEvent, { what: "told" }>): void {
    const { way, entries, failure, left, took } = event;
    const table = this.table(way);
    this.reading = Math.max(0, this.reading - 1);
    for (const one of left) {
      const key = ownedKey(one.way, serviceKey(one.id));
      if (!this.owned.has(key)) this.owned.set(key, one);
    }
    this.readAt = after(turn.now, pause(took));
    if (failure !== table.failure && failure !== null) {
      turn.out.log("error", "service.failed", { table: way, detail: tableText(failure) });
    } else if (failure === null && table.failure !== null) {
      turn.out.log("info", "service.recovered", { table: way });
    }
    table.failure = failure;
    // A write is under way: what was read may be from before it.
    if (table.busy) return;
    table.known = entries === null ? null : new KnownTable(entries);
    table.refused.clear();
    table.fresh = true;
    this.dirty = true;
  }

  /** An answer to a write. */
  written(turn: Turn, event: Extract<ServiceEvent, { what: "written" }>): void {
    const table = this.table(event.way);
    table.busy = false;
    this.dirty = true;
    const failures = new Map<string, string>();
    for (const { change, errno } of event.results) {
      const id = "service" in change ? change.service.id : change.id;
      const key = serviceKey(id);
      if (errno === null) table.known?.apply(change);
      else {
        table.refused.add(key);
        if (RACES.includes(errno) || (errno === "ENOENT" && !("service" in change))) {
          this.readAt = after(turn.now, LOOK_SOON);
        } else if (!failures.has(key)) failures.set(key, refusalText(change, errno));
      }
    }
    for (const state of this.states.values()) {
      if (state.config.way !== event.way) continue;
      const touched = event.results.some(({ change }) => keyOf(change) === state.key);
      const failure = failures.get(state.key) ?? null;
      if (failure !== null && failure !== state.failure) {
        turn.out.log("error", "service.failed", { name: state.config.name, detail: failure });
      }
      if (touched || failure !== null) state.failure = failure;
    }
  }

  /** The writes that follow from how things are; tells what changed. */
  settle(world: World, turn: Turn, judges: Judges): void {
    this.dirty = false;
    const wanted = new Map<TableWay, Wanted[]>(this.ways().map((way) => [way, []]));
    for (const state of this.states.values()) {
      const { config } = state;
      const { known, fresh } = this.table(config.way);
      const entry = known?.entry(state.key) ?? null;
      const active = isActive(world, config) ?? entry !== null;
      const filled = state.fill(judges, entry, fresh);
      tellService(world, turn, state, filled, active, judges);
      if (!active && config.inactive === "empty") continue;
      wanted.get(config.way)?.push({ service: config.service, destinations: filled.destinations });
    }
    for (const [way, list] of wanted) this.write(turn, way, list);
  }

  private write(turn: Turn, way: TableWay, wanted: readonly Wanted[]): void {
    const table = this.table(way);
    if (table.busy || table.known === null) return;
    const ours = [...this.owned.values()].filter((one) => one.way === way).map(({ id }) => serviceKey(id));
    const found = difference(wanted, table.known.all(), new Set(ours));
    const changes = found.changes.filter((change) => !table.refused.has(keyOf(change)));
    if (table.fresh) this.compare(turn, table, found.changes, found.foreign);
    table.fresh = false;
    this.forget(way, table);
    const owned = [...this.owned.values()];
    const noted = JSON.stringify(owned);
    table.settled = found.changes.length === 0;
    if (changes.length === 0 && noted === this.noted) return;
    this.noted = noted;
    table.busy = true;
    order(turn, { kind: "services", what: "write", way, changes, owned });
  }

  /** Says what others have done to the table since it was last looked at. */
  private compare(turn: Turn, table: Table, changes: readonly Change[], foreign: readonly ServiceId[]): void {
    if (table.settled) {
      for (const state of this.states.values()) {
        const count = changes.filter((change) => keyOf(change) === state.key).length;
        if (count > 0)
          turn.out.log("warning", "service.repaired", { name: state.config.name, changes: count });
      }
    }
    const configured = new Set([...this.owned.values()].map(({ id }) => serviceKey(id)));
    const strange = foreign.filter((id) => !configured.has(serviceKey(id)));
    const before = new Set(table.foreign.map(serviceKey));
    for (const id of strange) {
      if (!before.has(serviceKey(id))) turn.out.log("info", "service.foreign", { service: serviceKey(id) });
    }
    table.foreign = strange;
  }

  /** What is neither configured nor there is ours no more. */
  private forget(way: TableWay, { known }: Table): void {
    for (const [key, { id, way: of }] of this.owned) {
      const name = serviceKey(id);
      const configured = [...this.states.values()].some(
        (state) => state.key === name && state.config.way === of,
      );
      if (of === way && !configured && known?.entry(name) === null) this.owned.delete(key);
    }
  }

  /** The operator's word on a server; null takes it back. */
  order(service: string, server: string, word: ServerOrder | null): void {
    const key = orderKey(service, server);
    if (word === null) this.orders.delete(key);
    else this.orders.set(key, word);
    this.dirty = true;
  }
}

/** Orders something of the edge. */
export const order = (turn: Turn, action: ServiceAction): void => turn.out.defer(action);
/** A server of a service. */
export const orderKey = (service: string, server: string): string => `${service} ${server}`;
const ownedKey = (way: TableWay, key: string): string => `${way} ${key}`;
/** Whether what a service depends on is here; null while that is not known: then the service is as it was found. */
export function isActive({ routers, cluster }: World, { activeWhen }: ServiceConfig): boolean | null {
  if (activeWhen === null) return true;
  const router = routers.get(activeWhen);
  if (router !== undefined) return router.role === "master";
  const resources = cluster?.resources ?? null;
  const phase = resources === null ? "stopped" : groupState(resources, activeWhen);
  if (phase === "unknown") return null;
  // Its addresses come with it: by then the service is there.
  return phase === "starting" || phase === "started";
}

const keyOf = (change: Change): string => serviceKey("service" in change ? change.service.id : change.id);
const pause = (took: number): Milliseconds => ms(Math.max(LOOK_EVERY, took * LOOK_SHARE));
