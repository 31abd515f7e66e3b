/** How a priority, its tracks and the election are put into words. */
import { describe, expect, test } from "bun:test";
import { electionLines, priorityLines, trackText } from "../../src/cli/election.ts";
import type { RouterReport, TrackReport } from "../../src/cli/report.ts";

/** A router with these; everything else does not matter here. */
const router = (
  priority: number,
  effective: number,
  tracks: readonly TrackReport[],
  operator: "standby" | "takeover" | null = null,
): RouterReport => ({
  name: "VI_1",
  interface: "eth1",
  family: 4,
  vrid: 1,
  version: 3,
  state: "backup",
  since: "",
  reason: "",
  priority,
  effective_priority: effective,
  interval_ms: 1000,
  operator,
  master: null,
  peers: [],
  addresses: [],
  tracks,
  counters: { adverts_sent: 0, adverts_received: 0, became_master: 0, rejected: {} },
});
const track = (name: string, up: boolean | null, weight: number, effect?: number): TrackReport => ({
  name,
  up,
  weight,
  ...(effect === undefined ? {} : { effect }),
});

describe("a priority", () => {
  test("is a number when nothing changes it", () => {
    expect(priorityLines(router(150, 150, [track("a", true, -60), track("b", null, 20)]))).toEqual(["150"]);
  });

  test("is a sum of everything that does", () => {
    const tracks = [track("nginx", false, -60), track("wan", true, 20), track("ok", true, -5)];
    expect(priorityLines(router(150, 110, tracks))).toEqual(["110 = 150 -60 (nginx down) +20 (wan up)"]);
  });

  test("has the number in a file in it", () => {
    expect(priorityLines(router(100, 93, [track("knob", true, 0, -7)]))).toEqual(["93 = 100 -7 (knob up)"]);
  });

  test("says where the sum would have gone", () => {
    expect(priorityLines(router(200, 254, [track("a", true, 100)]))).toEqual([
      "254 = 200 +100 (a up) = 300, kept from 1 to 254",
    ]);
    expect(priorityLines(router(50, 1, [track("a", false, -100)]))).toEqual([
      "1 = 50 -100 (a down) = -50, kept from 1 to 254",
    ]);
  });

  test("of an owner is 255 whatever it tracks", () => {
    expect(priorityLines(router(255, 255, [track("a", false, -100, 0)]))).toEqual(["255"]);
  });

  test("of a takeover says so", () => {
    expect(priorityLines(router(100, 254, [track("a", false, -10)], "takeover"))).toEqual([
      "254 by takeover",
    ]);
  });

  test("of many terms fits a console", () => {
    const tracks = Array.from({ length: 12 }, (_, number) => track(`check-${number}`, false, -1));
    const lines = priorityLines(router(100, 88, tracks));
    expect(lines.every((line) => line.length <= 68)).toBe(true);
    expect(lines.join(" ")).toBe(`88 = 100 ${tracks.map(({ name }) => `-1 (${name} down)`).join(" ")}`);
  });
});

describe("a track", () => {
  test.each([
    [track("eth2", true, 0), "eth2: up, required"],
    [track("eth2", false, -20), "eth2: DOWN, weight -20"],
    [track("web", null, 20), "web: not known yet, weight +20"],
    [{ ...track("knob", true, -20, 7), detail: "holds 7" }, "knob: up, weight -20, adds +7 (holds 7)"],
    [{ ...track("knob", true, 5, 12), detail: "" }, "knob: up, weight +5, adds +7"],
    [
      { ...track("knob", true, 5), detail: "good", interval_ms: 1000, achieved_interval_ms: 1500 },
      "knob: up, weight +5, probed every 1.5s instead of 1s (good)",
    ],
    [
      { ...track("knob", true, 5), detail: "", interval_ms: 1000, achieved_interval_ms: 1090 },
      "knob: up, weight +5",
    ],
  ])("%j reads %j", (one, text) => {
    expect(trackText(one)).toBe(text);
  });
});

describe("an election", () => {
  test("names everybody, best first", () => {
    const order = [
      { address: "192.0.2.12", priority: 150, self: true, last_heard_ms: null },
      { address: "192.0.2.11", priority: 100, self: false, last_heard_ms: 61_000 },
    ];
    expect(electionLines({ wins: true, reason: "no other speaks", order })).toEqual([
      "this node would win: no other speaks",
      "150  this node",
      "100  192.0.2.11, heard 1m01s ago",
    ]);
  });
});
