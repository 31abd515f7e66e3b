/** The demonstration itself, as `npm start` runs it: on a terminal of 80 columns and 24 lines, and stopped half-way. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "bun:test";
import { HAAGENT } from "../lab/haagent.ts";
import { sleep, until } from "../lab/process.ts";

const MAIN = new URL("main.ts", import.meta.url).pathname;
const ROOT = new URL("../..", import.meta.url).pathname;
const MARK = "HAAGENT_DEMO_TEST";

/** Processes that still carry the mark in their environment; the demonstration gives it to all it starts. */
function marked(mark: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^[0-9]+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`${MARK}=${mark}`);
      } catch {
        return false;
      }
    });
}

/** The runtime_dir that a kept configuration names. */
const runtimeDir = (file: string): string =>
  /runtime_dir = "([^"]+)"/.exec(readFileSync(file, "utf8"))?.[1] ?? "none";

const environment = (mark: string): Record<string, string | undefined> => ({
  ...process.env,
  [MARK]: mark,
  TERM: "vt100",
});

describe("the demonstration", () => {
  test("fits a terminal of 80 by 24, ends as promised, and leaves only its configurations", async () => {
    const mark = crypto.randomUUID();
    const command = `stty cols 80 rows 24; ${process.execPath} ${MAIN}`;
    const child = Bun.spawn(["script", "-qec", command, "/dev/null"], {
      cwd: ROOT,
      env: environment(mark),
      stdout: "pipe",
      timeout: 60_000,
    });
    const startedAt = performance.now();
    const text = await new Response(child.stdout).text();
    expect(await child.exited).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(40_000);

    const [screens = "", after = ""] = text.split("\x1b[?1049l");
    const frames = screens
      .split("\x1b[H")
      .slice(1)
      .map((frame) => frame.replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").split("\r\n"));
    expect(frames.length).toBeGreaterThan(100);
    expect(Math.max(...frames.map((frame) => frame.length))).toBe(24);
    expect(frames.flat().filter((line) => line.length > 80)).toEqual([]);
    for (const title of ["power lost", "killed, respawned", "clean stop"]) {
      expect(frames.at(-1)?.join("\n")).toContain(title);
      expect(after).toContain(title);
    }
    // No sentence is cut off.
    const said = frames.map((frame) => frame.join(" ").replace(/ +/g, " "));
    for (const sentence of [
      "as systemd or procd would; the addresses were left to the kernel with a deadline",
      "after the kill, node2 never spoke",
    ]) {
      expect(said.some((frame) => frame.includes(sentence))).toBe(true);
    }
    // What the client saw is on the screen: answers of both, and none.
    const answers = frames
      .flat()
      .filter((line) => line.includes("answers "))
      .join("");
    expect(answers).toContain("1111111111");
    expect(answers).toContain("xxxxxxxxxx");
    expect(answers).toContain("2222222222");

    const router = readFileSync(`${ROOT}.demo/node1.toml`, "utf8").split(/^(?=\[vrrp)/m)[1] ?? "";
    expect(router).toContain("addresses = ");
    expect(after.replace(/^ {3}/gm, "").replaceAll("\r", "")).toContain(router);

    for (const file of [`${ROOT}.demo/node1.toml`, `${ROOT}.demo/node2.toml`]) {
      const check = Bun.spawnSync([HAAGENT, "check", "--config", file]);
      expect(check.stderr.toString()).toBe("");
      expect(check.exitCode).toBe(0);
      expect(existsSync(runtimeDir(file))).toBe(false);
    }
    expect(marked(mark)).toEqual([]);
  }, 90_000);

  test("stopped with ^C leaves nothing either", async () => {
    const mark = crypto.randomUUID();
    const child = Bun.spawn([process.execPath, MAIN], {
      cwd: ROOT,
      env: environment(mark),
      stdout: "pipe",
      stderr: "pipe",
      timeout: 60_000,
    });
    let text = "";
    void (async () => {
      const decoder = new TextDecoder();
      for await (const chunk of child.stdout) text += decoder.decode(chunk, { stream: true });
    })();
    await until("node1 is master", 20_000, () => text.includes("is master"));
    expect(marked(mark).length).toBeGreaterThan(5);
    await sleep(500);
    child.kill("SIGINT");
    expect(await child.exited).toBe(130);
    await until("everything it started is gone", 2000, () => marked(mark).length === 0);
    expect(existsSync(runtimeDir(`${ROOT}.demo/node1.toml`))).toBe(false);
  }, 60_000);
});
