/** The small files of checks, as real ones. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { readRegular } from "../../src/io/probe/regular-file.ts";
import { makeScratch } from "../lab/scratch.ts";

const scratch = makeScratch();
const path = `${scratch}/twenty`;
writeFileSync(path, "12345678901234567890");

const text = (read: Awaited<ReturnType<typeof readRegular>>): string =>
  "failure" in read ? read.failure : new TextDecoder().decode(read.bytes);

describe("a small file", () => {
  test("read at once by two who want unlike much of it is given to each as far as that", async () => {
    const both = await Promise.all([readRegular(path, 4), readRegular(path, 100)]);
    expect(both.map(text)).toEqual(["1234", "12345678901234567890"]);
  });

  test("is read once for two who want the same", () => {
    const first = readRegular(path, 4);
    expect(readRegular(path, 4)).toBe(first);
  });

  test("is no directory, and is there", async () => {
    mkdirSync(`${scratch}/directory`);
    expect(text(await readRegular(`${scratch}/directory`, 4))).toBe("is a directory");
    expect(text(await readRegular(`${scratch}/nothing`, 4))).toBe("ENOENT");
  });
});
