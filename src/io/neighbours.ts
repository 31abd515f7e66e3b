/**
 * Listens to what neighbours say of addresses that we hold: a packet socket for each interface and family, filtered in the kernel. Whoever floods it
 * is heard a few times a second, and costs the kernel one filter a frame.
 */
import * as layout from "../../native/layout.ts";
import {
  attachFilter,
  bindSocket,
  closeDescriptor,
  openSocket,
  packetAddress,
  setOption,
  takeSocketError,
} from "../../native/socket.ts";
import type { Event } from "../agent/boundary.ts";
import type { NeighbourWatch } from "../agent/neighbour-watch.ts";
import type { Adopted } from "./adopt.ts";
import { adopt } from "./adopt.ts";
import { emptyFilter } from "./filter.ts";
import { neighbourFilter } from "./neighbour-filter.ts";

/** Frames of a socket that count within {@link SPAN_MS}; then it is deaf for the rest of it. */
const FRAMES_MAX = 10;
const SPAN_MS = 1000;
/** A socket that the kernel closed, as with its interface, is opened again after that. */
const RETRY_MS = 1000;
/** Bytes that wait, at most. */
const RECEIVE_BUFFER = 32 * 1024;

/** One socket. */
class Ear {
  readonly #watch: NeighbourWatch;
  readonly #post: (event: Event) => void;
  #fd = -1;
  #adopted: Adopted | null = null;
  #timer: Timer | null = null;
  #count = 0;

  constructor(watch: NeighbourWatch, post: (event: Event) => void) {
    this.#watch = watch;
    this.#post = post;
    this.#open();
  }

  #open(): void {
    const { index, family } = this.#watch;
    const fd = openSocket(layout.AF_PACKET, layout.SOCK_DGRAM, 0);
    if (fd < 0) return this.#later(RETRY_MS, () => this.#open());
    setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUF, RECEIVE_BUFFER);
    setOption(fd, layout.SOL_PACKET, layout.PACKET_IGNORE_OUTGOING, 1);
    const ethertype = family === 4 ? layout.ETH_P_ARP : layout.ETH_P_IPV6;
    const filtered = this.#attach(fd);
    const bound = filtered < 0 ? filtered : bindSocket(fd, packetAddress(index, ethertype, null));
    // Binding to an interface that is down succeeds, with ENETDOWN pending.
    if (bound < 0 || takeSocketError(fd) !== 0) {
      closeDescriptor(fd);
      return this.#later(RETRY_MS, () => this.#open());
    }
    this.#fd = fd;
    this.#count = 0;
    this.#adopted = adopt(fd, {
      data: (bytes) => this.#heard(bytes),
      failed: () => {
        this.#fd = -1;
        this.#adopted = null;
        this.#later(RETRY_MS, () => this.#open());
      },
    });
  }

  /** Old kernels have little room for a filter (net.core.optmem_max): then the first addresses have to do. */
  #attach(fd: number): number {
    const { index, family, addresses } = this.#watch;
    for (let count = addresses.length; ; count >>= 1) {
      const result = attachFilter(fd, neighbourFilter(family, index, addresses.slice(0, count)));
      if (result >= 0 || count <= 1) return result;
    }
  }

  #heard(bytes: Uint8Array): void {
    const { index, family } = this.#watch;
    this.#count++;
    if (this.#count === 1) {
      this.#later(SPAN_MS, () => {
        if (this.#count > FRAMES_MAX) this.#attach(this.#fd);
        this.#count = 0;
      });
    }
    // What waited passes unheard.
    if (this.#count > FRAMES_MAX + 1) return;
    if (this.#count > FRAMES_MAX) attachFilter(this.#fd, emptyFilter);
    else this.#post({ kind: "neighbour", index, family, bytes });
  }

  #later(span: number, run: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      run();
    }, span);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#adopted?.close();
    this.#adopted = null;
  }
}

export class Neighbours {
  readonly #post: (event: Event) => void;
  /** By what each listens for, as JSON. */
  readonly #ears = new Map<string, Ear>();

  constructor(post: (event: Event) => void) {
    this.#post = post;
  }

  /** Listens for these, and for nothing else. */
  watch(watches: readonly NeighbourWatch[]): void {
    const wanted = new Map(watches.map((watch) => [JSON.stringify(watch), watch]));
    for (const [key, ear] of this.#ears) {
      if (wanted.has(key)) continue;
      ear.close();
      this.#ears.delete(key);
    }
    for (const [key, watch] of wanted) {
      if (!this.#ears.has(key)) this.#ears.set(key, new Ear(watch, this.#post));
    }
  }
}
