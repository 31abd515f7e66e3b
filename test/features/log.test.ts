/** Where the log goes, what a line of it looks like, and that nothing waits for it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const SYSLOG = new URL("syslogd.ts", import.meta.url).pathname;
const VIP = "10.77.1.50";
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
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.close();
  await box.namespace.run(["ip", "-4", "addr", "del", `${VIP}/24`, "dev", "eth1"]).catch(() => undefined);
});

async function made(agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text: ROUTER });
  agents.push(agent);
  return agent;
}

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
    expect((statSync(path).mode & 0o777).toString(8)).toBe("640");
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
      expect((await agent.router("lan")).counters.adverts_sent - sent).toBeGreaterThan(2);
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
    await agent.is("lan", "master");
    // Once, as what it is.
    expect(agent.events("agent.warning").map(({ level, fields }) => [level, fields])).toEqual([
      [
        "warning",
        {
          what: "log",
          detail: "/nowhere/haagent.log: ENOENT: no such file or directory; lines go to stderr",
        },
      ],
    ]);
  });

  test("goes to syslog with its facility and severity", async () => {
    const agent = await made('log = { target = "syslog", facility = "local3" }');
    const receiver = `${agent.directory}/syslog`;
    // A /dev/log of its own, in a mount namespace of its own.
    const listen = await scripts.write(
      "listen.sh",
      `mkdir $D/dev && mount --rbind /dev $D/dev && mount -t tmpfs none /dev
for device in null urandom; do touch /dev/$device && mount --bind $D/dev/$device /dev/$device; done
setpriv --pdeathsig KILL ${process.execPath} ${SYSLOG} /dev/log ${receiver} &
while [ ! -S /dev/log ]; do sleep 0.02; done
exec "$@"`,
    );
    agent.launch(["unshare", "--mount", listen]);
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
