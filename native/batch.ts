/** sendmmsg(2): many datagrams through one packet socket in one call, from memory that is laid out once. */
import type { Pointer } from "bun:ffi";
import { assert } from "../src/base/assert.ts";
import * as layout from "./layout.ts";
import { checked, descriptor, libc } from "./libc.ts";
import { addressOf, LITTLE, setLong, setPointer, viewOf } from "./memory.ts";

/** Datagrams in one call. */
const BATCH_MAX = 64;
/** Room for their bytes together; one datagram may fill it alone, as long as its interface takes it (a jumbo frame is 9,000). */
const BYTES_MAX = 64 * 1024;

/** Datagrams waiting to be sent together. */
export class Batch {
  readonly #messages = new Uint8Array(BATCH_MAX * layout.MMSGHDR.size);
  readonly #vectors = new Uint8Array(BATCH_MAX * layout.IOVEC.size);
  readonly #addresses = new Uint8Array(BATCH_MAX * layout.SOCKADDR_LL.size);
  readonly #bytes = new Uint8Array(BYTES_MAX);
  readonly #vectorView = viewOf(this.#vectors);
  readonly #addressView = viewOf(this.#addresses);
  readonly #messagesAddress = addressOf(this.#messages);
  readonly #bytesAddress: number = addressOf(this.#bytes);
  #count = 0;
  #used = 0;

  constructor() {
    const view = viewOf(this.#messages);
    for (let at = 0; at < BATCH_MAX; at++) {
      const message = at * layout.MMSGHDR.size;
      const address = this.#addresses.subarray(at * layout.SOCKADDR_LL.size);
      setPointer(view, message + layout.MSGHDR.name, address);
      view.setUint32(message + layout.MSGHDR.namelen, layout.SOCKADDR_LL.size, LITTLE);
      setPointer(view, message + layout.MSGHDR.iov, this.#vectors.subarray(at * layout.IOVEC.size));
      setLong(view, message + layout.MSGHDR.iovlen, 1);
      const base = at * layout.SOCKADDR_LL.size;
      this.#addressView.setUint16(base + layout.SOCKADDR_LL.family, layout.AF_PACKET, LITTLE);
      this.#addressView.setUint8(base + layout.SOCKADDR_LL.halen, 6);
    }
  }

  /** How many wait. */
  get size(): number {
    return this.#count;
  }

  /** Whether a datagram of this length can join them. */
  hasRoom(length: number): boolean {
    return this.#count < BATCH_MAX && this.#used + length <= BYTES_MAX;
  }

  /** Adds the bytes that follow the link-layer header of a frame; they are copied. */
  add(index: number, ethertype: number, mac: Uint8Array, bytes: Uint8Array): void {
    assert(this.hasRoom(bytes.length), "a full batch");
    assert(
      index > 0 && mac.length === 6 && bytes.length > 0,
      "a frame without place, destination or content",
    );
    const address = this.#count * layout.SOCKADDR_LL.size;
    this.#addressView.setUint16(address + layout.SOCKADDR_LL.protocol, ethertype);
    this.#addressView.setInt32(address + layout.SOCKADDR_LL.index, index, LITTLE);
    this.#addresses.set(mac, address + layout.SOCKADDR_LL.address);
    this.#bytes.set(bytes, this.#used);
    const vector = this.#count * layout.IOVEC.size;
    setLong(this.#vectorView, vector + layout.IOVEC.base, this.#bytesAddress + this.#used);
    setLong(this.#vectorView, vector + layout.IOVEC.length, bytes.length);
    this.#used += bytes.length;
    this.#count++;
  }

  /** Sends them all in order and forgets them: for each, 0 or minus errno. One that fails does not keep back the next. */
  send(fd: number): number[] {
    const results: number[] = [];
    while (results.length < this.#count) {
      const from = results.length;
      // Arithmetic on a pointer gives a plain number, which the cast makes a pointer again.
      const first = (this.#messagesAddress + from * layout.MMSGHDR.size) as Pointer;
      const sent = checked(libc.sendmmsg(descriptor(fd), first, this.#count - from, layout.MSG_DONTWAIT));
      if (sent <= 0) results.push(sent);
      else for (let done = 0; done < sent; done++) results.push(0);
    }
    this.#forget();
    return results;
  }

  /** Sends none of them and forgets them: each fails with this. */
  refuse(errno: number): number[] {
    const results = Array.from({ length: this.#count }, () => errno);
    this.#forget();
    return results;
  }

  #forget(): void {
    this.#count = 0;
    this.#used = 0;
  }
}
