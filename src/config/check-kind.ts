/** Kinds of value that only checks have: endpoints, status codes, patterns, names of programs. */
import type { Family, Ip } from "../base/address.ts";
import { familyOf, isMulticast, parseIp } from "../base/address.ts";
import { compile } from "../check/pattern.ts";
import type { Kind } from "./kind.ts";
import { reject, text } from "./kind.ts";
import type { StatusRange } from "./probe-model.ts";
import { isGarbling, quote } from "./words.ts";

/** Where a probe goes to; the port is null where none is written. */
export interface Endpoint {
  readonly address: Ip;
  readonly port: number | null;
}

/** An address that a packet can be sent to or come from, of one host; loopback counts: a service may listen there only. */
function hostOf(value: string): Ip | null {
  const parsed = parseIp(value);
  if (!parsed.ok || isMulticast(parsed.value)) return null;
  return ["0.0.0.0", "::", "255.255.255.255"].includes(parsed.value) ? null : parsed.value;
}

function parseEndpoint(value: string): Endpoint | null {
  const bare = hostOf(value);
  if (bare !== null) return { address: bare, port: null };
  const [, six, four, digits = ""] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::([1-9]\d{0,4}))?$/.exec(value) ?? [];
  const address = hostOf(six ?? four ?? "");
  const port = digits === "" ? null : Number(digits);
  if (address === null || (port ?? 1) > 65_535) return null;
  const family: Family = six === undefined ? 4 : 6;
  return familyOf(address) === family ? { address, port } : null;
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, or an address alone. No name: a check must not depend on DNS. */
export const endpoint: Kind<Endpoint> = {
  manual: "IP address with or without port",
  read(written, report) {
    const { value } = written;
    const found = typeof value === "string" ? parseEndpoint(value) : null;
    if (found !== null) return found;
    const named = typeof value === "string" && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.?(:\d+)?$/i.test(value);
    const why = named ? " (a check must not depend on names and DNS)" : "";
    return reject(
      written,
      report,
      `an IP address with port, like "192.0.2.1:80" or "[2001:db8::1]:80"${why}`,
    );
  },
  show: ({ address, port }) => quote(showEndpoint(address, port)),
};

/** An endpoint as it is written: IPv6 in brackets before a port. */
export function showEndpoint(address: Ip, port: number | null): string {
  if (port === null) return address;
  return familyOf(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

/** An address of this host. */
export const localAddress: Kind<Ip> = {
  manual: "IP address",
  read(written, report) {
    const found = typeof written.value === "string" ? hostOf(written.value) : null;
    return found ?? reject(written, report, "an IP address of this host");
  },
  show: quote,
};

/** Ranges in one expression. */
const RANGES_MAX = 32;

function parseRange(part: string): StatusRange | null {
  const [, first = "", last = first] = /^\s*([1-5]\d\d)\s*(?:-\s*([1-5]\d\d)\s*)?$/.exec(part) ?? [];
  const range = { low: Number(first), high: Number(last) };
  return first !== "" && range.low <= range.high ? range : null;
}

/** `200-299`, `200,301-302`. */
export const statusCodes: Kind<readonly StatusRange[]> = {
  manual: "HTTP status codes",
  read(written, report) {
    const wanted = 'status codes from 100 to 599, like "200-299" or "200,301-302"';
    const { value } = written;
    const expression = typeof value === "number" ? String(value) : value;
    if (typeof expression !== "string") return reject(written, report, wanted);
    const ranges = expression.split(",").map(parseRange);
    const good = ranges.filter((range) => range !== null);
    return good.length === ranges.length && good.length <= RANGES_MAX
      ? good
      : reject(written, report, wanted);
  },
  show: (ranges) =>
    quote(ranges.map(({ low, high }) => (low === high ? `${low}` : `${low}-${high}`)).join(",")),
};

const PATTERN_LENGTH_MAX = 1024;

/** A regular expression that compiles. */
export const pattern: Kind<string> = text("a regular expression", (value) => {
  if (value === "") return "a regular expression that is not empty";
  if (value.length > PATTERN_LENGTH_MAX) return `at most ${PATTERN_LENGTH_MAX} characters long`;
  const compiled = compile(value);
  return compiled.ok ? null : `a regular expression (${compiled.error})`;
});

/** What a request line can carry: printable ASCII without space (RFC 9112 3.2.1). */
export const requestPath: Kind<string> = text("a path", (value) =>
  /^\/[\x21-\x7e]{0,2047}$/.test(value) ? null : 'a path that begins with "/", percent-encoded',
);

/** Arguments of a process that are compared. */
const ARGUMENTS_MAX = 32;

/** A program and the arguments that it must begin with: `"nginx"`, `["python3", "/opt/wan.py"]`. */
export const programName: Kind<readonly string[]> = {
  manual: "name of a program, or array of that and arguments",
  read(written, report) {
    const { value } = written;
    const words: readonly unknown[] = Array.isArray(value) ? value : [value];
    const texts = words.filter((word) => typeof word === "string");
    const [name = ""] = texts;
    const shaped = texts.length === words.length && words.length <= ARGUMENTS_MAX + 1;
    if (!shaped || texts.some(isGarbling)) {
      return reject(written, report, 'the name of a program, or an array: ["python3", "/opt/wan.py"]');
    }
    if (name === "" || name.endsWith("/") || (name.includes("/") && !name.startsWith("/"))) {
      return reject(written, report, "the name of a program or its absolute path");
    }
    if (!Array.isArray(value) && /\s/.test(name)) {
      report.warning(
        written.spot.value,
        `${written.name} names a program with a space, ${quote(name)}: arguments are elements of an array`,
      );
    }
    return texts;
  },
  show: (words) => (words.length === 1 ? quote(words[0] ?? "") : JSON.stringify(words)),
};
