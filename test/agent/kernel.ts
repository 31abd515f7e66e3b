/** A node's kernel as far as the agent sees it: links, addresses with lifetimes, and a feed that tells every change afterwards. */
import type { AddressChange, AddressKey, Event, KernelAddress, Link } from "../../src/agent/boundary.ts";
import type { Forwarding } from "../../src/wire/forwarding.ts";
import type { VirtualMac, VirtualMacResult } from "../../src/agent/virtual-mac.ts";
import type { Ip, Mac } from "../../src/base/address.ts";
import { unreachable } from "../../src/base/assert.ts";
import { seconds } from "../../src/base/units.ts";
import { ForwardingTable } from "../sim/forwarding.ts";

/** Addresses expire this much after their lifetime, as the kernel's timer is coarse. */
const EXPIRY_LAG = 50;

/** So late at most an agent whose feed is not held back has heard of an address. */
const HEARD = 30;

interface Held {
  readonly address: KernelAddress;
  /** An agent added it: what the real kernel does not know, and tests judge by. */
  readonly agents: boolean;
  readonly putAt: number;
  readonly expiresAt: number;
}

const same = (a: AddressKey, b: AddressKey): boolean =>
  a.index === b.index && a.address === b.address && a.prefix === b.prefix;

export class TestKernel {
  readonly #links = new Map<number, Link>();
  #held: Held[] = [];
  readonly #now: () => number;
  readonly #feed: (event: Event) => void;
  /** Routes and rules. */
  readonly forwarding = new ForwardingTable({
    link: (index) => this.#links.get(index) ?? null,
    has: (address) => this.has(address),
  });
  /** The feed is held back. */
  untold = false;
  /** Why no device of a virtual MAC address can be had. */
  deviceFailure: string | null = null;
  /** The index that the next one of them gets. */
  nextDevice = 100;
  /** What an agent may never do, and did. */
  readonly wrongs: string[] = [];
  /** Refuses a change with the name of an error; null lets it through. */
  refuse: (change: AddressChange) => string | null = () => null;

  constructor(now: () => number, feed: (event: Event) => void) {
    this.#now = now;
    this.#feed = feed;
  }

  links(): Link[] {
    return [...this.#links.values()];
  }

  link(name: string): Link {
    const link = this.links().find((each) => each.name === name);
    if (link === undefined) throw new Error(`no link ${name}`);
    return link;
  }

  /** All addresses, with what is left of their lifetimes. */
  addresses(): KernelAddress[] {
    return this.#held.map(({ address, expiresAt }) => ({
      ...address,
      validLifetime: Number.isFinite(expiresAt)
        ? seconds(Math.ceil((expiresAt - EXPIRY_LAG - this.#now()) / 1000))
        : null,
    }));
  }

  /** As they were put, without the time that has passed. */
  raw(): KernelAddress[] {
    return this.#held.map(({ address }) => address);
  }

  /** Those that an agent added. */
  added(): KernelAddress[] {
    return this.#held.filter(({ agents }) => agents).map(({ address }) => address);
  }

  /** The addresses of an interface as text. */
  on(name: string): string[] {
    const index = this.links().find((link) => link.name === name)?.index;
    return this.addresses()
      .filter((each) => each.index === index)
      .map(({ address, prefix }) => `${address}/${prefix}`);
  }

  has(address: string): boolean {
    return this.#held.some(({ address: known }) => known.address === address);
  }

  putLink(change: Partial<Link> & { readonly index: number; readonly name: string }): void {
    const mac = `02:00:00:00:00:${change.index.toString(16).padStart(2, "0")}` as Mac;
    const plain = { ethernet: true, mac, mtu: 1500, up: true, carrier: true, forwarding6: true };
    const link: Link = { ...plain, ...this.#links.get(change.index), ...change };
    this.#links.set(link.index, link);
    // IPv4 routes go without a word.
    this.forwarding.prune();
    this.#feed({ kind: "link", link });
  }

  /** `ip route del` or `ip rule del` by somebody else. */
  withdraw(entry: Forwarding): void {
    if (!this.forwarding.remove(entry)) throw new Error(`there is no ${entry.kind} to remove`);
    this.#feed({ kind: "forwarding-hint" });
  }

  /** `ip route replace` by somebody else. */
  replace(entry: Forwarding): void {
    this.forwarding.put(entry);
    this.#feed({ kind: "forwarding-hint" });
  }

  /** Changes an interface by name. */
  set(name: string, change: Partial<Link>): void {
    const { index } = this.link(name);
    this.putLink({ name, ...change, index });
  }

  removeLink(name: string): void {
    const { index } = this.link(name);
    const gone = this.#held.filter(({ address }) => address.index === index);
    for (const { address } of gone) this.#remove(address);
    this.#links.delete(index);
    this.forwarding.prune();
    this.#feed({ kind: "link-gone", index });
  }

  /** An agent's change: null, or the name of the error. */
  change(change: AddressChange): string | null {
    const refused = this.refuse(change);
    if (refused !== null) return refused;
    const { key } = change;
    if (!this.#links.has(key.index)) return "ENODEV";
    const known = this.#held.find(({ address }) => same(address, key));
    switch (change.op) {
      case "delete":
        if (known === undefined) return "EADDRNOTAVAIL";
        // What was put there a moment ago the agent cannot have heard of.
        if (!known.agents && this.#now() - known.putAt > HEARD)
          this.wrongs.push(`an agent removed ${key.address}, which it had not added`);
        this.#remove(key);
        return null;
      case "add":
      case "refresh":
        if (change.op === "add" && known !== undefined) return "EEXIST";
        // Whatever it was before: it goes when the agent does not arm it again.
        this.#put(key, change.label, change.lifetime, true);
        return null;
      default:
        return unreachable(change);
    }
  }

  /** What the edge makes of the devices wanted; down and away at once, where the edge takes a moment. */
  setDevices(devices: readonly VirtualMac[]): VirtualMacResult[] {
    for (const { name } of this.links()) {
      if (name.startsWith("vrrp") && devices.every((device) => device.name !== name)) this.removeLink(name);
    }
    return devices.map(({ name, mac, up }) => {
      const failure = this.deviceFailure;
      if (failure !== null) return { name, link: null, failure };
      const known = this.links().find((each) => each.name === name);
      this.putLink({ index: known?.index ?? this.nextDevice++, name, mac, up });
      return { name, link: this.link(name), failure };
    });
  }

  /** `ip address add` by somebody else; `lifetime` in seconds. */
  add(name: string, cidr: string, lifetime: number | null = null): void {
    this.#put(this.key(name, cidr), null, lifetime, false);
  }

  /** `ip address del` by somebody else. */
  remove(name: string, cidr: string): void {
    const key = this.key(name, cidr);
    if (!this.#held.some(({ address }) => same(address, key))) throw new Error(`${cidr} is not on ${name}`);
    this.#remove(key);
  }

  key(name: string, cidr: string): AddressKey {
    const [address = "", prefix = ""] = cidr.split("/");
    return { index: this.link(name).index, address: address as Ip, prefix: Number(prefix) };
  }

  /** When the next address expires. */
  expiresAt(): number {
    return Math.min(...this.#held.map(({ expiresAt }) => expiresAt));
  }

  expire(): void {
    const over = this.#held.filter(({ expiresAt }) => expiresAt <= this.#now());
    for (const { address } of over) this.#remove(address);
  }

  #put(key: AddressKey, label: string | null, lifetime: number | null, agents: boolean): void {
    const expiresAt =
      lifetime === null ? Number.POSITIVE_INFINITY : this.#now() + lifetime * 1000 + EXPIRY_LAG;
    const validLifetime = lifetime === null ? null : seconds(lifetime);
    const address: KernelAddress = { ...key, label, secondary: false, tentative: false, validLifetime };
    const at = this.#held.findIndex((held) => same(held.address, key));
    const held = { address, expiresAt, agents, putAt: this.#now() };
    if (at >= 0) this.#held[at] = held;
    else this.#held.push(held);
    this.#feed({ kind: "address", address });
  }

  #remove(key: AddressKey): void {
    this.#held = this.#held.filter(({ address }) => !same(address, key));
    const { index, address, prefix } = key;
    this.#feed({ kind: "address-gone", key: { index, address, prefix } });
    if (this.forwarding.prune() > 0) this.#feed({ kind: "forwarding-hint" });
  }
}
