/** The kernel's table of virtual services by generic netlink: both families, all that can be set, 64-bit counters. */
import * as layout from "../../native/layout.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { decodeAnswers, decodeFamily, encodeFamilyLook } from "../wire/genetlink.ts";
import type { Change, Entry, Timeouts, ToldService } from "../wire/ipvs.ts";
import { serviceFamily } from "../wire/ipvs.ts";
import {
  encodeChange,
  encodeDestinationDump,
  encodeServiceDump,
  encodeTimeouts,
  encodeTimeoutsLook,
  FAMILY_NAME,
} from "../wire/ipvs-netlink.ts";
import { decodeDestination, decodeService, decodeTimeouts } from "../wire/ipvs-told.ts";
import type { KernelTable } from "./ipvs.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

const ENOENT = 2;

/** Makes a request, given the number of the family and of the request. */
type Request = (family: number, sequence: number) => Uint8Array;

export class NetlinkTable implements KernelTable {
  readonly #socket: NetlinkSocket;
  #family: number;

  private constructor(socket: NetlinkSocket, family: number) {
    this.#socket = socket;
    this.#family = family;
  }

  /** Has the kernel load its module, where there is one; else ENOENT. */
  static open(): Result<NetlinkTable, number> {
    const socket = NetlinkSocket.open(layout.NETLINK_GENERIC);
    if (!socket.ok) return socket;
    const family = look(socket.value);
    if (family.ok) return ok(new NetlinkTable(socket.value, family.value));
    socket.value.close();
    return family;
  }

  read(): Result<readonly Entry[], number> {
    const services: ToldService[] = [];
    const result = this.#ask(encodeServiceDump, (body) => {
      const told = decodeService(body);
      if (told !== null) services.push(told);
    });
    if (result < 0) return fail(result);
    const entries: Entry[] = [];
    for (const told of services) {
      const { id } = told.service;
      const destinations: Entry["destinations"][number][] = [];
      const listed = this.#ask(
        (family, sequence) => encodeDestinationDump(family, id, sequence),
        (body) => {
          const destination = decodeDestination(body, serviceFamily(id));
          if (destination !== null) destinations.push(destination);
        },
      );
      if (listed < 0) return fail(listed);
      entries.push({ ...told, destinations });
    }
    return ok(entries);
  }

  write(change: Change): number {
    return this.#ask((family, sequence) => encodeChange(family, change, sequence));
  }

  timeouts(): Result<Timeouts, number> {
    let timeouts: Timeouts | null = null;
    const result = this.#ask(encodeTimeoutsLook, (body) => {
      timeouts = decodeTimeouts(body);
    });
    return timeouts === null ? fail(result < 0 ? result : -ENOENT) : ok(timeouts);
  }

  setTimeouts(timeouts: Timeouts): number {
    return this.#ask((family, sequence) => encodeTimeouts(family, timeouts, sequence));
  }

  close(): void {
    this.#socket.close();
  }

  #ask(request: Request, take: (body: Uint8Array) => void = () => undefined): number {
    const result = ask(this.#socket, (sequence) => request(this.#family, sequence), take);
    if (result !== -ENOENT) return result;
    // The number is another one since the module was loaded anew; the kernel knows the old one no more.
    const family = look(this.#socket);
    if (!family.ok || family.value === this.#family) return result;
    this.#family = family.value;
    return ask(this.#socket, (sequence) => request(family.value, sequence), take);
  }
}

function ask(
  socket: NetlinkSocket,
  encode: (sequence: number) => Uint8Array,
  take: (body: Uint8Array) => void,
): number {
  return socket.exchange(encode, (bytes, sequence) => {
    const { bodies, result } = decodeAnswers(bytes, sequence);
    for (const body of bodies) take(body);
    return result === null ? null : 0 - result;
  });
}

/** The number of the family. */
function look(socket: NetlinkSocket): Result<number, number> {
  let family: number | null = null;
  const result = ask(
    socket,
    (sequence) => encodeFamilyLook(FAMILY_NAME, sequence),
    (body) => {
      family = decodeFamily(body);
    },
  );
  return family === null ? fail(result < 0 ? result : -ENOENT) : ok(family);
}
