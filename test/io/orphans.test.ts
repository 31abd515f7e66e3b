/** Commands whose agent died: killed by their note, and nobody else by it. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ms } from "../../src/base/units.ts";
import { runCommand } from "../../src/io/command.ts";
import { forgetCommand, killOrphans, noteCommand, openCommandNotes } from "../../src/io/orphans.ts";
import { lives } from "../features/scripts.ts";
import { until } from "../lab/process.ts";
import { PATIENCE, temporaryDirectory } from "./edge.ts";

const BOOT = "0c9e2ba0 net:[4026531840]";

/** A process group of a shell and what it started: the number of each. */
async function left(directory: string): Promise<readonly [number, number]> {
  const path = join(directory, "child");
  const script = join(directory, "script");
  writeFileSync(
    script,
    `#!/bin/sh
sleep 600 & echo $! > ${path}
wait
`,
    { mode: 0o755 },
  );
  const shell = Bun.spawn([script], { detached: true, stdio: ["ignore", "ignore", "ignore"] });
  await until("both run", PATIENCE, () => existsSync(path) && readFileSync(path, "utf8") !== "");
  return [shell.pid, Number(readFileSync(path, "utf8"))];
}

const kill = (pid: number): void => {
  if (lives(pid)) process.kill(-pid, "SIGKILL");
};

describe("a command whose agent died", () => {
  test("is killed with all it started, once", async () => {
    using directory = temporaryDirectory();
    const notes = openCommandNotes(directory.path, BOOT);
    const [pid, child] = await left(directory.path);
    noteCommand(notes, pid);
    expect(killOrphans(directory.path, BOOT)).toEqual([pid]);
    await until("both are gone", PATIENCE, () => !lives(pid) && !lives(child));
    expect(killOrphans(directory.path, BOOT)).toEqual([]);
  });

  test("is the same one in another network namespace", async () => {
    using directory = temporaryDirectory();
    const [pid] = await left(directory.path);
    noteCommand(openCommandNotes(directory.path, BOOT), pid);
    expect(killOrphans(directory.path, BOOT.replace("4026531840", "4026532000"))).toEqual([pid]);
  });

  test.each([
    [
      "of another boot",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace("0c9e", "1c9e")),
    ],
    ["that started at another time", (path: string) => writeFileSync(path, `1 ${BOOT}\n`)],
    ["whose note was cut off", (path: string) => writeFileSync(path, "")],
  ])("leaves a process of its number alone %s", async (_, change) => {
    using directory = temporaryDirectory();
    const notes = openCommandNotes(directory.path, BOOT);
    const [pid] = await left(directory.path);
    noteCommand(notes, pid);
    change(join(notes.directory, String(pid)));
    expect(killOrphans(directory.path, BOOT)).toEqual([]);
    expect(lives(pid)).toBe(true);
    expect(readdirSync(notes.directory)).toEqual([]);
    kill(pid);
  });

  test("that has ended leaves alone what it meant to leave", async () => {
    using directory = temporaryDirectory();
    const notes = openCommandNotes(directory.path, BOOT);
    const [pid, child] = await left(directory.path);
    noteCommand(notes, pid);
    process.kill(pid, "SIGKILL");
    await until("it has ended", PATIENCE, () => !lives(pid));
    expect(killOrphans(directory.path, BOOT)).toEqual([]);
    expect(lives(child)).toBe(true);
    process.kill(child, "SIGKILL");
  });

  test("is never every process there is", () => {
    using directory = temporaryDirectory();
    const { directory: place } = openCommandNotes(directory.path, BOOT);
    const stat = readFileSync("/proc/1/stat", "utf8");
    const startTime = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
    writeFileSync(join(place, "1"), `${startTime} ${BOOT}\n`);
    mkdirSync(join(place, "notes"));
    expect(killOrphans(directory.path, BOOT)).toEqual([]);
  });
});

describe("a directory that cannot be written to", () => {
  test("costs the note and nothing else", async () => {
    using directory = temporaryDirectory();
    const [pid] = await left(directory.path);
    const notes = { directory: join(directory.path, "child"), boot: BOOT };
    noteCommand(notes, pid);
    forgetCommand(notes, pid);
    expect(lives(pid)).toBe(true);
    kill(pid);
  });
});

describe("a command that ends", () => {
  test("is noted while it runs, and not after", async () => {
    using directory = temporaryDirectory();
    const notes = openCommandNotes(directory.path, BOOT);
    let failure: string | null | undefined;
    const running = { argv: ["sleep", "0.5"], environment: {}, user: null, timeout: ms(PATIENCE), keep: 0 };
    runCommand({ ...running, notes }, (how) => (failure = how));
    await until("it is noted", PATIENCE, () => readdirSync(notes.directory).length === 1);
    await until("it has ended", PATIENCE, () => failure !== undefined);
    expect(failure).toBeNull();
    expect(readdirSync(notes.directory)).toEqual([]);
  });
});
