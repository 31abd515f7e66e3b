/** Which servers a virtual service should have. */
import { describe, expect, test } from "bun:test";
import type { Duty, Member, Pool, Verdict } from "../../src/ipvs/pool.ts";
import { fill } from "../../src/ipvs/pool.ts";
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
  ...more,
});
/** `10.0.0.2 80 w1`. */
const filled = (one: Pool, there: Parameters<typeof fill>[1] = null): string[] =>
  fill(one, there).destinations.map((each) => `${destinationKey(each)} w${each.weight}`);

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
