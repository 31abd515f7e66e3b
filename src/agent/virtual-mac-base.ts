/** What a virtual MAC address asks of a router's own interface: groups to join in its device's stead, and faults. */
import type { Ip } from "../base/address.ts";
import { familyOf } from "../base/address.ts";
import type { Router } from "./router.ts";
import { solicitedNode } from "./virtual-mac.ts";
import type { World } from "./world.ts";

/**
 * Groups that the interface joins in its device's stead: a device's own reports never leave, and a switch that snoops would keep
 * solicitations for the addresses from us.
 */
export function groupsFor(router: Router): Ip[] {
  const { device } = router;
  if (device === null) return [];
  const groups = router.carried
    .filter(({ address, interface: name }) => name === device && familyOf(address) === 6)
    .map(({ address }) => solicitedNode(address));
  return [...new Set(groups)];
}

/** Why a router's virtual MAC address cannot be had; null when nothing is known against it. */
export function virtualMacFault(world: World, router: Router): string | null {
  const { device, deviceFailure, index } = router;
  const link = index === null ? null : world.kernel.link(index);
  if (device === null || link === null) return null;
  if (!link.ethernet) return `interface ${link.name} has no Ethernet address, so no virtual_mac`;
  // An interface that is down, or about to go, has that fault and no other.
  return deviceFailure === null || !link.up ? null : `virtual MAC ${device}: ${deviceFailure}`;
}

/** The first address that stands on the interface itself, and so does not answer at the virtual MAC address. */
export function stuckFault(world: World, { device, index: at, config }: Router): string | null {
  if (device === null || at === null) return null;
  for (const { address, interface: name } of [...config.addresses, ...config.excludedAddresses]) {
    const found = name === config.interface ? world.kernel.find(at, address) : null;
    if (found !== null && world.ownership.get(found) === null) {
      return `address ${found.address}/${found.prefix} is on ${name} already, where it has another MAC address`;
    }
  }
  return null;
}
