/** By which of the kernel's two ways an address is added: rtnetlink(7), or netdevice(7)'s ioctls on an alias. */
import type { Ip } from "../base/address.ts";
import type { AddressConfig, AgentConfig } from "../config/model.ts";
import type { AddressKey } from "./boundary.ts";
import type { Kernel } from "./kernel.ts";

/** Prefix length of the address class, which SIOCSIFADDR assumes (netdevice(7)); null for classes D and E. */
function classPrefix(address: Ip): number | null {
  const first = Number(address.split(".")[0]);
  if (first < 128) return 8;
  if (first < 192) return 16;
  return first < 224 ? 24 : null;
}

/**
 * The alias ioctls only where they cannot put a wrong mask on the interface, even for a moment: SIOCSIFADDR sets the class's
 * prefix, and replaces what already stands under the label.
 */
export function methodFor(
  agent: AgentConfig,
  { address, prefix, label }: AddressConfig,
  kernel: Kernel,
  key: AddressKey,
): "netlink" | "ioctl" {
  if (agent.addressMethod === "netlink" || label === null) return "netlink";
  if (agent.addressMethod === "ioctl") return "ioctl";
  const free = kernel.addresses(key.index).every((known) => known.label !== label);
  return free && classPrefix(address) === prefix ? "ioctl" : "netlink";
}
