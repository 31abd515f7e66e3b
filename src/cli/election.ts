/** Why the priority is what it is, what each track does to it, and who would win with it: in words. */
import { lateness } from "./lateness.ts";
import { duration } from "./duration.ts";
import type { ElectionReport, RouterReport, TrackReport } from "./report.ts";

/** The priority that nothing adjusts (RFC 9568 5.2.4). */
const OWNER = 255;

const signed = (value: number): string => (value > 0 ? `+${value}` : `${value}`);

/** What a track adds; an agent of an earlier version leaves that to the weight. */
const effectOf = ({ up, weight, effect }: TrackReport): number =>
  effect ?? ((weight > 0 && up === true) || (weight < 0 && up === false) ? weight : 0);

/** Characters of a line behind its heading, on a console of 80 columns. */
const LINE_LENGTH_MAX = 68;

/** Terms in lines, broken between them. */
function wrap(terms: readonly string[]): string[] {
  const lines: string[] = [];
  for (const term of terms) {
    const longer = `${lines.at(-1) ?? ""} ${term}`;
    if (lines.length > 0 && longer.length <= LINE_LENGTH_MAX) lines[lines.length - 1] = longer;
    else lines.push(term);
  }
  return lines;
}

/** `150`, or what became of it: `90 = 150 -60 (nginx down)`; in lines. */
export function priorityLines(router: RouterReport): string[] {
  const { priority: base, effective_priority: effective, tracks, operator } = router;
  const parts = tracks.map((track) => ({ track, added: effectOf(track) })).filter(({ added }) => added !== 0);
  const sum = parts.reduce((total, { added }) => total + added, base);
  if (operator === "takeover" && base !== effective) return [`${effective} by takeover`];
  if (base === OWNER) return [`${effective}`];
  if (parts.length === 0 && base === effective) return [`${effective}`];
  const terms = parts.map(
    ({ track: { name, up }, added }) => `${signed(added)} (${name} ${up === true ? "up" : "down"})`,
  );
  const limit = sum === effective ? [] : [`= ${sum},`, "kept from 1 to 254"];
  return wrap([`${effective} = ${base}`, ...terms, ...limit]);
}

/** Who would win, and a line for everybody that is known, best first. */
export function electionLines({ order, reason, wins }: ElectionReport): string[] {
  return [
    `${wins ? "this node would win" : "this node would not win"}: ${reason}`,
    ...order.map(({ self, address, priority, last_heard_ms: heard }) =>
      self ? `${priority}  this node` : `${priority}  ${address}, heard ${duration(heard ?? 0)} ago`,
    ),
  ];
}

/** What was said in the probe that failed last, while it counts as failed. */
export const whyFailed = ({ up, failure }: TrackReport): string[] =>
  up === false ? (failure?.transcript ?? []).map((line) => `  ${line}`) : [];

/** `nginx: DOWN, weight -60 (no process "nginx")` */
export function trackText(track: TrackReport): string {
  const { name, up, weight, detail } = track;
  const bonus =
    effectOf(track) - (weight > 0 && up === true ? weight : weight < 0 && up === false ? weight : 0);
  const effect = weight === 0 ? "required" : `weight ${signed(weight)}`;
  const state = up === null ? "not known yet" : up ? "up" : "DOWN";
  const number = bonus === 0 ? "" : `, adds ${signed(bonus)}`;
  const late = lateness(track);
  const words = `${name}: ${state}, ${effect}${number}${late === "" ? "" : `, ${late}`}`;
  return `${words}${detail === undefined || detail === "" ? "" : ` (${detail})`}`;
}
