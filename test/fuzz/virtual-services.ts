/** The decoders of the kernel's table of virtual services under fuzz: by netlink, and by socket option. */
import { readFileSync } from "node:fs";
import { decodeAnswers, decodeFamily } from "../../src/wire/genetlink.ts";
import type { Destination, Service, ToldDestination, ToldService } from "../../src/wire/ipvs.ts";
import { sameDestination, sameService, serviceFamily } from "../../src/wire/ipvs.ts";
import { encodeChange } from "../../src/wire/ipvs-netlink.ts";
import * as sockopt from "../../src/wire/ipvs-sockopt.ts";
import { decodeDestination, decodeService, decodeTimeouts } from "../../src/wire/ipvs-told.ts";
import { WEB } from "../ipvs/values.ts";
import { hex } from "../wire/hex.ts";
import type { LengthField } from "./mutate.ts";
import { target } from "./target.ts";

const recorded = (...names: readonly string[]): Uint8Array[] =>
  names.flatMap((name) =>
    readFileSync(new URL(`../golden/ipvs/${name}.hex`, import.meta.url), "utf8")
      .trim()
      .split("\n")
      .map(hex),
  );
const little = (at: number, bytes: 2 | 4): LengthField => ({ at, bytes, order: "little" });
const sequenceOf = (bytes: Uint8Array): number =>
  bytes.length < 12 ? 0 : new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true);
const wholeLength = (bytes: Uint8Array): void => {
  if (bytes.length >= 4) new DataView(bytes.buffer, bytes.byteOffset).setUint32(0, bytes.length, true);
};

/** What we would write of a service is read as the same again, unless it holds what only others write. */
function wrongService(service: Service): string | null {
  const bytes = encodeChange(1, { kind: "add-service", service }, 1);
  const again = decodeService(bytes.subarray(20))?.service;
  if (service.scheduler.includes("\0") || service.engine.includes("\0")) return "a NUL in a name";
  const ours = service.persistence?.prefix !== null && service.scheduler.length < 16;
  if (!ours || !/^[\x20-\x7e]*$/.test(service.scheduler + service.engine)) return null;
  return again !== undefined && sameService(again, service) ? null : `read again as ${JSON.stringify(again)}`;
}

function wrongDestination(destination: Destination): string | null {
  const bytes = encodeChange(1, { kind: "add-destination", id: WEB, destination }, 1);
  const again = decodeDestination(bytes.subarray(20), 4)?.destination;
  return again !== undefined && sameDestination(again, destination)
    ? null
    : `read again as ${JSON.stringify(again)}`;
}

interface Told {
  readonly services: readonly ToldService[];
  readonly destinations: readonly ToldDestination[];
  readonly others: number;
  readonly result: number | null;
}

const virtualServices = target<Told>({
  name: "ipvs",
  golden: recorded("family", "services", "destinations", "timeouts", "refused"),
  lengthFields: [little(0, 4), little(4, 2), little(20, 2), little(24, 2), little(32, 2), little(40, 2)],
  // DataView throws by itself where an index would give undefined.
  watch: false,
  outcomes: {
    service: "reached",
    destination: "reached",
    other: "reached",
    result: "reached",
    nothing: "reached",
  },
  decode: (bytes) => {
    const { bodies, result } = decodeAnswers(bytes, sequenceOf(bytes));
    return {
      services: bodies.flatMap((body) => decodeService(body) ?? []),
      destinations: bodies.flatMap((body) => decodeDestination(body, 4) ?? []),
      others: bodies.filter((body) => decodeFamily(body) !== null || decodeTimeouts(body) !== null).length,
      result,
    };
  },
  outcomeOf: ({ services, destinations, others, result }) => {
    if (services.length > 0) return "service";
    if (destinations.length > 0) return "destination";
    if (others > 0) return "other";
    return result === null ? "nothing" : "result";
  },
  check: ({ services, destinations, result }, bytes) => {
    if (services.length + destinations.length > bytes.length / 24) return "more than there is room for";
    if (result !== null && (result < 0 || !Number.isInteger(result))) return `result ${result}`;
    return (
      services
        .slice(0, 1)
        .map(({ service }) => wrongService(service))
        .find((wrong) => wrong !== null) ??
      destinations.map(({ destination }) => wrongDestination(destination)).find((wrong) => wrong !== null) ??
      null
    );
  },
  repair: (_, bytes) => wholeLength(bytes),
});

const options = target<Omit<Told, "result" | "others">>({
  name: "ipvs-sockopt",
  golden: recorded("sockopt-services", "sockopt-destinations"),
  lengthFields: [],
  watch: false,
  outcomes: { service: "reached", destination: "reached", nothing: "reached" },
  decode: (bytes) => ({
    services: sockopt.decodeServices(bytes),
    destinations: sockopt.decodeDestinations(bytes),
  }),
  outcomeOf: ({ services, destinations }) =>
    services.length > 0 ? "service" : destinations.length > 0 ? "destination" : "nothing",
  check: ({ services, destinations }, bytes) => {
    if (services.length > bytes.length / 104 || destinations.length > bytes.length / 96)
      return "more than there is room for";
    if (services.some(({ service }) => serviceFamily(service.id) !== 4)) return "a service of IPv6";
    return (
      services
        .slice(0, 1)
        .map(({ service }) => wrongService(service))
        .find((wrong) => wrong !== null) ??
      // A weight is signed here, and never negative but by mutation.
      destinations
        .filter(({ destination }) => destination.weight >= 0)
        .map(({ destination }) => wrongDestination(destination))
        .find((wrong) => wrong !== null) ??
      null
    );
  },
  repair: () => undefined,
});

export const VIRTUAL_SERVICES = [virtualServices, options];
