/** Asking rtnetlink and getting the answer in the same breath: the kernel does all it is asked inside the send. */
import { bringUp, setAliasAddress, setAliasMask } from "../../native/interface.ts";
import * as layout from "../../native/layout.ts";
import { EEXIST, errnoName } from "../../native/libc.ts";
import {
  bindSocket,
  closeDescriptor,
  netlinkAddress,
  openSocket,
  receive,
  send,
  setOption,
} from "../../native/socket.ts";
import type { AddressChange, AddressResult, KernelAddress, Link } from "../agent/boundary.ts";
import type { Forwarding, ForwardingChange, ForwardingResult } from "../wire/forwarding.ts";
import { ipBytes } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { Result } from "../base/result.ts";
import { fail, ok } from "../base/result.ts";
import type { RouteMessage } from "../wire/rtnetlink.ts";
import { encodeForwardingChange, FORWARDING_DUMPS } from "../wire/forwarding.ts";
import { decodeMessages, encodeAddressChange, encodeAddressDump, encodeLinkDump } from "../wire/rtnetlink.ts";

/** Requests in one send: their acknowledgements all wait in the receiving buffer at once. */
const CHUNK_MAX = 200;
const BUFFER = 4 * 1024 * 1024;
/** The kernel fills at most 32 kB of a dump at once. */
const DATAGRAM_MAX = 128 * 1024;
/** A dump that changes under our eyes is asked for again this often. */
const DUMP_ATTEMPTS = 5;

/** Links and addresses of the whole host. */
export interface Tables {
  readonly links: readonly Link[];
  readonly addresses: readonly KernelAddress[];
}

interface Pending {
  readonly change: AddressChange;
  /** The request that stands for it: a change of its own, or the lifetime after an ioctl. */
  readonly request: AddressChange;
}

/** A socket for requests. */
export class Requests {
  readonly #fd: number;
  /** Any IPv4 socket, for the alias ioctls. */
  readonly #inet: number;
  readonly #buffer = new Uint8Array(DATAGRAM_MAX);
  #sequence = 0;

  private constructor(fd: number, inet: number) {
    this.#fd = fd;
    this.#inet = inet;
  }

  /** The error is minus errno. */
  static open(): Result<Requests, number> {
    const fd = openSocket(layout.AF_NETLINK, layout.SOCK_RAW, layout.NETLINK_ROUTE);
    if (fd < 0) return fail(fd);
    setOption(fd, layout.SOL_SOCKET, layout.SO_RCVBUFFORCE, BUFFER);
    setOption(fd, layout.SOL_SOCKET, layout.SO_SNDBUFFORCE, BUFFER);
    // Acknowledgements without a copy of the request.
    setOption(fd, layout.SOL_NETLINK, layout.NETLINK_CAP_ACK, 1);
    // Dumps filtered by the kernel (4.20); without it they are longer.
    setOption(fd, layout.SOL_NETLINK, layout.NETLINK_GET_STRICT_CHK, 1);
    const bound = bindSocket(fd, netlinkAddress(0));
    const inet = bound < 0 ? bound : openSocket(layout.AF_INET, layout.SOCK_DGRAM, 0);
    if (inet >= 0) return ok(new Requests(fd, inet));
    closeDescriptor(fd);
    return fail(inet);
  }

  close(): void {
    closeDescriptor(this.#fd);
    closeDescriptor(this.#inet);
  }

  /** Every link and address now; the error is the name of an errno. */
  dump(): Result<Tables, string> {
    const links: Link[] = [];
    const linked = this.#dump(encodeLinkDump, (message) => {
      if (message.kind === "link") links.push(message.link);
    });
    if (!linked.ok) return linked;
    const addresses: KernelAddress[] = [];
    const addressed = this.#dump(encodeAddressDump, (message) => {
      if (message.kind === "address") addresses.push(message.address);
    });
    return addressed.ok ? ok({ links: newest(links), addresses }) : addressed;
  }

  /** Every route and rule that carries our protocol number; the error is the name of an errno. */
  dumpForwarding(): Result<Forwarding[], string> {
    const entries: Forwarding[] = [];
    for (const encode of FORWARDING_DUMPS) {
      const dumped = this.#dump(encode, (message) => {
        if (message.kind === "forwarding" && message.ours) entries.push(message.entry);
      });
      // A kernel without IPv6, or without policy routing, has none of it.
      if (!dumped.ok && dumped.error !== "EOPNOTSUPP" && dumped.error !== "EAFNOSUPPORT") return dumped;
    }
    return ok(entries);
  }

  #dump(
    encode: (sequence: number) => Uint8Array,
    take: (message: RouteMessage) => void,
  ): Result<null, string> {
    for (let attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
      const messages: RouteMessage[] = [];
      const ended = this.#collect(encode(this.#next()), messages);
      if (!ended.ok) return ended;
      if (attempt + 1 < DUMP_ATTEMPTS && messages.some(({ kind }) => kind === "incomplete")) continue;
      for (const message of messages) take(message);
      return ok(null);
    }
    return fail("EAGAIN");
  }

  #next(): number {
    this.#sequence = (this.#sequence % 0x7fff_ffff) + 1;
    return this.#sequence;
  }

  /** Sends a dump request and reads to its end. */
  #collect(request: Uint8Array, into: RouteMessage[]): Result<null, string> {
    this.#discard();
    const sent = send(this.#fd, request, null);
    if (sent < 0) return fail(errnoName(sent));
    for (;;) {
      const length = receive(this.#fd, this.#buffer);
      if (length < 0) return fail(errnoName(length));
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) {
        const ours = !("sequence" in message) || message.sequence === this.#sequence;
        if (!ours) continue;
        if (message.kind === "done" && message.errno === 0) return ok(null);
        if (message.kind === "done" || message.kind === "answer") return fail(errnoName(message.errno));
        into.push(message);
      }
    }
  }

  /** Throws away what an earlier request that failed half-way left. */
  #discard(): void {
    for (let count = 0; count < CHUNK_MAX * 2; count++) {
      if (receive(this.#fd, this.#buffer) < 0) return;
    }
  }

  /** Does the changes in order; one that fails does not keep back the next. `labelled` tells whether an alias is taken. */
  change(
    changes: readonly AddressChange[],
    labelled: (index: number, label: string) => boolean,
  ): AddressResult[] {
    const results: AddressResult[] = [];
    let chunk: Pending[] = [];
    const flush = (): void => {
      results.push(...this.#send(chunk));
      chunk = [];
    };
    for (const change of changes) {
      if (change.op === "add" && change.method === "ioctl") {
        flush();
        const errno = this.#alias(change, labelled);
        if (errno < 0) results.push({ change, errno: errnoName(errno) });
        else chunk.push({ change, request: { ...change, op: "refresh", method: "netlink" } });
      } else {
        chunk.push({ change, request: change });
      }
      if (chunk.length === CHUNK_MAX) flush();
    }
    flush();
    return results;
  }

  #send(chunk: readonly Pending[]): AddressResult[] {
    const errnos = this.#exchange(
      chunk.map(
        ({ request }) =>
          (sequence) =>
            encodeAddressChange(request, sequence),
      ),
    );
    return chunk.map(({ change, request }, at) => {
      const errno = errnos[at] ?? null;
      // Without its lifetime an address set by ioctl would outlive us: it is taken back.
      if (errno !== null && request !== change) this.#send([remove(change)]);
      return { change, errno };
    });
  }

  /** Does the changes of routes and rules in order; one that fails does not keep back the next. */
  forward(changes: readonly ForwardingChange[]): ForwardingResult[] {
    const results: ForwardingResult[] = [];
    for (let at = 0; at < changes.length; at += CHUNK_MAX) {
      const chunk = changes.slice(at, at + CHUNK_MAX);
      const errnos = this.#exchange(
        chunk.map(
          ({ op, entry }) =>
            (sequence) =>
              encodeForwardingChange(op, entry, sequence),
        ),
      );
      results.push(...chunk.map((change, index) => ({ change, errno: errnos[index] ?? null })));
    }
    return results;
  }

  /** Sends so many requests at once and gives the name of each one's error, null where it was done. */
  #exchange(requests: readonly ((sequence: number) => Uint8Array)[]): (string | null)[] {
    if (requests.length === 0) return [];
    this.#discard();
    const answers = new Map<number, number>();
    const sequences = requests.map(() => this.#next());
    const sent = send(this.#fd, concatenate(requests.map((encode, at) => encode(sequences[at] ?? 0))), null);
    while (sent >= 0 && answers.size < requests.length) {
      const length = receive(this.#fd, this.#buffer);
      if (length < 0) break;
      for (const message of decodeMessages(this.#buffer.subarray(0, length))) {
        if (message.kind === "answer") answers.set(message.sequence, message.errno);
      }
    }
    return sequences.map((sequence) => {
      const errno = sent < 0 ? -sent : answers.get(sequence);
      return errno === 0 ? null : errno === undefined ? "ETIMEDOUT" : errnoName(errno);
    });
  }

  /** An address by the alias ioctls: 0 or minus errno. */
  #alias(
    change: Extract<AddressChange, { op: "add" | "refresh" }>,
    labelled: (index: number, label: string) => boolean,
  ): number {
    const { key, label } = change;
    assert(label !== null, "an alias without a label");
    // SIOCSIFADDR would take the address that stands under the label away.
    if (labelled(key.index, label)) return -EEXIST;
    const bytes = ipBytes(key.address);
    const set = setAliasAddress(this.#inet, label, bytes);
    if (set < 0) return set;
    const masked = setAliasMask(this.#inet, label, maskBytes(key.prefix));
    const up = masked < 0 ? masked : bringUp(this.#inet, label);
    if (up < 0) this.#send([remove(change)]);
    return up;
  }
}

/** A link that was renamed during the dump may be told twice. */
const newest = (links: readonly Link[]): Link[] => [
  ...new Map(links.map((link) => [link.index, link])).values(),
];

function remove({ key }: AddressChange): Pending {
  const change: AddressChange = { op: "delete", key };
  return { change, request: change };
}

function maskBytes(prefix: number): Uint8Array {
  return Uint8Array.from({ length: 4 }, (_, at) => {
    const ones = Math.min(8, Math.max(0, prefix - at * 8));
    return 256 - 2 ** (8 - ones);
  });
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
