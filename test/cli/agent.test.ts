/** The agent as a service manager and an operator handle it: one box, one router, the compiled file. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import type { Subprocess } from "bun";
import { statSync, writeFileSync } from "node:fs";
import { Haagent } from "../lab/haagent.ts";
import { ROUTER } from "../lab/daemon.ts";
import { Lab } from "../lab/lab.ts";
import { Namespace } from "../lab/namespace.ts";
import { until } from "../lab/process.ts";
import type { Ran } from "./binary.ts";
import { BINARY } from "./binary.ts";
import { scratch } from "./scratch.ts";

const START_MS = 10_000;
const { file, place } = scratch();
let box: Namespace;

beforeAll(async () => {
  box = await Namespace.create();
  await box.ip(
    "link set lo up",
    "link add eth1 type veth peer name other",
    "addr add 192.0.2.10/24 dev eth1",
    "link set eth1 up",
    "link set other up",
  );
});
const spawned: Subprocess[] = [];
// What a failed test leaves behind must not disturb the next one.
afterEach(() => {
  for (const child of spawned.splice(0)) child.kill("SIGKILL");
});
afterAll(() => box.close());

/** A configuration with a runtime_dir of its own. */
function config(name: string, router = "priority = 150\n"): string {
  const agent = `[agent]\nruntime_dir = "${place(name)}"\nstate_dir = "${place(`${name}-state`)}"\nnode = "ha1"\n`;
  const lan = `[vrrp.lan]\ninterface = "eth1"\nvrid = 51\naddresses = ["192.0.2.1/24"]\nadvert_interval = "50ms"\n`;
  return file(`${name}.toml`, `${agent}${lan}${router}`);
}

async function finish(child: Subprocess<"ignore", "pipe", "pipe">): Promise<Ran> {
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { exit: await child.exited, stdout, stderr };
}

/** In the box, with an empty environment; `through` is put in front. */
function spawn(
  argv: readonly string[],
  through: readonly string[] = [],
): Subprocess<"ignore", "pipe", "pipe"> {
  const inside = box.enter([...through, BINARY, ...argv]);
  const child = Bun.spawn(["setpriv", "--pdeathsig", "KILL", "--", ...inside], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { PATH: process.env["PATH"] ?? "" },
  });
  spawned.push(child);
  return child;
}
const run = (...argv: string[]): Promise<Ran> => finish(spawn(argv));

/** An agent that is master. */
async function master(path: string): Promise<Subprocess<"ignore", "pipe", "pipe">> {
  const agent = spawn(["--config", path]);
  await until("the agent is master", START_MS, async () => {
    const { stdout } = await run("status", "--json", "--config", path);
    return stdout.includes('"state":"master"');
  });
  return agent;
}

const addresses = async (): Promise<string> => await box.run(["ip", "-o", "addr", "show", "dev", "eth1"]);

describe("an agent", () => {
  test("takes its address, tells its status, and gives the address back on SIGTERM", async () => {
    const path = config("sigterm");
    const agent = await master(path);
    expect(await addresses()).toContain("192.0.2.1/24");
    const { exit, stdout } = await run("status", "lan", "--config", path);
    expect(exit).toBe(0);
    expect(stdout).toStartWith("ha1: ok ");
    expect(stdout).toContain("lan: MASTER for ");
    expect(stdout).toContain("192.0.2.1/24 on eth1: held\n");
    agent.kill("SIGTERM");
    const ended = await finish(agent);
    expect(ended.exit).toBe(0);
    expect(ended.stdout).toBe("");
    expect(ended.stderr).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info \S+/);
    expect(await addresses()).not.toContain("192.0.2.1/24");
    expect((await run("status", "--config", path)).exit).toBe(4);
  });

  test("keeps its files to itself", async () => {
    const path = config("modes");
    const agent = await master(path);
    const mode = (name: string): string => (statSync(place(name)).mode & 0o777).toString(8);
    expect(mode("modes")).toBe("750");
    expect(mode("modes-state")).toBe("750");
    expect(mode("modes/control.sock")).toBe("600");
    expect(mode("modes/ledger")).toBe("600");
    agent.kill("SIGTERM");
    await agent.exited;
  });

  test("ends by `haagent stop`, which comes back when it is gone", async () => {
    const path = config("stop");
    const agent = await master(path);
    expect(await run("stop", "--config", path)).toEqual({ exit: 0, stdout: "", stderr: "" });
    expect(await addresses()).not.toContain("192.0.2.1/24");
    expect(await agent.exited).toBe(0);
  });

  test("takes a new configuration, and refuses a wrong one with nothing changed", async () => {
    const path = config("reload");
    const agent = await master(path);
    expect(await run("reload", "--config", path)).toEqual({
      exit: 0,
      stdout: "nothing changed\n",
      stderr: "",
    });
    config("reload", "priority = 160\n");
    expect(await run("reload", "--config", path)).toEqual({ exit: 0, stdout: "changed: lan\n", stderr: "" });
    config("reload", "priorty = 170\n");
    const refused = await run("reload", "--config", path);
    expect(refused.exit).toBe(1);
    expect(refused.stderr).toContain(`${path}:10:1: error: `);
    const { vrrp, config: loaded } = JSON.parse((await run("status", "--json", "--config", path)).stdout);
    expect(vrrp[0]).toMatchObject({ state: "master", priority: 160 });
    expect(loaded.last_error).toContain(":10:1: error: ");
    // What the file says can no longer be read at all, and yet the socket is named by hand.
    writeFileSync(path, "[agent");
    expect((await run("status", "--config", path)).exit).toBe(1);
    expect((await run("status", "--socket", place("reload/control.sock"))).exit).toBe(0);
    agent.kill("SIGTERM");
    await agent.exited;
  });

  test("is alone on its runtime_dir: a second one leaves with 5 and names the first", async () => {
    const path = config("alone");
    const agent = await master(path);
    for (const command of ["run", "release"]) {
      const { exit, stderr } = await run(command, "--config", path);
      expect(stderr).toContain(`pid ${agent.pid}`);
      expect(exit).toBe(5);
    }
    expect(await addresses()).toContain("192.0.2.1/24");
    agent.kill("SIGTERM");
    await agent.exited;
  });

  test("that was killed leaves what `haagent release` removes", async () => {
    const path = config("release");
    // For ever, so that it is not the lifetime that removes the address.
    writeFileSync(
      path,
      `[agent]\naddress_lifetime = "forever"${(await Bun.file(path).text()).slice("[agent]".length)}`,
    );
    const agent = await master(path);
    agent.kill("SIGKILL");
    await agent.exited;
    expect(await addresses()).toContain("192.0.2.1/24");
    // systemd calls it after each end of the service, and a start follows a crash.
    for (const result of ["signal", "core-dump", "oom-kill", "watchdog"]) {
      const ran = await run("release", "--config", path, "--after", result);
      expect(ran).toEqual({ exit: 0, stdout: "", stderr: "" });
    }
    expect(await addresses()).toContain("192.0.2.1/24");
    const { exit, stdout } = await run("release", "--config", path, "--after", "timeout");
    expect(stdout).toBe("removed 192.0.2.1/24\n");
    expect(exit).toBe(0);
    expect(await addresses()).not.toContain("192.0.2.1/24");
    expect(await addresses()).toContain("192.0.2.10/24");
    expect(await run("release", "--config", path)).toEqual({ exit: 0, stdout: "", stderr: "" });
  });

  test("without the right to raw sockets says the cure and leaves with 5", async () => {
    for (const capability of ["net_raw", "net_admin"]) {
      const through = ["setpriv", `--bounding-set=-${capability}`, `--inh-caps=-${capability}`];
      const { exit, stderr } = await finish(spawn(["--config", config(`without-${capability}`)], through));
      expect(stderr).toContain(`CAP_${capability.toUpperCase()}`);
      expect(stderr).toContain("root");
      expect(exit).toBe(5);
    }
  });

  test("does not start on a wrong configuration", async () => {
    const path = config("wrong", "priorty = 1\n");
    const { exit, stderr } = await run("--config", path);
    expect(stderr).toContain(`${path}:10:1: error: `);
    expect(exit).toBe(1);
  });
});

describe("a raw socket in Bun's event loop", () => {
  test("wakes the compiled agent for every advert of another", async () => {
    await using lab = await Lab.create(2);
    const router = { ...ROUTER, interval: 200 };
    const [low, high] = await Promise.all([
      Haagent.create(lab.node(0), { ...router, priority: 100 }),
      Haagent.create(lab.node(1), { ...router, priority: 200 }),
    ]);
    lab.atClose(() => low.close());
    lab.atClose(() => high.close());
    await high.start();
    await state(high, "master");
    await low.start();
    const enough = 15;
    await until(`${enough} adverts are heard`, START_MS, async () => {
      return (await low.router()).counters.adverts_received >= enough;
    });
    const [heard, sent] = [(await low.router()).counters, (await high.router()).counters];
    expect(Object.values(heard.rejected).every((count) => count === 0)).toBe(true);
    expect(heard.adverts_received).toBeLessThanOrEqual(sent.adverts_sent);
  });
});

async function state(agent: Haagent, wanted: string): Promise<void> {
  await until(`the agent is ${wanted}`, START_MS, async () => (await agent.router()).state === wanted);
}
