/** A master that has told its cluster much, and the backup that follows it. */
import { expect } from "bun:test";
import type { Box } from "./box.ts";
import { type Cables, together } from "./cables.ts";
import { Lab } from "./harness.ts";
import { router, type Table } from "./text.ts";

/** Longer than a word takes from one box to the other, and far less than a skew. */
export const MOMENT = 5;

/** Two nodes of a cluster, the first one master. */
export function pair(values: Table = {}): { lab: Lab; high: Box; low: Box; cables: Cables } {
  const lab = new Lab();
  const { boxes, cables } = together(lab, [
    router({ priority: 150, ...values }),
    router({ priority: 100, ...values }),
  ]);
  const [high, low] = boxes as [Box, Box];
  expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  // In the middle of an interval.
  lab.run(300);
  return { lab, high, low, cables };
}

export const unplug = (box: Box): void => box.kernel.putLink({ ...box.kernel.link("eth1"), carrier: false });
