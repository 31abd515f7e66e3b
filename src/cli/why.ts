/** The answer to `why`, and its text for people: a line for each transition, the newest last, where a serial console still shows it. */
import { duration } from "./duration.ts";

export interface WhyReport {
  readonly schema: 1;
  readonly name: string;
  /** Why it does not take over at the moment though it hears no master. */
  readonly held?: string;
  readonly transitions: readonly {
    /** RFC 3339; null where no clock told it. */
    readonly time: string | null;
    readonly ago_ms: number | null;
    readonly from: string;
    readonly to: string;
    readonly reason: string;
    readonly priority: number;
    /** How often the system has been booted since, as far as transitions show it. */
    readonly boots_ago: number;
  }[];
}

/** True for a report that this client can show; as with the status, the socket vouches for the rest. */
export function isWhyReport(body: unknown): body is WhyReport {
  return (
    typeof body === "object" &&
    body !== null &&
    "transitions" in body &&
    "schema" in body &&
    body.schema === 1
  );
}

/** `2026-01-31 23:59:58`, in UTC as the log has it. */
const clockText = (time: string | null): string =>
  time === null ? "?".padEnd(19) : time.slice(0, 19).replace("T", " ");

/** The whole text, newline at its end. */
export function whyText({ name, held, transitions }: WhyReport): string {
  const now = held === undefined ? "" : `now: ${held}\n`;
  if (transitions.length === 0) return `${name}: nothing has happened yet\n${now}`;
  const rows = transitions.map((each) => ({
    at: clockText(each.time),
    ago: each.ago_ms === null ? "?" : duration(each.ago_ms),
    change: `${each.from} > ${each.to}`,
    reason: each.reason,
    boots: each.boots_ago,
  }));
  const width = (key: "ago" | "change", title: string): number =>
    Math.max(title.length, ...rows.map((row) => row[key].length));
  const [ago, change] = [width("ago", "AGO"), width("change", "CHANGE")];
  const line = (at: string, since: string, what: string, reason: string): string =>
    `${at.padEnd(19)}  ${since.padStart(ago)}  ${what.padEnd(change)}  ${reason}`.trimEnd();
  const lines = [line(`${name}, UTC`, "AGO", "CHANGE", "CAUSE")];
  for (const [at, row] of rows.entries()) {
    if (at > 0 && rows[at - 1]?.boots !== row.boots) lines.push("-- the system was booted --");
    lines.push(line(row.at, row.ago, row.change, row.reason));
  }
  return `${lines.join("\n")}\n${now}`;
}
