/**
 * The real server's side of LVS with direct routing: the service's address is on lo, so that packets sent here for it are taken, and no
 * interface answers or speaks for it in ARP, so that they are sent here by the director alone. What counts for the kernel is the larger
 * one of the setting of `all` and of the interface that a packet comes in by, or leaves by: lo's own does nothing (arp_ignore,
 * arp_announce in the kernel's ip-sysctl). IPv6 needs no setting: it is not answered for on another interface than its own.
 *
 * In a directory of its own: `lock`, what was borrowed of interfaces (sysctl.ts), and the addresses that we added, written before that:
 *
 *     BOOT net:[INODE]
 *     ADDRESS              one line each
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errnoName } from "../../native/libc.ts";
import type { AddressChange, AddressKey, Link } from "../agent/boundary.ts";
import type { RealServerAddress, RealServerTold } from "../agent/realserver-boundary.ts";
import type { Ip } from "../base/address.ts";
import { addressBits, familyOf, parseIp } from "../base/address.ts";
import { fail, ok } from "../base/result.ts";
import type { Result } from "../base/result.ts";
import { directedAddresses } from "../wire/ipvs-proc.ts";
import { borrowSilence, leaksArp } from "./arp-settings.ts";
import { bootId } from "./boot.ts";
import { makeDirectory, takeLock } from "./lock.ts";
import { reasonOf } from "./reason.ts";
import { replaceFile } from "./replace-file.ts";
import type { Tables } from "./rtnetlink.ts";
import { Requests } from "./rtnetlink.ts";
import { BORROWED, BorrowedSettings } from "./sysctl.ts";

/** Below runtime_dir: what was started by hand, and what the agent keeps. */
export const BY_HAND = "realserver";
export const BY_AGENT = "realserver-agent";

const FILE = "addresses";
const LOOPBACK = "lo";
/** What a removal may say of an address that is gone. */
const GONE: readonly string[] = ["EADDRNOTAVAIL", "ENODEV"];

const keyOn = (index: number, address: Ip): AddressKey => ({
  index,
  address,
  prefix: addressBits(familyOf(address)),
});

/** The addresses that this host directs to others; none where there is no IPVS. */
function directed(): ReadonlySet<Ip> {
  try {
    return directedAddresses(readFileSync("/proc/net/ip_vs", "utf8").split("\n"));
  } catch {
    return new Set();
  }
}

/** Why this host must not carry an address as a real server; null where nothing is in the way. */
function obstacle(address: Ip, { links, addresses }: Tables, director: ReadonlySet<Ip>): string | null {
  if (director.has(address)) return "this host is the director of a service there";
  const other = addresses.find((each) => each.address === address && nameOf(links, each.index) !== LOOPBACK);
  if (other === undefined) return null;
  return `${nameOf(links, other.index)} has it: that interface answers ARP for it`;
}

const nameOf = (links: readonly Link[], index: number): string =>
  links.find((link) => link.index === index)?.name ?? `interface ${index}`;

/** Addresses of services on lo, and the silence about them. One at a time has its directory: others wait for the lock, then fail. */
export class RealServer {
  readonly #path: string;
  readonly #borrowed: BorrowedSettings;
  readonly #requests: Requests;
  readonly #unlock: () => void;
  readonly #warn: (detail: string) => void;
  readonly #ours: Set<Ip>;

  private constructor(
    directory: string,
    warn: (detail: string) => void,
    requests: Requests,
    unlock: () => void,
  ) {
    this.#path = join(directory, FILE);
    this.#warn = warn;
    this.#borrowed = new BorrowedSettings(directory, warn);
    this.#requests = requests;
    this.#unlock = unlock;
    this.#ours = this.#load();
  }

  /** Knows at once what an earlier one added. The error is a sentence. */
  static open(directory: string, warn: (detail: string) => void): Result<RealServer, string> {
    try {
      makeDirectory(directory);
    } catch (error) {
      return fail(`${directory}: ${reasonOf(error)}`);
    }
    const lock = takeLock(directory);
    if (!lock.ok) return lock;
    const requests = Requests.open();
    if (requests.ok) return ok(new RealServer(directory, warn, requests.value, lock.value.release));
    lock.value.release();
    return fail(`rtnetlink: ${errnoName(requests.error)}`);
  }

  /** Whether something was left in a directory. */
  static hasLeft = (directory: string): boolean =>
    [FILE, BORROWED].some((name) => existsSync(join(directory, name)));

  close(): void {
    this.#requests.close();
    this.#unlock();
  }

  /** The addresses that we added. */
  ours(): readonly Ip[] {
    return [...this.#ours];
  }

  #load(): Set<Ip> {
    try {
      const [where, ...lines] = readFileSync(this.#path, "utf8").split("\n");
      if (where !== bootId()) return new Set();
      const read = lines.map(parseIp).filter((each) => each.ok);
      return new Set(read.map(({ value }) => value));
    } catch {
      // None are written down.
      return new Set();
    }
  }

  #save(): void {
    try {
      const lines = [bootId(), ...this.#ours].map((line) => `${line}\n`);
      replaceFile(this.#path, this.#ours.size === 0 ? null : lines.join(""));
    } catch (error) {
      this.#warn(`${this.#path}: ${reasonOf(error)}`);
    }
  }

  /** How things are, with nothing changed. The error is the name of an errno. */
  look(wanted: readonly Ip[]): Result<RealServerTold, string> {
    const tables = this.#requests.dump();
    if (!tables.ok) return tables;
    return ok(this.#told(wanted, tables.value, directed(), []));
  }

  /**
   * Has lo carry exactly `wanted`, but for what others put there: first the silence, then the addresses, and to the end in reverse.
   * Does again what somebody has undone. The error is the name of an errno.
   */
  set(wanted: readonly Ip[]): Result<RealServerTold, string> {
    const tables = this.#requests.dump();
    if (!tables.ok) return tables;
    const { links, addresses } = tables.value;
    const loopback = links.find(({ name }) => name === LOOPBACK);
    const director = directed();
    const fit = wanted.filter((address) => obstacle(address, tables.value, director) === null);
    const failures: [Ip, string][] = [];
    const over = [...this.#ours].filter((address) => !fit.includes(address));
    let changed = over.length > 0;
    for (const address of over) {
      const failure = this.#change({ op: "delete", key: keyOn(loopback?.index ?? 0, address) });
      if (failure === null || GONE.includes(failure)) this.#ours.delete(address);
      else this.#warn(`${address} stays on ${LOOPBACK}: ${failure}`);
    }
    const loud = this.#silence(links, fit);
    for (const address of fit) {
      const has = addresses.some((each) => each.address === address && each.index === loopback?.index);
      if (has || (loud !== null && familyOf(address) === 4)) continue;
      changed = true;
      this.#ours.add(address);
      this.#save();
      const key = keyOn(loopback?.index ?? 0, address);
      const failure = this.#change({
        ...{ op: "add", key, label: null, lifetime: null, method: "netlink", metric: null },
      });
      if (failure === null) continue;
      this.#ours.delete(address);
      failures.push([address, failure]);
    }
    // Without any of ours, what an earlier boot wrote down goes as well.
    if (changed || this.#ours.size === 0) this.#save();
    const after = changed ? this.#requests.dump() : tables;
    return after.ok ? ok(this.#told(wanted, after.value, director, failures)) : after;
  }

  /** No interface speaks of an IPv4 address of lo any more; null, or the first thing that went wrong. */
  #silence(links: readonly Link[], fit: readonly Ip[]): string | null {
    if (!fit.some((address) => familyOf(address) === 4)) {
      this.#borrowed.restore(new Set());
      return null;
    }
    const speaking = links.filter(({ ethernet }) => ethernet);
    this.#borrowed.restore(new Set(speaking.map(({ index }) => index)));
    const wrong = speaking.map(({ index }) => borrowSilence(this.#borrowed, index, [4]));
    return wrong.find((each) => each !== null) ?? this.#leaks(links);
  }

  #leaks(links: readonly Link[]): string | null {
    const leaks = links.filter(({ ethernet }) => ethernet).map(({ name }) => leaksArp(name));
    return leaks.find((each) => each !== null) ?? null;
  }

  #change(change: AddressChange): string | null {
    const [result] = this.#requests.change([change], () => false);
    return result?.errno ?? null;
  }

  #told(
    wanted: readonly Ip[],
    tables: Tables,
    director: ReadonlySet<Ip>,
    failures: readonly (readonly [Ip, string])[],
  ): RealServerTold {
    const known = new Map(failures);
    const leak = this.#leaks(tables.links);
    const told = wanted.map((address): RealServerAddress => {
      const on = tables.addresses.find(
        (each) => each.address === address && nameOf(tables.links, each.index) === LOOPBACK,
      );
      const failure =
        obstacle(address, tables, director) ??
        (familyOf(address) === 4 ? leak : null) ??
        known.get(address) ??
        (on !== undefined && on.prefix !== addressBits(familyOf(address))
          ? `on ${LOOPBACK} as /${on.prefix}: its whole network is taken for local`
          : null);
      return {
        address,
        held: on !== undefined,
        found: on !== undefined && !this.#ours.has(address),
        failure,
      };
    });
    return { addresses: told };
  }
}
