/** What the doctor says: one thing that is wrong with a host, and what to do about it. */

/**
 * `fault`: an address will not be kept alive as it is. `degraded`: it works, until the day it is needed, or for some. `note`: worth
 * knowing, nothing is wrong by it.
 */
export type Severity = "fault" | "degraded" | "note";

/** One finding. `part` and `id` are fixed names for scripts; the texts are for people. */
export interface Finding {
  /** Which part of haagent it concerns. */
  readonly part: "host" | "vrrp" | "heartbeat" | "director" | "realserver";
  readonly id: string;
  readonly severity: Severity;
  /** What it is about: an interface, a router, a file. */
  readonly subject: string;
  readonly text: string;
  /** What to type, or to do. */
  readonly cure: string;
}

/** The same names as in the status: that of the worst finding, where a note is none. */
export type Health = "ok" | "degraded" | "fault";

/** The health that findings amount to. */
export function healthOf(findings: readonly Finding[]): Health {
  if (findings.some(({ severity }) => severity === "fault")) return "fault";
  return findings.some(({ severity }) => severity === "degraded") ? "degraded" : "ok";
}
