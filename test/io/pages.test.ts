/** Memory that only the start needed. */
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { forgetStart } from "../../src/io/pages.ts";

/** Resident kilobytes that are pages of files. */
const resident = (): number =>
  Number(/^RssFile:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "latin1"))?.[1]);

test("pages of the executable go, and come back with their content when they are touched", () => {
  const work = (): string =>
    new Bun.CryptoHasher("sha256").update(JSON.stringify(process.versions)).digest("hex");
  const before = work();
  const start = resident();
  forgetStart();
  expect(resident()).toBeLessThan(start / 2);
  expect(work()).toBe(before);
  // All that was relocated is still so: an exception walks through the runtime's own tables.
  expect(() => JSON.parse("{")).toThrow(SyntaxError);
});
