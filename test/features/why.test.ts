/** `haagent why`: what happened and why, over crashes and restarts, and without an agent. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const text = (priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "300ms"
addresses = ["10.77.1.50/24"]
`;

let site: Site;
let agent: Agent;
beforeEach(async () => {
  site = await Site.create(2);
  agent = await Agent.create(site.box(0).namespace, text(100));
  site.atClose(() => agent.close());
});
afterEach(() => site.close());

/** The lines below the header, each `FROM > TO  CAUSE`. */
const told = (stdout: string): string[] =>
  stdout
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.replace(/^\S+ \S+ +\S+  /, "").replace(/ {2,}/, "  "));

const history = (): string => `${agent.directory}/state/history`;
/** It is on the disk, where nobody waits for it. */
const written = (cause: string): Promise<number> =>
  until(`the history has "${cause}"`, 10_000, () => {
    return existsSync(history()) && readFileSync(history(), "utf8").includes(cause);
  });

describe("why", () => {
  test("names the cause of every transition", async () => {
    await agent.start();
    await agent.is("lan", "master");
    await site.cable(site.box(0), 1, false);
    await agent.is("lan", "fault");
    await site.cable(site.box(0), 1, true);
    await agent.is("lan", "master");
    await using other = await Agent.create(site.box(1).namespace, text(200));
    await other.start();
    await agent.is("lan", "backup");
    const { code, stdout, stderr } = await agent.command("why", "lan");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.split("\n")[0]).toMatch(/^lan, UTC +AGO  CHANGE +CAUSE$/);
    expect(stdout.split("\n")[1]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +\S+  init > backup +started$/);
    expect(told(stdout)).toEqual([
      "init > backup  started",
      "backup > master  no master heard",
      "master > fault  interface eth1 has no carrier",
      "fault > backup  started",
      "backup > master  no master heard",
      "master > backup  10.77.1.2 has priority 200",
    ]);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThan(80);
  });

  test("survives SIGKILL up to the last transition, and is read without an agent", async () => {
    await agent.start();
    await written("no master heard");
    await agent.kill();
    const alone = await agent.command("why", "lan");
    expect(alone.code).toBe(0);
    expect(told(alone.stdout)).toEqual(["init > backup  started", "backup > master  no master heard"]);
    expect(alone.stderr).toContain("no agent is running");
    expect(alone.stderr).toContain(`from ${history()}:`);
    await agent.start();
    await agent.is("lan", "master", "resumed");
    // On a machine that stalls here there may be more, and nothing twice.
    const resumed = "init > master  resumed after a restart";
    let lines: string[] = [];
    await until(
      () => `what was written is read: ${lines.join("; ")}`,
      10_000,
      async () => {
        lines = told((await agent.command("why", "lan")).stdout);
        return lines[1] === "backup > master  no master heard" && lines[2] === resumed;
      },
    );
    expect(lines.filter((line) => line === resumed)).toHaveLength(1);
    await agent.command("standby");
    await agent.stop();
    const { stdout } = await agent.command("why", "lan", "--json");
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ schema: 1, name: "lan" });
    expect(report.transitions.slice(-2)).toMatchObject([
      { from: "master", to: "standby", reason: "standby by the operator", boots_ago: 0, priority: 100 },
      { from: "standby", to: "init", reason: "agent stops", boots_ago: 0 },
    ]);
    expect(Math.abs(Date.parse(report.transitions.at(-1).time) - Date.now())).toBeLessThan(20_000);
  });

  test("is kept from others, and costs a line for each transition", async () => {
    await agent.start();
    await agent.is("lan", "master");
    await agent.stop();
    expect(statSync(history()).mode & 0o777).toBe(0o640);
    expect(statSync(`${agent.directory}/state`).mode & 0o777).toBe(0o750);
    const lines = (await Bun.file(history()).text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).to)).toEqual(["backup", "master", "init"]);
  });

  test("passes over the line that a crash tore", async () => {
    await agent.start();
    await written("no master heard");
    await agent.kill();
    const whole = await Bun.file(history()).text();
    await Bun.write(history(), whole.slice(0, -20));
    expect(told((await agent.command("why", "lan")).stdout)).toEqual(["init > backup  started"]);
    await agent.start();
    await written("resumed after a restart");
    await agent.kill();
    expect(told((await agent.command("why", "lan")).stdout)).toEqual([
      "init > backup  started",
      "init > master  resumed after a restart",
    ]);
  });

  test("answers from memory where state_dir takes nothing, and the agent does its work", async () => {
    await agent.start();
    await agent.stop();
    await rm(history());
    await Bun.write(`${history()}/in/the/way`, "");
    await agent.start();
    await agent.is("lan", "master");
    const said = await agent.says("agent.warning", "what=history");
    expect(said.fields["detail"]).toContain("EISDIR");
    expect(told((await agent.command("why", "lan")).stdout).at(-1)).toBe("backup > master  no master heard");
    expect(await agent.stop()).toBe(0);
  });

  test("works where state_dir cannot be made", async () => {
    await Bun.write(`${agent.directory}/state`, "a file");
    await agent.start();
    await agent.is("lan", "master");
    expect(told((await agent.command("why", "lan")).stdout)).toHaveLength(2);
    expect(await agent.stop()).toBe(0);
    expect(existsSync(history())).toBe(false);
  });

  test("of a name that nobody has leaves with 1, and with 4 where nobody can be asked", async () => {
    await agent.start();
    expect(await agent.command("why", "wan")).toEqual({
      code: 1,
      stdout: "",
      stderr: "no virtual router is called wan\n",
    });
    await agent.stop();
    const { code, stdout, stderr } = await agent.command("why", "wan");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("no agent is running");
  });
});
