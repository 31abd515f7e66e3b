/** Echo requests that are repeated for as long as somebody wants to know whether an address answers: a raw socket for each, kept open. */
import { AF_INET, AF_INET6 } from "../../native/layout.ts";
import { errnoName } from "../../native/libc.ts";
import { attachFilter, ipAddress, openSocket, send } from "../../native/socket.ts";
import type { Ip } from "../base/address.ts";
import { familyOf, ipBytes } from "../base/address.ts";
import { decodeEchoReply, encodeEchoRequest } from "../wire/icmp.ts";
import type { Adopted } from "./adopt.ts";
import { adopt } from "./adopt.ts";
import { echoFilter } from "./filter.ts";
import { echoesOnly, ICMP } from "./probe/socket.ts";

/** Bytes of a payload: a number that the kernel lets through, and one that nobody can guess. */
const TOKEN = 4;
const NONCE = 16;
/** Requests that may still be answered: more than lie between the first and the last that count. */
const WAITING_MAX = 256;

/** An address that could not be asked, and why: `ENETUNREACH`. */
export interface Unasked {
  readonly address: Ip;
  readonly failure: string;
}

type Tell = (address: Ip, failure: string | null) => void;

/** The addresses that are asked. */
export class Pinger {
  readonly #targets = new Map<Ip, Target>();
  readonly #tell: Tell;

  /** `tell` is called for each answer (null), and when the kernel says why there is none. */
  constructor(tell: Tell) {
    this.#tell = tell;
  }

  /** Sends one request to each, and wants no answers of others any more. Gives those that could not be asked. */
  ask(addresses: readonly Ip[]): Unasked[] {
    for (const [address, target] of this.#targets) {
      if (addresses.includes(address)) continue;
      target.close();
      this.#targets.delete(address);
    }
    return addresses.flatMap((address): Unasked[] => {
      const failure = this.#target(address).ask();
      return failure === null ? [] : [{ address, failure }];
    });
  }

  #target(address: Ip): Target {
    const known = this.#targets.get(address);
    if (known !== undefined) return known;
    const made = new Target(address, this.#tell);
    this.#targets.set(address, made);
    return made;
  }
}

class Target {
  readonly #address: Ip;
  readonly #destination: Uint8Array;
  readonly #tell: Tell;
  readonly #token = crypto.getRandomValues(new Uint8Array(TOKEN));
  /** What was sent and not answered, by sequence number, oldest first. */
  readonly #waiting = new Map<number, string>();
  #socket: { readonly fd: number; readonly adopted: Adopted } | null = null;
  #sequence = 0;

  constructor(address: Ip, tell: Tell) {
    this.#address = address;
    this.#destination = ipAddress(ipBytes(address), 0);
    this.#tell = tell;
  }

  /** Null, or why the request did not leave. */
  ask(): string | null {
    const opened = this.#open();
    if (typeof opened === "string") return opened;
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
    this.#sequence = (this.#sequence + 1) & 0xffff;
    const payload = new Uint8Array([...this.#token, ...nonce]);
    const request = { identifier: process.pid & 0xffff, sequence: this.#sequence, payload };
    const sent = send(opened, encodeEchoRequest(familyOf(this.#address), request), this.#destination);
    if (sent < 0) return errnoName(sent);
    this.#waiting.set(this.#sequence, nonce.toHex());
    for (const [sequence] of this.#waiting) {
      if (this.#waiting.size <= WAITING_MAX) break;
      this.#waiting.delete(sequence);
    }
    return null;
  }

  /** Its descriptor, or why there is none. Not connected: source address and way are those of each request, and both may move. */
  #open(): number | string {
    if (this.#socket !== null) return this.#socket.fd;
    const family = familyOf(this.#address);
    const { type, protocol } = ICMP[family];
    const fd = openSocket(family === 4 ? AF_INET : AF_INET6, type, protocol);
    if (fd < 0) return errnoName(fd);
    echoesOnly(fd, family);
    // Whatever else this host hears echoes of, and a stranger's flood, ends in the kernel.
    attachFilter(fd, echoFilter(family, new DataView(this.#token.buffer).getUint32(0)));
    const adopted = adopt(fd, {
      data: (bytes) => this.#heard(bytes),
      failed: (errno) => {
        this.#socket = null;
        this.#tell(this.#address, errno);
      },
    });
    this.#socket = { fd, adopted };
    return fd;
  }

  #heard(bytes: Uint8Array): void {
    const reply = decodeEchoReply(familyOf(this.#address), bytes);
    if (reply === null || this.#waiting.get(reply.sequence) !== reply.payload.subarray(TOKEN).toHex()) return;
    this.#waiting.delete(reply.sequence);
    this.#tell(this.#address, null);
  }

  close(): void {
    this.#socket?.adopted.close();
    this.#socket = null;
  }
}
