/** The agent's picture of the kernel: links and addresses as last told. Ours to read; only events write it. */
import type { Family, Ip, Mac } from "../base/address.ts";
import { familyOf, isLinkLocal } from "../base/address.ts";
import type { AddressConfig } from "../config/model.ts";
import type { AddressKey, KernelAddress, Link } from "./boundary.ts";

/** One string for what names an address in the kernel. */
export const keyText = (key: AddressKey): string => `${key.index} ${key.address}/${key.prefix}`;

export class Kernel {
  private readonly byIndex = new Map<number, Link>();
  private readonly byName = new Map<string, Link>();
  /** Addresses by interface, then by {@link keyText}. */
  private readonly addressesOf = new Map<number, Map<string, KernelAddress>>();

  /** Replaces the whole picture by a dump. */
  replace(links: readonly Link[], addresses: readonly KernelAddress[]): void {
    this.byIndex.clear();
    this.byName.clear();
    this.addressesOf.clear();
    for (const link of links) this.putLink(link);
    for (const address of addresses) this.putAddress(address);
  }

  putLink(link: Link): void {
    const before = this.byIndex.get(link.index);
    // A rename: the old name must not lead here any more, unless another link has taken it meanwhile.
    if (before !== undefined && this.byName.get(before.name)?.index === link.index) {
      this.byName.delete(before.name);
    }
    this.byIndex.set(link.index, link);
    this.byName.set(link.name, link);
  }

  removeLink(index: number): void {
    const link = this.byIndex.get(index);
    this.byIndex.delete(index);
    this.addressesOf.delete(index);
    if (link !== undefined && this.byName.get(link.name)?.index === index) this.byName.delete(link.name);
  }

  putAddress(address: KernelAddress): void {
    const known = this.addressesOf.get(address.index) ?? new Map<string, KernelAddress>();
    known.set(keyText(address), address);
    this.addressesOf.set(address.index, known);
  }

  removeAddress(key: AddressKey): void {
    this.addressesOf.get(key.index)?.delete(keyText(key));
  }

  links(): Link[] {
    return [...this.byIndex.values()];
  }

  link(index: number): Link | null {
    return this.byIndex.get(index) ?? null;
  }

  /** Whether an interface has this address. */
  hasMac(mac: Mac): boolean {
    for (const link of this.byIndex.values()) if (link.mac === mac) return true;
    return false;
  }

  named(name: string): Link | null {
    return this.byName.get(name) ?? null;
  }

  /** In the order the kernel told them: the first one of a family is its primary address. */
  addresses(index: number): KernelAddress[] {
    return [...(this.addressesOf.get(index)?.values() ?? [])];
  }

  get(key: AddressKey): KernelAddress | null {
    return this.addressesOf.get(key.index)?.get(keyText(key)) ?? null;
  }

  /** The address on that interface with whatever prefix, or null. */
  find(index: number, address: Ip): KernelAddress | null {
    for (const known of this.addressesOf.get(index)?.values() ?? []) {
      if (known.address === address) return known;
    }
    return null;
  }

  /**
   * What adverts are sent from: the interface's first usable address of the family that is not one of `virtual`; a link-local
   * one for IPv6 (RFC 9568 5.1.2.2). Null when there is none.
   */
  source(index: number, family: Family, virtual: ReadonlySet<Ip>): Ip | null {
    for (const { address, tentative } of this.addressesOf.get(index)?.values() ?? []) {
      if (familyOf(address) !== family || tentative || virtual.has(address)) continue;
      if (family === 4 || isLinkLocal(address)) return address;
    }
    return null;
  }

  /** Whether any interface has this address, ready for use. */
  hasAnywhere(address: Ip): boolean {
    for (const index of this.addressesOf.keys()) {
      const known = this.find(index, address);
      if (known !== null) return !known.tentative;
    }
    return false;
  }
}

/** The kernel's name for a configured address, null while its interface is not there. */
export function keyOf(
  kernel: Kernel,
  { address, prefix, interface: name }: AddressConfig,
): AddressKey | null {
  const link = kernel.named(name);
  return link === null ? null : { index: link.index, address, prefix };
}
