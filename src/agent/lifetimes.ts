/** Kernel lifetimes of addresses, the dead-man's switch: whether there are any, and how long they are. */
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";
import type { AgentConfig } from "../config/model.ts";
import type { Router } from "./router.ts";

/** More addresses than this in one configuration and refreshing their lifetimes would wake every netlink listener of the host. */
const LIFETIME_ADDRESSES_MAX = 64;

/** Whether addresses get kernel lifetimes at all. */
export const hasLifetimes = (agent: AgentConfig, addressesInAll: number): boolean =>
  agent.addressLifetime !== "forever" && addressesInAll <= LIFETIME_ADDRESSES_MAX;

/** valid_lft of the addresses: long enough for two adverts, in the kernel's whole seconds; null is for ever. */
export function lifetimeOf(agent: AgentConfig, router: Router, addressesInAll: number): Seconds | null {
  if (!hasLifetimes(agent, addressesInAll)) return null;
  return seconds(Math.max(2, Math.ceil((2 * router.config.advertInterval) / 1000)));
}
