/**
 * Everything that can enter the agent and everything that can leave it, as plain data: so it can be logged, replayed and
 * simulated. The edge (src/io) turns the world into {@link Event}s and {@link Action}s into system calls; it decides nothing.
 */
import type { Family, Ip, Mac } from "../base/address.ts";
import type { Instant, Milliseconds, Seconds } from "../base/units.ts";
import type { Forwarding, ForwardingChange, ForwardingResult } from "../wire/forwarding.ts";
import type { Refused } from "../wire/nftables.ts";
import type { ConfigSource, LogLevel } from "../config/model.ts";
import type { ClusterAction, ClusterEvent } from "./cluster/boundary.ts";
import type { RealServerAction, RealServerEvent } from "./realserver-boundary.ts";
import type { Transition } from "./history.ts";
import type { LedgerRecord } from "./ledger.ts";
import type { Listener } from "./listen.ts";
import type { ProbeAction, ProbeEvent } from "./probe-boundary.ts";
import type { Which } from "./resource/orders.ts";
import type { ServiceAction, ServiceEvent } from "./service/boundary.ts";
import type { NeighbourAction, NeighbourEvent } from "./neighbour-watch.ts";
import type { VirtualMac, VirtualMacResult } from "./virtual-mac.ts";

/** A network interface as rtnetlink(7) RTM_NEWLINK tells it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** ARPHRD_ETHER with a 6-byte address: frames, ARP and groups by link-layer address make sense. */
  readonly ethernet: boolean;
  readonly mac: Mac | null;
  readonly mtu: number;
  /** IFF_UP: the administrator wants it. */
  readonly up: boolean;
  /** IFF_LOWER_UP, or an operational state of unknown or up: frames can pass. */
  readonly carrier: boolean;
  /** net.ipv6.conf.IF.forwarding: a router says so in its neighbour advertisements (RFC 4861 4.4). */
  readonly forwarding6: boolean;
}

/** An address on an interface as RTM_NEWADDR tells it. */
export interface KernelAddress {
  readonly index: number;
  readonly address: Ip;
  readonly prefix: number;
  readonly label: string | null;
  /** IFA_F_SECONDARY (IPv4): shares its subnet with an earlier address. */
  readonly secondary: boolean;
  /** IFA_F_TENTATIVE or IFA_F_DADFAILED (IPv6): not usable as a source. */
  readonly tentative: boolean;
  /** Remaining valid lifetime when told; null is for ever. */
  readonly validLifetime: Seconds | null;
}

/** What names an address in the kernel. */
export interface AddressKey {
  readonly index: number;
  readonly address: Ip;
  readonly prefix: number;
}

/** One step of a batch: `add` fails with EEXIST when somebody has it, `refresh` re-arms the lifetime of one we hold. */
export type AddressChange =
  | {
      readonly op: "add" | "refresh";
      readonly key: AddressKey;
      readonly label: string | null;
      /** valid_lft; null: for ever. */
      readonly lifetime: Seconds | null;
      /** `ioctl`: SIOCSIFADDR on the label, then the lifetime by rtnetlink. Always `netlink` for `refresh`. */
      readonly method: "netlink" | "ioctl";
      /** IFA_RT_PRIORITY: the metric of the subnet's route that comes with the address; null: the kernel's choice. */
      readonly metric: number | null;
      /** IFA_BROADCAST, on `add`; without it that of the subnet where there is a label, else none. */
      readonly broadcast?: Ip;
    }
  | { readonly op: "delete"; readonly key: AddressKey };

/** How the kernel answered one change; `errno` is a name (`EEXIST`) or null when it was done. */
export interface AddressResult {
  readonly change: AddressChange;
  readonly errno: string | null;
}

/** The keys of `hooks` in a router's table. */
export type HookName = "before_take" | "after_take" | "before_release";

/** A request line of the control socket, already parsed; see control.ts. */
export type Request =
  | { readonly command: "status"; readonly name: string | null }
  /** `name` null: everything, or the `groups` of resources that are meant. */
  | { readonly command: "standby"; readonly name: string | null; readonly groups?: Which }
  | {
      readonly command: "takeover";
      readonly name: string | null;
      readonly groups?: Which;
      readonly force: boolean;
    }
  | { readonly command: "why" | "fence-confirm"; readonly name: string }
  | {
      readonly command: "server";
      readonly order: "drain" | "disable" | "enable";
      readonly service: string;
      /** An address, with its port where the service has more than one server there. */
      readonly server: string;
    }
  | { readonly command: "reload" }
  | { readonly command: "stop" };

/** The answer to a request: one JSON value, and the exit code the client leaves with. */
export interface Reply {
  readonly exit: number;
  readonly body: unknown;
}

export type Event =
  | ClusterEvent
  | RealServerEvent
  | ServiceEvent
  | NeighbourEvent
  /** First event of all: the world as found. `ledger` holds what an earlier agent left, any boot. */
  | {
      readonly kind: "start";
      readonly source: ConfigSource;
      readonly pid: number;
      readonly version: string;
      readonly bootId: string;
      readonly links: readonly Link[];
      readonly addresses: readonly KernelAddress[];
      /** Routes and rules that carry our protocol number; not looked for when no record of the ledger names any. */
      readonly forwarding: readonly Forwarding[];
      readonly ledger: readonly LedgerRecord[];
    }
  /** An IP packet of protocol 112, from its IP header on, as a packet socket saw it. */
  | { readonly kind: "frame"; readonly index: number; readonly family: Family; readonly bytes: Uint8Array }
  /** Time has come as far as `wakeAt`, or a little less; frames that waited were delivered before. */
  | { readonly kind: "deadline" }
  | { readonly kind: "link"; readonly link: Link }
  | { readonly kind: "link-gone"; readonly index: number }
  | { readonly kind: "address"; readonly address: KernelAddress }
  | { readonly kind: "address-gone"; readonly key: AddressKey }
  /** The whole table again: the feed lost messages (ENOBUFS), or the agent asked by `resync`. */
  | {
      readonly kind: "kernel";
      readonly links: readonly Link[];
      readonly addresses: readonly KernelAddress[];
    }
  /** The answers to a `virtual-macs` action, one a device and delivered before any other event: the device, or what is wrong. */
  | { readonly kind: "virtual-macs"; readonly results: readonly VirtualMacResult[] }
  /** The answer to a `refuse` action, delivered before any other event: null when it is done, else why not. */
  | { readonly kind: "refused"; readonly failure: string | null }
  /** The answers to an `addresses` action, delivered before any other event. */
  | { readonly kind: "addresses-changed"; readonly results: readonly AddressResult[] }
  /** Some route or rule of ours may be gone: a hint, as the kernel does not tell of everything that it takes along. */
  | { readonly kind: "forwarding-hint" }
  /** Every route and rule that carries our protocol number, on `resync-forwarding`. */
  | { readonly kind: "forwarding-told"; readonly entries: readonly Forwarding[] }
  /** The answers to a `forwarding` action, delivered before any other event. */
  | { readonly kind: "forwarding-changed"; readonly results: readonly ForwardingResult[] }
  /** A receiving socket could not be opened or was closed by the kernel. */
  | {
      readonly kind: "listener-failed";
      readonly index: number;
      readonly family: Family;
      readonly errno: string;
    }
  /** An advert could not be sent; delivered before any other event. */
  | { readonly kind: "send-failed"; readonly router: string; readonly errno: string }
  | ProbeEvent
  /** A command of a `notify` did not end well. */
  | {
      readonly kind: "notify-failed";
      readonly queue: string;
      readonly command: string;
      readonly detail: string;
    }
  /** A hook ended by itself or by its timeout; one that was cancelled does not tell. */
  | {
      readonly kind: "hook-ended";
      readonly router: string;
      readonly id: number;
      /** Null: every command left with 0. Else `COMMAND: exit 1: LAST WORDS`, `COMMAND: timeout after 5s`, `COMMAND: EACCES: …`. */
      readonly failure: string | null;
      /** The end of what its commands printed. */
      readonly output: string;
    }
  | {
      readonly kind: "request";
      readonly connection: number;
      readonly request: Request;
      /** Milliseconds since 1970 right now: only to print instants as times of day, never to decide. */
      readonly wallClock: number;
    }
  /** What earlier agents wrote of their routers, oldest first; once, soon after the start. */
  | { readonly kind: "history-read"; readonly transitions: readonly Transition[] }
  /** The file read again; `connection` asked for it, null for SIGHUP. */
  | { readonly kind: "config"; readonly source: ConfigSource; readonly connection: number | null }
  | { readonly kind: "signal"; readonly signal: "SIGTERM" | "SIGINT" | "SIGHUP" };

export type Action =
  | ClusterAction
  | RealServerAction
  | ServiceAction
  | NeighbourAction
  /** Through a packet socket, bytes after the link-layer header. `router` is set on its adverts: they go into the ledger. */
  | {
      readonly kind: "frame";
      readonly index: number;
      readonly ethertype: number;
      readonly destination: Mac;
      /** The sender's address in the frame; null: the interface's own. */
      readonly source: Mac | null;
      readonly bytes: Uint8Array;
      readonly router: string | null;
    }
  /** Through a raw IP socket with its own header: the kernel routes and resolves. Bound to the interface when `index` is set. */
  | {
      readonly kind: "packet";
      readonly index: number | null;
      readonly family: Family;
      readonly destination: Ip;
      readonly bytes: Uint8Array;
      readonly router: string | null;
    }
  /**
   * The complete set of virtual MAC devices wanted from now on; answered by `virtual-macs` for those that are wanted otherwise than
   * before, or failed then. The edge makes and sets up at once; it takes down and removes soon, and never what is not ours.
   */
  | { readonly kind: "virtual-macs"; readonly devices: readonly VirtualMac[] }
  /** All that the packet filter is to refuse from now on, null for no filter at all; answered by `refused`. */
  | { readonly kind: "refuse"; readonly refused: Refused | null }
  /** One netlink batch, in order; answered by `addresses-changed`. */
  | { readonly kind: "addresses"; readonly changes: readonly AddressChange[] }
  /**
   * Dump links and addresses now and answer with a `kernel` event before any other. The feed is a hint that may be stale (an
   * echo of our own add can arrive after our delete); what is lost or found is decided from a dump only.
   */
  | { readonly kind: "resync" }
  /** One batch of routes and rules, in order; answered by `forwarding-changed`. */
  | { readonly kind: "forwarding"; readonly changes: readonly ForwardingChange[] }
  /** Dump the routes and rules of ours now and answer with `forwarding-told`. */
  | { readonly kind: "resync-forwarding" }
  /** The complete set of receiving sockets wanted from now on; the edge opens and closes the difference. */
  | { readonly kind: "listen"; readonly listeners: readonly Listener[] }
  /** Throw away what waits on every receiving socket: it is older than a stall. */
  | { readonly kind: "drop-queued" }
  /**
   * net.ipv4.conf.IF.promote_secondaries: set while we hold an address there, put back after. By index, as the interface may have
   * another name by then.
   */
  | { readonly kind: "promote-secondaries"; readonly index: number; readonly enable: boolean }
  /** Replace (or, with null, forget) what the ledger says of a router; done before any later action. */
  | { readonly kind: "ledger"; readonly router: string; readonly record: LedgerRecord | null }
  | ProbeAction
  /** Run these commands, one after the other, behind all that was queued before under the same name: a router's, or one with a blank. */
  | {
      readonly kind: "notify";
      readonly queue: string;
      readonly commands: readonly (readonly string[])[];
      readonly environment: Readonly<Record<string, string>>;
      readonly user: string | null;
    }
  /**
   * Run these commands in order until one fails, and answer with `hook-ended` within the timeout, when what runs then was killed with
   * its process group. `id` is unique.
   */
  | {
      readonly kind: "hook";
      readonly id: number;
      readonly router: string;
      readonly which: HookName;
      readonly commands: readonly (readonly string[])[];
      readonly environment: Readonly<Record<string, string>>;
      readonly user: string | null;
      readonly timeout: Milliseconds;
    }
  /** Nobody waits for this hook any more: kill it. */
  | { readonly kind: "hook-cancel"; readonly id: number }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: Readonly<Record<string, string | number | boolean>>;
    }
  | {
      readonly kind: "log-settings";
      readonly level: LogLevel;
      readonly target: string;
      readonly facility: string;
    }
  /** Put it at the end of the history file. */
  | { readonly kind: "history"; readonly transition: Transition }
  | { readonly kind: "reply"; readonly connection: number; readonly reply: Reply }
  /** Read the file again and answer with a `config` event. */
  | { readonly kind: "read-config"; readonly connection: number | null }
  /** Everything is released: leave. */
  | { readonly kind: "exit"; readonly code: number };

/** What {@link Event} handling gives: effects in order, and when to come back at the latest. */
export interface Handled {
  readonly actions: readonly Action[];
  readonly wakeAt: Instant;
}
