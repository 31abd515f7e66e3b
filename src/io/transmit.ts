/** Sending: frames through one packet socket in batches, packets through raw sockets that let the kernel route. */
import { Batch } from "../../native/batch.ts";
import * as layout from "../../native/layout.ts";
import { errnoName } from "../../native/libc.ts";
import { viewOf } from "../../native/memory.ts";
import {
  attachFilter,
  closeDescriptor,
  controlMessage,
  ipAddress,
  openSocket,
  send,
  sendWithControl,
  setOption,
} from "../../native/socket.ts";
import type { Action } from "../agent/boundary.ts";
import type { Family, Mac } from "../base/address.ts";
import { ipBytes, macBytes } from "../base/address.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import { emptyFilter } from "./filter.ts";

type Frame = Extract<Action, { kind: "frame" }>;
type Packet = Extract<Action, { kind: "packet" }>;

/** What became of something sent: `errno` is null when the kernel took it. */
export interface Sent {
  readonly router: string | null;
  readonly errno: string | null;
}

const PROTOCOL_VRRP = 112;
const PROTOCOL_AH = 51;
/** Sending buffer: all the adverts and announcements of a node that takes 255 routers at once. */
const SEND_BUFFER = 4 * 1024 * 1024;
/** Destinations whose bytes are kept: a group or two for each interface, and broadcast. */
const KNOWN_MACS_MAX = 1024;

/**
 * A raw socket for protocol 112 that sends packets with their own IP header. It also receives: while one is open the kernel does not
 * answer unicast adverts with "protocol unreachable". What it receives is dropped; the packet sockets have it.
 */
function openRaw(family: Family): number {
  const fd = openSocket(family === 4 ? layout.AF_INET : layout.AF_INET6, layout.SOCK_RAW, PROTOCOL_VRRP);
  if (fd < 0) return fd;
  attachFilter(fd, emptyFilter);
  if (family === 4) {
    setOption(fd, layout.IPPROTO_IP, layout.IP_HDRINCL, 1);
    setOption(fd, layout.IPPROTO_IP, layout.IP_MULTICAST_LOOP, 0);
  } else {
    setOption(fd, layout.IPPROTO_IPV6, layout.IPV6_HDRINCL, 1);
    setOption(fd, layout.IPPROTO_IPV6, layout.IPV6_MULTICAST_LOOP, 0);
  }
  setOption(fd, layout.SOL_SOCKET, layout.SO_SNDBUFFORCE, SEND_BUFFER);
  return fd;
}

/** The same, and nothing else, for adverts behind an authentication header; they are sent through the other one. Minus errno. */
function openSink(): number {
  const fd = openSocket(layout.AF_INET, layout.SOCK_RAW, PROTOCOL_AH);
  if (fd >= 0) attachFilter(fd, emptyFilter);
  return fd;
}

/** A packet socket that sends, and never receives, as its protocol is 0; a descriptor or minus errno. */
function openFrames(type: number): number {
  const fd = openSocket(layout.AF_PACKET, type, 0);
  if (fd >= 0) setOption(fd, layout.SOL_SOCKET, layout.SO_SNDBUFFORCE, SEND_BUFFER);
  return fd;
}

/** Ethernet II: destination, source, type, and what follows. */
function headed(
  destination: Uint8Array,
  source: Uint8Array,
  ethertype: number,
  bytes: Uint8Array,
): Uint8Array {
  const frame = new Uint8Array(14 + bytes.length);
  frame.set(destination);
  frame.set(source, 6);
  viewOf(frame).setUint16(12, ethertype);
  frame.set(bytes, 14);
  return frame;
}

/** struct in_pktinfo or in6_pktinfo with the interface alone: the source is in the header already. */
function packetInfo(family: Family, index: number): Uint8Array {
  const info = new Uint8Array(family === 4 ? 12 : 20);
  viewOf(info).setInt32(family === 4 ? 0 : 16, index, true);
  return family === 4
    ? controlMessage(layout.IPPROTO_IP, layout.IP_PKTINFO, info)
    : controlMessage(layout.IPPROTO_IPV6, layout.IPV6_PKTINFO, info);
}

/** The sockets that send. */
export class Transmitter {
  readonly #frames: number;
  /** Whoever names the sender's address makes the link-layer header; opened with the first such frame. */
  #headed: number | null = null;
  /** Minus errno where the kernel has no such family. */
  readonly #raw: Readonly<Record<Family, number>>;
  readonly #sink = openSink();
  readonly #batch = new Batch();
  /** The batch is of frames with their own header. */
  #batchHeaded = false;
  #routers: (string | null)[] = [];
  readonly #macs = new Map<Mac, Uint8Array>();

  private constructor(frames: number, raw: Readonly<Record<Family, number>>) {
    this.#frames = frames;
    this.#raw = raw;
  }

  /** Opens them; the error is minus errno. A kernel without IPv6 is none. */
  static open(): Result<Transmitter, number> {
    const frames = openFrames(layout.SOCK_DGRAM);
    if (frames < 0) return fail(frames);
    const raw4 = openRaw(4);
    if (raw4 < 0) {
      closeDescriptor(frames);
      return fail(raw4);
    }
    return ok(new Transmitter(frames, { 4: raw4, 6: openRaw(6) }));
  }

  /** One that sends nothing, as it may not: everything fails with this, minus errno. */
  static refused(errno: number): Transmitter {
    return new Transmitter(errno, { 4: errno, 6: errno });
  }

  /** Puts a frame into the batch; gives the fates of an earlier batch when that had to leave first. */
  frame({ index, ethertype, destination, source, bytes, router }: Frame): Sent[] {
    const to = this.#mac(destination);
    const frame = source === null ? bytes : headed(to, this.#mac(source), ethertype, bytes);
    const kept = this.#batchHeaded === (source !== null) && this.#batch.hasRoom(frame.length);
    const sent = kept ? [] : this.flush();
    this.#batchHeaded = source !== null;
    this.#batch.add(index, ethertype, to, frame);
    this.#routers.push(router);
    return sent;
  }

  #mac(mac: Mac): Uint8Array {
    let bytes = this.#macs.get(mac);
    if (bytes === undefined) {
      if (this.#macs.size >= KNOWN_MACS_MAX) this.#macs.clear();
      bytes = macBytes(mac);
      this.#macs.set(mac, bytes);
    }
    return bytes;
  }

  /** Sends the batch. */
  flush(): Sent[] {
    if (this.#batch.size === 0) return [];
    const routers = this.#routers;
    this.#routers = [];
    if (this.#batchHeaded) this.#headed ??= openFrames(layout.SOCK_RAW);
    const fd = this.#batchHeaded && this.#headed !== null ? this.#headed : this.#frames;
    const results = fd < 0 ? this.#batch.refuse(fd) : this.#batch.send(fd);
    // No socket, no descriptors left: the next frame tries again.
    if (this.#headed !== null && this.#headed < 0) this.#headed = null;
    return results.map((result, at) => ({
      router: routers[at] ?? null,
      errno: result < 0 ? errnoName(result) : null,
    }));
  }

  /** Sends one packet by the kernel's routes. */
  packet({ index, family, destination, bytes, router }: Packet): Sent {
    const fd = this.#raw[family];
    if (fd < 0) return { router, errno: errnoName(fd) };
    const address = ipAddress(ipBytes(destination), index ?? 0);
    const result =
      index === null
        ? send(fd, bytes, address)
        : sendWithControl(fd, bytes, address, packetInfo(family, index));
    return { router, errno: result < 0 ? errnoName(result) : null };
  }

  close(): void {
    for (const fd of [this.#frames, this.#headed ?? -1, this.#sink, this.#raw[4], this.#raw[6]]) {
      if (fd >= 0) closeDescriptor(fd);
    }
  }
}
