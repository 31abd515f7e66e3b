/** From a `[check.NAME]` table that was found good to what is probed. */
import type { Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import { unreachable } from "../base/assert.ts";
import type { CheckConfig, ProbeConfig } from "./model.ts";
import type { CheckSection } from "./sections.ts";

/** Of HTTP (RFC 9110 4.2.1). */
const HTTP_PORT = 80;

/** The check, or null if anything that it needs could not be read. */
export function buildCheck({ name, values }: CheckSection): CheckConfig | null {
  const { interval, timeout, rise, fall, weight } = values;
  const probe = buildProbe(values);
  if (probe === null || interval === null || timeout === null) return null;
  if (rise === null || fall === null || weight === null) return null;
  return {
    name,
    probe,
    interval: interval.value,
    timeout: timeout.value ?? interval.value,
    rise: rise.value,
    fall: fall.value,
    weight: weight.value,
  };
}

function buildProbe(values: CheckSection["values"]): ProbeConfig | null {
  const { type, command, process: program, pidfile, file } = values;
  if (type === null) return null;
  const kind = type.value;
  switch (kind) {
    case "script": {
      const [argv] = command?.value ?? [];
      return argv === undefined ? null : { type: "script", command: argv };
    }
    case "process":
      if (program === null || pidfile === null) return null;
      return { type: "process", program: program.value, pidfile: pidfile.value };
    case "file": {
      const { content, scale, default: fallback, expect_body: pattern } = values;
      if (file === null || file.value === null || pattern === null) return null;
      if (content === null || scale === null || fallback === null) return null;
      const integer = content.value === "any" ? null : { scale: scale.value, fallback: fallback.value };
      return { type: "file", file: file.value, pattern: pattern.value, integer };
    }
    case "tcp":
    case "http":
    case "ping":
      return buildTargeted(kind, values);
    default:
      return unreachable(kind);
  }
}

function buildTargeted(type: "tcp" | "http" | "ping", values: CheckSection["values"]): ProbeConfig | null {
  const {
    target,
    interface: link,
    source,
    path,
    host,
    expect_status: statuses,
    expect_body: pattern,
  } = values;
  if (target === null || target.value === null || link === null || source === null) return null;
  const { address, port } = target.value;
  const route = { interface: link.value, source: source.value };
  if (type === "ping") return { type, address, ...route };
  if (type === "tcp") return port === null ? null : { type, address, port, ...route };
  if (path === null || host === null || statuses === null || pattern === null) return null;
  return {
    type,
    address,
    port: port ?? HTTP_PORT,
    path: path.value,
    host: host.value ?? hostField(address, port),
    statuses: statuses.value,
    pattern: pattern.value,
    ...route,
  };
}

/** The Host header of RFC 9110 7.2: an IPv6 address in brackets, the port unless it is the usual one. */
function hostField(address: Ip, port: number | null): string {
  const host = familyOf(address) === 6 ? `[${address}]` : address;
  return port === null || port === HTTP_PORT ? host : `${host}:${port}`;
}
