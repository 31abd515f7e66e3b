/** What two nodes must have alike, as the fields of a message, and what they have otherwise, in words. */
import { describe, expect, test } from "bun:test";
import type { Arrangement } from "../../src/heartbeat/arrangement.ts";
import {
  arrangementOf,
  decodeArrangement,
  differences,
  encodeArrangement,
} from "../../src/heartbeat/arrangement.ts";
import type { Group } from "../../src/heartbeat/haresources.ts";
import { GROUPS_MAX, readHaresources } from "../../src/heartbeat/haresources.ts";
import type { Failback } from "../../src/heartbeat/takeover-state.ts";
import type { Message } from "../../src/wire/heartbeat-message.ts";
import { TEXT } from "../../src/wire/heartbeat-message.ts";

function groupsOf(lines: readonly string[]): readonly Group[] {
  const read = readHaresources(lines, ["a", "b"]);
  if (!read.ok) throw new Error(read.error.map(({ text }) => text).join());
  return read.value;
}

const message = (fields: readonly (readonly [string, string])[]): Message =>
  fields.map(([name, value]) => ({ name, type: TEXT, value }));
const back = (arrangement: Arrangement): Arrangement | null =>
  decodeArrangement(message(encodeArrangement(arrangement)));

describe("an arrangement", () => {
  test("is written as its documentation says", () => {
    const groups = groupsOf(["a 10.0.0.9 one::x", "b two"]);
    expect(encodeArrangement(arrangementOf("a", groups, true, 1))).toEqual([
      ["failback", "true"],
      ["pings", "1"],
      ["groups", "2 5a31a0e0 5f50a46c.13d79401+ 7ab8f09a.7ab8f09a-"],
    ]);
    expect(encodeArrangement(arrangementOf("a", [], "legacy", 0)).at(-1)).toEqual(["groups", "0 ffffffff"]);
  });

  test("comes back, with as many groups as there can be", () => {
    const few = groupsOf(Array.from({ length: 24 }, (_, at) => `b probe::${at}`));
    const many = groupsOf(Array.from({ length: GROUPS_MAX }, (_, at) => `b probe::${at}`));
    for (const failback of [true, false, "legacy"] as const) {
      for (const groups of [[], few, many]) {
        const arrangement = arrangementOf("b", groups, failback, 3);
        expect(back(arrangement)).toEqual(arrangement);
        // On a line of 19,200 baud less than half a second, headers included.
        expect(encodeArrangement(arrangement).join().length).toBeLessThan(550);
      }
    }
  });

  const good = { failback: "true", pings: "1", groups: "1 12345678 765e7680.ebc57560+" };
  test.each([
    ...[{ failback: "yes" }, { pings: "-1" }, { pings: "01" }, { pings: "10000" }, { pings: "" }],
    ...["", "1", "1 12345678", "1 12345678 765e7680.ebc57560", "1 12345678 765e768.ebc57560+"].map(
      (groups) => ({ groups }),
    ),
    ...[
      "1 12345678 765e7680.ebc57560+ ",
      "1 12345678 765E7680.ebc57560+",
      "0 12345678 765e7680.ebc57560+",
    ].map((groups) => ({ groups })),
    ...["2 12345678 765e7680.ebc57560+", "x 12345678", "0 1234567", "101 12345678", "24 12345678"].map(
      (groups) => ({ groups }),
    ),
    { groups: `1 12345678${" 765e7680.ebc57560+".repeat(200)}` },
  ])("is none where a field is wrong: %#", (wrong) => {
    expect(decodeArrangement(message(Object.entries(good)))).not.toBe(null);
    expect(decodeArrangement(message(Object.entries({ ...good, ...wrong })))).toBe(null);
  });
});

describe("two nodes", () => {
  /** What the first one, `a`, finds of the second. */
  function found(
    ours: readonly string[],
    theirs: readonly string[],
    { failback = true, pings = 1 }: { failback?: Failback; pings?: number } = {},
  ): string[] {
    const groups = groupsOf(ours);
    const there = arrangementOf("b", groupsOf(theirs), failback, pings);
    return differences(groups, arrangementOf("a", groups, true, 1), there, "b");
  }
  const BOTH = ["a one uno", "b two"];

  test("are alike with the same lines, and without any whatever else they have", () => {
    expect(found(BOTH, BOTH)).toEqual([]);
    expect(found(BOTH, ["A   one \\", "uno # first", "b two"])).toEqual([]);
    expect(found([], [], { failback: false, pings: 9 })).toEqual([]);
  });

  test("learn which group is another one there, and how", () => {
    expect(found(BOTH, ["a one uno"])).toEqual(["not on b: two"]);
    expect(found(BOTH, [...BOTH, "b three"])).toEqual(["only on b: 1 group"]);
    expect(found(BOTH, ["a three", "a four", "b two"])).toEqual(["not on b: one", "only on b: 2 groups"]);
    expect(found(BOTH, ["b one uno", "b two"])).toEqual(["another preferred node on b: one"]);
    expect(found(BOTH, ["a one", "b two"])).toEqual(["other resources on b: one"]);
    expect(found(["a one uno due"], ["b one due uno"])).toEqual([
      "another preferred node on b: one",
      "other resources on b: one",
    ]);
    expect(found(BOTH, BOTH.toReversed())).toEqual(["another order of the groups on b"]);
    expect(found(BOTH, [])).toEqual(["b has no groups"]);
    expect(found([], BOTH)).toEqual(["b has groups, this node none"]);
  });

  test("learn what else makes them move groups otherwise", () => {
    expect(found(BOTH, BOTH, { failback: "legacy", pings: 2 })).toEqual([
      "auto_failback is true here, legacy on b",
      "ping nodes and groups are 1 here, 2 on b",
    ]);
  });

  test("learn a few names of many", () => {
    const many = Array.from({ length: 8 }, (_, at) => `a g${at}`);
    expect(found([...many, ...BOTH], BOTH)).toEqual(["not on b: g0, g1, g2, g3, g4 and 3 more"]);
  });

  test("learn of very many only that they are others", () => {
    const many = Array.from({ length: 30 }, (_, at) => `a g${at}`);
    expect(found([...many, ...BOTH], [...many, ...BOTH])).toEqual([]);
    expect(found([...many, ...BOTH], [...many, "a one", "b two"])).toEqual(["other groups on b"]);
    expect(found(BOTH, many)).toEqual(["other groups on b"]);
  });
});
