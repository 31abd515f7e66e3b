/** Who of two nodes runs which groups: the data of the machine in takeover.ts. */
import type { Instant, Milliseconds } from "../base/units.ts";
import type { Content, Hold } from "./content.ts";
import type { Outcome, Phase, Settings as GroupSettings, State as GroupState, Task } from "./group.ts";
import type { Holding } from "./holding.ts";

/** auto_failback: whether a node that has come (back) gets the groups that prefer it. */
export type Failback = true | false | "legacy";

/** What follows a group that failed: it is offered to the other node, or tried again where that cannot have it; is tried again; or neither. */
export type OnFailure = "move" | "retry" | "stay";

/** A group as this machine needs it. */
export interface GroupPlan extends GroupSettings {
  readonly key: string;
  /** This node prefers it. */
  readonly local: boolean;
  /** Two nodes that both run it destroy its data: after a partition nothing of it is started by itself. */
  readonly shared: boolean;
  /** The configuration has it no more, or otherwise: it is stopped, and not started again. */
  readonly retired: boolean;
}

export interface FenceSettings {
  /** Before the first try, so that two nodes do not shoot each other at once. */
  readonly delay: Milliseconds;
  /** For one run of the command. */
  readonly timeout: Milliseconds;
  /** Between two runs. */
  readonly pause: Milliseconds;
  /** Runs that fail until that is told, or, with `proceed`, counts no more. */
  readonly tries: number;
  readonly onFailure: "block" | "proceed";
  /** How much longer a node waits that hears none of its ping nodes: {@link patience}. Null: none are configured. */
  readonly blind: Milliseconds | null;
}

export interface Settings {
  /** The other node, lower case. */
  readonly peer: string;
  /** Of two moves that both nodes ask for at once, that of the other one is made: so on one of them, the one whose name comes later. */
  readonly yields: boolean;
  readonly groups: readonly GroupPlan[];
  readonly failback: Failback;
  readonly onFailure: OnFailure;
  /** Until then a group that failed here is left alone. */
  readonly retryAfter: Milliseconds;
  /** Null: a takeover is not fenced. */
  readonly fence: FenceSettings | null;
  readonly keepalive: Milliseconds;
  readonly deadtime: Milliseconds;
}

/** What we know of the other node. */
export interface Peer {
  /** `gone`: it has left, and stopped all before. */
  readonly status: "unheard" | "alive" | "dead" | "gone";
  /** In its own view, by its last report. */
  readonly hold: Holding;
  /** Nothing is under way there. */
  readonly stable: boolean;
  /** It has said in this life what it holds; until then it may hold anything. */
  readonly reported: boolean;
  /** The number of the message that its last full report was: an earlier one may come later. */
  readonly sequence: number;
  /** An haagent, which says so in each report. */
  readonly haagent: boolean;
  /** Its live ping nodes, as far as it has told; null: not yet. */
  readonly pings: number | null;
  /** What it held when it was taken for dead. */
  readonly before: Holding;
}

/**
 * Why a node asks the other one to take something: an operator's word here (`standby`) or there (`takeover`), a group that did not start here, a
 * node that has come back, groups that nobody runs, or a node that hears fewer ping nodes than the other.
 */
export type MoveReason = "standby" | "takeover" | "failed" | "failback" | "unheld" | "pings";

/** A move that both have agreed on. `what` is in the giver's view, as in its messages. */
export type Standby =
  | { readonly role: "none" }
  | {
      readonly role: "giving";
      readonly what: Hold;
      readonly why: MoveReason;
      /** The other one was asked; our stops are under way; its starts are. */
      readonly step: "asked" | "stopping" | "taking";
      readonly until: Instant;
      /** Of the other one's last word in this: an older report says nothing about it. */
      readonly sequence: number;
    }
  | {
      readonly role: "taking";
      readonly what: Hold;
      /** We have agreed, and the other one stops; our starts are under way. */
      readonly step: "offered" | "starting";
      readonly until: Instant;
      readonly sequence: number;
    };

/** What a node that fences knows of the side of the cut it is on: see sight.ts. */
export interface Sight {
  /** When a ping node answered last, or, with `seen` false, when the other one was taken for dead. */
  readonly since: Instant;
  readonly seen: boolean;
  /** That it waits for a ping node was told. */
  readonly told: boolean;
}

export type Fence =
  | { readonly kind: "idle" }
  /** A run is due at `at`: the delay, or the pause after one that failed. It is looked at again at `wakeAt`. */
  | {
      readonly kind: "waiting";
      readonly at: Instant;
      readonly wakeAt: Instant;
      readonly failed: number;
      readonly sight: Sight;
    }
  | { readonly kind: "running"; readonly run: number; readonly failed: number; readonly sight: Sight };

export interface State {
  /**
   * `init`: not active, or still looking what an earlier agent left; `starting`: has said so; `received`: the other one's groups are about
   * to be known; `leaving`: stops everything; `left`: has.
   */
  readonly phase: "init" | "starting" | "received" | "stable" | "leaving" | "left";
  /** Membership takes part. */
  readonly active: boolean;
  /** In `received`: when the negotiation has lasted long enough. */
  readonly stableAt: Instant;
  /** Ours: begun or had. */
  readonly hold: Holding;
  readonly groups: ReadonlyMap<string, GroupState>;
  /** Shared groups that ran on both nodes, and that this one let go: not started until an operator says so. */
  readonly barred: ReadonlySet<string>;
  /** A shared group ran on both nodes: nothing goes to the other one by itself, until an operator moves something. */
  readonly pinned: boolean;
  readonly peer: Peer;
  readonly standby: Standby;
  readonly fence: Fence;
  /** Numbers of fence runs. */
  readonly runs: number;
  /** In this life the other one has said what it holds: it has heard us, and so takes note when it does not any more. */
  readonly met: boolean;
  /** The other one has come, and is to get what prefers it. */
  readonly owed: boolean;
  /** When we last said what we hold. */
  readonly reportedAt: Instant;
  /** Groups that we do not hold are not stopped yet, without a word for their end being agreed. */
  readonly lettingGo: boolean;
  /** When to look again for groups that nobody or both hold. */
  readonly auditAt: Instant;
  /** With a heartbeat back after a partition: when it should have let go. */
  readonly yieldAt: Instant;
  /** When to do something about groups that failed here. */
  readonly retryAt: Instant;
  /** legacy: when to ask again for groups that prefer us. */
  readonly requestAt: Instant;
  /** legacy: groups that the other one asked for, to be answered when stopped. */
  readonly requested: ReadonlySet<string>;
  /** Our live ping nodes; null: there are none, or it is not known of all of them yet. */
  readonly pings: number | null;
  /** As many as the other one was told: fewer while more have not lasted. Null as for `pings`. */
  readonly told: number | null;
  /** When it will have lasted that there are more. */
  readonly tellAt: Instant;
  /** How often one was lost lately, and when last. */
  readonly losses: number;
  readonly lostAt: Instant;
  /** ipfail: give up so much at this time, unless the other one sees no more than we do by then. */
  readonly giveUp: { readonly what: "all" | "foreign"; readonly at: Instant } | null;
}

export type Event =
  /** Membership takes part from here. */
  | { readonly kind: "active" }
  /** The other one is heard for the first time, or for the first time after it was dead. */
  | { readonly kind: "peer-heard" }
  | { readonly kind: "peer-dead" }
  /** It is another life of it, or the same one after it was taken for dead. Comes before `peer-heard` and before the message. */
  | { readonly kind: "peer-back"; readonly how: "restarted" | "returned" }
  /** From the other one, for us or for all; `sequence` is the message's number. */
  | { readonly kind: "message"; readonly content: Content; readonly sequence: number }
  | { readonly kind: "ran"; readonly group: string; readonly run: number; readonly outcome: Outcome }
  | { readonly kind: "fenced"; readonly run: number; readonly ok: boolean }
  /** An operator has seen that the other node is off. */
  | { readonly kind: "confirmed" }
  /** An operator, on this node: give so much, or take so much, in our view. */
  | { readonly kind: "standby"; readonly what: Hold }
  | { readonly kind: "takeover"; readonly what: Hold }
  /** So many ping nodes are heard; null: there are none, or it is not known of all of them yet. */
  | { readonly kind: "pings"; readonly alive: number | null }
  /** A ping node has answered just now; told while a fence is under way. */
  | { readonly kind: "echo" }
  /** The process did not run for a while: what was said meanwhile comes after this. */
  | { readonly kind: "slept" }
  | { readonly kind: "stop" }
  | { readonly kind: "deadline" };

/** What an operator should know. */
export type News =
  | "partition"
  | "kept"
  | "let-go"
  | "barred"
  | "standby-refused"
  | "standby-cancelled"
  | "standby-done"
  | "fence-failed"
  | "fence-blocked"
  | "fence-blind"
  | "fenced"
  | "unfenced"
  | "ping-nodes-lost";

export type Action =
  | { readonly kind: "say"; readonly content: Exclude<Content, { readonly kind: "other" }> }
  | {
      readonly kind: "run";
      readonly group: string;
      readonly run: number;
      /** The resource of the group, from 0. */
      readonly at: number;
      readonly task: Task;
      readonly timeout: Milliseconds;
    }
  | { readonly kind: "fence"; readonly run: number; readonly timeout: Milliseconds }
  | { readonly kind: "group"; readonly group: string; readonly to: Phase | "stuck"; readonly at: number }
  | { readonly kind: "news"; readonly what: News; readonly hold: Hold }
  /** Everything is stopped, and said. */
  | { readonly kind: "left" };

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}
