/**
 * The body of a status reply as the client reads it: `status --json`, schema 1. What was added to that schema is optional here:
 * the agent may be older than its client.
 */
import type { RealServerAddress } from "../agent/realserver-boundary.ts";

export interface StatusReport {
  readonly schema: 1;
  readonly node: string;
  readonly pid: number;
  readonly version: string;
  readonly health: "ok" | "degraded" | "fault";
  readonly config: {
    readonly file: string;
    readonly loaded_at: string;
    readonly last_error: string | null;
  };
  readonly vrrp: readonly RouterReport[];
  readonly heartbeat?: HeartbeatReport;
  readonly realserver?: RealServerReport | null;
  readonly services?: readonly ServiceReport[];
  /** Services in the kernel that are nobody's the agent knows. */
  readonly foreign_services?: readonly string[];
  /** What keeps checks from being probed; null: nothing. */
  readonly probing_failure?: string | null;
  /** Why maintenance_dir cannot be read; null where it can. */
  readonly maintenance_failure?: string | null;
}

/** Addresses of services on lo. */
export interface RealServerReport {
  readonly addresses: readonly RealServerAddress[];
  readonly failure: string | null;
}

/** A real server, or the fallback. */
export interface ServerReport {
  readonly address: string;
  /** What its check says; null: nothing yet. */
  readonly up: boolean | null;
  /** The weight that the kernel has. */
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly last_error: string | null;
  readonly state?: string;
  readonly since?: string;
  readonly present?: boolean;
  readonly forward?: string;
  readonly held?: boolean;
  readonly detail?: string;
  /** How often it is to be probed, and how often it lately was; null: no check, or not known yet. */
  readonly interval_ms?: number | null;
  readonly achieved_interval_ms?: number | null;
  /** What is good now and will not be for long. */
  readonly warning?: string | null;
  /** The last probe of it that failed. */
  readonly check_failure?: FailureReport | null;
}

export interface ServiceReport {
  readonly name: string;
  readonly address: string;
  /** It has its quorum. */
  readonly quorum: boolean;
  readonly quorum_needed?: number;
  /** The sum of the weights in service. */
  readonly weight?: number;
  readonly scheduler?: string;
  readonly protocol?: string | null;
  readonly state?: string;
  readonly since?: string;
  readonly active?: boolean;
  readonly active_when?: string | null;
  readonly failure?: string | null;
  readonly fallback?: (ServerReport & { readonly in_use: boolean }) | null;
  readonly servers: readonly ServerReport[];
  /** Servers that the configuration does not name, there while they have connections. */
  readonly leaving?: readonly LeavingReport[];
}

export interface LeavingReport {
  readonly address: string;
  readonly weight: number;
  readonly active: number;
  readonly inactive: number;
  readonly since: string;
  /** It is removed then at the latest. */
  readonly until: string;
}

export interface HeartbeatReport {
  /** Why state_dir does not have what the next agent must know of groups; null where it has. */
  readonly unkept?: string | null;
  /** Whether the other node has the same groups; null where there are none. */
  readonly agreement?: {
    readonly node: string;
    readonly state: string;
    readonly differences: readonly string[];
  } | null;
  /** What a takeover waits for. */
  readonly fence?: {
    readonly node: string;
    readonly state: string;
    readonly failed: number;
    /** Null: it runs, or waits for what has no time. */
    readonly next_in_ms?: number | null;
  } | null;
  /** The number of this node's life. */
  readonly generation?: number;
  /** Messages that counted for nothing, by reason. */
  readonly dropped?: Readonly<Record<string, number>>;
  readonly nodes: readonly {
    readonly name: string;
    /** `ping`: asked for an echo, alive as `ping`. */
    readonly type?: "node" | "ping";
    readonly self?: boolean;
    readonly state: string;
    readonly last_heard_ms: number | null;
    /** It stopped in order. */
    readonly left?: boolean;
    /** Of a ping node: why it could not be asked. */
    readonly failure?: string | null;
  }[];
  readonly links: readonly {
    readonly name: string;
    readonly type: string;
    readonly peer: string;
    readonly state: string;
    readonly last_heard_ms: number | null;
    /** Why it is not open, or what its last error was. */
    readonly failure?: string | null;
    readonly counters?: {
      readonly bytes_sent: number;
      readonly bytes_received: number;
      readonly errors: number;
    };
  }[];
  readonly resources?: readonly {
    /** Its first resource. */
    readonly group: string;
    /** Null: it runs nowhere. */
    readonly owner: string | null;
    readonly state: string;
    /** The node that it should run on. */
    readonly prefers?: string;
    /** What holds it up, and what helps; empty: nothing does. */
    readonly detail?: string;
  }[];
}

/** What a router asks for before it takes over from a master that it hears no more. */
export interface GuardReport {
  /** As the configuration has it. */
  readonly evidence: readonly string[];
  readonly state: "idle" | "asking" | "blocked" | "isolated";
  /** Why it does not take over; null when nothing holds it back. */
  readonly text: string | null;
}

export interface RouterReport {
  readonly name: string;
  readonly interface: string;
  readonly family: number;
  readonly vrid: number;
  /** `2+3`: both. */
  readonly version: number | "2+3";
  readonly state: string;
  /** RFC 3339. */
  readonly since: string;
  readonly reason: string;
  readonly priority: number;
  readonly effective_priority: number;
  readonly interval_ms: number;
  readonly sync_group?: string | null;
  /** Whether it takes packets for its addresses when it is master, and why it does where it should not. */
  readonly accept?: boolean;
  readonly accept_failure?: string | null;
  /** Null: the addresses are at the MAC address of their interface. */
  readonly virtual_mac?: {
    readonly address: string;
    readonly device: string;
    /** The device is there and sound. */
    readonly ready: boolean;
  } | null;
  /** The operator's word, where it stands. */
  readonly operator?: "standby" | "takeover" | null;
  /** Another master that does not give way, and the setting that keeps the two apart; or, as `what` says, another sign of one. */
  readonly contested?: {
    readonly what?: string;
    readonly source: string;
    readonly setting: string;
    readonly since: string;
  } | null;
  /** Null: it asks for no evidence before it takes over. */
  readonly guard?: GuardReport | null;
  readonly master: PeerReport | null;
  readonly peers: readonly (PeerReport & {
    readonly mismatch: readonly string[];
    /** What it speaks. */
    readonly version?: number | "2+3";
  })[];
  readonly addresses: readonly AddressReport[];
  readonly routes?: readonly ({ readonly route: string } & Placed)[];
  readonly rules?: readonly ({ readonly rule: string } & Placed)[];
  readonly tracks: readonly TrackReport[];
  /** Who would win, as far as this node knows. */
  readonly election?: ElectionReport;
  readonly counters: {
    readonly adverts_sent: number;
    readonly adverts_received: number;
    readonly became_master: number;
    readonly rejected: Readonly<Record<string, number>>;
  };
}

export interface PeerReport {
  readonly address: string;
  readonly priority: number;
  readonly last_heard_ms: number;
}

/** Whether something that moves with the master is here. */
export interface Placed {
  /** It is there, and in use by this router. */
  readonly held: boolean;
  /** It was there before us. */
  readonly found: boolean;
}

export interface AddressReport extends Placed {
  readonly address: string;
  readonly interface: string;
}

export interface TrackReport {
  readonly name: string;
  /** Null: a check that has not answered yet, which changes nothing. */
  readonly up: boolean | null;
  /** 0: required; its failure is a fault. */
  readonly weight: number;
  /** What it adds to the priority as things are. */
  readonly effect?: number;
  /** What its last probe found. */
  readonly detail?: string;
  /** What is good now and will not be for long. */
  readonly warning?: string | null;
  /** Its last probe that failed, with what was said; null: none did, or it is no check. */
  readonly failure?: FailureReport | null;
  /** How often it is to be probed, and how often it lately was; null: it is no check, or not known yet. */
  readonly interval_ms?: number | null;
  readonly achieved_interval_ms?: number | null;
}

export interface FailureReport {
  /** RFC 3339. */
  readonly at: string;
  readonly detail: string;
  readonly transcript: readonly string[];
}

export interface ElectionReport {
  /** Whether this node would be master. */
  readonly wins: boolean;
  readonly reason: string;
  /** Best first. */
  readonly order: readonly {
    readonly address: string;
    readonly priority: number;
    readonly self: boolean;
    /** Null for this node. */
    readonly last_heard_ms: number | null;
  }[];
}

/**
 * True for a report of a schema that this client can show. Only the number is looked at: the body was made by another haagent,
 * which a socket of mode 0600 or 0660 vouches for.
 */
export function isStatusReport(body: unknown): body is StatusReport {
  return typeof body === "object" && body !== null && "schema" in body && body.schema === 1;
}
