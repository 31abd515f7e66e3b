/** A reload with a file that is wrong, missing or empty. */
import { describe, expect, test } from "bun:test";
import { measured, report } from "./figures.ts";
import type { Fault } from "./reload.ts";
import { inWords, reload } from "./reload.ts";

/** The next advert of a 100 ms router, and what a busy machine may add. */
const GAP_MS = 150;
const FAULTS: readonly Fault[] = ["wrong", "missing", "empty"];

describe("a reload with a file that is no configuration", () => {
  for (const fault of FAULTS) {
    test(`is refused when it is ${fault}: nothing changes and no advert is late`, async () => {
      const [ours, theirs] = await Promise.all([
        measured(
          `${fault} file`,
          () => reload("haagent", fault),
          ({ gap }) => gap - GAP_MS,
        ),
        reload("keepalived", fault),
      ]);
      report({
        event: `reload of a file that is ${fault}, 100 ms adverts`,
        keepalived: inWords(theirs),
        haagent: inWords(ours),
        promise: "refused, nothing changes, no advert late",
      });
      expect(ours.runs).toBe(true);
      expect(ours.owners).toEqual(["node1"]);
      expect(ours.advertisers).toEqual(["node1"]);
      expect(ours.gap).toBeLessThanOrEqual(GAP_MS);
      expect(ours.log.some((line) => line.includes("config.rejected"))).toBe(true);
    }, 60_000);
  }
});
