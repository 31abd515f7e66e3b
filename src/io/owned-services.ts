/**
 * Which virtual services in the kernel are ours: a file in runtime_dir, written before they are there, so that whoever comes after a crash
 * knows what to take over or away. It names the boot and the network namespace it belongs to.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../../native/libc.ts";
import type { OwnedService } from "../agent/service/boundary.ts";
import { parseIp } from "../base/address.ts";
import type { ServiceId } from "../wire/ipvs.ts";
import { serviceKey } from "../wire/ipvs.ts";
import { openTable } from "./ipvs.ts";
import { isObject } from "./json.ts";
import { replaceFile } from "./replace-file.ts";

const ESRCH = 3;
/** This kernel has no IPVS: ENOENT, ENOPROTOOPT, or no generic netlink, EPROTONOSUPPORT. */
const NONE: readonly number[] = [-2, -92, -93];

const pathIn = (directory: string): string => join(directory, "services");

/** Notes down what is ours, all of it. Throws where the file system refuses. */
export function noteOwned(directory: string, bootId: string, owned: readonly OwnedService[]): void {
  replaceFile(pathIn(directory), owned.length === 0 ? null : JSON.stringify({ bootId, owned }));
}

const isPort = (value: unknown): boolean =>
  typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 0xffff;

function isId(value: unknown): value is ServiceId {
  if (!isObject(value)) return false;
  const { kind, mark, family, protocol, address, port } = value;
  if (kind === "fwmark") return typeof mark === "number" && mark > 0 && (family === 4 || family === 6);
  if (kind !== "address" || typeof address !== "string" || !isPort(port)) return false;
  const parsed = parseIp(address);
  return (protocol === "tcp" || protocol === "udp" || protocol === "sctp") && parsed.ok;
}

function isOwned(value: unknown): value is OwnedService {
  if (!isObject(value)) return false;
  const { id, way, keep } = value;
  const known = way === "auto" || way === "sockopt" || way === "netlink";
  return known && typeof keep === "boolean" && isId(id);
}

/** What the file says, as far as it is of this boot; a file that cannot be understood says nothing. */
export function readOwned(directory: string, bootId: string): OwnedService[] {
  try {
    const value: unknown = JSON.parse(readFileSync(pathIn(directory), "utf8"));
    if (!isObject(value) || value["bootId"] !== bootId) return [];
    const { owned } = value;
    return Array.isArray(owned) ? owned.filter(isOwned) : [];
  } catch {
    return [];
  }
}

/** What {@link releaseOwned} did. */
interface ReleasedServices {
  readonly removed: readonly string[];
  readonly failures: string[];
  /** What stays, or could not be removed. */
  readonly left: readonly OwnedService[];
}

/** Removes what is ours from the kernel, but for what `stays`; no agent runs, or it is about to leave. */
export function releaseOwned(
  directory: string,
  bootId: string,
  stays: (service: OwnedService) => boolean,
): ReleasedServices {
  const owned = readOwned(directory, bootId);
  const removed: string[] = [];
  const failures: string[] = [];
  const left = owned.filter(stays);
  for (const [way, services] of Map.groupBy(
    owned.filter((service) => !stays(service)),
    (service) => service.way,
  )) {
    const table = openTable(way);
    if (!table.ok) {
      // A kernel without the table has nothing of it either.
      if (NONE.includes(table.error)) continue;
      failures.push(`virtual servers: ${errnoName(table.error)}`);
      left.push(...services);
      continue;
    }
    for (const service of services) {
      const name = `virtual server ${serviceKey(service.id)}`;
      const result = table.value.write({ kind: "delete-service", id: service.id });
      if (result >= 0) removed.push(name);
      else if (result !== -ESRCH) {
        failures.push(`${name}: ${errnoName(result)}`);
        left.push(service);
      }
    }
    table.value.close();
  }
  if (owned.length > 0) noteOwned(directory, bootId, left);
  return { removed, failures, left };
}
