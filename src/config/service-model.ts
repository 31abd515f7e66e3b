/** A virtual service as `[virtual_server.NAME]` has it: what the kernel is to have, and when. */
import type { Milliseconds } from "../base/units.ts";
import type { Destination, Service } from "../wire/ipvs.ts";
import type { CheckConfig } from "./model.ts";

/** A real server, or a fallback. */
export interface ServerConfig {
  /** With its full weight. */
  readonly destination: Destination;
  /** `10.0.0.2:80`, without the port where that is 0. */
  readonly name: string;
  /** Null: it is always good. */
  readonly check: CheckConfig | null;
}

/** Which interface of the kernel is used. */
export type TableWay = "auto" | "sockopt" | "netlink";

/** Commands run on a change; each inner array is one argv. */
export interface ServiceNotify {
  readonly up: readonly (readonly string[])[];
  readonly down: readonly (readonly string[])[];
  readonly quorumUp: readonly (readonly string[])[];
  readonly quorumDown: readonly (readonly string[])[];
}

/** One `[virtual_server.NAME]` table. */
export interface ServiceConfig {
  readonly name: string;
  readonly service: Service;
  /** `192.0.2.1:80`, or `fwmark 1`. */
  readonly address: string;
  readonly servers: readonly ServerConfig[];
  readonly fallback: ServerConfig | null;
  readonly quiescent: boolean;
  /** How long a server that is configured no more keeps its connections at most; 0: it is removed at once, and they with it. */
  readonly drainTimeout: Milliseconds;
  readonly quorum: number;
  readonly hysteresis: number;
  /** Percent; 0: never. */
  readonly panicBelow: number;
  /** A router, or a group of resources by its key; null: always active. */
  readonly activeWhen: string | null;
  readonly inactive: "empty" | "prepared";
  readonly onStop: "remove" | "keep";
  readonly way: TableWay;
  readonly notify: ServiceNotify;
}
