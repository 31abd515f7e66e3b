/** Kernel lifetimes of addresses, the dead-man's switch: whether there are any, and how long they are. */
import type { Seconds } from "../base/units.ts";
import { seconds } from "../base/units.ts";
import type { AgentConfig } from "../config/model.ts";
import { LIFETIME_ADDRESSES_MAX } from "../config/model.ts";
import type { Holder } from "./holder.ts";

/** Whether addresses get kernel lifetimes at all. */
export const hasLifetimes = (agent: AgentConfig, addressesInAll: number): boolean =>
  agent.addressLifetime !== "forever" && addressesInAll <= LIFETIME_ADDRESSES_MAX;

/** valid_lft of a holder's addresses in the kernel's whole seconds; null is for ever. */
export function lifetimeOf(agent: AgentConfig, holder: Holder, addressesInAll: number): Seconds | null {
  if (!hasLifetimes(agent, addressesInAll)) return null;
  return seconds(Math.max(2, Math.ceil(holder.lifetime / 1000)));
}
