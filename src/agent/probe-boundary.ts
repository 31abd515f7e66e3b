/** What crosses the edge for checks: part of {@link Event} and {@link Action}. */
import type { Milliseconds } from "../base/units.ts";
import type { Outcome } from "../check/response.ts";
import type { ProbeConfig } from "../config/probe-model.ts";

/** What comes of probes. */
export type ProbeEvent =
  | ({ readonly kind: "probe"; readonly check: string } & Outcome)
  /** Several that ended together, in order: with thousands of servers a turn for each would be a burden. */
  | { readonly kind: "probes"; readonly ended: readonly Ended[] }
  /** Something about what a check looks at has changed: it is worth another look before its time. */
  | { readonly kind: "probe-hint"; readonly check: string };

/** A probe that came to its end. */
export interface Ended {
  readonly check: string;
  readonly outcome: Outcome;
}

/** What is probed. `check` names a check, or several that share it. */
export type ProbeAction =
  | {
      readonly kind: "probe";
      readonly check: string;
      readonly probe: ProbeConfig;
      /** For all of it. */
      readonly timeout: Milliseconds;
      /** Whom a script runs as; null: the default script user. */
      readonly user: string | null;
    }
  /** The check is no more: its probe is given up if one runs, and nothing is watched for it any longer. */
  | { readonly kind: "probe-cancel"; readonly check: string };
