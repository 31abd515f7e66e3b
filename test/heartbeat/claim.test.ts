/** What haagent nodes say of their virtual routers, as the text of one field. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { Bug } from "../../src/base/assert.ts";
import { priority } from "../../src/base/units.ts";
import type { Claim } from "../../src/heartbeat/claim.ts";
import {
  bundles,
  CLAIM_STATES,
  CLAIM_TEXT_MAX,
  decodeClaims,
  decodeSubjects,
  encodeClaims,
  encodeSubjects,
  SUBJECTS_MAX,
} from "../../src/heartbeat/claim.ts";

const CLAIM: Claim = {
  ...{ name: "VI_1", vrid: 51, family: 4, only: true, state: "master", healthy: true, adverts: 0x7f3 },
  ...{ priority: priority(150), address: "10.0.0.1" as Ip },
};
const TEXT = "VI_1 51 4 1 master 1 150 7f3 10.0.0.1";

describe("a claim", () => {
  test("is written as its documentation says", () => {
    const other: Claim = {
      ...{ name: "VI_6", vrid: 52, family: 6, only: false, state: "fault", healthy: false, adverts: 0 },
      ...{ priority: priority(0), address: "fe80::1" as Ip },
    };
    expect(encodeClaims([CLAIM, other])).toBe(`${TEXT};VI_6 52 6 0 fault 0 0 0 fe80::1`);
    expect(encodeClaims([{ ...CLAIM, address: null }])).toBe("VI_1 51 4 1 master 1 150 7f3 -");
  });

  test.each(CLAIM_STATES)("comes back: %s", (state) => {
    const claims: readonly Claim[] = [
      { ...CLAIM, state },
      { ...CLAIM, state, name: "x".repeat(64), vrid: 255, family: 6, address: "2001:db8::51" as Ip },
      { ...CLAIM, state, vrid: 1, priority: priority(255), adverts: 2 ** 48 - 1, address: null },
    ];
    expect(decodeClaims(encodeClaims(claims))).toEqual(claims);
  });

  test("of a later version may have more words", () => {
    expect(decodeClaims(`${TEXT} x 7`)).toEqual([CLAIM]);
  });

  test.each([
    ...["", ";", `${TEXT};`, TEXT.replace("51", "0"), TEXT.replace("51", "256"), TEXT.replace("51", "051")],
    ...[TEXT.replace(" 4 ", " 5 "), TEXT.replace(" 4 ", " 6 "), TEXT.replace("master", "active")],
    ...[TEXT.replace("4 1", "4 2"), TEXT.replace("master 1", "master yes"), TEXT.replace("150", "256")],
    ...[TEXT.replace("7f3", "-1"), TEXT.replace("7f3", "1".repeat(13)), TEXT.replace("7f3", "07")],
    ...[TEXT.replace("10.0.0.1", "10.0.0"), TEXT.replace(" 10.0.0.1", ""), TEXT.replace("VI_1", "")],
    ...[TEXT.replace("VI_1", "x".repeat(65)), TEXT.replace("VI_1", "\x07"), `${TEXT} ${"x".repeat(2000)}`],
  ])("is none in %j", (text) => expect(decodeClaims(text)).toBe(null));

  test("is none where there is no field", () => {
    expect(decodeClaims(null)).toBe(null);
    expect(decodeSubjects(null)).toBe(null);
  });
});

describe("claims of many routers", () => {
  const many = Array.from({ length: 200 }, (_, at): Claim => ({
    ...CLAIM,
    name: `router-${at}-${"x".repeat(at % 50)}`,
  }));

  test("go in messages that leave a slow line time for others, in their order, each whole", () => {
    const made = bundles(many);
    expect(made.flat()).toEqual(many);
    for (const each of made) expect(encodeClaims(each).length).toBeLessThanOrEqual(CLAIM_TEXT_MAX);
    // As few as can be: two neighbours do not fit into one.
    for (const [at, each] of made.entries()) {
      const next = made[at + 1];
      if (next !== undefined) {
        expect(encodeClaims([...each, ...next.slice(0, 1)]).length).toBeGreaterThan(CLAIM_TEXT_MAX - 1);
      }
    }
  });

  test("of the longest names go one by one", () => {
    const longest: Claim = {
      ...CLAIM,
      name: "x".repeat(64),
      family: 6,
      address: "2001:db8:1:2:3:4:5:6" as Ip,
    };
    expect(encodeClaims([longest]).length).toBeLessThan(CLAIM_TEXT_MAX / 3);
    expect(bundles([])).toEqual([]);
  });
});

describe("a question", () => {
  const subjects = Array.from({ length: SUBJECTS_MAX }, (_, at) => ({ vrid: at + 192, family: 6 as const }));

  test("names elections by VRID and family", () => {
    const two = [
      { vrid: 51, family: 4 },
      { vrid: 52, family: 6 },
    ] as const;
    expect(encodeSubjects(two)).toBe("51.4 52.6");
    expect(decodeSubjects("51.4 52.6")).toEqual([...two]);
  });

  test("is bounded", () => {
    expect(decodeSubjects(encodeSubjects(subjects.slice(0, 60)))?.length).toBe(60);
    expect(() => encodeSubjects([...subjects, { vrid: 1, family: 4 }])).toThrow(Bug);
    expect(decodeSubjects(Array.from({ length: SUBJECTS_MAX + 1 }, () => "1.4").join(" "))).toBe(null);
    expect(encodeSubjects(subjects).length).toBeLessThanOrEqual(CLAIM_TEXT_MAX);
  });

  test.each(["", "51", "51.", "51.5", "0.4", "256.4", "51.4 ", "51.4.4", "x.4"])("is none in %j", (text) => {
    expect(decodeSubjects(text)).toBe(null);
  });
});
