/** Macvlan devices of ours in the kernel: looked at, made, set up and down, removed. Each call is answered before it returns. */
import * as layout from "../../native/layout.ts";
import type { Link } from "../agent/boundary.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Device, Macvlan } from "../wire/macvlan.ts";
import {
  decodeDevices,
  encodeCreation,
  encodeDeviceDump,
  encodeGroupRemoval,
  encodeLook,
  encodeRemoval,
  encodeUp,
} from "../wire/macvlan.ts";
import { decodeMessages } from "../wire/rtnetlink.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

const ENODEV = 19;

/** A device, and the same as every link is told. */
export interface Seen {
  readonly device: Device;
  readonly link: Link;
}

export class Macvlans {
  readonly #socket: NetlinkSocket;

  private constructor(socket: NetlinkSocket) {
    this.#socket = socket;
  }

  /** The error is minus errno. */
  static open(): Result<Macvlans, number> {
    const socket = NetlinkSocket.open(layout.NETLINK_ROUTE);
    return socket.ok ? ok(new Macvlans(socket.value)) : socket;
  }

  /** The device of that name, whoever made it; null when there is none; the error is minus errno. */
  look(name: string): Result<Seen | null, number> {
    let seen: Seen | null = null;
    const result = this.#socket.exchange(
      (sequence) => encodeLook(name, sequence),
      (bytes, sequence) => {
        const { devices, answer } = decodeDevices(bytes, sequence);
        const [device] = devices;
        if (device === undefined) return answer === null ? null : -answer;
        for (const message of decodeMessages(bytes)) {
          if (message.kind === "link") seen = { device, link: message.link };
        }
        return 0;
      },
    );
    if (result === -ENODEV) return ok(null);
    return result < 0 ? fail(result) : ok(seen);
  }

  /** Every device; none where the kernel does not tell. */
  all(): readonly Device[] {
    const found: Device[] = [];
    this.#socket.exchange(encodeDeviceDump, (bytes, sequence) => {
      const { devices, answer } = decodeDevices(bytes, sequence);
      found.push(...devices);
      return answer === null ? null : -answer;
    });
    return found;
  }

  /** 0 or minus errno. */
  create(macvlan: Macvlan): number {
    return this.#ask((sequence) => encodeCreation(macvlan, sequence));
  }

  /** 0 or minus errno. Down makes the kernel wait for whoever may still use the device: some milliseconds on some machines. */
  setUp(index: number, up: boolean): number {
    return this.#ask((sequence) => encodeUp(index, up, sequence));
  }

  /** 0 or minus errno; as slow as down. */
  remove(index: number): number {
    return this.#ask((sequence) => encodeRemoval(index, sequence));
  }

  /** All of a group, in the time of one. */
  removeGroup(group: number): number {
    return this.#ask((sequence) => encodeGroupRemoval(group, sequence));
  }

  #ask(encode: (sequence: number) => Uint8Array): number {
    return this.#socket.exchange(encode, (bytes, sequence) => {
      const { answer } = decodeDevices(bytes, sequence);
      return answer === null ? null : -answer;
    });
  }

  close(): void {
    this.#socket.close();
  }
}
