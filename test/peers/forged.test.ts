/** Adverts that no configured router sent: a strange TTL, a stranger on unicast. */
import { describe, expect, test } from "bun:test";
import { Haagent } from "../lab/haagent.ts";
import { measured, report } from "./figures.ts";
import type { Forged, Forgery } from "./forged.ts";
import { forge } from "./forged.ts";

/** The next advert of a 100 ms master, and what a busy machine may add. */
const GAP_MS = 150;
const FORGERIES: readonly Forgery[] = ["unicast with TTL 3", "multicast with TTL 254"];

const words = ({ deposed, gap, takeovers }: Forged): string =>
  `${deposed ? "DEPOSED" : "stays master"}, longest advert gap ${gap.toFixed(0)} ms, ${takeovers} adverts of the backup`;

describe("adverts of a stranger", () => {
  for (const forgery of FORGERIES) {
    test(`are ignored and counted: ${forgery}`, async () => {
      let counted = 0;
      const [ours, theirs] = await Promise.all([
        measured(
          forgery,
          () =>
            forge("haagent", forgery, async (master) => {
              if (!(master instanceof Haagent)) return;
              const { rejected } = (await master.router()).counters;
              counted = (rejected["ttl"] ?? 0) + (rejected["source"] ?? 0);
            }),
          ({ gap }) => gap - GAP_MS,
        ),
        forge("keepalived", forgery),
      ]);
      report({
        event: `a stranger's adverts of priority 254, ${forgery}`,
        keepalived: words(theirs),
        haagent: `${words(ours)}, ${counted} of ${ours.sent} counted as rejected`,
        promise: "ignored, counted",
      });
      expect(ours.sent).toBeGreaterThan(10);
      expect(ours.deposed).toBe(false);
      expect(ours.gap).toBeLessThanOrEqual(GAP_MS);
      expect(ours.takeovers).toBe(0);
      expect(counted).toBe(ours.sent);
    }, 60_000);
  }
});
