/** The live screen: a pure function from what is known now to 24 lines of 80 columns, with ANSI colours. */
import type { Pair } from "../lab/pair.ts";
import type { Outcome } from "./story.ts";

export const COLUMNS = 80;
export const ROWS = 24;

/** Milliseconds in one column of the timelines, and how many columns they have. */
const CELL_MS = 100;
const CELLS = 66;
/** Story lines on the screen. */
const STORY = 7;

const plain = "\x1b[0m";
const bold = (text: string): string => `\x1b[1m${text}${plain}`;
const dim = (text: string): string => `\x1b[2m${text}${plain}`;
const inverse = { node1: "\x1b[30;42m", node2: "\x1b[30;46m", lost: "\x1b[97;41m" };

export interface Told {
  readonly act: string;
  readonly story: readonly string[];
  readonly outcomes: readonly Outcome[];
  /** Where the configurations are. */
  readonly files: readonly string[];
}

/** The whole screen at `time`; `startedAt` is when the demonstration began. */
export function screen(pair: Pair, told: Told, time: number, startedAt: number): string[] {
  const clock = `${((time - startedAt) / 1000).toFixed(1)} s`;
  const lines = [
    ` ${bold("haagent")}  two routers, one virtual address, one client, in this machine ${clock.padStart(8)}`,
    "",
    `   client ${pair.lab.client.address4}  ─┬─ ${node(pair, 0, time)}`,
    `   pings ${pair.client.address.padEnd(14)} └─ ${node(pair, 1, time)}`,
    "",
    `   ${dim("adverts")}  ${adverts(pair, time)}`,
    `   ${dim("answers")}  ${answers(pair, time)}`,
    dim(`            ${`-${((CELL_MS * CELLS) / 1000).toFixed(1)} s`.padEnd(CELLS - 4)} now`),
    `            ${inverse.node1} 1 ${plain} by node1   ${inverse.node2} 2 ${plain} by node2   ${inverse.lost} x ${plain} no answer`,
    "",
    ` ${bold(told.act)}`,
    ...pad(
      told.story
        .flatMap((line) => wrapped(line, COLUMNS - 6))
        .slice(-STORY)
        .map((line) => `   ${line}`),
      STORY,
    ),
    dim(HEADING),
    ...pad(told.outcomes.map(row), 3),
    "",
    dim(` configurations, to be copied: ${told.files.join(" ")}`.slice(0, COLUMNS)),
  ];
  return pad(lines, ROWS).slice(0, ROWS);
}

/** Above the results: what the client measured, and the least that the protocol allows. */
export const HEADING = `   ${"at the client".padEnd(18)}${"outage".padStart(9)}${"minimum".padStart(11)}   (minimum: what the protocol asks)`;

/** One result as a line of the table. */
export function row(outcome: Outcome): string {
  const outage = outcome.outage === null ? "none" : `${outcome.outage.toFixed(0)} ms`;
  const floor = outcome.floor === null ? "-" : `${outcome.floor.toFixed(0)} ms`;
  const mark = outcome.good ? "" : "  FAILED";
  return `   ${outcome.title.padEnd(18)}${outage.padStart(9)}${floor.padStart(11)}   ${outcome.words}${mark}`;
}

/** A sentence in lines of so many columns, the later ones set in. */
function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = `  ${word}`;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

const pad = (lines: readonly string[], count: number): string[] => [
  ...lines,
  ...new Array<string>(Math.max(0, count - lines.length)).fill(""),
];

/** A node in a line: who it is, what it does, and how often it spoke. */
function node(pair: Pair, side: 0 | 1, time: number): string {
  const { name, address4, mac } = pair.node(side);
  const heard = pair.wire.adverts(0, mac);
  const speaks = (heard.at(-1)?.at ?? 0) > time - 1.5 * pair.interval && heard.at(-1)?.seen.priority !== 0;
  const state = !pair.daemons[side].running
    ? dim("down  ")
    : speaks
      ? `${inverse[side === 0 ? "node1" : "node2"]}MASTER${plain}`
      : "backup";
  const holds = pair.owners.at(time).includes(name) ? "has the address" : "";
  return `${name} ${address4} ${state} ${String(heard.length).padStart(4)} adverts  ${holds}`;
}

/** What happened in each cell of the last seconds. */
function cells(time: number, paint: (from: number, to: number) => string): string {
  // Cells stand still on the clock, so the picture moves by whole columns.
  const end = Math.floor(time / CELL_MS) * CELL_MS;
  return Array.from({ length: CELLS }, (_, at) => {
    const from = end - (CELLS - at) * CELL_MS;
    return paint(from, from + CELL_MS);
  }).join("");
}

function adverts(pair: Pair, time: number): string {
  const heard = pair.wire.adverts(time - CELL_MS * (CELLS + 1));
  return cells(time, (from, to) => {
    const seen = heard.find(({ at }) => at >= from && at < to);
    if (seen === undefined) return dim("·");
    return seen.source === pair.node(0).mac ? `${inverse.node1}1${plain}` : `${inverse.node2}2${plain}`;
  });
}

function answers(pair: Pair, time: number): string {
  const recent = pair.client.pings.slice(-((CELL_MS * CELLS) / pair.client.interval + 200));
  return cells(time, (from, to) => {
    const sent = recent.filter(({ sentAt }) => sentAt >= from && sentAt < to);
    if (sent.length === 0) return dim("·");
    const answered = sent.findLast((ping) => ping.answeredAt !== null);
    if (answered === undefined) return `${inverse.lost}x${plain}`;
    return answered.from === pair.node(0).mac ? `${inverse.node1}1${plain}` : `${inverse.node2}2${plain}`;
  });
}
