/** What an operator says to the agent of a box, and two boxes to say it to. */
import { expect } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { router, type Table } from "./text.ts";

interface Answer {
  readonly exit: number;
  readonly body: unknown;
}

/** Null: all routers. */
export const standby = (box: Box, name: string | null = "VI_1"): Answer =>
  box.ask({ command: "standby", name });

export const takeover = (box: Box, name: string | null = "VI_1", force = false): Answer =>
  box.ask({ command: "takeover", name, force });

/** The answer to a takeover that took these. */
export const taken = (...names: string[]): object => ({ takeover: names, already_master: [], refused: [] });

/** The answer to one that took nothing. */
export const refused = (...reasons: string[]): object => ({
  takeover: [],
  already_master: [],
  refused: reasons,
});

/** Two agents; the first one is master. */
export function pair(high: Table = {}, low: Table = {}): { lab: Lab; high: Box; low: Box } {
  const lab = new Lab();
  const boxes = { high: lab.box(router({ priority: 150, ...high })), low: lab.box(router(low)) };
  boxes.high.start();
  boxes.low.start();
  lab.run(10_000);
  expect([boxes.high.state(), boxes.low.state()]).toEqual(["master", "backup"]);
  return { lab, ...boxes };
}
