/** Receiving: one packet socket for each interface and family, filtered in the kernel, woken by the event loop. */
import * as layout from "../../native/layout.ts";
import { EAGAIN, EINTR, errnoName } from "../../native/libc.ts";
import {
  attachFilter,
  bindSocket,
  closeDescriptor,
  openSocket,
  packetAddress,
  receive,
  setOption,
  takeSocketError,
} from "../../native/socket.ts";
import type { Event } from "../agent/boundary.ts";
import type { Listener } from "../agent/listen.ts";
import type { Family } from "../base/address.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Adopted } from "./adopt.ts";
import { adopt } from "./adopt.ts";
import { ownFilter, tapFilter } from "./filter.ts";
import { Membership } from "./membership.ts";

/** Receiving buffer: a second of 255 routers at 10 ms adverts, as the kernel accounts for small frames. */
const RECEIVE_BUFFER = 8 * 1024 * 1024;
/** The longest IP packet. */
const PACKET_MAX = 65535;
/**
 * The event loop waits anew for each datagram it reads. Those that came with one, as the adverts of many routers do, are read right
 * after it: at most so many, so that a flood does not keep timers waiting.
 */
const BURST_MAX = 64;
/** Frames thrown away at once by {@link Packets.discard} on one socket: as many as the buffer can hold. */
const DISCARD_MAX = 65536;

interface Open {
  readonly index: number;
  readonly family: Family;
  readonly tap: boolean;
  readonly fd: number;
  readonly membership: Membership;
  adopted: Adopted | null;
  /** False once its descriptor is closed, by whom ever. */
  live: boolean;
}

const keyOf = ({ index, family, tap }: { index: number; family: Family; tap: boolean }): string =>
  `${index}/${family}${tap ? "/tap" : ""}`;

/** A bound, filtered packet socket that has seen nothing but what passed the filter; the error is minus errno. */
function openPacketSocket({ index, family, tap }: Listener): Result<number, number> {
  // Protocol 0 receives nothing: no frame of before the filter and the bind can ever wait here.
  const fd = openSocket(layout.AF_PACKET, layout.SOCK_DGRAM, 0);
  if (fd < 0) return fail(fd);
  setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUFFORCE, RECEIVE_BUFFER);
  // Spares the kernel a copy of each frame we send; before Linux 4.20 the filter alone drops them.
  setOption(fd, layout.SOL_PACKET, layout.PACKET_IGNORE_OUTGOING, 1);
  const own = family === 4 ? layout.ETH_P_IP : layout.ETH_P_IPV6;
  const ethertype = tap ? layout.ETH_P_ALL : own;
  const filtered = attachFilter(fd, tap ? tapFilter(family) : ownFilter(family, index));
  const bound = filtered < 0 ? filtered : bindSocket(fd, packetAddress(index, ethertype, null));
  // Binding to an interface that is down succeeds, with ENETDOWN pending.
  const result = bound < 0 ? bound : -takeSocketError(fd);
  if (result === 0) return ok(fd);
  closeDescriptor(fd);
  return fail(result);
}

/** The receiving sockets as the agent wants them. */
export class Packets {
  readonly #open = new Map<string, Open>();
  readonly #post: (event: Event) => void;
  readonly #changed: () => void;
  readonly #buffer = new Uint8Array(PACKET_MAX);

  /** `post` takes what arrives by itself; `changed` is called when {@link descriptors} gives another answer. */
  constructor(post: (event: Event) => void, changed: () => void) {
    this.#post = post;
    this.#changed = changed;
  }

  /** Opens and closes until the sockets are those wanted; the result tells those that could not be opened. */
  listen(listeners: readonly Listener[]): Event[] {
    const wanted = new Set(listeners.map(keyOf));
    for (const [key, open] of this.#open) if (!wanted.has(key)) this.#close(open);
    const failures: Event[] = [];
    for (const listener of listeners) {
      const errno = this.#want(listener);
      if (errno !== 0) failures.push(this.#failure(listener, errnoName(errno)));
    }
    this.#changed();
    return failures;
  }

  #want(listener: Listener): number {
    const open = this.#open.get(keyOf(listener));
    if (open !== undefined) {
      const joined = open.membership.set(listener.groups);
      if (joined < 0) this.#close(open);
      return joined;
    }
    return this.#start(listener);
  }

  #start(listener: Listener): number {
    const { index, family } = listener;
    const membership = Membership.open(index, family);
    if (!membership.ok) return membership.error;
    const joined = membership.value.set(listener.groups);
    const fd = joined < 0 ? fail(joined) : openPacketSocket(listener);
    if (!fd.ok) {
      membership.value.close();
      return fd.error;
    }
    const open: Open = {
      index,
      family,
      tap: listener.tap,
      fd: fd.value,
      membership: membership.value,
      adopted: null,
      live: true,
    };
    this.#open.set(keyOf(listener), open);
    open.adopted = adopt(fd.value, {
      data: (bytes) => {
        this.#post({ kind: "frame", index, family, bytes });
        this.#read(open, BURST_MAX, this.#post);
      },
      failed: (errno) => {
        this.#forget(open);
        this.#post(this.#failure(open, errno));
      },
    });
    return 0;
  }

  #failure({ index, family }: { index: number; family: Family }, errno: string): Event {
    return { kind: "listener-failed", index, family, errno };
  }

  #close(open: Open): void {
    this.#forget(open);
    open.adopted?.close();
  }

  #forget(open: Open): void {
    if (!open.live) return;
    open.live = false;
    open.membership.close();
    this.#open.delete(keyOf(open));
    this.#changed();
  }

  /** The descriptors to poll for frames that wait. */
  descriptors(): number[] {
    return Array.from(this.#open.values(), ({ fd }) => fd);
  }

  /**
   * Reads what waits on `fd`, at most `limit` frames, each delivered before the next is read; returns how many there were.
   * What the agent does on a frame (throw the rest away, close the socket) holds from that frame on.
   */
  drain(fd: number, limit: number, deliver: (event: Event) => void): number {
    const open = [...this.#open.values()].find((each) => each.fd === fd);
    return open === undefined ? 0 : this.#read(open, limit, deliver);
  }

  #read(open: Open, limit: number, deliver: (event: Event) => void): number {
    const { index, family, fd } = open;
    let count = 0;
    while (count < limit && open.live) {
      const length = receive(fd, this.#buffer);
      if (length < 0) {
        if (length !== -EAGAIN && length !== -EINTR) {
          this.#close(open);
          deliver(this.#failure(open, errnoName(length)));
        }
        break;
      }
      count++;
      deliver({ kind: "frame", index, family, bytes: this.#buffer.slice(0, length) });
    }
    return count;
  }

  /** Throws away what waits on every socket. Errors stay for the event loop to find. */
  discard(): void {
    for (const { fd } of this.#open.values()) {
      for (let count = 0; count < DISCARD_MAX; count++) {
        if (receive(fd, this.#buffer) < 0) break;
      }
    }
  }

  /** Closes everything and leaves every group. */
  close(): void {
    for (const open of [...this.#open.values()]) this.#close(open);
  }
}
