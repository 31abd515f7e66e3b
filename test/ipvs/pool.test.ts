/** Which servers a virtual service should have. */
import { describe, expect, test } from "bun:test";
import type { Duty, Member, Pool, Verdict } from "../../src/ipvs/pool.ts";
import { fill } from "../../src/ipvs/pool.ts";
import type { Destination, Entry } from "../../src/wire/ipvs.ts";
import { destinationKey } from "../../src/wire/ipvs.ts";
import { entry, server, service } from "./values.ts";

const member = (n: number, verdict: Verdict, weight = 1, duty: Duty = "serve"): Member => ({
  destination: server(n, weight),
  verdict,
  duty,
});
const FALLBACK = server(99);
const pool = (members: readonly Member[], more: Partial<Pool> = {}): Pool => ({
  members,
  quiescent: true,
  quorum: 1,
  hysteresis: 0,
  panicBelow: 0,
  fallback: FALLBACK,
  fallbackGood: true,
  others: [],
  ...more,
});
/** What is worked out of it where the kernel has `there`; of whom the pool does not name, those are `gone`. */
function worked(one: Pool, there: Entry | null, had: boolean | null = null, gone: readonly number[] = []) {
  const members = new Set(one.members.map(({ destination }) => destinationKey(destination)));
  const others = (there?.destinations ?? [])
    .filter(({ destination }) => !members.has(destinationKey(destination)))
    .map(({ destination }) => ({
      destination,
      gone: gone.some((n) => destinationKey(destination) === destinationKey(server(n))),
    }));
  return fill({ ...one, others }, there, had);
}
const shown = (each: Destination): string => `${destinationKey(each)} w${each.weight}`;
/** `10.0.0.2 80 w1`. */
const filled = (one: Pool, there: Entry | null = null, gone: readonly number[] = []): string[] =>
  worked(one, there, null, gone).destinations.map(shown);

describe("a server", () => {
  test("that is up has its weight", () => {
    expect(filled(pool([member(2, "up", 5)]))).toEqual(["10.0.0.2 80 w5"]);
  });

  test("that is down has none where quiescent, and is gone where not", () => {
    const members = [member(2, "down"), member(3, "up")];
    expect(filled(pool(members))).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
    expect(filled(pool(members, { quiescent: false }))).toEqual(["10.0.0.3 80 w1"]);
  });

  test("that nobody has judged keeps the weight it has in the kernel, and gets none where it has none", () => {
    const members = [member(2, "undecided", 5), member(3, "undecided", 5)];
    const there = entry(service(), server(2, 3));
    expect(filled(pool(members), there)).toEqual(["10.0.0.2 80 w3", "10.0.0.3 80 w0"]);
    expect(filled(pool(members, { quiescent: false }), there)).toEqual(["10.0.0.2 80 w3"]);
  });

  test("that somebody drained in the kernel before we came stays so until its first verdict", () => {
    const members = [member(2, "undecided"), member(3, "up")];
    const there = entry(service(), server(2, 0));
    expect(filled(pool(members, { quiescent: false }), there)).toEqual(["10.0.0.2 80 w0", "10.0.0.3 80 w1"]);
  });

  test("that is drained by hand stays without weight, failed or not; one that is out is gone", () => {
    const members = [
      member(2, "up", 1, "drain"),
      member(3, "down", 1, "drain"),
      member(4, "up", 1, "out"),
      member(5, "up"),
    ];
    expect(filled(pool(members, { quiescent: false }))).toEqual([
      "10.0.0.2 80 w0",
      "10.0.0.3 80 w0",
      "10.0.0.5 80 w1",
    ]);
  });
});

describe("a pool", () => {
  test("at its start has nobody but the fallback", () => {
    expect(filled(pool([member(2, "undecided")], { quiescent: false }))).toEqual(["10.0.0.99 80 w1"]);
  });

  test("without its quorum gives all to the fallback", () => {
    const members = [member(2, "up"), member(3, "down"), member(4, "down")];
    expect(fill(pool(members, { quorum: 2, quiescent: false }), null)).toMatchObject({
      quorum: false,
      destinations: [FALLBACK],
    });
  });

  test("counts weights for its quorum", () => {
    expect(fill(pool([member(2, "up", 2)], { quorum: 2 }), null).quorum).toBe(true);
  });

  test("without a fallback goes on with whom it has", () => {
    const members = [member(2, "up"), member(3, "down")];
    expect(fill(pool(members, { quorum: 2, fallback: null, quiescent: false }), null)).toMatchObject({
      quorum: false,
      destinations: [server(2)],
    });
  });

  test("has its fallback once where that is one of the servers", () => {
    expect(filled(pool([member(99, "down"), member(2, "down")]))).toEqual([
      "10.0.0.99 80 w1",
      "10.0.0.2 80 w0",
    ]);
  });
});

describe("servers that are configured no more", () => {
  const there = entry(service(), server(8, 3), server(9, 2), server(7, 0));

  test("serve on while nobody who came for them is judged and they are needed, and count", () => {
    for (const fallback of [null, FALLBACK]) {
      const renumbered = pool([member(2, "undecided"), member(3, "down")], { fallback, quorum: 5 });
      expect(filled(renumbered, there)).toEqual([
        "10.0.0.2 80 w0",
        "10.0.0.3 80 w0",
        "10.0.0.8 80 w3",
        "10.0.0.9 80 w2",
        "10.0.0.7 80 w0",
      ]);
      expect(worked(renumbered, there, true)).toMatchObject({
        ...{ quorum: true, decided: false },
        leaving: [server(7, 0)],
      });
    }
  });

  test("leave when others have the quorum, or when everybody is judged, and count no more", () => {
    const leave = ["10.0.0.8 80 w0", "10.0.0.9 80 w0", "10.0.0.7 80 w0"];
    const come = pool([member(2, "up"), member(3, "undecided")]);
    expect(filled(come, there)).toEqual(["10.0.0.2 80 w1", "10.0.0.3 80 w0", ...leave]);
    const gone = pool([member(2, "down"), member(3, "down")], { quorum: 5 });
    expect(filled(gone, there)).toEqual(["10.0.0.99 80 w1", "10.0.0.2 80 w0", "10.0.0.3 80 w0", ...leave]);
    expect(worked(gone, there)).toMatchObject({ quorum: false, sum: 0 });
  });

  test("are gone with their connections, and keep their thresholds and their way until then", () => {
    const limited = { upper: 20, lower: 10, forward: "tun" } as const;
    const limits = entry(service(), server(8, 3, limited), server(9, 0));
    const one = pool([member(2, "up")]);
    expect(worked(one, limits, null, [9]).destinations).toEqual([server(2), server(8, 0, limited)]);
    expect(worked(one, limits, null, [8, 9]).leaving).toEqual([]);
  });

  test("do not include the fallback", () => {
    const spare = entry(service(), server(99, 1));
    expect(filled(pool([member(2, "undecided")]), spare)).toEqual(["10.0.0.99 80 w1", "10.0.0.2 80 w0"]);
  });
});

describe("a fallback that serves no more", () => {
  const up = [member(2, "up")];
  const told = (weight: number): Entry => entry(service(), server(2), server(99, weight));

  test("has no weight, and goes when its connections have ended", () => {
    expect(filled(pool(up), told(1))).toEqual(["10.0.0.2 80 w1", "10.0.0.99 80 w0"]);
    expect(filled(pool(up), told(0))).toEqual(["10.0.0.2 80 w1", "10.0.0.99 80 w0"]);
    expect(filled(pool(up), told(0), [99])).toEqual(["10.0.0.2 80 w1"]);
  });

  test("never was there where the kernel does not have it", () => {
    expect(filled(pool(up), entry(service(), server(2)))).toEqual(["10.0.0.2 80 w1"]);
  });

  test("is of no use while its check fails: who is left serves on", () => {
    const members = [member(2, "up"), member(3, "down")];
    expect(filled(pool(members, { quorum: 2, fallbackGood: false }))).toEqual([
      "10.0.0.2 80 w1",
      "10.0.0.3 80 w0",
    ]);
  });
});

describe("a quorum with hysteresis", () => {
  const reached = (sum: number, had: boolean | null): boolean =>
    fill(pool([member(2, "up", sum)], { quorum: 5, hysteresis: 2 }), null, had).quorum;

  test("is reached at so much more, and lost at so much less", () => {
    expect([6, 7].map((sum) => reached(sum, false))).toEqual([false, true]);
    expect([2, 3].map((sum) => reached(sum, true))).toEqual([false, true]);
    expect([4, 5].map((sum) => reached(sum, null))).toEqual([false, true]);
  });
});

describe("a floor", () => {
  const kept = (verdicts: readonly Verdict[], weights: readonly number[], panicBelow: number): string[] =>
    filled(
      pool(
        verdicts.map((verdict, at) => member(at + 2, verdict)),
        { panicBelow },
      ),
      entry(service(), ...weights.map((weight, at) => server(at + 2, weight))),
    );

  test("keeps in service who fails when too few others are left", () => {
    expect(kept(["down", "up", "up", "up"], [1, 1, 1, 1], 50)[0]).toEqual("10.0.0.2 80 w0");
    expect(kept(["down", "down", "down", "up"], [0, 1, 1, 1], 50)).toEqual([
      "10.0.0.2 80 w0",
      "10.0.0.3 80 w1",
      "10.0.0.4 80 w1",
      "10.0.0.5 80 w1",
    ]);
  });

  test("lets nobody in who was not in service", () => {
    expect(kept(["down", "down"], [0, 0], 100)).toEqual([
      "10.0.0.99 80 w1",
      "10.0.0.2 80 w0",
      "10.0.0.3 80 w0",
    ]);
  });

  test("of nothing lets all of them go", () => {
    expect(kept(["down", "down"], [1, 1], 0)).toContain("10.0.0.99 80 w1");
  });
});
