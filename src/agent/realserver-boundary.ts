/** What enters and leaves the agent for a real server: a part of boundary.ts. */
import type { Ip } from "../base/address.ts";

/** An address of a service on a real server. */
export interface RealServerAddress {
  readonly address: Ip;
  /** lo has it. */
  readonly held: boolean;
  /** lo has it from somebody else, who may keep it. */
  readonly found: boolean;
  /** What is wrong with it; null: nothing. */
  readonly failure: string | null;
}

/** How lo and the silence about it are. */
export interface RealServerTold {
  readonly addresses: readonly RealServerAddress[];
}

/** The answer to a `realserver` action. */
export interface RealServerEvent {
  readonly kind: "realserver";
  /** Null: the kernel would not tell, or the directory is another's; then `failure` says why. */
  readonly told: RealServerTold | null;
  readonly failure: string | null;
}

/** lo is to carry exactly these, in silence; with none, what was changed for them is put back. Answered by a `realserver` event. */
export interface RealServerAction {
  readonly kind: "realserver";
  readonly addresses: readonly Ip[];
}
