/** From exec to being at work: the first IGMP report on the wire for both, and haagent's own word that it is ready. */
import type { DaemonKind } from "../lab/daemon.ts";
import type { Terms } from "./bout.ts";
import { Bout, pass } from "./bout.ts";
import { Recording } from "./recording.ts";
import type { Rows } from "./row.ts";

const JOIN_MS = 300;

/** Starts and stops the first node of a pair over and over; the second one stays off. */
export async function starts(kind: DaemonKind, terms: Terms, trials: number, rows: Rows): Promise<void> {
  const bout = await Bout.create(kind, terms);
  try {
    const recording = await Recording.start(bout.lab.client, "igmp");
    bout.lab.atClose(() => recording.close());
    const { daemon } = bout.sides[0];
    const times: number[] = [];
    for (let trial = 0; trial < trials; trial++) {
      const from = await bout.start(0);
      times.push(from);
      // Its start waits for agent.ready; keepalived without -D says nothing at work: it is judged from the wire alone.
      if (kind === "haagent") {
        const ready = daemon.log.findLast((line) => line.includes("agent.ready"))?.split(" ")[0] ?? "";
        rows.add(`start, ${terms.count}: exec to agent.ready`, "ms", kind, Date.parse(ready) - from);
      }
      await pass(JOIN_MS);
      await daemon.stop();
    }
    const tape = await recording.finish();
    for (const from of times) {
      const joined = tape.joined(bout.node(0).mac, from);
      rows.add(`start, ${terms.count}: exec to first IGMP report`, "ms", kind, (joined ?? Number.NaN) - from);
    }
  } finally {
    await bout.close();
  }
}
