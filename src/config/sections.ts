/** A whole file as it was read, before anything is made of it: each table's values with their places. */
import type { Family, Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { Values } from "./field.ts";
import { readFields } from "./field.ts";
import type { Written } from "./kind.ts";
import { isName, NAME_RULE } from "./network.ts";
import { nearest } from "./nearest.ts";
import type { Report } from "./report.ts";
import type { Spot } from "./scan.ts";
import { agent, tables } from "./tables.ts";
import { check } from "./tables-check.ts";
import type { serverCheck } from "./tables-check.ts";
import { heartbeat } from "./tables-heartbeat.ts";
import { realserver } from "./tables-realserver.ts";
import type { ownCheck } from "./tables-virtual-server.ts";
import { virtualServer } from "./tables-virtual-server.ts";
import { vrrp } from "./tables-vrrp.ts";
import { bareKey, header, isTable, plural, say } from "./words.ts";

/** A named table that was read. */
interface Section<F> {
  readonly name: string;
  /** Of its header. */
  readonly at: number;
  readonly values: Values<F>;
}

export type AgentValues = Values<typeof agent>;
export type RouterSection = Section<typeof vrrp>;
export type CheckSection = Section<typeof check>;
export type ServiceSection = Section<typeof virtualServer>;
/** `check` of a service or a fallback, and that of one server. */
export type ServiceCheckValues = Values<typeof serverCheck>;
export type OwnCheckValues = Values<typeof ownCheck>;
/** One entry of `real_servers`. */
export type ServerEntry = NonNullable<NonNullable<ServiceSection["values"]["real_servers"]>["value"][number]>;
/** `[heartbeat]`, and where it stands. */
export interface HeartbeatSection {
  readonly at: number;
  readonly values: Values<typeof heartbeat>;
}
/** `[realserver]`. */
export interface RealServerSection {
  readonly values: Values<typeof realserver>;
}
/** One entry of `addresses` or `excluded_addresses`. */
export type AddressEntry = NonNullable<NonNullable<RouterSection["values"]["addresses"]>["value"][number]>;

/** All tables of the file that this version does. */
export interface Sections {
  readonly agent: AgentValues;
  readonly routers: readonly RouterSection[];
  readonly checks: readonly CheckSection[];
  readonly services: readonly ServiceSection[];
  /** Null: there is no such table. */
  readonly heartbeat: HeartbeatSection | null;
  /** Null: there is no such table. */
  readonly realserver: RealServerSection | null;
}

/** Tables of one sort; a machine's generated file may be long, but not without end. */
const SECTIONS_MAX = 4096;

/** Reads the parsed file; everything wrong with single keys is reported. */
export function readSections(
  values: Readonly<Record<string, unknown>>,
  root: Spot,
  report: Report,
): Sections {
  reportTables(values, root, report);
  const place = (key: string): Written => ({
    value: values[key],
    spot: root.members.get(key) ?? root,
    name: header(key),
    path: "",
  });
  const agentTable = place("agent");
  for (const key of ["agent", "heartbeat", "realserver"] as const) {
    if (values[key] !== undefined && !isTable(values[key])) notATable(place(key), key, report);
  }
  return {
    agent: readFields(agent, agentTable, "[agent]", report),
    routers: readNamed(place("vrrp"), "vrrp", report, (table, label) =>
      readFields(vrrp, table, label, report),
    ),
    checks: readNamed(place("check"), "check", report, (table, label) =>
      readFields(check, table, label, report),
    ),
    services: readNamed(place("virtual_server"), "virtual_server", report, (table, label) =>
      readFields(virtualServer, table, label, report),
    ),
    heartbeat: isTable(values["heartbeat"])
      ? {
          at: place("heartbeat").spot.key,
          values: readFields(heartbeat, place("heartbeat"), "[heartbeat]", report),
        }
      : null,
    realserver: isTable(values["realserver"])
      ? { values: readFields(realserver, place("realserver"), "[realserver]", report) }
      : null,
  };
}

function reportTables(values: Readonly<Record<string, unknown>>, root: Spot, report: Report): void {
  for (const key of Object.keys(values)) {
    const spot = root.members.get(key) ?? root;
    const known = Object.entries(tables).find(([name]) => name === key)?.[1];
    if (known === undefined) reportUnknownTable(key, values[key], spot, report);
    else if (known.later) reportLater(key, known.named, spot, report);
  }
}

function reportLater(key: string, named: boolean, spot: Spot, report: Report): void {
  if (!named || spot.members.size === 0) report.error(spot.key, `${header(key)} is not in this version`);
  else {
    for (const [name, member] of spot.members) {
      report.error(member.key, `${header(key, name)} is not in this version`);
    }
  }
}

function reportUnknownTable(key: string, value: unknown, spot: Spot, report: Report): void {
  const near = nearest(key, Object.keys(tables));
  const hint = near === null ? "" : `; did you mean ${header(near)}?`;
  if (isTable(value)) {
    report.error(spot.key, `unknown table ${header(key)}${hint}`);
    return;
  }
  const owner = Object.entries(tables).find(([, table]) => Object.hasOwn(table.fields, key));
  const home =
    owner === undefined ? "" : `; it belongs in ${owner[1].named ? `[${owner[0]}.NAME]` : header(owner[0])}`;
  report.error(spot.key, `${bareKey(key)} stands in no table${owner === undefined ? hint : home}`);
}

function notATable(written: Written, key: keyof typeof tables, report: Report): void {
  const form = tables[key].named ? `[${key}.NAME]` : `[${key}]`;
  report.error(written.spot.value, `${key} must be a table, ${form}, not ${say(written.value, "type")}`);
}

/** The tables `[key.NAME]`. */
function readNamed<V>(
  parent: Written,
  key: "vrrp" | "check" | "virtual_server",
  report: Report,
  read: (table: Written, label: string) => V,
): { name: string; at: number; values: V }[] {
  if (parent.value === undefined) return [];
  if (!isTable(parent.value)) {
    notATable(parent, key, report);
    return [];
  }
  const sections: { name: string; at: number; values: V }[] = [];
  const entries = Object.entries(parent.value);
  if (entries.length > SECTIONS_MAX) {
    report.error(
      parent.spot.key,
      `${plural(entries.length, `[${key}.NAME] table`)}; the limit is ${SECTIONS_MAX}`,
    );
    return [];
  }
  for (const [name, value] of entries) {
    const spot = parent.spot.members.get(name) ?? parent.spot;
    const label = header(key, name);
    if (!isTable(value)) {
      if (Object.hasOwn(tables[key].fields, name)) {
        report.error(spot.key, `${name} must stand in a table of its own, [${key}.NAME]`);
      } else report.error(spot.value, `${label} must be a table, not ${say(value, "type")}`);
      continue;
    }
    if (!isName(name)) report.error(spot.key, `the name in ${label} must be ${NAME_RULE}`);
    sections.push({ name, at: spot.key, values: read({ value, spot, name: label, path: "" }, label) });
  }
  // Names like numbers come in another order than written.
  return sections.toSorted((a, b) => a.at - b.at);
}

/** Of routers that were asked for already: every server of a service asks anew. */
const VIRTUAL = new WeakMap<readonly RouterSection[], ReadonlyMap<Ip, string>>();

/** The virtual addresses of all routers, advertised or not, with the name of one that has it. */
export function virtualAddresses(routers: readonly RouterSection[]): ReadonlyMap<Ip, string> {
  const known = VIRTUAL.get(routers);
  if (known !== undefined) return known;
  const virtual = new Map<Ip, string>();
  for (const { name, values } of routers) {
    for (const entry of [...entries(values.addresses), ...entries(values.excluded_addresses)]) {
      const address = entry.value.address?.value.address;
      if (address !== undefined) virtual.set(address, name);
    }
  }
  VIRTUAL.set(routers, virtual);
  return virtual;
}

/** The readable entries of a list, those that were reported left out. */
export const entries = <Value>(
  list: { readonly value: readonly (Value | null)[] } | null,
): readonly Value[] => (list?.value ?? []).filter((entry) => entry !== null);

/** The family of a router: that of its advertised addresses, else of whatever else tells; null where nothing does. */
export function familyOfRouter({ values }: RouterSection): Family | null {
  const address =
    entries(values.addresses)[0]?.value.address?.value.address ??
    values.unicast_source?.value ??
    entries(values.unicast_peers)[0]?.value.address?.value ??
    values.multicast_group?.value ??
    entries(values.excluded_addresses)[0]?.value.address?.value.address;
  return address === undefined || address === null ? null : familyOf(address);
}
