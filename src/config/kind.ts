/** The kinds of value that a key of haagent.toml can have: each knows its name in the manual, how to read and how to show one. */
import type { Milliseconds } from "../base/units.ts";
import { ms } from "../base/units.ts";
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import type { Spot } from "./scan.ts";
import { plural, quote, say } from "./words.ts";

/** A value as the file has it. */
export interface Written {
  readonly value: unknown;
  readonly spot: Spot;
  /** How a finding names it: `priority`, `an element of addresses`. */
  readonly name: string;
  /** What the names of its members begin with: `garp` gives `garp.count`. Empty for a table with a header. */
  readonly path: string;
  /** Whether it may hold a key: then findings never show the value. */
  readonly secret?: boolean;
}

/** A value that was read, or the default, with the place to point at. */
export interface Given<Value> {
  readonly value: Value;
  /** Offset of the value; of its table's header when the default stands. */
  readonly at: number;
  /** False: the default. */
  readonly written: boolean;
}

/** One kind of value. `Value` never contains null. */
export interface Kind<Value> {
  /** For the manual: `integer 1 to 255`. */
  readonly manual: string;
  /** Values of the language that this version does not do. */
  readonly later?: readonly string[];
  /** The meaning of what is written; null after reporting why it has none. */
  read(written: Written, report: Report): Value | null;
  /** The value as TOML, for the manual and for findings. */
  show(value: Value): string;
}

/** Reports that a value is not what its key takes. */
export function reject(written: Written, report: Report, wanted: string): null {
  const { value, secret } = written;
  const got =
    secret !== true ? `, not ${say(value, "value")}` : isString(value) ? "" : `, not ${say(value, "type")}`;
  report.error(written.spot.value, `${written.name} must be ${wanted}${got}`);
  return null;
}

const isString = (value: unknown): value is string => typeof value === "string";

export const boolean: Kind<boolean> = {
  manual: "boolean",
  read(written, report) {
    if (typeof written.value === "boolean") return written.value;
    return reject(written, report, "true or false");
  },
  show: (value) => `${value}`,
};

/** A whole number from `low` to `high`. */
export const integer = (low: number, high: number): Kind<number> => ({
  manual: `integer ${low} to ${high}`,
  read(written, report) {
    const { value } = written;
    if (typeof value !== "number" || !Number.isInteger(value)) {
      return reject(written, report, `a whole number from ${low} to ${high}`);
    }
    if (value < low || value > high) return reject(written, report, `${low} to ${high}`);
    // -0 is a legal TOML float; it must not differ from 0.
    return value + 0;
  },
  show: (value) => `${value}`,
});

/** A string for which `check` gives null, or what it must be instead. */
export const text = (manual: string, wanted: (value: string) => string | null): Kind<string> => ({
  manual,
  read(written, report) {
    if (typeof written.value !== "string") return reject(written, report, manual);
    const instead = wanted(written.value);
    return instead === null ? written.value : reject(written, report, instead);
  },
  show: quote,
});

/** How ha.cf and others write what is true and false here. */
const SWITCHES: Readonly<Record<string, boolean>> = {
  ...{ on: true, yes: true, true: true },
  ...{ off: false, no: false, false: false },
};

/** One of several words or numbers; those in `later` belong to the language but not to this version. */
export const choice = <const Now extends string | number | boolean>(
  now: readonly Now[],
  later: readonly string[] = [],
): Kind<Now> => {
  const shown = now.map((value) => JSON.stringify(value));
  const wanted = shown.length === 1 ? `${shown[0]}` : `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
  const words = [...now, ...later].filter((word) => typeof word === "string");
  return {
    manual: wanted,
    later,
    read(written, report) {
      const { value, spot, name } = written;
      const found = now.find((candidate) => candidate === value);
      if (found !== undefined) return found;
      if (typeof value === "string" && later.includes(value)) {
        report.error(spot.value, `${name} = ${quote(value)} is not in this version`);
        return null;
      }
      const meant = typeof value === "string" ? SWITCHES[value.toLowerCase()] : undefined;
      const switched = now.some((candidate) => candidate === meant);
      const near = switched
        ? `; did you mean ${meant}?`
        : typeof value === "string"
          ? hint(value, words)
          : "";
      const got = written.secret === true ? "" : `, not ${say(value, "value")}`;
      report.error(spot.value, `${name} must be ${wanted}${got}${near}`);
      return null;
    },
    show: (value) => JSON.stringify(value),
  };
};

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A span of time from `low` to `high` milliseconds: a string with a unit, or a bare number of seconds. */
export const duration = (low: number, high: number): Kind<Milliseconds> => ({
  manual: `duration ${showDuration(low)} to ${showDuration(high)}`,
  read(written, report) {
    const value = parseDuration(written.value);
    if (value === null) return reject(written, report, 'a duration like "10ms", "1s", "5m" or "1h"');
    if (value < low || value > high) {
      return reject(written, report, `${showDuration(low)} to ${showDuration(high)}`);
    }
    return ms(value);
  },
  show: (value) => `"${showDuration(value)}"`,
});

/** Milliseconds of a duration as it is written, `"10ms"` or a bare number of seconds; null for anything else. */
export function parseDuration(value: unknown): number | null {
  let span = Number.NaN;
  if (typeof value === "number") span = value * 1000;
  else if (typeof value === "string") {
    const match = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value);
    span = Number(match?.[1]) * (UNIT_MS[match?.[2] ?? ""] ?? Number.NaN);
  }
  // Rounded to a nanosecond: 0.07 s is 70 ms, not 70.00000000000001.
  return Number.isFinite(span) ? Math.round(span * 1e6) / 1e6 + 0 : null;
}

/** Milliseconds in the shortest of the units that the file takes. */
export function showDuration(span: number): string {
  if (span === 0) return "0s";
  for (const unit of ["h", "m"]) {
    const size = UNIT_MS[unit] ?? 1;
    // "60s" is more usual than "1m".
    if (span % size === 0 && (unit === "h" || span > size)) return `${span / size}${unit}`;
  }
  return span < 1000 ? `${span}ms` : `${span / 1000}s`;
}

/** An array; an element that cannot be read is null in its place. */
export const list = <Value>(element: Kind<Value>, most: number): Kind<readonly (Given<Value> | null)[]> => ({
  manual: `array of ${element.manual.replace(/^(?:an?|the) /, "")}`,
  read(written, report) {
    if (!Array.isArray(written.value)) return reject(written, report, "an array");
    if (written.value.length > most) {
      report.error(
        written.spot.value,
        `${written.name} has ${written.value.length} elements; the limit is ${most}`,
      );
      return null;
    }
    return written.value.map((value: unknown, index) => {
      const spot = written.spot.items[index] ?? written.spot;
      const name = `an element of ${written.name}`;
      const read = element.read({ ...written, value, spot, name }, report);
      return read === null ? null : { value: read, at: spot.value, written: true };
    });
  },
  show: (values) =>
    `[${values.map((given) => (given === null ? "" : element.show(given.value))).join(", ")}]`,
});

/** Commands: `["/a", "b"]` is the argv of one, `[["/a"], ["/b"]]` are two, run in order. */
export type Commands = readonly (readonly string[])[];
/** Commands of one key, and arguments of one command. */
const COMMANDS_MAX = 32;
const ARGUMENTS_MAX = 256;

/** Commands to run: an argv, or several. */
export const commands: Kind<Commands> = {
  manual: "command",
  read(written, report) {
    const { value } = written;
    if (!Array.isArray(value)) return reject(written, report, 'an array: ["/program", "argument"]');
    const several = value.some((element) => Array.isArray(element));
    if (value.length === 0) return [];
    if (!several) return one(written, value, written.spot, report, (argv) => [argv]);
    if (value.length > COMMANDS_MAX) {
      report.error(
        written.spot.value,
        `${written.name} has ${plural(value.length, "command")}; the limit is ${COMMANDS_MAX}`,
      );
      return null;
    }
    const read = value.map((element: unknown, index) =>
      one(written, element, written.spot.items[index] ?? written.spot, report, (argv) => argv),
    );
    const good = read.filter((argv) => argv !== null);
    return good.length === read.length ? good : null;
  },
  show: (value) => JSON.stringify(value.length === 1 ? value[0] : value),
};

function one<Value>(
  written: Written,
  value: unknown,
  spot: Spot,
  report: Report,
  give: (argv: readonly string[]) => Value,
): Value | null {
  const wrong = (at: number, text: string): null => {
    report.error(at, `${written.name}${text}`);
    return null;
  };
  if (!Array.isArray(value)) {
    const rule = "an array of strings is one command, an array of arrays several";
    return wrong(spot.value, ` mixes arguments and commands: ${rule}`);
  }
  if (value.length === 0) return wrong(spot.value, " has an empty command");
  if (value.length > ARGUMENTS_MAX) {
    return wrong(spot.value, ` has ${value.length} arguments; the limit is ${ARGUMENTS_MAX}`);
  }
  const argv: string[] = [];
  for (const [index, argument] of value.entries()) {
    const at = spot.items[index]?.value ?? spot.value;
    if (typeof argument !== "string") return wrong(at, ` takes strings, not ${say(argument, "type")}`);
    if (argument.includes("\0")) return wrong(at, " has a NUL character in an argument");
    argv.push(argument);
  }
  const program = argv[0] ?? "";
  const at = spot.items[0]?.value ?? spot.value;
  if (!program.startsWith("/")) {
    return wrong(at, ` must begin with the absolute path of a program, not ${quote(program)}`);
  }
  if (program.includes(" ")) {
    report.warning(
      at,
      `${written.name} names a program with a space, ${quote(program)}: arguments are elements of their own`,
    );
  }
  return give(argv);
}
