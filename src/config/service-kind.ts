/** Kinds of value that only virtual servers have: places with a port, and the clients that count as one. */
import type { Ip } from "../base/address.ts";
import { familyOf, isLinkLocal, isMulticast, parseIp } from "../base/address.ts";
import type { Endpoint } from "./check-kind.ts";
import { showEndpoint } from "./check-kind.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Kind } from "./kind.ts";
import { duration, reject } from "./kind.ts";
import { quote } from "./words.ts";

const PORT_MAX = 65_535;

/** An address that the kernel balances for or to: one host, and not of one link only. */
function hostOf(text: string): Ip | null {
  const parsed = parseIp(text);
  if (!parsed.ok || isMulticast(parsed.value) || isLinkLocal(parsed.value)) return null;
  return ["0.0.0.0", "::", "255.255.255.255"].includes(parsed.value) ? null : parsed.value;
}

/** An address with or without a port; 0 is every port. */
function parsePlace(text: string): Endpoint | null {
  const bare = hostOf(text);
  if (bare !== null) return { address: bare, port: null };
  const [, six, four, digits = ""] =
    /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+))(?::(0|[1-9]\d{0,4}))?$/.exec(text) ?? [];
  const address = hostOf(six ?? four ?? "");
  const port = digits === "" ? null : Number(digits);
  if (address === null || (port ?? 0) > PORT_MAX) return null;
  return familyOf(address) === (six === undefined ? 4 : 6) ? { address, port } : null;
}

/** A duration that the kernel counts in seconds; the bounds in milliseconds. */
export function wholeSeconds(low: number, high: number): Kind<Milliseconds> {
  const kind = duration(low, high);
  return {
    ...kind,
    read(written, report) {
      const span = kind.read(written, report);
      return span === null || span % 1000 === 0 ? span : reject(written, report, "whole seconds");
    },
  };
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, or an address alone. No name: what is balanced must not depend on DNS. */
export const place: Kind<Endpoint> = {
  manual: "IP address with or without port",
  read(written, report) {
    const { value } = written;
    const found = typeof value === "string" ? parsePlace(value) : null;
    if (found !== null) return found;
    const named = typeof value === "string" && /^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*\.?(:\d+)?$/i.test(value);
    const why = named ? " (no name: what is balanced must not depend on DNS)" : "";
    return reject(
      written,
      report,
      `an IP address with port, like "192.0.2.1:80" or "[2001:db8::1]:80"${why}`,
    );
  },
  show: ({ address, port }) => quote(showEndpoint(address, port)),
};
