/** The kernel's table of virtual services by socket options: IPv4 only, on every kernel that has IPVS. */
import * as layout from "../../native/layout.ts";
import { EAGAIN } from "../../native/libc.ts";
import { closeDescriptor, getOption, openSocket, setOption } from "../../native/socket.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Change, Entry, Timeouts, ToldDestination } from "../wire/ipvs.ts";
import { serviceKey } from "../wire/ipvs.ts";
import type { CountedService } from "../wire/ipvs-sockopt.ts";
import {
  decodeCount,
  decodeDestinations,
  decodeServices,
  decodeTimeouts,
  destinationsBuffer,
  encodeChange,
  encodeTimeouts,
  GET,
  INFO_BYTES,
  servicesBuffer,
  SET_TIMEOUTS,
  TIMEOUTS_BYTES,
} from "../wire/ipvs-sockopt.ts";
import type { KernelTable } from "./ipvs.ts";

const ESRCH = 3;
const EOPNOTSUPP = 95;
/** The table is asked for in pieces, again when it changed in between; somebody who changes it all the time is not waited for. */
const TRIES_MAX = 8;

export class SockoptTable implements KernelTable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** ENOPROTOOPT where the module is not loaded: nothing loads it this way. */
  static open(): Result<SockoptTable, number> {
    const fd = openSocket(layout.AF_INET, layout.SOCK_DGRAM, 0);
    if (fd < 0) return fail(fd);
    const table = new SockoptTable(fd);
    const count = table.#count();
    if (count.ok) return ok(table);
    table.close();
    return count;
  }

  read(): Result<readonly Entry[], number> {
    let missing = "";
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const count = this.#count();
      if (!count.ok) return count;
      const buffer = servicesBuffer(count.value);
      const result = this.#get(GET.services, buffer);
      if (result < 0) return fail(result);
      const services = decodeServices(buffer);
      const entries = this.#entries(services, count.value);
      if (!entries.ok) return entries;
      if (entries.value === null) continue;
      // Servers of the other family, as others make them in tunnels, are counted and not told: as many are missing the next time.
      const short = shortOf(services, entries.value);
      if (short === missing || short === "") return ok(entries.value);
      missing = short;
    }
    return fail(-EAGAIN);
  }

  write(change: Change): number {
    const option = encodeChange(change);
    return option === null ? -EOPNOTSUPP : setOption(this.#fd, layout.IPPROTO_IP, option.name, option.bytes);
  }

  timeouts(): Result<Timeouts, number> {
    const bytes = new Uint8Array(TIMEOUTS_BYTES);
    const result = this.#get(GET.timeouts, bytes);
    const timeouts = result < 0 ? null : decodeTimeouts(bytes);
    return timeouts === null ? fail(result) : ok(timeouts);
  }

  setTimeouts(timeouts: Timeouts): number {
    return setOption(this.#fd, layout.IPPROTO_IP, SET_TIMEOUTS, encodeTimeouts(timeouts));
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  #get(name: number, bytes: Uint8Array): number {
    return getOption(this.#fd, layout.IPPROTO_IP, name, bytes);
  }

  #count(): Result<number, number> {
    const bytes = new Uint8Array(INFO_BYTES);
    const result = this.#get(GET.info, bytes);
    const count = result < 0 ? null : decodeCount(bytes);
    return count === null ? fail(result) : ok(count);
  }

  /** The services with their servers; null when the table is not what it was when it was counted. */
  #entries(services: readonly CountedService[], expected: number): Result<readonly Entry[] | null, number> {
    const entries: Entry[] = [];
    for (const { service, statistics, count } of services) {
      const destinations = this.#destinations(service.id, count);
      if (!destinations.ok) return destinations.error === -ESRCH ? ok(null) : destinations;
      entries.push({ service, statistics, destinations: destinations.value });
    }
    const again = this.#count();
    if (!again.ok) return again;
    return ok(services.length === expected && again.value === expected ? entries : null);
  }

  #destinations(id: Entry["service"]["id"], count: number): Result<ToldDestination[], number> {
    // The kernel takes no request for none.
    if (count === 0) return ok([]);
    const buffer = destinationsBuffer(id, count);
    const result = this.#get(GET.destinations, buffer);
    return result < 0 ? fail(result) : ok(decodeDestinations(buffer));
  }
}

/** Of which services fewer servers were told than counted, and how many; empty: of none. */
const shortOf = (services: readonly CountedService[], entries: readonly Entry[]): string =>
  services
    .flatMap(({ service, count }, at) => {
      const told = entries[at]?.destinations.length ?? 0;
      return told === count ? [] : [`${serviceKey(service.id)} ${told}/${count}`];
    })
    .join();
