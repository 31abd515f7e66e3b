/** The agent on its host: who may run it and ask it, and what it says when something is refused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { HAAGENT } from "../lab/haagent.ts";
import { addressesOf } from "../lab/owner.ts";
import { sleep } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const HAAGENT_STATUS = [HAAGENT, "status", "--config"];
const ROUTER = `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["${VIP}/24"]
`;

let site: Site;
let box: Box;
let scripts: Scripts;
const agents: Agent[] = [];

beforeAll(async () => {
  site = await Site.create(1);
  box = site.box(0);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
});
afterAll(() => site.close());
beforeEach(() => expect(agents).toEqual([]));
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  await box.namespace.run(["ip", "-4", "addr", "del", `${VIP}/24`, "dev", "eth1"]).catch(() => undefined);
});

async function made(agentLines = "", text = ROUTER): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text });
  agents.push(agent);
  return agent;
}

async function master(agentLines = ""): Promise<Agent> {
  const agent = await made(agentLines);
  await agent.start();
  await agent.is("lan", "master");
  return agent;
}

/** Starts it and waits for its end. */
async function refused(
  agent: Agent,
  through: readonly string[] = [],
): Promise<{ code: number; said: string }> {
  const child = agent.launch(through);
  const code = await child.exited;
  return { code, said: child.lines.join("\n") };
}
/** In a mount namespace of its own, after `commands`. */
async function after(commands: string): Promise<string[]> {
  return ["unshare", "--mount", await scripts.write("first.sh", `${commands} && exec "$@"`)];
}
const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
/** As an ordinary user with these groups. */
const asUser = (...groups: number[]): string[] => [
  "setpriv",
  "--reuid=65534",
  "--regid=65534",
  groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`,
  "--",
];

describe("an agent", () => {
  test("is alone on its runtime_dir: a second one leaves with 5 and the pid of the first", async () => {
    const agent = await master();
    const second = await made();
    await second.write(ROUTER);
    writeFileSync(second.path, readFileSync(agent.path, "utf8"));
    const { code, said } = await refused(second);
    expect(code).toBe(5);
    expect(said).toContain(`another agent has ${agent.runtimeDir}: pid ${agent.pid}`);
    expect(await addressesOf(box)).toContain(VIP);
    expect((await agent.router("lan")).state).toBe("master");
  });

  test.each(["net_raw", "net_admin"])("without CAP_%s leaves with 5 and the cure", async (capability) => {
    const agent = await made();
    const { code, said } = await refused(agent, [
      "setpriv",
      `--bounding-set=-${capability}`,
      `--inh-caps=-${capability}`,
      "--",
    ]);
    expect(code).toBe(5);
    expect(said).toContain(
      `no CAP_${capability.toUpperCase()}: run as root, or give the file the right (setcap `,
    );
    expect(said).toContain("AmbientCapabilities=");
    expect(existsSync(agent.runtimeDir)).toBe(false);
  });

  test("runs without root, with the two capabilities", async () => {
    const agent = await made();
    // Its runtime_dir, and the way there, is the service manager's to make.
    chmodSync(agent.directory, 0o777);
    await agent.start([
      "setpriv",
      "--reuid=65534",
      "--regid=65534",
      "--clear-groups",
      "--inh-caps=+net_raw,+net_admin",
      "--ambient-caps=+net_raw,+net_admin",
      "--",
    ]);
    await agent.is("lan", "master");
    expect(await addressesOf(box)).toContain(VIP);
    // What it cannot do without more rights is a warning.
    expect((await agent.says("agent.warning", "realtime_priority")).fields["detail"]).toBe("EPERM");
    expect(await agent.stop()).toBe(0);
    expect(await addressesOf(box)).not.toContain(VIP);
  });

  test("leaves with 5 where runtime_dir cannot be made or written", async () => {
    const agent = await made();
    writeFileSync(agent.runtimeDir, "a file");
    const { code, said } = await refused(agent);
    expect(code).toBe(5);
    expect(said).toContain(agent.runtimeDir);
    const other = await made();
    mkdirSync(other.runtimeDir);
    const second = await refused(other, await after(`mount -t tmpfs -o ro none ${other.runtimeDir}`));
    expect(second.code).toBe(5);
    expect(second.said).toContain(other.runtimeDir);
    expect(second.said).toContain("EROFS");
    expect(second.said).not.toContain("bug");
  });

  test("leaves with 5 where runtime_dir is full, and not half started", async () => {
    const agent = await made();
    mkdirSync(agent.runtimeDir);
    const fill = `mount -t tmpfs -o size=4k none ${agent.runtimeDir} && echo > ${agent.runtimeDir}/ballast`;
    const { code, said } = await refused(agent, await after(fill));
    expect(code).toBe(5);
    expect(said).toContain("ENOSPC");
    expect(said).not.toContain("bug");
  });
});

describe("the control socket", () => {
  test("is for root alone", async () => {
    const agent = await master();
    expect(mode(agent.runtimeDir)).toBe("750");
    expect(mode(`${agent.runtimeDir}/control.sock`)).toBe("600");
    expect(mode(`${agent.runtimeDir}/ledger`)).toBe("600");
    chmodSync(agent.directory, 0o755);
    chmodSync(agent.path, 0o644);
    const child = box.namespace.spawn([...asUser(), ...HAAGENT_STATUS, agent.path]);
    expect(await child.exited).toBe(5);
    expect(child.lines.join("\n")).toContain("EACCES");
  });

  test("is for the members of control_group too", async () => {
    const agent = await master('control_group = "adm"');
    const socket = `${agent.runtimeDir}/control.sock`;
    expect(mode(socket)).toBe("660");
    expect(mode(agent.runtimeDir)).toBe("750");
    const adm = Number(/^adm:[^:]*:(\d+):/m.exec(readFileSync("/etc/group", "utf8"))?.[1]);
    expect(statSync(socket).gid).toBe(adm);
    chmodSync(agent.directory, 0o755);
    chmodSync(agent.path, 0o644);
    const ask = async (groups: readonly number[]): Promise<number> =>
      await box.namespace.spawn([...asUser(...groups), ...HAAGENT_STATUS, agent.path]).exited;
    expect(await ask([adm])).toBe(0);
    expect(await ask([])).toBe(5);
  });

  test("whose group does not exist is a refusal", async () => {
    const { code, said } = await refused(await made('control_group = "nobody-has-this"'));
    expect(code).toBe(5);
    expect(said).toContain('no group "nobody-has-this"');
  });

  test("answers nonsense with an error, and hangs up on who says nothing or too much", async () => {
    const agent = await master();
    const path = `${agent.runtimeDir}/control.sock`;
    const say = (text: string): Promise<string> =>
      new Promise((resolve) => {
        let heard = "";
        const socket = connect(path, () => socket.write(text));
        socket.on("data", (bytes) => (heard += bytes.toString()));
        socket.on("close", () => resolve(heard));
        socket.on("error", () => undefined);
      });
    expect(JSON.parse(await say('{"command":"dance"}\n'))).toMatchObject({ exit: 1 });
    expect(JSON.parse(await say("nonsense\n"))).toMatchObject({ exit: 1 });
    expect(JSON.parse(await say(`{"command":"status","x":"${"y".repeat(5000)}"}\n`))).toMatchObject({
      exit: 1,
    });
    const silent = Array.from({ length: 40 }, () => say(""));
    // The others are served meanwhile or turned away, and the agent goes on.
    const answers = await Promise.all([...silent, sleep(6000)]);
    expect(answers.slice(0, 40).every((heard) => heard === "")).toBe(true);
    expect((await agent.command("status")).code).toBe(0);
  });
});
