/** The history file: what is in it after crashes, full disks and a long time. */
import { describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import type { Transition } from "../../src/agent/history.ts";
import { instant } from "../../src/base/units.ts";
import { HistoryFile, historyLine, historyPath, parseHistory, readHistory } from "../../src/io/history.ts";
import { until } from "../lab/process.ts";
import { temporaryDirectory } from "./edge.ts";

const transition = (number: number, reason = `cause ${number}`): Transition => ({
  name: "VI_1",
  from: "backup",
  to: "master",
  reason,
  priority: 150,
  at: instant(1000 * number),
  bootId: "b",
  wallClock: null,
});
const GRACE = 5000;
const silent = (text: string): void => {
  throw new Error(text);
};
const reasons = async (directory: string): Promise<string[]> =>
  (await readHistory(directory, silent)).map(({ reason }) => reason);

async function write(directory: string, ...transitions: Transition[]): Promise<void> {
  const file = new HistoryFile(directory, silent);
  for (const each of transitions) file.add(each);
  await file.finish(GRACE);
}

describe("the history file", () => {
  test("gives back what was written, with the time of day", async () => {
    using directory = temporaryDirectory();
    const before = Date.now();
    const odd = transition(1, 'a "reason", \n\u0000 odd \u20ac');
    await write(directory.path, odd);
    const [read, ...more] = await readHistory(directory.path, silent);
    expect(more).toEqual([]);
    expect(read).toEqual({ ...odd, wallClock: expect.any(Number) });
    expect(read?.wallClock).toBeGreaterThanOrEqual(before);
    expect(readFileSync(historyPath(directory.path), "utf8").trimEnd().split("\n")).toHaveLength(1);
    expect(statSync(historyPath(directory.path)).mode & 0o777).toBe(0o640);
  });

  test("goes on where the last agent ended", async () => {
    using directory = temporaryDirectory();
    await write(directory.path, transition(1), transition(2));
    await write(directory.path, transition(3));
    expect(await reasons(directory.path)).toEqual(["cause 1", "cause 2", "cause 3"]);
  });

  test("has a line as soon as it is there, not only at the end", async () => {
    using directory = temporaryDirectory();
    const file = new HistoryFile(directory.path, silent);
    file.add(transition(1));
    await until("it is written", GRACE, async () => (await reasons(directory.path)).length === 1);
    await file.finish(GRACE);
  });

  test("passes over a torn last line, and what comes next does not stick to it", async () => {
    using directory = temporaryDirectory();
    const path = historyPath(directory.path);
    for (const length of [1, 40, historyLine(transition(2), 0).length - 1]) {
      writeFileSync(path, historyLine(transition(1), 0) + historyLine(transition(2), 0).slice(0, length));
      const whole = length > 100 ? ["cause 1", "cause 2"] : ["cause 1"];
      expect(await reasons(directory.path)).toEqual(whole);
      await write(directory.path, transition(3));
      expect(await reasons(directory.path)).toEqual([...whole, "cause 3"]);
    }
  });

  test("is read past whatever else is in it", () => {
    const good = historyLine(transition(1), 0);
    const wrong = [
      "",
      "null",
      "[]",
      "{}",
      "\u0000\u0000\u0000",
      good.replace('"backup"', '"king"').trim(),
      good.replace('"priority":150', '"priority":"150"').trim(),
      good.replace("1970-01-01T", "yesterday, ").trim(),
      good.replace('"at":1000', '"at":1e999').trim(),
    ];
    expect(parseHistory([...wrong, good, ...wrong].join("\n")).map(({ reason }) => reason)).toEqual([
      "cause 1",
    ]);
  });

  test("stays small: an old file beside it, and no third one", async () => {
    using directory = temporaryDirectory();
    const long = "x".repeat(400);
    let number = 0;
    for (let round = 0; round < 7; round++) {
      const file = new HistoryFile(directory.path, silent);
      for (let count = 0; count < 430; count++) file.add(transition(++number, `${number} ${long}`));
      await file.finish(GRACE);
    }
    expect(readdirSync(directory.path).sort()).toEqual(["history", "history.old"]);
    for (const name of readdirSync(directory.path)) {
      expect(statSync(`${directory.path}/${name}`).size).toBeLessThan(700 * 1024);
    }
    const numbers = (await reasons(directory.path)).map((reason) => Number.parseInt(reason, 10));
    // The last ones without a gap.
    expect(numbers.at(-1)).toBe(3010);
    expect(numbers.length).toBeGreaterThan(400);
    expect(numbers).toEqual(Array.from(numbers, (_, at) => 3010 - numbers.length + 1 + at));
  });

  test("cuts a reason without end", async () => {
    using directory = temporaryDirectory();
    await write(directory.path, transition(1, "y".repeat(100_000)));
    expect((await reasons(directory.path))[0]?.length).toBe(500);
  });

  test("that cannot be written is a warning, once, and what waits is written when it can", async () => {
    using directory = temporaryDirectory();
    const missing = `${directory.path}/missing`;
    const said: string[] = [];
    const file = new HistoryFile(missing, (text) => said.push(text));
    file.add(transition(1));
    await until("it is said", GRACE, () => said.length > 0);
    file.add(transition(2));
    await Bun.sleep(50);
    expect(said).toEqual([`${missing}/history: ENOENT: no such file or directory; kept in memory`]);
    mkdirSync(missing);
    await file.finish(GRACE);
    expect(await reasons(missing)).toEqual(["cause 1", "cause 2"]);
  });

  test("on a full disk loses nothing that fits later, and says nothing twice", async () => {
    using directory = temporaryDirectory();
    const disk = `${directory.path}/disk`;
    mkdirSync(disk);
    const mounted = Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=8k", "none", disk]);
    expect(mounted.success).toBe(true);
    try {
      writeFileSync(`${disk}/ballast`, new Uint8Array(4096));
      const said: string[] = [];
      const file = new HistoryFile(disk, (text) => said.push(text));
      for (let number = 1; number <= 60; number++) file.add(transition(number));
      await until("it is said", GRACE, () => said.length > 0);
      expect(said[0]).toContain("ENOSPC");
      rmSync(`${disk}/ballast`);
      await file.finish(GRACE);
      const kept = await reasons(disk);
      // A page more holds some of them: whole ones, none twice, in order.
      expect(kept.length).toBeGreaterThan(30);
      expect(kept).toEqual(kept.map((_, at) => `cause ${at + 1}`));
      expect(said.length).toBeLessThan(3);
    } finally {
      Bun.spawnSync(["umount", disk]);
    }
  });

  test("that is no file is a warning, and an empty history", async () => {
    using directory = temporaryDirectory();
    mkdirSync(historyPath(directory.path));
    const said: string[] = [];
    expect(await readHistory(directory.path, (text) => said.push(text))).toEqual([]);
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("EISDIR");
  });

  test("that somebody else filled is read from its end", async () => {
    using directory = temporaryDirectory();
    const path = historyPath(directory.path);
    writeFileSync(path, `${"z".repeat(3_000_000)}\n`);
    appendFileSync(path, historyLine(transition(1), 0));
    expect(await reasons(directory.path)).toEqual(["cause 1"]);
  });
});
