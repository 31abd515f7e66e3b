/** From the table of a check that was found good to what is probed: for a virtual router, or for one real server after another. */
import { unreachable } from "../base/assert.ts";
import { buildDatabase, buildDns, buildRedis, buildSmtp, buildUdp } from "./build-spoken-probe.ts";
import { buildWeb } from "./build-web-probe.ts";
import type { Endpoint } from "./check-kind.ts";
import type { CheckConfig } from "./model.ts";
import type { ProbeConfig } from "./probe-model.ts";
import type { CheckSection } from "./sections.ts";
import type { ProbeValues } from "./tables-check.ts";
import type { CheckType } from "./tables-probe.ts";
import { USUAL_PORT } from "./tables-probe.ts";

/** The check of a virtual router, or null if anything that it needs could not be read. */
export function buildCheck({ name, values }: CheckSection): CheckConfig | null {
  if (values.weight === null) return null;
  return buildCourse(name, values.weight.value, values, null);
}

/**
 * A check that is called `name`; null if anything that it needs could not be read. `server` is the real server that is probed where the
 * table names no target, or of whose target it names a part only; null for a check that must name it all.
 */
export function buildCourse(
  name: string,
  weight: number,
  values: ProbeValues,
  server: Endpoint | null,
): CheckConfig | null {
  const { interval, fast_interval: fast, jitter, timeout, rise, fall } = values;
  const probe = buildProbe(values, server);
  if (probe === null || interval === null || fast === null || timeout === null) return null;
  if (rise === null || fall === null || jitter === null) return null;
  return {
    name,
    probe,
    interval: interval.value,
    fastInterval: fast.value ?? interval.value,
    jitter: jitter.value,
    timeout: timeout.value ?? interval.value,
    rise: rise.value,
    fall: fall.value,
    weight,
  };
}

/** What is probed; `server` as above. */
function buildProbe(values: ProbeValues, server: Endpoint | null): ProbeConfig | null {
  const { type, command, dynamic, process: program, pidfile, file } = values;
  if (type === null) return null;
  const kind = type.value;
  switch (kind) {
    case "script": {
      const [argv] = command?.value ?? [];
      if (argv === undefined || dynamic === null) return null;
      return { type: "script", command: argv, dynamic: dynamic.value };
    }
    case "process":
      if (program === null || pidfile === null) return null;
      return { type: "process", program: program.value, pidfile: pidfile.value };
    case "file": {
      const {
        content,
        scale,
        default: fallback,
        expect_body: pattern,
        max_age: age,
        min_size: size,
      } = values;
      if (file === null || file.value === null || pattern === null || age === null || size === null)
        return null;
      if (content === null || scale === null || fallback === null) return null;
      const integer = content.value === "any" ? null : { scale: scale.value, fallback: fallback.value };
      return {
        type: "file",
        file: file.value,
        pattern: pattern.value,
        maxAge: age.value,
        minSize: size.value,
        integer,
      };
    }
    case "on":
    case "off":
      return { type: kind };
    default:
      return buildTargeted(kind, values, server);
  }
}

/** Where a probe goes to: what is written of it, and the rest from the server. */
function aim({ target, port }: ProbeValues, server: Endpoint | null): Endpoint | null {
  if (target === null || port === null) return null;
  const address = target.value?.address ?? server?.address;
  if (address === undefined) return null;
  return { address, port: port.value ?? target.value?.port ?? server?.port ?? null };
}

function buildTargeted(
  type: Exclude<CheckType, "script" | "process" | "file" | "on" | "off">,
  values: ProbeValues,
  server: Endpoint | null,
): ProbeConfig | null {
  const { interface: link, source, mark } = values;
  const aimed = aim(values, server);
  if (aimed === null || link === null || source === null || mark === null) return null;
  const { address } = aimed;
  const route = { interface: link.value, source: source.value, mark: mark.value };
  if (type === "ping") return { type, address, ...route };
  const port = aimed.port ?? USUAL_PORT[type];
  if (port === undefined) return null;
  const to = { address, port, ...route };
  switch (type) {
    case "tcp":
      return { type, ...to };
    case "http":
    case "https":
      return buildWeb(type, values, to);
    case "smtp":
      return buildSmtp(values, to);
    case "redis":
      return buildRedis(values, to);
    case "mysql":
    case "pgsql":
      return buildDatabase(type)(values, to);
    case "dns":
      return buildDns(values, to);
    case "udp":
      return buildUdp(values, to);
    default:
      return unreachable(type);
  }
}
