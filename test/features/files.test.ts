/** Files that a router depends on: there or not, matching or not, or holding a number that counts. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { sleep, until } from "../lab/process.ts";
import type { Agent } from "./agent.ts";
import { check, started, tracking, verdict } from "./probing.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

let site: Site;
let scripts: Scripts;
let path: string;

beforeEach(async () => {
  site = await Site.create(2);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
  path = scripts.path("knob");
});
afterEach(() => site.close());

/** With an interval that no test waits for: what is noticed is noticed by inotify. */
const SELDOM = 'interval = "1h"';
const first = (...lines: readonly string[]): Promise<Agent> =>
  started(site, site.box(0), tracking(100, check("it", 'type = "file"', `file = "${path}"`, ...lines)));

/** Puts a whole new file in the place of the old one. */
function replace(text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

const priority = async (agent: Agent): Promise<number> => (await agent.router("lan")).effective_priority;

/** Waits until the effective priority is that. */
const becomes = (agent: Agent, wanted: number): Promise<number> =>
  until(`the priority is ${wanted}`, 10_000, async () => (await priority(agent)) === wanted);

describe("a file that must be there", () => {
  test("is noticed at once when it is made, replaced, removed and made again", async () => {
    const agent = await first(SELDOM);
    expect(await verdict(agent, "it", false)).toBe("ENOENT");
    writeFileSync(path, "");
    await agent.says("track.changed", "up=true", 1);
    replace("x");
    await sleep(200);
    expect((await agent.router("lan")).tracks[0]?.up).toBe(true);
    rmSync(path);
    await agent.says("track.changed", "up=false", 2);
    replace("y");
    await agent.says("track.changed", "up=true", 2);
  });

  test("may have to match, whether it is written in place or replaced", async () => {
    writeFileSync(path, "off\n");
    const agent = await first(SELDOM, 'expect_body = "^on\\\\b"');
    expect(await verdict(agent, "it", false)).toBe("content does not match");
    writeFileSync(path, "on\n");
    await agent.says("track.changed", "up=true", 1);
    replace("off\n");
    await agent.says("track.changed", "up=false", 2);
    replace("on again\n");
    await agent.says("track.changed", "up=true", 2);
  });

  test("is missed and found with its directory, which may be another one", async () => {
    mkdirSync(scripts.path("a"));
    path = scripts.path("a/knob");
    writeFileSync(path, "");
    // The directory that comes later is found by the interval; then it is watched.
    const agent = await first();
    await verdict(agent, "it", true);
    rmSync(scripts.path("a"), { recursive: true });
    await agent.says("track.changed", "up=false", 1);
    mkdirSync(scripts.path("b"));
    writeFileSync(scripts.path("b/knob"), "");
    renameSync(scripts.path("b"), scripts.path("a"));
    await agent.says("track.changed", "up=true", 2);
    rmSync(path);
    await agent.says("track.changed", "up=false", 2);
  });

  test("may be reached by a link that is turned round", async () => {
    writeFileSync(scripts.path("there"), "");
    symlinkSync("there", path);
    const agent = await first(SELDOM);
    await verdict(agent, "it", true);
    symlinkSync("nowhere", `${path}.new`);
    renameSync(`${path}.new`, path);
    await agent.says("track.changed", "up=false", 1);
  });

  test.each([
    ["a directory", (at: string) => mkdirSync(at), "is a directory"],
    ["a pipe", (at: string) => void Bun.spawnSync(["mkfifo", at]), "is no regular file"],
    ["a link to a device", (at: string) => symlinkSync("/dev/zero", at), "is no regular file"],
    ["a link to itself", (at: string) => symlinkSync("knob", at), "ELOOP"],
  ])("is not %s", async (_, make, why) => {
    make(path);
    const agent = await first();
    expect(await verdict(agent, "it", false)).toBe(why);
    expect(await agent.stop()).toBe(0);
  });

  test("is read as the agent, so that nobody else needs to see it", async () => {
    writeFileSync(path, "on");
    await chmod(path, 0o600);
    const agent = await first('expect_body = "on"');
    await verdict(agent, "it", true);
  });

  test("that fails counts once an interval, however often it changes", async () => {
    writeFileSync(path, "good");
    const agent = await first('expect_body = "good"', 'interval = "1s"', "fall = 3");
    await verdict(agent, "it", true);
    const since = Date.now();
    for (let time = 0; time < 20; time++) {
      writeFileSync(path, `bad ${time}`);
      await sleep(20);
    }
    await verdict(agent, "it", false);
    // The first failure at once, the second and third an interval later each.
    expect((agent.events("track.changed").at(-1)?.at ?? 0) - since).toBeGreaterThan(1500);
  });
});

describe("a file with a number", () => {
  const NUMBER = ['content = "integer"', "weight = -60", SELDOM];

  test("adds it to the priority at once, in place or replaced", async () => {
    writeFileSync(path, "7\n");
    const agent = await first(...NUMBER);
    await becomes(agent, 107);
    writeFileSync(path, "-20");
    await becomes(agent, 80);
    expect((await agent.says("track.changed", "value=-20")).fields).toMatchObject({
      name: "it",
      detail: "holds -20",
    });
    replace("+45\n");
    await becomes(agent, 145);
    replace("0");
    await becomes(agent, 100);
  });

  test("moves the address to the node that has more", async () => {
    writeFileSync(path, "0");
    const agent = await first(...NUMBER);
    const other = await started(
      site,
      site.box(1),
      tracking(
        99,
        check(
          "it",
          'type = "file"',
          `file = "${scripts.path("other")}"`,
          'content = "integer"',
          "default = 0",
        ),
      ),
    );
    await agent.is("lan", "master");
    await scripts.put("other", "2");
    await other.is("lan", "master");
    await agent.is("lan", "backup");
    replace("3");
    await agent.is("lan", "master");
  });

  test("is clamped to 1 and 254 with all that is summed", async () => {
    writeFileSync(path, "999999999");
    const agent = await first(...NUMBER);
    await becomes(agent, 254);
    writeFileSync(path, "-253");
    await becomes(agent, 1);
  });

  test("of -254 and less is a fault", async () => {
    writeFileSync(path, "0");
    const agent = await first(...NUMBER);
    await agent.is("lan", "master");
    replace("-254");
    await agent.is("lan", "fault", "it says -254");
    replace("-253");
    await agent.is("lan", "master");
  });

  test("is multiplied by scale", async () => {
    writeFileSync(path, "4");
    const agent = await first(...NUMBER, "scale = -5");
    await becomes(agent, 80);
  });

  test("that goes away, or becomes something else, has failed: its weight counts then", async () => {
    writeFileSync(path, "5");
    const agent = await first(...NUMBER);
    await becomes(agent, 105);
    writeFileSync(path, "five");
    await becomes(agent, 40);
    expect(await verdict(agent, "it", false)).toBe("holds no whole number");
    replace("6");
    await becomes(agent, 106);
    rmSync(path);
    await becomes(agent, 40);
    expect(await verdict(agent, "it", false)).toBe("ENOENT");
  });

  test("has one by default if that is said", async () => {
    const agent = await first(...NUMBER, "default = 11");
    await becomes(agent, 111);
    replace("12");
    await becomes(agent, 112);
    replace("");
    await becomes(agent, 111);
    rmSync(path);
    await sleep(200);
    expect(await priority(agent)).toBe(111);
    expect(agent.events("track.changed").every(({ fields }) => fields["up"] === "true")).toBe(true);
  });
});
