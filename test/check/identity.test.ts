/** Which checks are one. */
import { describe, expect, test } from "bun:test";
import { ms } from "../../src/base/units.ts";
import type { Course } from "../../src/check/identity.ts";
import { courseIdentity, probeIdentity } from "../../src/check/identity.ts";

const course: Course = {
  probe: { type: "http", address: "192.0.2.1", port: 80, headers: ["A: b"], login: null },
  interval: ms(1000),
  fastInterval: ms(500),
  jitter: 0,
  timeout: ms(1000),
  rise: 1,
  fall: 3,
};

describe("checks are one", () => {
  test("if all is the same, in whatever order it was written", () => {
    const other = { login: null, headers: ["A: b"], port: 80, address: "192.0.2.1", type: "http" };
    expect(courseIdentity({ ...course, probe: other })).toBe(courseIdentity(course));
    expect(probeIdentity({ a: { c: 1, b: 2 } })).toBe(probeIdentity({ a: { b: 2, c: 1 } }));
  });

  test.each([
    ["an interval", { interval: ms(1001) }],
    ["a fast interval", { fastInterval: ms(501) }],
    ["a timeout", { timeout: ms(999) }],
    ["rise", { rise: 2 }],
    ["fall", { fall: 1 }],
    ["a login", { probe: { ...Object(course.probe), login: "a" } }],
    ["a header", { probe: { ...Object(course.probe), headers: ["A: c"] } }],
    ["the order of headers", { probe: { ...Object(course.probe), headers: [] } }],
    ["a port", { probe: { ...Object(course.probe), port: 81 } }],
  ])("and two that differ in %s are not", (_, change: Partial<Course>) => {
    expect(courseIdentity({ ...course, ...change })).not.toBe(courseIdentity(course));
  });
});
