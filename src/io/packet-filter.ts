/**
 * Packets that the host must not take or send, by a table of our own in nf_tables. Where the kernel knows owned tables (Linux 5.12)
 * nobody else can flush it, and it goes with this process, however that ends.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as layout from "../../native/layout.ts";
import { errnoName } from "../../native/libc.ts";
import type { Refused } from "../wire/nftables.ts";
import { decodeAnswer, encodeElements, encodeTable, encodeTableRemoval } from "../wire/nftables.ts";
import { NetlinkSocket } from "./netlink-socket.ts";

const USUAL_DIRECTORY = "/run/haagent";

const CURES: Readonly<Record<string, string>> = {
  EPROTONOSUPPORT:
    "this kernel has no nf_tables; cure: modprobe nf_tables, on OpenWrt opkg install kmod-nft-core",
  EOPNOTSUPP: "this kernel's nf_tables has no inet family",
  EPERM: "not permitted, or another process owns the table",
};

const without = <Value>(all: readonly Value[], some: readonly Value[]): Value[] =>
  all.filter((one) => !some.includes(one));

export class PacketFilter {
  readonly table: string;
  /** A file that is there while a table is that would outlive us. */
  readonly #marker: string;
  /** Whether to ask for an owned table; older kernels refuse. */
  #owned: boolean;
  #socket: NetlinkSocket | null = null;
  /** What the table says; null: there is none of ours. */
  #now: Refused | null = null;

  /** One of each name for each runtime_dir, named for both. */
  constructor(directory: string, owned = true, name = "") {
    const suffix = directory === USUAL_DIRECTORY ? "" : `-${Bun.hash.crc32(directory).toString(16)}`;
    this.table = `haagent${suffix}${name}`;
    this.#marker = join(directory, `nftables${name}`);
    this.#owned = owned;
  }

  /** Makes the table say just this, or removes it; null when it is done, else why not. */
  set(wanted: Refused | null): string | null {
    if (wanted === null && this.#now === null) return null;
    const errno = wanted === null ? this.remove() : this.#change(wanted);
    if (errno >= 0) this.#now = wanted;
    const name = errnoName(errno);
    return errno < 0 ? (CURES[name] ?? `nf_tables: ${name}`) : null;
  }

  #change(wanted: Refused): number {
    if (this.#now === null) return this.#make(wanted);
    const before = this.#now;
    const more = {
      addresses: without(wanted.addresses, before.addresses),
      devices: without(wanted.devices, before.devices),
    };
    const less = {
      addresses: without(before.addresses, wanted.addresses),
      devices: without(before.devices, wanted.devices),
    };
    const sizes = [more, less].map((one) => one.addresses.length + one.devices.length);
    if (sizes.every((size) => size === 0)) return 0;
    const errno = this.#ask((sequence) => encodeElements(this.table, more, less, sequence));
    // Somebody flushed the rules.
    return errnoName(errno) === "ENOENT" ? this.#make(wanted) : errno;
  }

  /** Anew, in place of what a killed agent left. */
  #make(wanted: Refused): number {
    this.#now = null;
    const made = this.#create(wanted);
    if (errnoName(made) !== "EEXIST") return made;
    const left = this.remove();
    return left < 0 ? left : this.#create(wanted);
  }

  #create(wanted: Refused): number {
    const ask = (owned: boolean): number =>
      this.#ask((sequence) => encodeTable(this.table, wanted, owned, sequence));
    if (this.#owned) {
      const made = ask(true);
      if (!["EINVAL", "EOPNOTSUPP"].includes(errnoName(made))) return made;
      this.#owned = false;
    }
    // It will outlive us, so that is written down first.
    writeFileSync(this.#marker, `${this.table}\n`, { mode: 0o600 });
    return ask(false);
  }

  /** Removes the table, if there is one: 1, or 0 where there was none, or minus errno. */
  remove(): number {
    const errno = this.#ask((sequence) => encodeTableRemoval(this.table, sequence));
    const gone = errno === 0 || errnoName(errno) === "ENOENT";
    if (gone) rmSync(this.#marker, { force: true });
    this.#now = null;
    return errno === 0 ? 1 : gone ? 0 : errno;
  }

  /** Removes what a killed agent left, unless it is in use again: true when there was something. */
  sweep(): boolean {
    return this.#now === null && existsSync(this.#marker) && this.remove() === 1;
  }

  #ask(encode: (sequence: number) => Uint8Array): number {
    if (this.#socket === null) {
      const opened = NetlinkSocket.open(layout.NETLINK_NETFILTER);
      if (!opened.ok) return opened.error;
      this.#socket = opened.value;
    }
    return this.#socket.exchange(encode, (bytes, sequence) => {
      const answer = decodeAnswer(bytes, sequence);
      return answer === null ? null : -answer;
    });
  }

  /** An owned table goes with the socket; the other one is removed by {@link set} or {@link remove} before. */
  close(): void {
    this.#socket?.close();
    this.#socket = null;
    this.#now = null;
  }
}
