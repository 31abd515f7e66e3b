/** A netlink(7) socket for requests: the kernel does all it is asked inside the send, so the answer waits when that returns. */
import * as layout from "../../native/layout.ts";
import {
  bindSocket,
  closeDescriptor,
  netlinkAddress,
  openSocket,
  receive,
  send,
  setOption,
} from "../../native/socket.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";

/** The kernel fills at most 32 kB of a dump at once. */
const DATAGRAM_MAX = 128 * 1024;
const BUFFER = 1024 * 1024;
/** Datagrams that an earlier request which failed half-way may have left. */
const LEFT_MAX = 1024;

/** A socket of one netlink family. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #buffer = new Uint8Array(DATAGRAM_MAX);
  #sequence = 0;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Opens one of that family (`NETLINK_ROUTE`); the error is minus errno. */
  static open(family: number): Result<NetlinkSocket, number> {
    const fd = openSocket(layout.AF_NETLINK, layout.SOCK_RAW, family);
    if (fd < 0) return fail(fd);
    setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUFFORCE, BUFFER);
    setOption(fd, layout.SOL_SOCKET, layout.SO_SNDBUFFORCE, BUFFER);
    setOption(fd, layout.SOL_NETLINK, layout.NETLINK_CAP_ACK, 1);
    const bound = bindSocket(fd, netlinkAddress(0));
    if (bound === 0) return ok(new NetlinkSocket(fd));
    closeDescriptor(fd);
    return fail(bound);
  }

  /**
   * Sends what `encode` gives for a sequence number and hands each datagram of the answer, valid during the call only, to `take`,
   * until that gives a number: the result, 0 or minus errno. Minus errno also where sending or receiving fails.
   */
  exchange(
    encode: (sequence: number) => Uint8Array,
    take: (bytes: Uint8Array, sequence: number) => number | null,
  ): number {
    for (let count = 0; count < LEFT_MAX && receive(this.#fd, this.#buffer) >= 0; count++);
    this.#sequence = (this.#sequence % 0x7fff_ffff) + 1;
    const sent = send(this.#fd, encode(this.#sequence), null);
    if (sent < 0) return sent;
    for (;;) {
      const length = receive(this.#fd, this.#buffer);
      if (length < 0) return length;
      const result = take(this.#buffer.subarray(0, length), this.#sequence);
      if (result !== null) return result;
    }
  }

  close(): void {
    closeDescriptor(this.#fd);
  }
}
