/** Virtual services for people: a line for each, below it its servers, as ipvsadm -L has them. */
import { duration } from "./duration.ts";
import { lateness } from "./lateness.ts";
import type { LeavingReport, ServerReport, ServiceReport } from "./report.ts";

/** Names of services in a line of the summary. */
const NAMES_MAX = 8;
/** Characters of the longest address that is shown whole: IPv6 in brackets with its port. */
const ADDRESS_MAX = 47;

/** What can change of services and their servers, each with what names it; not what is counted. */
export const serviceStates = (services: readonly ServiceReport[] = []): ReadonlyMap<string, string> =>
  new Map(
    services.flatMap((service) => [
      [`service ${service.name}`, serviceState(service)] as const,
      ...service.servers.map(
        (server) => [`server ${service.name} ${server.address}`, serverState(server)] as const,
      ),
      ...(service.leaving ?? []).map(
        ({ address }) => [`server ${service.name} ${address}`, "leaving"] as const,
      ),
    ]),
  );

function serviceState({ state = "", active, fallback, failure }: ServiceReport): string {
  const words = [
    state,
    active === false ? "not active" : "",
    fallback?.in_use === true ? "fallback in use" : "",
    failure ?? "",
  ];
  return words.filter((word) => word !== "").join(", ");
}

const serverState = ({ state = "", weight, held, warning }: ServerReport): string =>
  [state, `weight ${weight}`, held === true ? "held" : "", warning ?? ""]
    .filter((word) => word !== "")
    .join(", ");

/** Nothing where there are none. */
export function serviceLines(
  services: readonly ServiceReport[],
  foreign: readonly string[],
  now: number,
): string[] {
  const others = foreign.length === 0 ? [] : [`not ours, left alone: ${foreign.join(", ")}`];
  const shown = new Set<string>();
  return [...summary(services), ...services.flatMap((service) => lines(service, now, shown)), ...others];
}

/** Of many services, those that need somebody come first. */
function summary(services: readonly ServiceReport[]): string[] {
  if (services.length < 2) return [];
  const called = (what: string, wanted: (service: ServiceReport) => boolean): string[] => {
    const names = services.filter(wanted).map(({ name }) => name);
    const more = names.length > NAMES_MAX ? `, and ${names.length - NAMES_MAX} more` : "";
    return names.length === 0 ? [] : [`! ${what}: ${names.slice(0, NAMES_MAX).join(", ")}${more}`];
  };
  return [
    ...called("below their quorum", ({ state }) => state === "down"),
    ...called("not in the kernel as they should be", ({ failure }) => failure != null),
  ];
}

/** `shown` are the transcripts that were printed: probes are shared. */
function lines(service: ServiceReport, now: number, shown: Set<string>): string[] {
  const { name, address, servers, fallback, failure, leaving = [] } = service;
  const all = [...servers, ...(fallback == null ? [] : [fallback]), ...leaving];
  const width = Math.min(ADDRESS_MAX, Math.max(...all.map((server) => server.address.length)));
  const idle = service.active === false ? `, not active: ${service.active_when} is not here` : "";
  const kind = [service.protocol ?? "", address, service.scheduler ?? ""].filter((word) => word !== "");
  const rows = [
    `${name}: ${(service.state ?? "").toUpperCase()}${ageOf(service.since, now)} (${kind.join(" ")}; weight ${service.weight ?? 0}, quorum ${service.quorum_needed ?? 0}${idle})`,
    ...servers.flatMap((server) => [row(server, width, now, ""), ...whyFailed(server, shown)]),
  ];
  if (fallback != null) {
    const role = fallback.in_use ? "fallback, IN USE" : "fallback";
    rows.push(row(fallback, width, now, role), ...whyFailed(fallback, shown));
  }
  rows.push(...leaving.map((server) => leavingRow(server, width, now)));
  if (failure != null) rows.push(`  ! ${failure}`);
  return rows;
}

function leavingRow(
  { address, weight, active, inactive, since, until }: LeavingReport,
  width: number,
  now: number,
): string {
  const rest = duration(Date.parse(until) - now);
  return `  ${address.padEnd(width)}  leaving${ageOf(since, now)}, weight ${weight}, connections ${active}+${inactive}; not configured, gone in ${rest} at the latest`;
}

const ageOf = (since: string | undefined, now: number): string => {
  const start = Date.parse(since ?? "");
  return Number.isFinite(start) && start <= now ? ` for ${duration(now - start)}` : "";
};

/** What was said in the probe that failed last, unless the server counts as good. */
function whyFailed({ up, check_failure: failure }: ServerReport, shown: Set<string>): string[] {
  if (up === true) return [];
  const said = (failure?.transcript ?? []).map((line) => `      ${line}`);
  const whole = said.join("\n");
  if (shown.has(whole)) return said.length === 0 ? [] : ["      the same probe as above"];
  shown.add(whole);
  return said;
}

/** What is wrong with a server, or may be: it has failed, and not often enough to say. */
function wrong({ state, up, last_error: error, check_failure: failure }: ServerReport): string {
  if (up === null && failure != null) return `so far ${failure.detail}`;
  return state === "up" ? "" : (error ?? "");
}

function row(server: ServerReport, width: number, now: number, role: string): string {
  const { address, state = "", weight, active, inactive } = server;
  const words = [
    role,
    server.held === true ? "FAILED, but too few are left" : "",
    server.up === true ? (server.warning ?? "") : "",
    lateness(server),
    wrong(server),
  ].filter((word) => word !== "");
  const text = `  ${address.padEnd(width)}  ${state}${ageOf(server.since, now)}, weight ${weight}, connections ${active}+${inactive}`;
  return words.length === 0 ? text : `${text}; ${words.join("; ")}`;
}
