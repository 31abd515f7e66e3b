/** What goes to and fro between the agent's side and the thread that probes. */
import type { Milliseconds } from "../base/units.ts";
import type { Outcome } from "../check/response.ts";
import type { BuiltInProbe } from "../config/probe-model.ts";

/**
 * What the thread is told. A number starts a probe and is what it is called by; what it probes says {@link checkOf}: thousands of these
 * go over in a second, and all that is known of them has gone over before.
 */
export type ProbeOrder =
  | number
  /** What a check of this number probes from now on, and how long a probe of it may take. */
  | {
      readonly kind: "know";
      readonly number: number;
      readonly check: string;
      readonly probe: BuiltInProbe;
      readonly timeout: Milliseconds;
    }
  | { readonly kind: "cancel"; readonly id: number }
  /** The check is no more: nothing is known of it, and its file is watched no longer. */
  | { readonly kind: "forget"; readonly number: number };

/** What it tells. A number: the probe that is called so came out as the last one of its check that was told. */
export type ProbeNews =
  | number
  | { readonly kind: "outcome"; readonly id: number; readonly outcome: Outcome }
  | { readonly kind: "hint"; readonly check: string };

/** Numbers of checks are below this, and the numbers of their probes so far apart. */
const CHECKS_MAX = 2 ** 20;
/** Probes after which their numbers begin anew: with the number of a check each is exact in a double. */
const PROBES_MAX = 2 ** 32;

/** The number of the check that a probe is of. */
export const checkOf = (id: number): number => id % CHECKS_MAX;

/** The number of a probe of a check, 1 or more; `count` is that of all probes before it. */
export const probeId = (check: number, count: number): number =>
  ((count % PROBES_MAX) + 1) * CHECKS_MAX + check;
