/** What the keys of a virtual server mean to each other and to other tables. */
import { addressBits, familyOf } from "../base/address.ts";
import { readHaresources } from "../heartbeat/haresources.ts";
import type { ServiceId } from "../wire/ipvs.ts";
import { destinationKey, serviceFamily, serviceKey } from "../wire/ipvs.ts";
import { forwardOf, mergedCheck, serverPort, serviceId } from "./build-service.ts";
import type { Endpoint } from "./check-kind.ts";
import { showEndpoint } from "./check-kind.ts";
import type { Given } from "./kind.ts";
import { hint } from "./nearest.ts";
import type { Report } from "./report.ts";
import { judgeCheck } from "./rules-check.ts";
import type { Probed } from "./rules-probed.ts";
import { judgeProbed } from "./rules-probed.ts";
import { hashing, scheduling } from "./rules-scheduler.ts";
import type { Sections, ServiceCheckValues, ServiceSection } from "./sections.ts";
import { entries, virtualAddresses } from "./sections.ts";
import { header, quote } from "./words.ts";

/** Judges one service, in the light of the whole file. */
export type ServiceRule = (service: ServiceSection, report: Report, file: Sections) => void;

/** A server or the fallback, as far as it could be read. */
interface Backend extends Probed {
  readonly weight: number;
}

const label = ({ name }: ServiceSection): string => header("virtual_server", name);

function backends({ values }: ServiceSection): Backend[] {
  const spare = values.fallback?.value ?? null;
  return [
    ...entries(values.real_servers).map(({ value }) => value),
    ...(spare === null ? [] : [spare]),
  ].flatMap((value) => backendOf(value, values) ?? []);
}

type Written = Parameters<typeof forwardOf>[0] & {
  readonly address: Given<Endpoint> | null;
  readonly weight: Given<number> | null;
};

function backendOf(value: Written, values: ServiceSection["values"]): Backend | null {
  const { address, weight } = value;
  return address === null ? null : { address, forward: forwardOf(value, values), weight: weight?.value ?? 0 };
}

const identity: ServiceRule = (service, report) => {
  const { address, fwmark, protocol } = service.values;
  if (address === null || fwmark === null) return;
  if (address.value !== null && fwmark.value !== null) {
    report.error(fwmark.at, "address and fwmark exclude each other: remove one");
  } else if (address.value === null && fwmark.value === null) {
    report.missing(service.at, `${label(service)} needs address or fwmark`);
  } else if (address.value?.port === null) {
    report.error(address.at, `address needs a port: "${showEndpoint(address.value.address, 80)}"`);
  }
  if (fwmark.value !== null && protocol?.written === true) {
    report.error(protocol.at, "a firewall mark has no protocol: the rule that sets it says which packets");
  }
};

const persistence: ServiceRule = ({ values }, report) => {
  const { persistence: time, persistence_netmask: mask, address } = values;
  if (time === null || mask === null) return;
  if (time.value % 1000 !== 0) report.error(time.at, "persistence must be whole seconds");
  const id = serviceId(values);
  if (id !== null && mask.value !== null && mask.value > addressBits(serviceFamily(id))) {
    report.error(mask.at, `persistence_netmask must be 1 to 32 for IPv4, not ${mask.value}`);
  }
  if (address?.value?.port === 0 && time.value === 0) {
    report.error(address.at, "port 0 is every port, and needs persistence");
  }
};

const servers: ServiceRule = (service, report, file) => {
  const { values } = service;
  const id = serviceId(values);
  if (values.real_servers?.value.length === 0) {
    report.error(values.real_servers.at, `${label(service)} needs a server in real_servers`);
  }
  if (id === null) return;
  for (const backend of backends(service)) judgeBackend(id, backend, service, file, report);
  const seen = new Set<string>();
  for (const { value } of entries(values.real_servers)) {
    const { address, u_threshold: upper, l_threshold: lower } = value;
    if (address === null) continue;
    const port = serverPort(id, address.value, forwardOf(value, values));
    const key = destinationKey({ address: address.value.address, port });
    const twice = showEndpoint(address.value.address, port === 0 ? null : port);
    if (seen.has(key)) report.error(address.at, `real_servers has ${twice} twice`);
    seen.add(key);
    if (upper !== null && lower !== null && lower.value > upper.value) {
      report.error(
        lower.at,
        `l_threshold ${lower.value} is above u_threshold ${upper.value}; cure: a lower one, or 0 for three quarters`,
      );
    }
  }
};

function judgeBackend(
  id: ServiceId,
  { address, forward }: Backend,
  { values }: ServiceSection,
  file: Sections,
  report: Report,
): void {
  const { value, at } = address;
  const mixed = familyOf(value.address) !== serviceFamily(id);
  if (mixed && forward !== "tun") {
    report.error(
      at,
      `${value.address} is of another family than the service: only forward = "tun" reaches it`,
    );
  }
  if (mixed && values.ipvs?.value === "sockopt") {
    report.error(at, `${value.address} is of another family than the service: that needs ipvs = "netlink"`);
  }
  const port = serverPort(id, value, forward);
  if (value.port !== null && value.port !== port && port !== 0) {
    report.warning(
      at,
      `port ${value.port} is not used: with forward = ${quote(forward)} packets keep theirs, so it is ${port}; cure: forward = "nat", or the service's port`,
    );
  }
  if (id.kind === "address" && value.address === id.address) {
    report.error(at, `${value.address} is the service's own address`);
  }
  const holder = virtualAddresses(file.routers).get(value.address);
  if (holder !== undefined) {
    report.warning(
      at,
      `${value.address} is an address of ${header("vrrp", holder)}: it is on another node at times`,
    );
  }
}

const kernelWay: ServiceRule = ({ values }, report) => {
  const id = serviceId(values);
  if (id === null || values.ipvs?.value !== "sockopt" || serviceFamily(id) === 4) return;
  report.error(values.ipvs.at, 'IPv6 needs ipvs = "netlink"');
};

const quorum: ServiceRule = (service, report) => {
  const { quorum: needed, quorum_hysteresis: hysteresis, fallback } = service.values;
  if (needed === null || hysteresis === null) return;
  const listed = service.values.real_servers?.value ?? [];
  // Of one that could not be read nobody knows the weight.
  if (listed.length === 0 || listed.some((each) => each === null || each.value.weight === null)) return;
  const sum = entries(service.values.real_servers).reduce(
    (total, { value }) => total + (value.weight?.value ?? 0),
    0,
  );
  const least = needed.value + hysteresis.value;
  if (least > sum) {
    const so = fallback?.value == null ? "" : ", so the fallback takes everything";
    report.warning(
      needed.written ? needed.at : service.at,
      `the weights of all servers are ${sum} together: the quorum of ${least} is never reached${so}`,
    );
  }
  if (hysteresis.value >= needed.value) {
    report.error(hysteresis.at, `quorum_hysteresis must be less than quorum, which is ${needed.value}`);
  }
};

/** What a service can depend on: routers, and groups of resources by their keys. */
function owners({ routers, heartbeat }: Sections): string[] {
  const lines = heartbeat === null ? [] : entries({ value: heartbeat.values.resources?.value ?? [] });
  const nodes =
    heartbeat === null ? [] : entries(heartbeat.values.nodes).map(({ value }) => value.toLowerCase());
  const groups = readHaresources(
    lines.map(({ value }) => value),
    nodes,
  );
  return [...routers.map(({ name }) => name), ...(groups.ok ? groups.value.map(({ key }) => key) : [])];
}

const activity: ServiceRule = ({ values }, report, file) => {
  const { active_when: when, inactive, on_stop: onStop } = values;
  if (when === null) return;
  const names = owners(file);
  if (when.value !== null && !names.includes(when.value)) {
    report.error(
      when.at,
      `there is no virtual router and no group of resources ${quote(when.value)}${hint(when.value, names)}`,
    );
  }
  if (when.value === null && inactive?.written === true) {
    report.error(inactive.at, "inactive needs active_when: the service is always active");
  }
  if (when.value !== null && onStop?.value === "keep") {
    report.error(onStop.at, 'on_stop = "keep" excludes active_when: who stops is master no more');
  }
};

const checks: ServiceRule = (service, report, file) => {
  const { values } = service;
  const id = serviceId(values);
  const common = values.check?.value ?? null;
  if (
    values.check?.value === null &&
    entries(values.real_servers).some(({ value }) => value.check?.value === null)
  ) {
    report.warning(
      service.at,
      `${label(service)} has no check: its servers stay in service whatever becomes of them; cure: [virtual_server.${service.name}.check] with type = "tcp"`,
    );
  }
  if (id === null) return;
  const judge = (check: Given<ServiceCheckValues>, probed: readonly Backend[]): void => {
    judgeCheck(
      { label: `the check of ${label(service)}`, at: check.at, values: check.value, servers: true },
      file,
      report,
    );
    judgeProbed(check, id, probed, report);
  };
  const list = entries(values.real_servers);
  if (common !== null) {
    const at = values.check?.at ?? service.at;
    judge(
      { value: common, at, written: true },
      list.flatMap(({ value }) => (value.check?.value === null ? (backendOf(value, values) ?? []) : [])),
    );
  }
  for (const { value } of list) {
    const own = value.check;
    const backend = backendOf(value, values);
    if (own === null || own.value === null || backend === null) continue;
    if (common === null && own.value.type?.value === null) {
      report.error(own.at, "check needs type: the service has no check whose keys these could change");
    }
    const merged = mergedCheck(common, own.value);
    if (merged !== null) judge({ value: merged, at: own.at, written: true }, [backend]);
  }
  const spare = values.fallback?.value ?? null;
  const backend = spare === null ? null : backendOf(spare, values);
  if (spare?.check?.value != null && backend !== null) {
    judge({ ...spare.check, value: spare.check.value }, [backend]);
  }
};

const rules: readonly ServiceRule[] = [
  identity,
  scheduling,
  hashing,
  persistence,
  servers,
  kernelWay,
  quorum,
  activity,
  checks,
];

/** Judges every virtual server of the file. */
export function judgeServices(file: Sections, report: Report): void {
  const known = new Map<string, string>();
  for (const service of file.services) {
    for (const rule of rules) rule(service, report, file);
    const id = serviceId(service.values);
    if (id === null) continue;
    const first = known.get(serviceKey(id));
    const place = service.values.fwmark?.value == null ? service.values.address : service.values.fwmark;
    if (first === undefined) known.set(serviceKey(id), service.name);
    else report.error(place?.at ?? service.at, `this is already ${header("virtual_server", first)}`);
  }
}
