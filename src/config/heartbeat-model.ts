/** What `[heartbeat]` means: the values that membership and links run on. */
import type { Unsafe } from "./path-safety.ts";
import type { Family, Ip } from "../base/address.ts";
import type { Milliseconds } from "../base/units.ts";
import type { Task } from "../heartbeat/group.ts";
import type { Group } from "../heartbeat/haresources.ts";
import type { Failback, OnFailure } from "../heartbeat/takeover-state.ts";
import type { Method } from "../wire/heartbeat-token.ts";

/** One medium between the nodes; `name` is what people call it: its interface, or its device. */
export type LinkConfig =
  | { readonly type: "broadcast"; readonly name: string }
  | { readonly type: "multicast"; readonly name: string; readonly group: Ip; readonly ttl: number }
  /** All nodes that are reached one by one over an interface: what comes in over it cannot be told apart by whom it was meant for. */
  | {
      readonly type: "unicast";
      readonly name: string;
      readonly family: Family;
      readonly peers: readonly Ip[];
    }
  | { readonly type: "serial"; readonly name: string; readonly baud: number; readonly rtscts: boolean };

/** How the scripts of resources are run. */
export interface ResourceScripts {
  readonly timeouts: Readonly<Record<Task, Milliseconds>>;
  /** At least 1, as the next. */
  readonly startTries: number;
  readonly stopTries: number;
  /** Between two tries. */
  readonly pause: Milliseconds;
  /** What follows a group that failed, so much later. */
  readonly onFailure: OnFailure;
  readonly retryAfter: Milliseconds;
}

/** The groups that move between two nodes. */
export interface ResourcesConfig {
  /** In the order of the file, the same on both nodes. */
  readonly groups: readonly Group[];
  readonly failback: Failback;
  /** Where scripts are looked for, in this order. */
  readonly directories: readonly string[];
  readonly scripts: ResourceScripts;
}

/** What messages are signed with, as plain data. */
export interface HeartbeatKeys {
  /** The index of the key that signs. */
  readonly signing: number;
  readonly keys: readonly {
    readonly index: number;
    readonly method: Method;
    /** One character a byte; empty with crc. */
    readonly secret: string;
  }[];
  /** Sign with the key that a peer signs with: for heartbeat 3.0.6, which cannot replace its keys otherwise. */
  readonly follow: boolean;
}

/** Something beside the nodes that is asked for an echo: alive while one of its addresses answers. */
export interface PingNode {
  /** Lower case; of a ping node its address. */
  readonly name: string;
  readonly addresses: readonly Ip[];
}

/** What makes sure that the other node is down. */
export interface FenceConfig {
  /** Without the node's name, which follows. */
  readonly argv: readonly string[];
  readonly timeout: Milliseconds;
  /** Null: as it is right for the node. */
  readonly delay: Milliseconds | null;
  /** At least 1. */
  readonly tries: number;
  /** Between two runs. */
  readonly retry: Milliseconds;
  readonly onFailure: "block" | "proceed";
}

/** Commands run on a change; each inner array is one argv. */
export interface ClusterNotify {
  readonly link: readonly (readonly string[])[];
  readonly node: readonly (readonly string[])[];
  readonly group: readonly (readonly string[])[];
}

/** The `[heartbeat]` table. */
export interface HeartbeatConfig {
  /** Names of all nodes, this one included, in lower case as the protocol compares them. */
  readonly nodes: readonly string[];
  readonly keepalive: Milliseconds;
  /** Below deadtime. */
  readonly warntime: Milliseconds;
  /** More than two keepalives. */
  readonly deadtime: Milliseconds;
  /** At least deadtime. */
  readonly initdead: Milliseconds;
  readonly udpPort: number;
  readonly auth: HeartbeatKeys;
  readonly links: readonly LinkConfig[];
  /** ping_nodes and ping_groups: names that differ from each other and from those of all nodes. */
  readonly pings: readonly PingNode[];
  /** Null: no group at all; then there may be more than two nodes. */
  readonly resources: ResourcesConfig | null;
  /** Null: what is not heard counts as down. */
  readonly fence: FenceConfig | null;
  readonly notify: ClusterNotify;
}

/** What this host has under the name of a resource's script. */
export interface ScriptFact {
  readonly name: string;
  /** The script, or the file of a systemd unit; null: there is neither. */
  readonly path: string | null;
  /** What lets somebody else decide what runs there as root; null: nothing. */
  readonly unsafe: Unsafe | null;
}

/** A file of keys as it was read, together with the configuration that names it. */
export interface KeysFile {
  readonly path: string;
  /** Null where it could not be read, with the reason. */
  readonly bytes: Uint8Array | null;
  readonly failure: string | null;
  /** Permission bits. */
  readonly mode: number;
}
