/** Who has addresses for a time: a virtual router while it is master, the address of a resource while that is started. */
import type { Instant, Milliseconds } from "../base/units.ts";
import type { AddressConfig, GarpConfig } from "../config/model.ts";
import type { World } from "./world.ts";

export interface Holder {
  /** Unlike any other, in the ledger too. */
  readonly name: string;
  /** Whether all its addresses are to be its own now. */
  readonly holds: boolean;
  readonly carried: readonly AddressConfig[];
  /** Whether an address that was there before us may be used. */
  readonly adopts: boolean;
  /** The device that we make for it; null: none. */
  readonly device: string | null;
  readonly deviceReady: boolean;
  /** How long its addresses may outlive the agent. */
  readonly lifetime: Milliseconds;
  readonly garp: GarpConfig;
  /** When it was robbed lately. */
  losses: readonly Instant[];
}

/** All there are. */
export function holders(world: World): Holder[] {
  const resources = world.cluster?.runs.addresses.values() ?? [];
  return [...world.routers.values(), ...resources];
}

/** The one of that name; null: it is no more. */
export const holderOf = (world: World, name: string): Holder | null =>
  world.routers.get(name) ?? world.cluster?.runs.addresses.get(name) ?? null;
