/** A key of the language, and how a table of keys is read: unknown, missing, unfit and not-yet keys are all reported here. */
import type { Given, Kind, Written } from "./kind.ts";
import { nearest } from "./nearest.ts";
import type { Report } from "./report.ts";
import { bareKey, isTable, say } from "./words.ts";

/** One key: stated once, for the reader, the findings and the manual. */
export interface Field<Value> {
  readonly kind: Kind<Value>;
  /** One sentence. */
  readonly doc: string;
  /** What holds when the key is absent; null: it must be there. */
  readonly absent: { readonly value: Value; readonly shown: string } | null;
  /** This version does not do it: any other value than this one (as TOML gives it) is an error. */
  readonly later: { readonly harmless: string | null } | null;
  /** It holds a key or password: findings never show its value. */
  readonly secret: boolean;
  /** RFC section, man page. */
  readonly see: string | null;
  /** What keepalived.conf(5) calls it. */
  readonly keepalived: readonly string[];
  /** The keys of an inline table, for the manual. */
  readonly fields: Fields | null;
}

/** The keys of a table. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What reading a table gives: each key's value, the default's, or null where it could not be read (and was reported). */
export type Values<F> = {
  readonly [Key in keyof F]: F[Key] extends Field<infer Value> ? Given<Value> | null : never;
};

interface More {
  readonly secret?: boolean;
  readonly see?: string;
  readonly keepalived?: readonly string[];
}

const more = (extra: More) => ({
  secret: extra.secret ?? false,
  see: extra.see ?? null,
  keepalived: extra.keepalived ?? [],
  fields: null,
});

/** A key that must be there. */
export const required = <Value>(kind: Kind<Value>, doc: string, extra: More = {}): Field<Value> => ({
  kind,
  doc,
  absent: null,
  later: null,
  ...more(extra),
});

/** A key with a default. */
export const optional = <Value>(
  kind: Kind<Value>,
  value: Value,
  doc: string,
  extra: More = {},
): Field<Value> => ({ kind, doc, absent: { value, shown: kind.show(value) }, later: null, ...more(extra) });

/** A key whose absence means something that is no value of it, said in words. */
export const absent = <Value>(
  kind: Kind<Value>,
  shown: string,
  doc: string,
  extra: More = {},
): Field<Value | null> => ({
  kind: { ...kind, show: (value) => (value === null ? shown : kind.show(value)) },
  doc,
  absent: { value: null, shown },
  later: null,
  ...more(extra),
});

/** A key of the contract that this version does not do, unless its value is the harmless default. */
export const later = <Value>(
  kind: Kind<Value>,
  harmless: Value | null,
  doc: string,
  extra: More = {},
): Field<Value | null> => ({
  kind: { ...kind, show: (value) => (value === null ? "" : kind.show(value)) },
  doc,
  absent: { value: null, shown: harmless === null ? "" : kind.show(harmless) },
  later: { harmless: harmless === null ? null : kind.show(harmless) },
  ...more(extra),
});

/** An inline table with keys of its own; where `short` is given, a bare value stands for a table with that key alone. */
export const record = <F extends Fields>(fields: F, short?: keyof F & string): Kind<Values<F>> => ({
  manual: short === undefined ? "table" : `${fields[short]?.kind.manual ?? ""}, or table`,
  read(written, report) {
    if (isTable(written.value)) return readFields(fields, written, written.name, report);
    if (short === undefined || Array.isArray(written.value)) {
      report.error(written.spot.value, `${written.name} must be a table, not ${say(written.value, "type")}`);
      return null;
    }
    const given = fields[short]?.kind.read(written, report) ?? null;
    if (given === null) return null;
    const rest = defaults(fields, written.spot.value);
    // The one key given, the others by default: the same as the table form gives.
    return { ...rest, [short]: { value: given, at: written.spot.value, written: true } } as Values<F>;
  },
  show: () => "{}",
});

/** A key that holds an inline table whose absence means all its defaults. */
export const group = <F extends Fields>(fields: F, doc: string, extra: More = {}): Field<Values<F>> => ({
  ...optional(record(fields), defaults(fields, 0), doc, extra),
  fields,
});

/** A field whose inline tables' keys the manual lists. */
export const listing = <Value>(field: Field<Value>, fields: Fields): Field<Value> => ({ ...field, fields });

/** The values of a table in which nothing is written. */
export function defaults<F extends Fields>(fields: F, at: number): Values<F> {
  const values: Record<string, Given<unknown> | null> = {};
  for (const [key, field] of Object.entries(fields)) values[key] = byDefault(field, at);
  // One entry for each key of F, of its own type.
  return values as Values<F>;
}

const byDefault = (field: Field<unknown>, at: number): Given<unknown> | null =>
  field.absent === null ? null : { value: field.absent.value, at, written: false };

/** Reads a table; `place` is how findings name it: `[vrrp.VI_1]`. A value that is no table reads as an empty one. */
export function readFields<F extends Fields>(
  fields: F,
  table: Written,
  place: string,
  report: Report,
): Values<F> {
  const members = isTable(table.value) ? table.value : {};
  reportUnknown(fields, table, members, place, report);
  const values: Record<string, Given<unknown> | null> = {};
  for (const [key, field] of Object.entries(fields)) {
    if (!Object.hasOwn(members, key)) {
      if (field.absent === null) report.missing(table.spot.value, `${place} needs ${key}`);
      values[key] = byDefault(field, table.spot.value);
      continue;
    }
    const spot = table.spot.members.get(key) ?? table.spot;
    const name = table.path === "" ? key : `${table.path}.${key}`;
    const secret = table.secret === true || field.secret;
    const value = readField(field, { value: members[key], spot, name, path: name, secret }, report);
    values[key] = value === null ? null : { value, at: spot.value, written: true };
  }
  // One entry for each key of F, read by its own kind.
  return values as Values<F>;
}

function readField(field: Field<unknown>, written: Written, report: Report): unknown {
  if (field.later === null) return field.kind.read(written, report);
  const { harmless } = field.later;
  const value = harmless === null ? null : field.kind.read(written, report);
  if (harmless !== null && (value === null || field.kind.show(value) === harmless)) return value;
  // Where another value would do, the one that does not is shown.
  const scalar = harmless !== null && ["string", "number", "boolean"].includes(typeof written.value);
  const shown = scalar ? ` = ${say(written.value, "value")}` : "";
  report.error(written.spot.key, `${written.name}${shown} is not in this version`);
  return null;
}

function reportUnknown(
  fields: Fields,
  table: Written,
  members: Readonly<Record<string, unknown>>,
  place: string,
  report: Report,
): void {
  for (const key of Object.keys(members)) {
    if (report.full) return;
    if (Object.hasOwn(fields, key)) continue;
    const old = Object.entries(fields).find(([, field]) => field.keepalived.includes(key))?.[0];
    const meant =
      old ??
      nearest(
        key,
        Object.keys(fields).filter((known) => !Object.hasOwn(members, known)),
      );
    const hint = meant === null ? "" : `; did you mean "${meant}"?`;
    report.error(
      table.spot.members.get(key)?.key ?? table.spot.key,
      `unknown key ${bareKey(key)} in ${place}${hint}`,
    );
  }
}
