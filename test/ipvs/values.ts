/** Services, servers and tables for tests, and the kernel's part in them: what becomes of a table by a change. */
import type { Ip } from "../../src/base/address.ts";
import { parseIp } from "../../src/base/address.ts";
import type { Change, Destination, Entry, Service, ServiceId, ToldDestination } from "../../src/wire/ipvs.ts";
import { destinationKey, IPIP, serviceKey, UNUSED } from "../../src/wire/ipvs.ts";

export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

export const WEB: ServiceId = { kind: "address", protocol: "tcp", address: ip("10.0.0.1"), port: 80 };

export const service = (more: Partial<Service> = {}): Service => ({
  id: WEB,
  scheduler: "wlc",
  schedulerFlags: 0,
  persistence: null,
  onePacket: false,
  engine: "",
  ...more,
});

/** The server 10.0.0.N, port 80. */
export const server = (n: number, weight = 1, more: Partial<Destination> = {}): Destination => ({
  address: ip(`10.0.0.${n}`),
  port: 80,
  forward: "dr",
  weight,
  upper: 0,
  lower: 0,
  tunnel: IPIP,
  ...more,
});

const told = (destination: Destination): ToldDestination => ({
  destination,
  active: 0,
  inactive: 0,
  persistent: 0,
  statistics: UNUSED,
});

export const entry = (one: Service, ...destinations: readonly Destination[]): Entry => ({
  service: one,
  statistics: UNUSED,
  destinations: destinations.map(told),
});

/** The table after a change, as the kernel makes it; throws where the kernel refuses. */
export function applied(table: readonly Entry[], change: Change): Entry[] {
  const id = "service" in change ? change.service.id : change.id;
  const found = table.find((each) => serviceKey(each.service.id) === serviceKey(id));
  const others = table.filter((each) => each !== found);
  if (change.kind === "add-service") {
    if (found !== undefined) throw new Error(`EEXIST: ${serviceKey(id)}`);
    return [...others, entry(change.service)];
  }
  if (found === undefined) throw new Error(`ESRCH: ${serviceKey(id)}`);
  if (change.kind === "delete-service") return others;
  if (change.kind === "edit-service") return [...others, { ...found, service: change.service }];
  const key = destinationKey(change.kind === "delete-destination" ? change : change.destination);
  const exists = found.destinations.some(({ destination }) => destinationKey(destination) === key);
  if (exists === (change.kind === "add-destination"))
    throw new Error(`${exists ? "EEXIST" : "ENOENT"}: ${key}`);
  if (change.kind === "add-destination")
    return [...others, { ...found, destinations: [told(change.destination), ...found.destinations] }];
  // One that is edited stays where it is, with what it has counted.
  const destinations = found.destinations.flatMap((each) => {
    if (destinationKey(each.destination) !== key) return [each];
    return change.kind === "delete-destination" ? [] : [{ ...each, destination: change.destination }];
  });
  return [...others, { ...found, destinations }];
}
