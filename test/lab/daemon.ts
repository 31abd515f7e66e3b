/** What a scenario asks of a VRRP daemon, whichever it is: started in a node, harmed in every way, asked for nothing but its log. */
import type { Station } from "./lab.ts";

/** One virtual router, in words that both daemons know. */
export interface RouterSpec {
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  /** Milliseconds between adverts. */
  readonly interval: number;
  /** With prefix length. */
  readonly addresses: readonly string[];
  readonly preempt?: boolean;
  /** Version 2 password, or with `header` the key of an authentication header. */
  readonly key?: string;
  readonly header?: boolean;
  /** Both versions, where the daemon can; one that cannot speaks `version`. */
  readonly both?: boolean;
  /** At a priority above ordinary processes, as adverts every few milliseconds need it. */
  readonly realtime?: boolean;
  /** The router's own MAC address on a device of ours, where the daemon does that by itself. */
  readonly virtualMac?: boolean;
  readonly unicast?: { readonly source: string; readonly peers: readonly string[] };
}

export const ROUTER = {
  version: 3,
  vrid: 51,
  priority: 100,
  interval: 1000,
  addresses: ["10.77.0.50/24"],
} as const satisfies RouterSpec;

/** The virtual address of {@link ROUTER}. */
export const VIP = "10.77.0.50";

/** Name of the one router in every generated configuration. */
export const ROUTER_NAME = "VI_1";

export interface Daemon {
  readonly kind: "keepalived" | "haagent";
  readonly station: Station;
  readonly log: readonly string[];
  readonly running: boolean;
  /** Starts it and waits until it is at work. Gives the time just before. */
  start(): Promise<number>;
  /** SIGTERM; gives the milliseconds until it was gone. */
  stop(): Promise<number>;
  /** SIGKILL to all of it at once; nothing starts it again. Gives the time just before. */
  kill(): number;
  /** SIGKILL to what speaks the protocol, and started again at once by what would do that. */
  killRespawned(): Promise<number>;
  /** SIGSTOP and SIGCONT to all of it. Give the time just before. */
  freeze(): number;
  thaw(): number;
  /** The configuration file is replaced (null: removed) and SIGHUP sent. Gives the time just before. */
  reload(text: string | null): Promise<number>;
  /** The text of a configuration for a router, in its own language. */
  config(router: RouterSpec): string;
  /** Ends it whatever state it is in, and removes its files. */
  close(): Promise<void>;
}

export type DaemonKind = Daemon["kind"];

/** How long a virtual router waits before it takes over: RFC 9568 6.1, RFC 3768 6.1 (seconds, whatever the interval). */
export function masterDown(router: RouterSpec, interval = router.interval): number {
  return 3 * interval + skew(router, interval);
}

/** Skew time, milliseconds. */
export function skew(router: RouterSpec, interval = router.interval): number {
  const share = (256 - router.priority) / 256;
  return router.version === 2 ? share * 1000 : share * interval;
}
