/**
 * One node's kernel as far as an agent sees it: links, and addresses with lifetimes, secondaries and all. It outlives the agent,
 * not the node. Every address knows who put it there, which the real kernel does not: that is what the checkers judge by.
 */
import type { Family, Ip, Mac } from "../../src/base/address.ts";
import { familyOf } from "../../src/base/address.ts";
import type { AddressChange, AddressKey, Event, KernelAddress, Link } from "../../src/agent/boundary.ts";
import type { Forwarding } from "../../src/wire/forwarding.ts";
import { seconds } from "../../src/base/units.ts";
import { ForwardingTable } from "./forwarding.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";
import { sameSubnet } from "./subnet.ts";

/** The kernel removes an address this much after its lifetime, measured: 20 to 140 ms for IPv4, 40 to 420 ms for IPv6. */
export const EXPIRY_LAG_MAX = 450;

/** Who put an address where it is. */
export type Origin = "admin" | "agent";

interface Held {
  readonly key: AddressKey;
  readonly label: string | null;
  origin: Origin;
  /** valid_lft in seconds, null for ever. */
  lifetime: number | null;
  expiresAt: number | null;
  /** Counts the refreshes, so that an old expiry does not count. */
  armed: number;
}

/** What the kernel saw that nobody may do; the checkers collect it. */
export type Complaint = (text: string) => void;

/** Whether two keys name one address. */
export const sameKey = (a: AddressKey, b: AddressKey): boolean =>
  a.index === b.index && a.address === b.address && a.prefix === b.prefix;

export class Kernel {
  /** By interface name. */
  readonly links = new Map<string, Link>();
  /** Indexes of interfaces with promote_secondaries. */
  readonly promote = new Set<number>();
  /** Routes and rules. */
  readonly forwarding = new ForwardingTable(this);
  #held: Held[] = [];
  /** What the next additions fail with, for testing what follows. */
  failAdditions = 0;
  failDevices = 0;
  /** Devices of virtual MAC addresses: the index of the interface below, by name. */
  readonly bases = new Map<string, number>();
  #devicesMade = 0;

  readonly #schedule: Schedule;
  readonly #chance: Prng;
  /** The rtnetlink feed. */
  readonly #tell: (event: Event) => void;
  readonly #complain: Complaint;
  /** After every change of the table. */
  readonly #changed: () => void;

  constructor(
    schedule: Schedule,
    chance: Prng,
    tell: (event: Event) => void,
    complain: Complaint,
    changed: () => void,
  ) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#tell = tell;
    this.#complain = complain;
    this.#changed = changed;
  }

  link(index: number): Link | null {
    for (const link of this.links.values()) if (link.index === index) return link;
    return null;
  }

  /** The table as a dump gives it. */
  addresses(): KernelAddress[] {
    return this.#held.map((held) => this.#told(held));
  }

  /** Who put this address on that interface; null when it is not there. */
  origin(key: AddressKey): Origin | null {
    return this.#find(key)?.origin ?? null;
  }

  /** Everything an agent put here, living or dead. */
  added(): readonly AddressKey[] {
    return this.#held.filter(({ origin }) => origin === "agent").map(({ key }) => key);
  }

  /** Whether the address is on any interface, whoever put it there. */
  has(address: Ip): boolean {
    return this.#held.some(({ key }) => key.address === address);
  }

  /** The interfaces' addresses of a family that the administrator put there, in order. */
  own(index: number, family: Family): Ip[] {
    return this.#held
      .filter(
        ({ key, origin }) => origin === "admin" && key.index === index && familyOf(key.address) === family,
      )
      .map(({ key }) => key.address);
  }

  #find(key: AddressKey): Held | undefined {
    return this.#held.find((held) => sameKey(held.key, key));
  }

  #told(held: Held): KernelAddress {
    const first = this.#held.find(({ key }) => sameSubnet(key, held.key));
    const { lifetime } = held;
    return {
      ...held.key,
      label: held.label,
      secondary: first !== undefined && first !== held,
      tentative: false,
      validLifetime: lifetime === null ? null : seconds(lifetime),
    };
  }

  /** One change of an agent's batch: the name of the error, or null. */
  change(change: AddressChange): string | null {
    if (change.op === "delete") return this.#delete(change.key, "agent");
    const { key, label, lifetime } = change;
    const link = this.link(key.index);
    if (link === null) return "ENODEV";
    if (familyOf(key.address) === 6 && !link.up) return "EACCES";
    if (change.op === "add" && this.failAdditions > 0) {
      this.failAdditions--;
      return "ENOBUFS";
    }
    const known = this.#find(key);
    if (known !== undefined && change.op === "add") return "EEXIST";
    if (known !== undefined) {
      if (known.origin === "admin" && lifetime !== null) {
        this.#complain(`gave a lifetime of ${lifetime} s to ${key.address}, which was there before us`);
      }
      this.#arm(known, lifetime);
      this.#tell({ kind: "address", address: this.#told(known) });
      return null;
    }
    // RTM_NEWADDR with NLM_F_REPLACE makes an address that is not there, too.
    this.#insert(key, label, "agent", lifetime);
    return null;
  }

  #insert(key: AddressKey, label: string | null, origin: Origin, lifetime: number | null): void {
    const held: Held = { key, label, origin, lifetime: null, expiresAt: null, armed: 0 };
    this.#held.push(held);
    this.#arm(held, lifetime);
    this.#tell({ kind: "address", address: this.#told(held) });
    this.#changed();
  }

  #arm(held: Held, lifetime: number | null): void {
    held.lifetime = lifetime;
    const armed = ++held.armed;
    if (lifetime === null) {
      held.expiresAt = null;
      return;
    }
    held.expiresAt = this.#schedule.now + lifetime * 1000 + this.#chance.between(20, EXPIRY_LAG_MAX);
    this.#schedule.at(held.expiresAt, () => {
      if (held.armed === armed && this.#held.includes(held)) this.#remove(held, "agent");
    });
  }

  /**
   * The agent died before it heard that this was added. Without a lifetime nothing tells that it was by an agent, so its successor
   * must leave it alone; with one, it knows.
   */
  orphan(key: AddressKey): void {
    const held = this.#find(key);
    if (held !== undefined && held.lifetime === null) held.origin = "admin";
  }

  #delete(key: AddressKey, by: Origin): string | null {
    const held = this.#find(key);
    if (held === undefined) return "EADDRNOTAVAIL";
    if (by === "agent" && held.origin === "admin") {
      this.#complain(`deleted ${key.address}, which was there before us`);
    }
    this.#remove(held, by);
    return null;
  }

  #remove(held: Held, by: Origin): void {
    const wasPrimary = this.#told(held).secondary === false;
    this.#held = this.#held.filter((other) => other !== held);
    this.#tell({ kind: "address-gone", key: held.key });
    const dependents = wasPrimary ? this.#held.filter(({ key }) => sameSubnet(key, held.key)) : [];
    if (this.promote.has(held.key.index)) {
      const promoted = dependents[0];
      if (promoted !== undefined) this.#tell({ kind: "address", address: this.#told(promoted) });
    } else {
      for (const dependent of dependents) {
        if (by === "agent" && dependent.origin === "admin") {
          this.#complain(
            `removed ${held.key.address} and with it ${dependent.key.address}, which is not ours`,
          );
        }
        this.#held = this.#held.filter((other) => other !== dependent);
        this.#tell({ kind: "address-gone", key: dependent.key });
      }
    }
    if (this.forwarding.prune() > 0) this.#tell({ kind: "forwarding-hint" });
    this.#changed();
  }

  /** `ip route del` by hand, of what an agent put there; true when there was something to remove. */
  adminWithdraw(entry: Forwarding): boolean {
    if (!this.forwarding.remove(entry)) return false;
    this.#tell({ kind: "forwarding-hint" });
    this.#changed();
    return true;
  }

  /** `ip address add` by hand: nothing happens when it is there already. */
  adminAdd(name: string, address: Ip, prefix: number): void {
    const link = this.links.get(name);
    if (link === undefined) return;
    const key = { index: link.index, address, prefix };
    if (this.#find(key) === undefined) this.#insert(key, null, "admin", null);
  }

  /** `ip address del` by hand, whoever put it there; true when there was something to remove. */
  adminDelete(name: string, address: Ip): boolean {
    const index = this.links.get(name)?.index;
    const held = this.#held.find(({ key }) => key.index === index && key.address === address);
    if (held === undefined) return false;
    this.#remove(held, "admin");
    return true;
  }

  /** Sets a link's flags. Without IFF_UP there is no carrier and no IPv6 address. */
  setLink(name: string, up: boolean, carrier: boolean): void {
    const link = this.links.get(name);
    if (link === undefined) return;
    const base = this.bases.get(name);
    const below = base === undefined ? true : this.link(base)?.carrier === true;
    const next = { ...link, up, carrier: up && carrier && below };
    this.links.set(name, next);
    for (const above of this.#on(link.index)) this.setLink(above.name, above.up, next.carrier);
    // IPv4 routes go without a word.
    this.forwarding.prune();
    this.#tell({ kind: "link", link: next });
    if (!up) {
      for (const held of this.#held.filter(
        ({ key }) => key.index === link.index && familyOf(key.address) === 6,
      )) {
        this.#remove(held, "admin");
      }
    }
    this.#changed();
  }

  /** A link appears, with an index that no link of this name had before. */
  addLink(link: Link): void {
    this.links.set(link.name, link);
    this.#tell({ kind: "link", link });
    this.#changed();
  }

  #on(base: number): Link[] {
    return [...this.links.values()].filter(({ name }) => this.bases.get(name) === base);
  }

  /** A macvlan on an interface, down; the name of the error, or null. */
  makeDevice(name: string, base: number, mac: Mac): string | null {
    const below = this.link(base);
    if (below === null) return "ENODEV";
    if (this.failDevices-- > 0) return "ENOBUFS";
    this.failDevices = 0;
    this.bases.set(name, base);
    this.addLink({ ...below, index: 1000 + this.#devicesMade++, name, mac, up: false, carrier: false });
    return null;
  }

  /** A link is unplugged, its addresses with it. */
  removeLink(name: string): void {
    const link = this.links.get(name);
    if (link === undefined) return;
    for (const above of this.#on(link.index)) this.removeLink(above.name);
    this.bases.delete(name);
    for (const held of this.#held.filter(({ key }) => key.index === link.index)) {
      this.#held = this.#held.filter((other) => other !== held);
      this.#tell({ kind: "address-gone", key: held.key });
    }
    this.links.delete(name);
    this.forwarding.prune();
    this.promote.delete(link.index);
    this.#tell({ kind: "link-gone", index: link.index });
    this.#changed();
  }
}
