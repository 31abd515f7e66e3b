/** The vocabulary of the virtual router's machine: what it is set to, the states it can be in, what happens to it, what it does. */
import type { Ip } from "../base/address.ts";
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds, Priority } from "../base/units.ts";
import { NEVER, priority } from "../base/units.ts";
import type { Dialect, Version } from "./timing.ts";

/** A priority of 0 in an advert: its sender gives up mastership now (RFC 9568 5.2.4). */
export const RELEASING: Priority = priority(0);
/** The priority of the router that owns the addresses (RFC 9568 5.2.4). */
export const OWNER: Priority = priority(255);
/** The highest priority that is no owner's: what a router runs with that was told to take over. */
export const TAKEN: Priority = priority(254);

/** What a router is configured to be, and what tracking and its interface make of it at this moment. */
export interface Settings {
  readonly version: Dialect;
  /** The effective priority, 1 to 255. */
  readonly priority: Priority;
  readonly interval: Milliseconds;
  readonly preempt: boolean;
  readonly preemptDelay: Milliseconds;
  /** The end of the startup delay: until then it only listens. In the past where there is none. */
  readonly listensUntil: Instant;
  /** Who of two masters of equal priority stays: the higher address, or the one that is master for longer. */
  readonly tie: "address" | "sticky";
  /** Primary address of the interface: what ties are decided by. */
  readonly source: Ip;
  /** A member of a sync group does not take over alone: it waits, expired, for `promote`. */
  readonly grouped: boolean;
}

/** The master as a backup heard it last. */
export interface Master {
  readonly address: Ip;
  readonly priority: Priority;
  readonly interval: Milliseconds;
  readonly heardAt: Instant;
  /** The version it was heard in. */
  readonly version: Version;
}

/** Another master of equal priority that goes on. */
export interface Tie {
  readonly since: Instant;
  readonly heardAt: Instant;
}

export type State =
  | { readonly kind: "init" }
  | {
      readonly kind: "backup";
      /** When patience ends; {@link NEVER} once it has and the sync group is waited for. */
      readonly masterDownAt: Instant;
      readonly expired: boolean;
      readonly master: Master | null;
      /** When preempt_delay lets us depose a master of lower priority; null: none heard yet. */
      readonly preemptAt: Instant | null;
    }
  | {
      readonly kind: "master";
      readonly advertiseAt: Instant;
      /** Of our last advert, as far as the kernel did not refuse it. */
      readonly sentAt: Instant;
      /** Of the one before, which counts again when the last one turns out unsent; null: the last one is the first. */
      readonly sentBefore: Instant | null;
      /** Since when it is master; of a resumed one nobody knows, and it is taken to be long ago. */
      readonly since: Instant;
      /** The contest with an equal, where `tie` is sticky. */
      readonly tie: Tie | null;
      /** Since when an advert may again be sent out of turn to assert mastership. */
      readonly assertAt: Instant;
    };

export type Event =
  | { readonly kind: "start" }
  /** Mastership goes on over a restart: a ledger record proved it. */
  | { readonly kind: "resume"; readonly sentAt: Instant }
  | {
      readonly kind: "advert";
      readonly source: Ip;
      readonly priority: Priority;
      readonly interval: Milliseconds;
      readonly version: Version;
    }
  /**
   * The master at `source` has told by another way than an advert that it gave the addresses up; `alone`: no other router can take over,
   * so that nobody need be waited for. It may be old news: an advert that comes before `sureAt` shows that.
   */
  | { readonly kind: "released"; readonly source: Ip; readonly alone: boolean; readonly sureAt: Instant }
  /**
   * The router at `source`, of this priority, is master by another word than an advert, and the better one of both: nobody takes over from it
   * before `until`.
   */
  | { readonly kind: "outranked"; readonly source: Ip; readonly priority: Priority; readonly until: Instant }
  | { readonly kind: "deadline" }
  /** The process did not run for a while, and what waited for it is thrown away: the silence until now proves nothing. */
  | { readonly kind: "slept" }
  /** The kernel refused our last advert. */
  | { readonly kind: "unsent" }
  /** The settings changed: a master tells the others at once. */
  | { readonly kind: "settings" }
  /** The sync group takes over. */
  | { readonly kind: "promote" }
  /** The operator wants this router to be master. */
  | { readonly kind: "take-over" }
  /** The sync group lost elsewhere, or this master is isolated; with the reason in words. */
  | { readonly kind: "yield"; readonly reason: string }
  /** A backup's patience goes on until then: the master is only unheard, or this router is. */
  | { readonly kind: "withhold"; readonly until: Instant }
  /** Fault or end; `silent` when the interface cannot carry a last word. */
  | { readonly kind: "stop"; readonly silent: boolean };

export type Action =
  | { readonly kind: "advertise"; readonly priority: Priority }
  /** The addresses are ours from here. */
  | { readonly kind: "take" }
  /** The addresses are ours no more. */
  | { readonly kind: "release" }
  /** Tell every address again: somebody else may have told it meanwhile. */
  | { readonly kind: "announce" }
  /** What waits on the sockets is older than a stall: throw it away. */
  | { readonly kind: "drop-queued" };

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
  /** Why the state changed, in words; null when it did not. */
  readonly reason: string | null;
}

/** When the machine wants a `deadline` event at the latest. */
export function deadline(state: State): Instant {
  switch (state.kind) {
    case "init":
      return NEVER;
    case "backup":
      return state.masterDownAt;
    case "master":
      return state.advertiseAt;
    default:
      return unreachable(state);
  }
}
