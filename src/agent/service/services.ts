/**
 * The virtual services: what the kernel's table should be follows from the configuration, the checks, the operator and who is master; what
 * it is gets read every few seconds, as others may change it; the difference is written. One order of a way is under way at a time.
 */
import type { Instant, Milliseconds } from "../../base/units.ts";
import { after, earlier, ms, NEVER } from "../../base/units.ts";
import type { ServerConfig, ServiceConfig, TableWay } from "../../config/service-model.ts";
import type { Wanted } from "../../ipvs/difference.ts";
import { difference } from "../../ipvs/difference.ts";
import { KnownTable } from "../../ipvs/known.ts";
import type { Change, Timeouts } from "../../wire/ipvs.ts";
import { serviceKey, UNCHANGED } from "../../wire/ipvs.ts";
import type { OwnedService, ServiceAction, ServiceEvent } from "./boundary.ts";
import { isActive } from "./active.ts";
import type { Judges, ServerOrder } from "./state.ts";
import type { Table } from "./table.ts";
import { changeKey, keyOf, tellOthers, unknownTable, untried } from "./table.ts";
import { serverChecks, ServiceState } from "./state.ts";
import { refusalText, tableText, tellService } from "./tell.ts";
import { tellLeavers } from "./tell-leavers.ts";
import type { Turn, World } from "../world.ts";

/** From one look at the table to the next, milliseconds; a table that takes long to read is read less often. */
const LOOK_EVERY = 3000;
const LOOK_SHARE = 10;
/** After an answer which says that the table is not what it was known to be. */
const LOOK_SOON = ms(100);
const NOBODYS: ReadonlySet<string> = new Set();
/** Errors of a change that somebody else was faster with. */
const RACES: readonly string[] = ["EEXIST", "ESRCH"];

export class Services {
  readonly states = new Map<string, ServiceState>();
  /** Those of them that are not always active. */
  tied: readonly ServiceState[] = [];
  readonly orders = new Map<string, ServerOrder>();
  readonly tables = new Map<TableWay, Table>();
  /** What is ours in the kernel, by its key; with another way configured it is written by that from then on. */
  readonly owned = new Map<string, OwnedService>();
  /** The list of these as the edge has it, as JSON. */
  noted = "[]";
  /** Addresses, with or without a port. */
  maintained: ReadonlySet<string> = new Set();
  maintenanceFailure: string | null = null;
  /** Something that the table depends on may be another: all of it is looked at. */
  dirty = false;
  /** Services of which a check changed. */
  readonly changed = new Set<ServiceState>();
  private readonly byCheck = new Map<string, ServiceState>();
  readAt: Instant = NEVER;
  /** When the time of a server that leaves is over. */
  leaveAt: Instant = NEVER;
  /** Answers to `read` that are awaited. */
  private reading = 0;
  directory: string | null = null;
  /** Of the kernel's connections. */
  timeouts: Timeouts = UNCHANGED;

  /** Takes over a new set of services; those of the same name go on with what is known of their servers. */
  configure(configs: readonly ServiceConfig[], now: Instant): void {
    const before = new Map(this.states);
    this.states.clear();
    this.changed.clear();
    this.byCheck.clear();
    for (const config of configs) {
      this.states.set(config.name, new ServiceState(config, before.get(config.name) ?? null, now));
      const { id } = config.service;
      for (const { name } of serverChecks([config])) {
        const state = this.states.get(config.name);
        if (state !== undefined) this.byCheck.set(name, state);
      }
      this.owned.set(serviceKey(id), { id, way: config.way, keep: config.onStop === "keep" });
    }
    this.tied = [...this.states.values()].filter(({ config }) => config.activeWhen !== null);
    for (const key of this.orders.keys())
      if (!this.servers().some(([name]) => name === key)) this.orders.delete(key);
    this.dirty = true;
    const used = this.ways();
    for (const way of this.tables.keys()) if (!used.includes(way)) this.tables.delete(way);
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
    order(turn, { kind: "services", what: "read", ways, timeouts: this.timeouts });
  }

  table(way: TableWay): Table {
    const known = this.tables.get(way);
    if (known !== undefined) return known;
    const made = unknownTable();
    this.tables.set(way, made);
    return made;
  }

  /** An answer to `look`. */
  told(turn: Turn, event: Extract<ServiceEvent, { what: "told" }>): void {
    const { way, entries, failure, left, took } = event;
    const table = this.table(way);
    this.reading = Math.max(0, this.reading - 1);
    for (const one of left) {
      const key = serviceKey(one.id);
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
    const known = entries === null ? null : new KnownTable(entries);
    const same = known !== null && table.settled && table.known?.isLike(known) === true;
    table.known = known;
    if (same && !this.someoneLeaves()) return;
    // Of what follows then nothing is the repair of what others did.
    table.settled &&= !same;
    table.refused.clear();
    table.fresh = true;
    this.dirty = true;
  }

  /** Whether there is a server that waits for the end of its connections. */
  private someoneLeaves(): boolean {
    return [...this.states.values()].some(({ leavers }) => leavers.leaving.size > 0);
  }

  /** The checks of these names mean something else than before. */
  probed(names: readonly string[]): void {
    for (const name of names) {
      const state = this.byCheck.get(name);
      if (state !== undefined) this.changed.add(state);
    }
  }

  /** An answer to a write. */
  written(turn: Turn, event: Extract<ServiceEvent, { what: "written" }>): void {
    const table = this.table(event.way);
    table.busy = false;
    this.dirty ||= table.again;
    table.again = false;
    const failures = new Map<string, string>();
    let overtaken = false;
    for (const { change, errno } of event.results) {
      const key = keyOf(change);
      // It is ours no more.
      if (change.kind === "delete-service") this.dirty = true;
      if (errno === null) table.known?.apply(change);
      else {
        table.refused.set(changeKey(change), key);
        if (RACES.includes(errno) || (errno === "ENOENT" && !("service" in change))) overtaken = true;
        else if (!failures.has(key)) failures.set(key, refusalText(change, errno));
      }
    }
    // Who is overtaken time after time races nobody: a service that the kernel refuses has no servers, either.
    if (overtaken && !table.overtaken) this.readAt = after(turn.now, LOOK_SOON);
    table.overtaken = overtaken;
    const failing = new Set(table.refused.values());
    for (const state of this.states.values()) {
      if (state.config.way !== event.way) continue;
      const failure = failures.get(state.key) ?? null;
      if (failure !== null && failure !== state.failure) {
        turn.out.log("error", "service.failed", { name: state.config.name, detail: failure });
      }
      if (failure !== null || !failing.has(state.key)) state.failure = failure;
    }
    // What was refused is tried again after the next look.
    table.settled = table.refused.size === 0;
  }

  /** When there is something to do. */
  deadline(): Instant {
    let next = earlier(this.readAt, this.leaveAt);
    for (const { settleAt } of this.changed) next = earlier(next, settleAt);
    return next;
  }

  /** The writes that follow from how things are; tells what changed. */
  settle(world: World, turn: Turn, judges: Judges): void {
    if (!this.dirty) return this.settleChanged(world, turn, judges);
    this.dirty = false;
    this.changed.clear();
    this.leaveAt = NEVER;
    const wanted = new Map<TableWay, Wanted[]>(this.ways().map((way) => [way, []]));
    for (const state of this.states.values()) {
      const one = this.want(world, turn, state, judges);
      if (one !== null) wanted.get(state.config.way)?.push(one);
    }
    for (const [way, list] of wanted) this.write(turn, way, list);
  }

  /** The same for the services alone of which a check changed: there may be hundreds of others. */
  private settleChanged(world: World, turn: Turn, judges: Judges): void {
    const changes = new Map<TableWay, Change[]>();
    for (const state of this.changed) {
      if (turn.now < state.settleAt) continue;
      this.changed.delete(state);
      state.settled(turn.now);
      const { way } = state.config;
      const table = this.table(way);
      const one = this.want(world, turn, state, judges);
      if (table.busy) table.again = true;
      if (one === null || table.busy || table.known === null) continue;
      const entry = table.known.entry(state.key);
      const found = difference([one], entry === null ? [] : [entry], NOBODYS);
      changes.set(way, [...(changes.get(way) ?? []), ...untried(table, found.changes)]);
    }
    for (const [way, list] of changes) {
      if (list.length === 0) continue;
      this.table(way).busy = true;
      order(turn, { kind: "services", what: "write", way, changes: list, owned: null });
    }
  }

  /** What the kernel should have of a service, null for nothing; tells what changed. */
  private want(world: World, turn: Turn, state: ServiceState, judges: Judges): Wanted | null {
    const { config } = state;
    const { known, fresh } = this.table(config.way);
    const entry = known?.entry(state.key) ?? null;
    const active = isActive(world, config) ?? entry !== null;
    const filled = state.fill(judges, entry, fresh, turn.now);
    tellService(world, turn, state, filled, active, judges);
    tellLeavers(world, turn, state, filled);
    this.leaveAt = earlier(
      this.leaveAt,
      state.leavers.next((key) => state.limit(key)),
    );
    if (!active && config.inactive === "empty") return null;
    return { service: config.service, destinations: filled.destinations };
  }

  private write(turn: Turn, way: TableWay, wanted: readonly Wanted[]): void {
    const table = this.table(way);
    if (table.busy) table.again = true;
    if (table.busy || table.known === null) return;
    const ours = [...this.owned.values()].filter((one) => one.way === way).map(({ id }) => serviceKey(id));
    const found = difference(wanted, table.known.all(), new Set(ours));
    const changes = untried(table, found.changes);
    if (table.fresh) tellOthers(turn, table, found, this.states.values(), this.owned.values());
    table.fresh = false;
    this.forget(way, table);
    const owned = [...this.owned.values()];
    const noted = JSON.stringify(owned);
    const same = noted === this.noted;
    table.settled = found.changes.length === 0;
    if (changes.length === 0 && same) return;
    this.noted = noted;
    table.busy = true;
    order(turn, { kind: "services", what: "write", way, changes, owned: same ? null : owned });
  }

  /** What is neither configured nor there is ours no more. */
  private forget(way: TableWay, { known }: Table): void {
    const configured = new Set(Array.from(this.states.values(), ({ key }) => key));
    for (const [key, { way: of }] of this.owned) {
      if (of !== way || configured.has(key)) continue;
      if (known?.entry(key) === null) this.owned.delete(key);
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
const pause = (took: number): Milliseconds => ms(Math.max(LOOK_EVERY, took * LOOK_SHARE));
