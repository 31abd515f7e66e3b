/** What the checkers see of a simulated cluster: not what its nodes believe, but what is. */

import type { SightTerms } from "./sights.ts";

export interface GroupView {
  readonly key: string;
  /** Index of the node that prefers it. */
  readonly preferred: number;
  readonly shared: boolean;
}

export interface NodeView {
  /** The machine has power. */
  readonly powered: boolean;
  /** Our process exists, and is not frozen. */
  readonly running: boolean;
  /** It was told to end: it takes nothing any more. */
  readonly leaving: boolean;
  /** Clean end, and not started since. */
  readonly left: boolean;
  /** It takes the other one for dead. */
  readonly alone: boolean;
  /** Ping nodes answer it; null: there are none, or some answers are lost. */
  readonly sees: boolean | null;
  /** How many resources of each group run, in whole or in part: from the beginning of a start to the end of a stop. */
  readonly resources: ReadonlyMap<string, number>;
  /** A script of a group has been made to fail, or hangs. */
  readonly excused: ReadonlySet<string>;
}

export interface View {
  readonly now: number;
  readonly nodes: readonly [NodeView, NodeView];
  /** A link carries everything both ways. */
  readonly connected: boolean;
  readonly groups: readonly GroupView[];
  /** When an operator moved something last, on either node. */
  readonly orderedAt: number;
  /** Resources of each group, by its key. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Keepalives until both hear each other, and until who has heard the other first says again what it has. */
const HEARD = 1 + 1.5;
/** Between two reports of who has the same, milliseconds. */
const REPORTED = 1000;

/**
 * How long two nodes may both have a group once all they say reaches the other: each is heard with its next status, the first report may
 * have come before that and is made again; then a script that runs has to end, and one after the other is stopped, on one node and then, where
 * each lets go of something, on the other. Milliseconds; of scripts the longest.
 */
export const togetherFor = (
  keepalive: number,
  { start, stop, size }: { readonly start: number; readonly stop: number; readonly size: number },
): number => HEARD * keepalive + REPORTED + Math.max(start, stop) + 2 * size * stop;

/** What was drawn for this run, as far as the promises depend on it. */
export interface Terms {
  /** No fault at all, only operators: then no group ever has two places. */
  readonly calm: boolean;
  /** A takeover is fenced, and blocked where that fails. */
  readonly fenced: boolean;
  /** No run of the fence fails, so that a node that sees shoots in time: then no other one shoots it. Null: not judged. */
  readonly sight: {
    /** An answer of a ping node counts so long. */
    readonly fresh: number;
    /** Of two nodes that cease to hear each other, one notices so much later, at most. */
    readonly later: number;
  } | null;
  readonly failback: boolean | "legacy";
  /** Null: there are no ping nodes, or nothing is judged of them. */
  readonly sights: SightTerms | null;
  /** Longest that a group may be on two nodes that can exchange messages, milliseconds. */
  readonly bound: number;
  /** A node whose peer is off has everything after so long. */
  readonly takeover: number;
  /** From the last fault until everything is as it should be. */
  readonly peace: number;
}
