/** The agent on its host: who may run it and ask it, where its log goes, and what it says when something is refused. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { HAAGENT } from "../lab/haagent.ts";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const HAAGENT_STATUS = [HAAGENT, "status", "--config"];
const SYSLOG = new URL("syslogd.ts", import.meta.url).pathname;
const ROUTER = `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "50ms"
addresses = ["${VIP}/24"]
`;

let site: Site;
let box: Box;
const agents: Agent[] = [];

beforeAll(async () => {
  site = await Site.create(1);
  box = site.box(0);
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
    const readOnly = ["unshare", "--mount", "sh", "-c"];
    mkdirSync(other.runtimeDir);
    const mount = `mount -t tmpfs -o ro none ${other.runtimeDir} && exec "$@"`;
    const second = await refused(other, [...readOnly, mount, "--"]);
    expect(second.code).toBe(5);
    expect(second.said).toContain(other.runtimeDir);
    expect(second.said).toContain("EROFS");
    expect(second.said).not.toContain("bug");
  });

  test("leaves with 5 where runtime_dir is full, and not half started", async () => {
    const agent = await made();
    mkdirSync(agent.runtimeDir);
    const fill = `mount -t tmpfs -o size=4k none ${agent.runtimeDir} && { dd if=/dev/zero of=${agent.runtimeDir}/x bs=4k count=9 2>/dev/null; exec "$@"; }`;
    const { code, said } = await refused(agent, ["unshare", "--mount", "sh", "-c", fill, "--"]);
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

describe("the log", () => {
  test("goes to a file, in one line an event, and to a new one after a rotation and SIGHUP", async () => {
    const agent = await made();
    const path = `${agent.directory}/haagent.log`;
    await agent.write({ agent: `log = { target = "${path}" }`, text: ROUTER });
    agent.launch();
    await until(
      "it is master",
      5000,
      () => existsSync(path) && readFileSync(path, "utf8").includes("to=master"),
    );
    expect(mode(path)).toBe("640");
    for (const line of readFileSync(path, "utf8").trim().split("\n"))
      expect(line).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info|warning) [a-z.]+( \w+=("([^"\\]|\\.)*"|[^ "]+))*$/,
      );
    renameSync(path, `${path}.1`);
    agent.signal("SIGHUP");
    await until(
      "the new file",
      3000,
      () => existsSync(path) && readFileSync(path, "utf8").includes("config.loaded"),
    );
    // A wrong file is refused, and the log goes on in the new file all the same.
    renameSync(path, `${path}.2`);
    writeFileSync(agent.path, "[agent");
    agent.signal("SIGHUP");
    await until(
      "a new file again",
      3000,
      () => existsSync(path) && readFileSync(path, "utf8").includes("config.rejected"),
    );
    expect(await agent.stop()).toBe(0);
    expect(readFileSync(path, "utf8")).toContain("agent.stopped");
    expect(agent.lines).toEqual([]);
  });

  test("that fills its disk holds up nothing, and says what was lost once there is room", async () => {
    const agent = await made();
    const disk = `${agent.directory}/disk`;
    mkdirSync(disk);
    await box.namespace.run(["mount", "-t", "tmpfs", "-o", "size=16k", "none", disk]);
    try {
      const path = `${disk}/log`;
      await agent.write({ agent: `log = { target = "${path}" }`, text: ROUTER });
      writeFileSync(`${disk}/ballast`, "x".repeat(12 * 1024));
      writeFileSync(path, "x".repeat(4096));
      agent.launch();
      await until("it is master all the same", 5000, async () => (await addressesOf(box)).includes(VIP));
      const sent = (await agent.router("lan")).counters.adverts_sent;
      await sleep(500);
      expect((await agent.router("lan")).counters.adverts_sent - sent).toBeGreaterThan(5);
      writeFileSync(`${disk}/ballast`, "");
      await agent.command("reload");
      await until("what was lost is said", 3000, () => /dropped=\d+/.test(readFileSync(path, "utf8")));
      expect(await agent.stop()).toBe(0);
    } finally {
      await box.namespace.run(["umount", "-l", disk]);
    }
  });

  test("goes to stderr when its file cannot be opened, which is said", async () => {
    const agent = await made('log = { target = "/nowhere/haagent.log" }');
    await agent.start();
    const { fields } = await agent.says("agent.warning", "what=log");
    expect(fields["detail"]).toContain("ENOENT");
    await agent.is("lan", "master");
  });

  test("goes to syslog with its facility and severity", async () => {
    const agent = await made('log = { target = "syslog", facility = "local3" }');
    const receiver = `${agent.directory}/syslog`;
    // A /dev/log of its own, in a mount namespace of its own.
    const listen = `mount -t tmpfs none /dev && mknod /dev/null c 1 3 && chmod 666 /dev/null && mknod /dev/urandom c 1 9 &&
      { tests=1; ${process.execPath} ${SYSLOG} /dev/log ${receiver} & } && while [ ! -S /dev/log ]; do sleep 0.02; done && exec "$@"`;
    agent.launch(["unshare", "--mount", "sh", "-c", listen, "--"]);
    const heard = (): string => (existsSync(receiver) ? readFileSync(receiver, "utf8") : "");
    await until(
      () => `syslog hears; it heard ${heard()}`,
      8000,
      () => heard().includes("to=master"),
    );
    // local3 is 19: 19 * 8 + 6 for info.
    expect(heard()).toMatch(/^<158>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d haagent\[\d+\]: info agent\.ready /m);
    expect(agent.lines.filter((line) => line.includes("vrrp.state"))).toEqual([]);
  });

  test("is as detailed as its level", async () => {
    const agent = await made('log = { level = "warning" }');
    agent.launch();
    await until("it is master", 5000, async () => (await addressesOf(box)).includes(VIP));
    expect(agent.said.filter(({ level }) => level === "info")).toEqual([]);
    await agent.write({ agent: 'log = { level = "debug" }', text: ROUTER });
    agent.signal("SIGHUP");
    await agent.says("config.loaded");
  });
});
