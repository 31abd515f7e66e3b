/** What a checked haagent.toml means: the values the machines run on, every default filled in, every name resolved. */
import type { Unsafe } from "./path-safety.ts";
import type { Family, Ip } from "../base/address.ts";
import type { Milliseconds, Priority } from "../base/units.ts";
import type { Timeouts } from "../wire/ipvs.ts";
import type { HeartbeatConfig, KeysFile, ScriptFact } from "./heartbeat-model.ts";
import type { ProbeConfig } from "./probe-model.ts";
import type { RouteConfig } from "./route.ts";
import type { RuleConfig } from "./rule.ts";
import type { ServiceConfig } from "./service-model.ts";

/** A whole configuration. Two equal files give deeply equal values, so a reload is a comparison. */
export interface Config {
  readonly agent: AgentConfig;
  readonly routers: readonly RouterConfig[];
  readonly checks: readonly CheckConfig[];
  readonly services: readonly ServiceConfig[];
  /** Null: no heartbeat. */
  readonly heartbeat: HeartbeatConfig | null;
  /** `[realserver]`: the addresses of services that this host carries for a director. */
  readonly realserver: readonly Ip[];
}

export type LogLevel = "debug" | "info" | "warning" | "error";

/** More addresses than this in one configuration and refreshing their lifetimes would wake every netlink listener of the host. */
export const LIFETIME_ADDRESSES_MAX = 64;

/** The `[agent]` table. */
export interface AgentConfig {
  readonly node: string;
  readonly runtimeDir: string;
  readonly stateDir: string;
  /** Whose files take real servers out; null: none. */
  readonly maintenanceDir: string | null;
  /** 0: as the kernel has it. */
  readonly ipvsTimeouts: Timeouts;
  /** Group of the control socket (then 0660), or null (0600). */
  readonly controlGroup: string | null;
  /** 0: ordinary scheduling; 1-99: SCHED_RR. */
  readonly realtimePriority: number;
  /** Null: `haagent-script` where that user exists, else `nobody`. */
  readonly scriptUser: string | null;
  readonly addressMethod: "auto" | "ioctl" | "netlink";
  /** `auto`: kernel lifetimes, unless there are more than {@link LIFETIME_ADDRESSES_MAX} addresses. */
  readonly addressLifetime: "auto" | "forever";
  readonly log: {
    readonly level: LogLevel;
    /** `stderr`, `syslog` or an absolute file name. */
    readonly target: string;
    readonly facility: string;
  };
}

/** One address that moves with a router. */
export interface AddressConfig {
  readonly address: Ip;
  /** Prefix length in bits. */
  readonly prefix: number;
  /** Where it is put; the router's own interface unless written otherwise. */
  readonly interface: string;
  /** IPv4 alias label, `eth1:1`. */
  readonly label: string | null;
  /** IPv4; as the kernel has it by itself where there is none. */
  readonly broadcast?: Ip | null;
}

/** A unicast peer and the lowest TTL or hop limit believed from it. */
export interface PeerConfig {
  readonly address: Ip;
  readonly minTtl: number;
}

/** v2 authentication; only the first 8 bytes of a key count (RFC 2338 10.2). */
export type AuthConfig =
  | { readonly type: "none" }
  /** A password in clear text, or RFC 2402's header with HMAC-MD5-96. */
  | { readonly type: "pass" | "ah"; readonly key: string };

/** Gratuitous ARP and unsolicited neighbour advertisements. */
export interface GarpConfig {
  /** Announcements of one address in a burst. */
  readonly count: number;
  /** Between two frames on one interface. */
  readonly interval: Milliseconds;
  /** A single announcement of each held address this often; 0: never. */
  readonly refresh: Milliseconds;
  /** A second burst this long after the first; 0: none. */
  readonly repeatAfter: Milliseconds;
}

/** Commands run on a change of state; each inner array is one argv. */
export interface NotifyConfig {
  readonly master: readonly (readonly string[])[];
  readonly backup: readonly (readonly string[])[];
  readonly fault: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
  readonly any: readonly (readonly string[])[];
}

/** Commands that are waited for; each inner array is one argv, run in order until one fails. */
export interface HooksConfig {
  readonly beforeTake: readonly (readonly string[])[];
  readonly afterTake: readonly (readonly string[])[];
  readonly beforeRelease: readonly (readonly string[])[];
  /** For all commands of one hook together. */
  readonly timeout: Milliseconds;
  /** How long the router is in fault after a before_take that failed. */
  readonly retry: Milliseconds;
}

/** Evidence asked for before taking over; with none there is no guard. */
export interface GuardConfig {
  /** The other nodes of the cluster are asked. */
  readonly heartbeat: boolean;
  /** Hosts of which one at least must answer a ping. */
  readonly witnesses: readonly Ip[];
}

/** An interface that a router depends on besides its own. */
export interface TrackedInterface {
  readonly name: string;
  /** 0: it is required. */
  readonly weight: number;
  /** How long it must be up to count as up, and down to count as down. */
  readonly upDelay: Milliseconds;
  readonly downDelay: Milliseconds;
}

/** One `[vrrp.NAME]` table: a virtual router on this node. */
export interface RouterConfig {
  readonly name: string;
  readonly interface: string;
  readonly vrid: number;
  /** `2+3`: sends both and hears both (RFC 5798 8.4). */
  readonly version: 2 | 3 | "2+3";
  /** That of the advertised addresses. */
  readonly family: Family;
  readonly priority: Priority;
  readonly advertInterval: Milliseconds;
  readonly preempt: boolean;
  readonly preemptDelay: Milliseconds;
  /** From the agent's start on it only listens for so long. */
  readonly startupDelay: Milliseconds;
  /** Who of two masters of equal priority stays. */
  readonly tie: "address" | "sticky";
  /** Whether v3 over IPv4 is sent with the pseudo-header in its checksum (`rfc5798`) or without. */
  readonly checksum: "rfc5798" | "rfc9568";
  readonly auth: AuthConfig;
  readonly addresses: readonly AddressConfig[];
  readonly excludedAddresses: readonly AddressConfig[];
  readonly onFound: "fault" | "adopt";
  /** Accept_Mode of RFC 9568 6.1: whether a master that is not the owner takes packets for its addresses. */
  readonly accept: boolean;
  /** The addresses live at the MAC address of RFC 9568 7.3; `announce-only`: adverts leave from the interface's own all the same. */
  readonly virtualMac: boolean | "announce-only";
  readonly routes: readonly RouteConfig[];
  readonly rules: readonly RuleConfig[];
  /** Destination of adverts unless `unicastPeers` is set. */
  readonly multicastGroup: Ip;
  /** Source of adverts; null: the interface's first own address (IPv6: link-local). */
  readonly unicastSource: Ip | null;
  /** Empty: multicast. */
  readonly unicastPeers: readonly PeerConfig[];
  readonly trackInterfaces: readonly TrackedInterface[];
  readonly trackChecks: readonly string[];
  readonly syncGroup: string | null;
  readonly garp: GarpConfig;
  readonly notify: NotifyConfig;
  readonly hooks: HooksConfig;
  readonly guard: GuardConfig;
  /** Of a master that no witness answers. */
  readonly onIsolation: "keep" | "release";
}

/** One `[check.NAME]` table. */
export interface CheckConfig {
  readonly name: string;
  readonly probe: ProbeConfig;
  readonly interval: Milliseconds;
  /** Instead of `interval` while it is not decided: before the first verdict, and while results contradict the last one. */
  readonly fastInterval: Milliseconds;
  /** Each start is later by a part of its interval that is drawn anew: so many per cent at most, 0 to 50. */
  readonly jitter: number;
  /** For a whole probe. */
  readonly timeout: Milliseconds;
  /** Successes in a row that make a failed check good. */
  readonly rise: number;
  /** Failures in a row that make a good check failed. */
  readonly fall: number;
  /** Added to the priority: when up if positive, when down if negative. 0: a failure is a fault. */
  readonly weight: number;
}

/** One thing to say about a configuration, at a place in its file. */
export interface Finding {
  readonly severity: "error" | "warning";
  /** From 1. */
  readonly line: number;
  /** From 1, in characters. */
  readonly column: number;
  readonly text: string;
}

/** What reading a file gave: a configuration if there is no error among the findings, sorted by place. */
export interface Loaded {
  readonly config: Config | null;
  readonly findings: readonly Finding[];
}

/** A program, or another file that is named, as it is found on this host. */
export interface ProgramFile {
  readonly path: string;
  /** Why it cannot be looked at: `ENOENT`; null where it can. */
  readonly failure: string | null;
  readonly isFile: boolean;
  /** Permission bits. */
  readonly mode: number;
  /** What lets somebody else than root decide what it does, of the file and the directories above it. */
  readonly unsafe: readonly Unsafe[];
}

/** A file of certificates that vouch for others (PEM), as it is found on this host. */
export interface AuthoritiesFile {
  readonly path: string;
  /** Why it cannot be read: `ENOENT`; null where it can. */
  readonly failure: string | null;
  readonly certificates: readonly CertificateFact[];
}

/** One certificate of such a file; null: what stands there is none. */
export type CertificateFact = {
  /** Its last day: `2026-11-26`. */
  readonly until: string;
  /** By the clock of this host that day is over. */
  readonly over: boolean;
} | null;

/** What the kernel has of IPVS. */
export interface IpvsFact {
  readonly loaded: boolean;
  /** Modules `ip_vs…` that it has or could load; null where nothing tells. */
  readonly modules: ReadonlySet<string> | null;
}

/** What the text of a configuration is read together with. Plain data: loading stays a pure function. */
export interface ConfigSource {
  /** As the user named it; findings are printed with it. */
  readonly path: string;
  /** The text, or why there is none (`ENOENT: no such file`). */
  readonly text: string | null;
  readonly failure: string | null;
  /** Permission bits of the file (0o777 and below), or null where unknown. */
  readonly mode: number | null;
  readonly hostname: string;
  /** The users and groups of this host by name; null where they are not known, or do not matter. */
  readonly accounts: { readonly users: readonly string[]; readonly groups: readonly string[] } | null;
  /** The addresses of this host; absent where they do not matter. */
  readonly addresses?: readonly Ip[];
  /** The program of `heartbeat.fence`, where there is one. */
  readonly fenceProgram?: ProgramFile | null;
  /** The scripts of checks, notify and hooks; absent where they do not matter. */
  readonly programs?: readonly ProgramFile[];
  /** The files of authorities that checks name; absent where they do not matter. */
  readonly authorities?: readonly AuthoritiesFile[];
  /** What the kernel has of IPVS, where the text has virtual servers. */
  readonly ipvs?: IpvsFact | null;
  /** Of CAP_NET_ADMIN and CAP_NET_RAW, those that the agent which reads it anew was started without. */
  readonly lacking?: readonly string[];
  /** The file that `heartbeat.auth.keys_file` names, where it does. */
  readonly keysFile?: KeysFile | null;
  /** What `heartbeat.resources` names as scripts, as found on this host; absent where that does not matter. */
  readonly scripts?: readonly ScriptFact[];
}
