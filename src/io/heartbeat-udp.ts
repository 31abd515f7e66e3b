/** A heartbeat link over UDP: one socket, bound to its interface, for both directions. A flood is thrown away unread. */
import * as layout from "../../native/layout.ts";
import { EAGAIN, errnoName } from "../../native/libc.ts";
import { viewOf } from "../../native/memory.ts";
import {
  attachFilter,
  bindSocket,
  bindToDevice,
  closeDescriptor,
  openSocket,
  portAddress,
  receive,
  send,
  setOption,
} from "../../native/socket.ts";
import type { HeartbeatEvent, Medium } from "../agent/cluster/boundary.ts";
import { ipBytes, isLinkLocal, isMulticast } from "../base/address.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { Pausable } from "./adopt.ts";
import { adopt } from "./adopt.ts";
import { othersFilter } from "./filter.ts";
import { Membership } from "./membership.ts";

type UdpMedium = Extract<Medium, { readonly kind: "udp" }>;

/** Of the kernel: some hundred messages. */
const RECEIVE_BUFFER = 256 * 1024;
/** Five nodes at keepalives of 10 ms make half of it. */
const MESSAGES_PER_SECOND = 1000;
const BURST = 250;
/** While more comes, it is looked at this often, in milliseconds. */
const PAUSE = 50;
/** Thrown away at once: as many as the buffer can hold. */
const DISCARD_MAX = 1024;
const DATAGRAM_MAX = 65_535;
/** IPTOS_LOWDELAY of ip(7), as heartbeat has it. */
const LOW_DELAY = 0x10;

/** Every option set, bound; the error names what failed. */
function open(medium: UdpMedium): Result<number, number> {
  const { family, index, group, port } = medium;
  const fd = openSocket(family === 4 ? layout.AF_INET : layout.AF_INET6, layout.SOCK_DGRAM, 0);
  if (fd < 0) return fail(fd);
  const level = family === 4 ? layout.IPPROTO_IP : layout.IPPROTO_IPV6;
  const any = new Uint8Array(family === 4 ? 4 : 16);
  const interfaceRequest = new Uint8Array(family === 4 ? 12 : 4);
  viewOf(interfaceRequest).setInt32(family === 4 ? 8 : 0, index, true);
  const steps: (() => number)[] = [
    () => bindToDevice(fd, medium.interface),
    () => setOption(fd, layout.SOL_SOCKET, layout.SO_REUSEADDR, 1),
    () => setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUF, RECEIVE_BUFFER),
    () => (family === 6 ? setOption(fd, level, layout.IPV6_V6ONLY, 1) : 0),
  ];
  if (group !== null) {
    const names =
      family === 4
        ? { loop: layout.IP_MULTICAST_LOOP, ttl: layout.IP_MULTICAST_TTL, device: layout.IP_MULTICAST_IF }
        : {
            loop: layout.IPV6_MULTICAST_LOOP,
            ttl: layout.IPV6_MULTICAST_HOPS,
            device: layout.IPV6_MULTICAST_IF,
          };
    steps.push(
      () => setOption(fd, level, names.device, interfaceRequest),
      () => setOption(fd, level, names.ttl, group.ttl),
      () => setOption(fd, level, names.loop, 0),
    );
  } else {
    // Groups that this host is in for somebody else are not ours.
    const all = family === 4 ? layout.IP_MULTICAST_ALL : layout.IPV6_MULTICAST_ALL;
    steps.push(() => setOption(fd, level, all, 0));
  }
  if (group === null && family === 4) {
    steps.push(
      () => setOption(fd, layout.SOL_SOCKET, layout.SO_BROADCAST, 1),
      () => setOption(fd, level, layout.IP_TOS, LOW_DELAY),
      // Half of all that comes in.
      () => attachFilter(fd, othersFilter),
    );
  }
  const local = group === null ? any : ipBytes(group.address);
  steps.push(() => bindSocket(fd, portAddress(local, port, family === 6 && group !== null ? index : 0)));
  for (const step of steps) {
    const result = step();
    if (result >= 0) continue;
    closeDescriptor(fd);
    return fail(result);
  }
  return ok(fd);
}

export class UdpLink {
  readonly #fd: number;
  readonly #membership: Membership | null;
  readonly #post: (event: HeartbeatEvent) => void;
  readonly #id: string;
  readonly #buffer = new Uint8Array(DATAGRAM_MAX);
  readonly #adopted: { close(): void };
  #destinations: readonly Uint8Array[] = [];
  #tokens = BURST;
  #filledAt = performance.now();
  #resume: Timer | null = null;
  #live = true;

  private constructor(
    fd: number,
    membership: Membership | null,
    medium: UdpMedium,
    post: (event: HeartbeatEvent) => void,
  ) {
    this.#fd = fd;
    this.#membership = membership;
    this.#post = post;
    this.#id = medium.id;
    this.retarget(medium);
    this.#adopted = adopt(fd, {
      data: (bytes, socket) => this.#take(bytes, socket),
      failed: (errno) => {
        this.#forget();
        post({ kind: "heartbeat", what: "opened", link: medium.id, failure: errno });
      },
    });
  }

  /** The error is a name: `ENODEV`, `EADDRINUSE`. */
  static open(medium: UdpMedium, post: (event: HeartbeatEvent) => void): Result<UdpLink, string> {
    let membership: Membership | null = null;
    if (medium.group !== null) {
      const opened = Membership.open(medium.index, medium.family);
      if (!opened.ok) return fail(errnoName(opened.error));
      membership = opened.value;
      const joined = membership.set([medium.group.address]);
      if (joined < 0) {
        membership.close();
        return fail(errnoName(joined));
      }
    }
    const fd = open(medium);
    if (fd.ok) return ok(new UdpLink(fd.value, membership, medium, post));
    membership?.close();
    const errno = errnoName(fd.error);
    return fail(errno === "EACCES" ? `EACCES: port ${medium.port} needs CAP_NET_BIND_SERVICE` : errno);
  }

  /** Messages go elsewhere from now on. */
  retarget({ destinations, port, index }: UdpMedium): void {
    this.#destinations = destinations.map((address) =>
      portAddress(ipBytes(address), port, isLinkLocal(address) || isMulticast(address) ? index : 0),
    );
  }

  /** Null, or the name of what went wrong at one of the destinations. */
  send(bytes: Uint8Array): string | null {
    let failure: string | null = null;
    for (const address of this.#destinations) {
      const result = this.#live ? send(this.#fd, bytes, address) : -EAGAIN;
      if (result < 0) failure = errnoName(result);
    }
    return failure;
  }

  #take(bytes: Uint8Array, socket: Pausable): void {
    const now = performance.now();
    this.#tokens = Math.min(BURST, this.#tokens + ((now - this.#filledAt) * MESSAGES_PER_SECOND) / 1000);
    this.#filledAt = now;
    if (this.#tokens >= 1) {
      this.#tokens--;
      this.#post({ kind: "heartbeat", what: "received", link: this.#id, bytes });
      return;
    }
    let count = 1;
    while (count < DISCARD_MAX && receive(this.#fd, this.#buffer) >= 0) count++;
    socket.pause();
    this.#resume ??= setTimeout(() => {
      this.#resume = null;
      if (this.#live) socket.resume();
    }, PAUSE);
    this.#post({ kind: "heartbeat", what: "flood", link: this.#id, count });
  }

  #forget(): void {
    this.#live = false;
    if (this.#resume !== null) clearTimeout(this.#resume);
    this.#membership?.close();
  }

  close(): void {
    if (!this.#live) return;
    this.#forget();
    this.#adopted.close();
  }
}
