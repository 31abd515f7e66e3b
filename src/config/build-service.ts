/** From a `[virtual_server.NAME]` table that was found good to what the kernel is to have of it. */
import type { Family } from "../base/address.ts";
import { addressBits, familyOf } from "../base/address.ts";
import { seconds } from "../base/units.ts";
import type { Destination, Forward, Service, ServiceId } from "../wire/ipvs.ts";
import { IPIP, SCHEDULER_FLAG } from "../wire/ipvs.ts";
import { buildCourse } from "./build-check.ts";
import type { Endpoint } from "./check-kind.ts";
import { showEndpoint } from "./check-kind.ts";
import type { Given } from "./kind.ts";
import type { CheckConfig } from "./model.ts";
import type { OwnCheckValues, ServerEntry, ServiceCheckValues, ServiceSection } from "./sections.ts";
import { entries } from "./sections.ts";
import type { ServerConfig, ServiceConfig } from "./service-model.ts";

type Values = ServiceSection["values"];
type Fallback = NonNullable<NonNullable<Values["fallback"]>["value"]>;

/** A second, in milliseconds. */
const SECOND = 1000;

/** What tells the service from others; null where that could not be read. */
export function serviceId(values: Values): ServiceId | null {
  const { address, fwmark, protocol } = values;
  if (fwmark?.value != null) {
    const family = serverFamilies(values)[0];
    return family === undefined ? null : { kind: "fwmark", mark: fwmark.value, family };
  }
  if (address?.value == null || address.value.port === null || protocol === null) return null;
  return {
    kind: "address",
    protocol: protocol.value,
    address: address.value.address,
    port: address.value.port,
  };
}

/** The families of the servers, those first that are reached without a tunnel: of these the packets are. */
function serverFamilies({ real_servers: list, forward }: Values): Family[] {
  const found = entries(list).flatMap(({ value }) => {
    if (value.address === null) return [];
    const tunnelled = (value.forward?.value ?? forward?.value) === "tun";
    return [{ family: familyOf(value.address.value.address), tunnelled }];
  });
  return found.toSorted((a, b) => Number(a.tunnelled) - Number(b.tunnelled)).map(({ family }) => family);
}

/** The service in words: `192.0.2.1:80`, `fwmark 1`. */
const serviceText = (id: ServiceId): string =>
  id.kind === "fwmark" ? `fwmark ${id.mark}` : showEndpoint(id.address, id.port);

/** The port at which packets get to a server; the kernel changes it only where it rewrites them. */
export function serverPort(id: ServiceId, { port }: Endpoint, forward: Forward): number {
  const own = id.kind === "fwmark" ? 0 : id.port;
  return forward === "nat" ? (port ?? own) : own;
}

/** How a server, or the fallback, is reached. */
export const forwardOf = (
  { forward: own }: { readonly forward: Given<"dr" | "nat" | "tun" | null> | null },
  values: Values,
): "dr" | "nat" | "tun" => own?.value ?? values.forward?.value ?? "dr";

/** The bits of a scheduler's flags. */
function flagBits(values: Values): number {
  const bits = {
    fallback: SCHEDULER_FLAG.fallback,
    port: SCHEDULER_FLAG.port,
    "1": 1,
    "2": 2,
    "3": 4,
  };
  return entries(values.scheduler_flags).reduce((sum, { value }) => {
    const [of = ""] = value.split("-");
    // Another scheduler does not know it.
    if (of !== "flag" && of !== values.scheduler?.value) return sum;
    const bit = Object.entries(bits).find(([word]) => value.endsWith(`-${word}`));
    return sum | (bit?.[1] ?? 0);
  }, 0);
}

function buildKernelService(values: Values): Service | null {
  const id = serviceId(values);
  const { scheduler, persistence, persistence_netmask: mask, one_packet: onePacket } = values;
  if (id === null || scheduler === null || persistence === null || mask === null || onePacket === null)
    return null;
  const bits = addressBits(id.kind === "fwmark" ? id.family : familyOf(id.address));
  const timeout = seconds(persistence.value / SECOND);
  return {
    id,
    scheduler: scheduler.value,
    schedulerFlags: flagBits(values),
    persistence: timeout === 0 ? null : { timeout, prefix: mask.value ?? bits },
    onePacket: onePacket.value,
    engine: "",
  };
}

/** The service, or null if anything that it needs could not be read. */
export function buildService({ name, values }: ServiceSection): ServiceConfig | null {
  const service = buildKernelService(values);
  const { fallback, quiescent, quorum, notify, on_stop: onStop, inactive, active_when: activeWhen } = values;
  const { quorum_hysteresis: hysteresis, panic_below: panic, ipvs, drain_timeout: drain } = values;
  if (service === null || fallback === null || quiescent === null || quorum === null) return null;
  if (hysteresis === null || panic === null || drain === null || ipvs === null || notify === null)
    return null;
  if (onStop === null || inactive === null || activeWhen === null) return null;
  const { up, down, quorum_up: quorumUp, quorum_down: quorumDown } = notify.value;
  if (up === null || down === null || quorumUp === null || quorumDown === null) return null;
  const listed = entries(values.real_servers);
  const servers = listed.map((entry) => buildServer(name, service.id, entry, values));
  const good = servers.filter((server) => server !== null);
  if (good.length !== (values.real_servers?.value.length ?? -1)) return null;
  const spare = fallback.value === null ? null : buildFallback(name, service.id, fallback.value, values);
  if (fallback.value !== null && spare === null) return null;
  return {
    name,
    service,
    address: serviceText(service.id),
    servers: good,
    fallback: spare,
    quiescent: quiescent.value,
    drainTimeout: drain.value,
    quorum: quorum.value,
    hysteresis: hysteresis.value,
    panicBelow: panic.value,
    activeWhen: activeWhen.value,
    inactive: inactive.value,
    onStop: onStop.value,
    way: ipvs.value,
    notify: { up: up.value, down: down.value, quorumUp: quorumUp.value, quorumDown: quorumDown.value },
  };
}

function buildServer(
  service: string,
  id: ServiceId,
  { value }: ServerEntry,
  values: Values,
): ServerConfig | null {
  const { address, weight, u_threshold: upper, l_threshold: lower, check } = value;
  if (address === null || weight === null || upper === null || lower === null || check === null) return null;
  const limits = { upper: upper.value, lower: lower.value };
  const destination = destinationOf(id, address.value, weight.value, forwardOf(value, values), limits);
  const own = mergedCheck(values.check?.value ?? null, check.value);
  return withCheck(service, id, destination, address.value.port, own);
}

function buildFallback(service: string, id: ServiceId, value: Fallback, values: Values): ServerConfig | null {
  const { address, weight, check } = value;
  if (address === null || weight === null || check === null) return null;
  const forward = forwardOf(value, values);
  const destination = destinationOf(id, address.value, weight.value, forward, { upper: 0, lower: 0 });
  return withCheck(`${service} fallback`, id, destination, address.value.port, check.value);
}

const destinationOf = (
  id: ServiceId,
  endpoint: Endpoint,
  weight: number,
  forward: Forward,
  limits: Pick<Destination, "upper" | "lower">,
): Destination => ({
  address: endpoint.address,
  port: serverPort(id, endpoint, forward),
  forward,
  weight,
  ...limits,
  tunnel: IPIP,
});

function withCheck(
  service: string,
  id: ServiceId,
  destination: Destination,
  written: number | null,
  values: ServiceCheckValues | null,
): ServerConfig | null {
  const { address, port } = destination;
  const name = showEndpoint(address, port === 0 ? null : port);
  if (values === null) return { destination, name, check: null };
  const probed = { address, port: probedPort(port, written) };
  const check = buildCourse(`${service} ${name}`, 0, values, probed);
  return check === null ? null : { destination, name, check: addressed(check, id, probed) };
}

/** The keys of a server's check over those of its service's; one that says its type stands for itself. */
export function mergedCheck(
  service: ServiceCheckValues | null,
  server: OwnCheckValues | null,
): ServiceCheckValues | null {
  if (server === null) return service;
  const { type, ...keys } = server;
  if (type === null) return null;
  if (type.value !== null) return { ...keys, type: { ...type, value: type.value } };
  if (service === null) return null;
  const written = Object.entries(keys).filter(([, given]) => given === null || given.written);
  // The same keys of the same kinds.
  return { ...service, ...(Object.fromEntries(written) as Partial<ServiceCheckValues>) };
}

/** Where every port is served, the one that is written with the server is there for its probe. */
export const probedPort = (used: number, written: number | null): number | null =>
  used === 0 ? written : used;

/** Words in a command that stand for what is probed: `{server}`. */
export const PLACES = ["{service}", "{service_port}", "{server}", "{server_port}"] as const;
export const PLACE = /\{[a-z_]+\}/g;

/** A check's command with what it probes in these places. */
function addressed(check: CheckConfig, id: ServiceId, { address, port }: Endpoint): CheckConfig {
  if (check.probe.type !== "script") return check;
  const words: Readonly<Record<(typeof PLACES)[number], string>> = {
    "{service}": id.kind === "fwmark" ? String(id.mark) : id.address,
    "{service_port}": id.kind === "fwmark" ? "0" : String(id.port),
    "{server}": address,
    "{server_port}": String(port ?? 0),
  };
  const command = check.probe.command.map((word) =>
    word.replace(PLACE, (written) => {
      const place = PLACES.find((each) => each === written);
      return place === undefined ? written : words[place];
    }),
  );
  return { ...check, probe: { ...check.probe, command } };
}
