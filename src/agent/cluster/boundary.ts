/** What enters and leaves the agent for heartbeat: a part of boundary.ts. */
import type { Family, Ip } from "../../base/address.ts";
import type { Milliseconds } from "../../base/units.ts";
import type { Task } from "../../heartbeat/group.ts";
import type { FilesystemArguments } from "../../heartbeat/resource-kind.ts";
import type { Octets } from "../../wire/heartbeat-message.ts";

/** A link as the edge opens it; `id` names it. */
export type Medium =
  | {
      readonly kind: "udp";
      readonly id: string;
      readonly interface: string;
      /** Of that interface: one that is made anew is another. */
      readonly index: number;
      readonly family: Family;
      readonly port: number;
      /** The group to join, and how many hops messages to it go; null: no multicast. */
      readonly group: { readonly address: Ip; readonly ttl: number } | null;
      /** Where each message goes. */
      readonly destinations: readonly Ip[];
    }
  | {
      readonly kind: "serial";
      readonly id: string;
      readonly device: string;
      readonly baud: number;
      readonly rtscts: boolean;
    };

/**
 * What goes first where messages wait: `urgent` before all, then a `status`, which takes the place of an earlier one, then the others, of which the
 * oldest are left out when there are too many, and last what is said `again`, or asked for again: it takes no room from what is new.
 */
export type Precedence = "urgent" | "status" | "other" | "again";

/** What messages tell of the host; nothing is decided on it. */
export interface HostTime {
  /** Milliseconds since 1970. */
  readonly wallClock: number;
  /** The line of /proc/loadavg. */
  readonly load: string;
}

export type HeartbeatEvent =
  /** What state_dir has of this node's earlier lives: the answer to `heartbeat-recall`. */
  | {
      readonly kind: "heartbeat";
      readonly what: "recalled";
      /** 16 octets; null: none is kept. */
      readonly uuid: Octets | null;
      readonly generation: number | null;
      /** The text of what `keep-resources` kept; null: nothing. */
      readonly resources: string | null;
      /** 16 random octets. */
      readonly fresh: Octets;
      readonly host: HostTime;
      /** Why nothing could be read; null also where there is nothing yet. */
      readonly failure: string | null;
    }
  /** The answer to `heartbeat-keep`: null when it is on the disk. */
  | { readonly kind: "heartbeat"; readonly what: "kept"; readonly failure: string | null }
  /** The answer to the `keep-resources` of that number: null when it is on the disk. */
  | {
      readonly kind: "heartbeat";
      readonly what: "resources-kept";
      readonly version: number;
      readonly failure: string | null;
    }
  /** The answer to `heartbeat-look`. */
  | { readonly kind: "heartbeat"; readonly what: "host"; readonly host: HostTime }
  /** A datagram, or some bytes of a line. */
  | {
      readonly kind: "heartbeat";
      readonly what: "received";
      readonly link: string;
      readonly bytes: Uint8Array;
    }
  /** So many datagrams, or bytes, were thrown away unread: more came than anybody of the cluster sends. */
  | { readonly kind: "heartbeat"; readonly what: "flood"; readonly link: string; readonly count: number }
  /** A link was opened (null), or could not be, or failed and is closed. */
  | {
      readonly kind: "heartbeat";
      readonly what: "opened";
      readonly link: string;
      readonly failure: string | null;
    }
  /** An address that was asked has answered (null), or could not be asked, with the reason. */
  | {
      readonly kind: "heartbeat";
      readonly what: "pinged";
      readonly address: Ip;
      readonly failure: string | null;
    }
  /** The fence's command has ended; null: it left with 0. */
  | {
      readonly kind: "heartbeat";
      readonly what: "fenced";
      /** That of its start. */
      readonly run: number;
      readonly failure: string | null;
      /** The end of what it printed. */
      readonly output: string;
    }
  /** A message could not be sent, or was left out because an earlier one still waits. */
  | { readonly kind: "heartbeat"; readonly what: "unsent"; readonly link: string; readonly reason: string };

export type HeartbeatAction =
  /** Read what is kept in state_dir. */
  | { readonly kind: "heartbeat"; readonly what: "recall" }
  /** Keep this in state_dir, on the disk before it is answered. */
  | { readonly kind: "heartbeat"; readonly what: "keep"; readonly uuid: Octets; readonly generation: number }
  /** Keep what the next agent must know of groups, on the disk before it is answered; numbered in their order, and the last one stays. */
  | {
      readonly kind: "heartbeat";
      readonly what: "keep-resources";
      readonly version: number;
      readonly text: string;
    }
  | { readonly kind: "heartbeat"; readonly what: "look" }
  /** The complete set of links wanted from now on; those that are not open are tried again. What is open as it is wanted is not touched. */
  | { readonly kind: "heartbeat"; readonly what: "media"; readonly media: readonly Medium[] }
  /** Ask each of these for an echo now, and no other any more; each answer is a `pinged`. */
  | { readonly kind: "heartbeat"; readonly what: "ping"; readonly addresses: readonly Ip[] }
  /** Run the fence's command, and answer with `fenced` at the latest after the timeout, when it was killed with its process group. */
  | {
      readonly kind: "heartbeat";
      readonly what: "fence";
      readonly run: number;
      readonly argv: readonly string[];
      /** Added to PATH, which is all there is otherwise. */
      readonly environment: Readonly<Record<string, string>>;
      readonly timeout: Milliseconds;
    }
  /** Kill it, if it runs; it is not answered then. */
  | { readonly kind: "heartbeat"; readonly what: "fence-cancel" }
  /** Send on these links. */
  | {
      readonly kind: "heartbeat";
      readonly what: "send";
      readonly links: readonly string[];
      readonly bytes: Uint8Array;
      readonly precedence: Precedence;
    };

/** A script of a directory, called `NAME ARGUMENT... start|stop|status`; else a systemd unit of that name. */
export interface ScriptJob {
  readonly type: "script";
  readonly name: string;
  readonly args: readonly string[];
  /** Where it is looked for, the first one first. */
  readonly directories: readonly string[];
  /** Added to PATH, which is all there is otherwise. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface FilesystemJob extends FilesystemArguments {
  readonly type: "filesystem";
}

/** What is called, or done, for a resource. */
export type Job =
  | ScriptJob
  | FilesystemJob
  | { readonly type: "drbd"; readonly resource: string }
  /** A message for sendmail(8), whole with its header; whatever the task is. */
  | { readonly type: "mail"; readonly to: readonly string[]; readonly message: string };

/** A task of a resource to be done, to be answered with its `id` at the latest after the timeout, when what still runs was killed. */
export interface ResourceAction {
  readonly kind: "resource";
  readonly id: string;
  readonly task: Task;
  readonly job: Job;
  readonly timeout: Milliseconds;
}

export interface ResourceEvent {
  readonly kind: "resource-ended";
  readonly id: string;
  /** The exit code, that of a script there is not being 5 as for LSB; null: it could not be run, took too long, or a signal ended it. */
  readonly code: number | null;
  /** The end of what it said. */
  readonly output: string;
  /** Why it did not end well, in words; null where it did. */
  readonly failure: string | null;
}

/** All that enters for a cluster. */
export type ClusterEvent = HeartbeatEvent | ResourceEvent;
/** All that leaves for it. */
export type ClusterAction = HeartbeatAction | ResourceAction;
