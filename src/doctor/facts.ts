/** What the doctor looks at: a host as the edge found it, as plain data. What could not be looked at is null, or says so. */
import type { IpvsFact } from "../config/model.ts";
import type { KernelAddress, Link } from "../agent/boundary.ts";
import type { LedgerRecord } from "../agent/ledger.ts";
import type { Family, Ip } from "../base/address.ts";
import type { Instant, Milliseconds } from "../base/units.ts";

/** A sysctl(8) setting. */
export interface Setting {
  readonly value: string;
  /** False where /proc/sys is mounted read-only, as in many containers. */
  readonly writable: boolean;
}

/** An IP packet of protocol 112 that came in while the doctor listened. */
export interface Overheard {
  readonly at: Instant;
  readonly index: number;
  readonly family: Family;
  readonly bytes: Uint8Array;
}

/** What a filter program printed, or why there is nothing. */
export interface Printed {
  readonly program: "nft" | "iptables-save" | "ip6tables-save";
  readonly text: string | null;
  /** `not installed`, or what it said. */
  readonly failure: string | null;
}

/** stat(2) of a path. */
export interface PathFact {
  readonly kind: "file" | "directory" | "other";
  /** 0o7777 and below. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Begins with `#!`: whoever runs it must be able to read it, too. */
  readonly script: boolean;
}

/** A file that tells another program which addresses to put on interfaces. */
export interface Rival {
  readonly daemon: string;
  /** Of a process in our network namespace; null when none runs. */
  readonly pid: number | null;
  readonly file: { readonly path: string; readonly text: string };
}

/** A bridge that an interface is, or is a port of. */
export interface Bridge {
  readonly name: string;
  /** The interface of a router. */
  readonly interface: string;
  readonly snooping: boolean;
  readonly querier: boolean;
}

/** A service file that starts the agent, or an addition to one, in the order in which they count. */
export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

/** A route of the main table; of several next hops the first. */
export interface RouteFact {
  readonly destination: Ip;
  readonly prefix: number;
  /** Null: on the link. */
  readonly via: Ip | null;
  readonly interface: string;
}

/** What an interface received and threw away, since it is there. */
export interface ReceiveFact {
  readonly errors: number;
  readonly dropped: number;
}

/** What the agent of the same configuration says of itself. */
export interface AgentFact {
  /** Routers that it is master of. */
  readonly masters: ReadonlySet<string>;
  /** Addresses that it holds, `ADDRESS INTERFACE`. */
  readonly held: ReadonlySet<string>;
}

/** Everything. */
export interface Facts {
  /** Names of capabilities(7) that this process lacks and the agent needs. */
  readonly missingCapabilities: readonly string[];
  /** /sys/devices/system/clocksource/clocksource0/current_clocksource. */
  readonly clockSource: string | null;
  readonly links: readonly Link[];
  readonly addresses: readonly KernelAddress[];
  /** By sysctl(8) name with slashes: `net/ipv4/conf/eth1/rp_filter`. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly ipvs: IpvsFact;
  /** Virtual services in the kernel: `tcp 10.0.0.1 80`, `fwmark 1`. */
  readonly directed: readonly string[];
  /** Neighbours that do not answer ARP. */
  readonly silent: ReadonlySet<Ip>;
  /** Sockets of TCP that listen. */
  readonly listeners: readonly { readonly address: Ip; readonly port: number }[];
  readonly routes: readonly RouteFact[];
  /** By name of the interface. */
  readonly received: ReadonlyMap<string, ReceiveFact>;
  /** ip_vs_ftp is loaded. */
  readonly ftp: boolean;
  readonly filters: readonly Printed[];
  readonly overheard: readonly Overheard[];
  /** How long the doctor listened; 0 when it could not. */
  readonly listened: Milliseconds;
  /** Interfaces that it could not listen on, with the errno's name. */
  readonly deaf: readonly { readonly interface: string; readonly errno: string }[];
  readonly bridges: readonly Bridge[];
  readonly rivals: readonly Rival[];
  /** The paths that the configuration names and all directories above them; null for one that is not there. */
  readonly paths: ReadonlyMap<string, PathFact | null>;
  /** The first of each command's words, to the path that it is found at; null where nothing is. */
  readonly programs: ReadonlyMap<string, string | null>;
  /** Who commands run as; null where that user is not there. */
  readonly scriptUser: { readonly uid: number; readonly gid: number } | null;
  readonly services: readonly ServiceFile[];
  /** null: no agent runs, or it does not answer. */
  readonly agent: AgentFact | null;
  /** What runtime_dir says that an earlier agent of this boot and network namespace added. */
  readonly ledger: readonly LedgerRecord[];
}
