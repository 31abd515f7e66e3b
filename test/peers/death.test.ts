/** A master that is killed, frozen, or killed and started again: who owns the address, and for how long nobody or two do. */
import { describe, expect, test } from "bun:test";
import type { DaemonKind } from "../lab/daemon.ts";
import { die, respawn, thaw } from "./death.ts";
import { inexcusable, measured, parallel, report, spread, together } from "./figures.ts";

const KINDS: readonly DaemonKind[] = ["haagent", "keepalived"];
const RUNS = 4;
/** max(2 s, 2 intervals): how long the kernel keeps an address that nobody refreshes. */
const VALID_LIFETIME_MS = 2000;
const WAYS = ["SIGKILL", "SIGSTOP"] as const;

describe("a master that is killed and started again at once", () => {
  test("answers again within 300 ms, keeps mastership, and is never one of two owners", async () => {
    const [ours = [], theirs = []] = await together(KINDS, (kind) =>
      parallel(RUNS, RUNS, () =>
        measured(
          "killed and respawned",
          () => respawn(kind),
          (run) => (kind === "haagent" ? run.outage - 300 : 0),
        ),
      ),
    );
    const words = (runs: typeof ours): string =>
      `outage ${spread(runs.map(({ outage }) => outage))}, mastership kept in ${runs.filter(({ kept }) => kept).length} of ${RUNS}, two owners for ${spread(runs.map(({ twoOwners }) => twoOwners))}`;
    report({
      event: "SIGKILL, respawned at once, 1 s adverts",
      keepalived: words(theirs),
      haagent: words(ours),
      promise: "outage < 300 ms, never two owners",
    });
    for (const run of ours) {
      expect(run.outage).toBeLessThan(300);
      expect(run.kept).toBe(true);
      expect(run.twoOwners).toBe(0);
    }
  }, 120_000);
});

describe("a master that dies or freezes for good", () => {
  for (const interval of [1000, 100]) {
    // At 1 s adverts the lifetime ends before the backup believes the silence; below, the backup is faster.
    const promise = interval >= 1000 ? 500 : VALID_LIFETIME_MS + 500;
    test(`is one of two owners for at most ${promise} ms at ${interval} ms adverts`, async () => {
      const [ours = [], theirs = []] = await together(KINDS, (kind) =>
        parallel(WAYS.length * 2, 4, (index) =>
          measured(
            "dead or frozen",
            () => die(kind, interval, index % 2 === 0 ? "SIGKILL" : "SIGSTOP"),
            (run) => (kind === "haagent" ? run.twoOwners - promise : 0),
          ),
        ),
      );
      const words = (runs: typeof ours): string =>
        `two owners for ${spread(runs.map(({ twoOwners }) => twoOwners))}, not ended when the watch did in ${runs.filter(({ forEver }) => forEver).length} of ${runs.length}`;
      report({
        event: `SIGKILL or SIGSTOP, no respawn, ${interval} ms adverts`,
        keepalived: words(theirs),
        haagent: words(ours),
        promise: `two owners ≤ ${promise} ms`,
      });
      for (const run of ours) {
        expect(run.forEver).toBe(false);
        expect(run.twoOwners).toBeLessThanOrEqual(promise);
      }
    }, 120_000);
  }
});

describe("a master that was frozen for 6 s", () => {
  test("listens first: it says nothing in its first 50 ms and owns nothing", async () => {
    const [ours = [], theirs = []] = await together(KINDS, (kind) =>
      parallel(2, 2, () =>
        measured(
          "frozen for 6 s",
          () => thaw(kind),
          (run) => (kind === "haagent" ? inexcusable(run.packets > 0) + run.twoOwners : 0),
        ),
      ),
    );
    const words = (runs: typeof ours): string =>
      `${spread(
        runs.map(({ packets }) => packets),
        "packets",
      )} in 50 ms, ${spread(
        runs.map(({ announcements }) => announcements),
        "announcements",
      )} in 1 s, two owners for ${spread(runs.map(({ twoOwners }) => twoOwners))}`;
    report({
      event: "SIGSTOP 6 s, SIGCONT, 1 s adverts",
      keepalived: words(theirs),
      haagent: words(ours),
      promise: "no packet in the first 50 ms",
    });
    for (const run of ours) {
      expect(run.packets).toBe(0);
      expect(run.announcements).toBe(0);
      expect(run.twoOwners).toBe(0);
    }
  }, 120_000);
});
