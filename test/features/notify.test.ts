/** Notify commands: with which arguments and environment they are run, in which order, and what a slow or failing one does. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { lives, Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

let site: Site;
let scripts: Scripts;

beforeEach(async () => {
  site = await Site.create(1);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
});
afterEach(() => site.close());

const router = (notify: string, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = 150
advert_interval = "100ms"
addresses = ["10.77.1.50/24", "10.77.1.51/24"]
excluded_addresses = ["fd77:1::50/64"]
notify = { ${notify} }
${more}
`;

async function started(text: string, agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(site.box(0).namespace, { agent: agentLines, text });
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** A script that writes its arguments as one line of `calls`; `first` is done before. */
const teller = (name = "tell.sh", first = ""): Promise<string> =>
  scripts.write(name, `${first}\necho "$*" >> $D/calls`);
const calls = (count: number): Promise<number> =>
  until(
    () => `${count} calls; there were: ${scripts.lines("calls").join(" | ")}`,
    8000,
    () => scripts.lines("calls").length >= count,
  );

async function cable(plugged: boolean): Promise<void> {
  await site.cable(site.box(0), 1, plugged);
}

describe("notify", () => {
  test("runs the commands of the state as they are written, then those of `any` with four arguments", async () => {
    const tell = await teller();
    const lists = ["master", "backup", "fault", "stop"]
      .map((state) => `${state} = [["${tell}", "1", "${state}"], ["${tell}", "2", "${state}", "a b;$HOME"]]`)
      .join(", ");
    const agent = await started(router(`${lists}, any = [["${tell}", "any"], ["${tell}"]]`));
    await agent.is("lan", "master");
    await calls(8);
    await cable(false);
    await calls(12);
    await cable(true);
    await calls(20);
    expect(await agent.stop()).toBe(0);
    await calls(24);
    const entering = (state: string): string[] => {
      const four = `INSTANCE lan ${state.toUpperCase()} 150`;
      return [`1 ${state}`, `2 ${state} a b;$HOME`, `any ${four}`, four];
    };
    expect(scripts.lines("calls")).toEqual(
      ["backup", "master", "fault", "backup", "master", "stop"].flatMap(entering),
    );
  });

  test("gives PATH and seven variables, and nothing that is secret", async () => {
    const script = await scripts.write(
      "environment.sh",
      `tr '\\0' '\\n' < /proc/$$/environ | sort > $D/$1.new; mv $D/$1.new $D/$1`,
    );
    const agent = await started(
      router(
        `backup = ["${script}", "BACKUP"], master = ["${script}", "MASTER"], stop = ["${script}", "STOP"]`,
        'auth = { type = "pass", key = "s3cret" }\nversion = 2',
      ).replace('"100ms"', '"1s"'),
    );
    await agent.is("lan", "master");
    const status = await agent.command("status", "--json");
    await agent.stop();
    await until("STOP was told", 3000, () => scripts.lines("STOP").length > 0);
    const expected = (state: string, previous: string, reason: string): string[] => [
      "HAAGENT_ADDRESSES=10.77.1.50/24 10.77.1.51/24 fd77:1::50/64",
      "HAAGENT_INTERFACE=eth1",
      "HAAGENT_NAME=lan",
      `HAAGENT_PREVIOUS=${previous}`,
      "HAAGENT_PRIORITY=150",
      `HAAGENT_REASON=${reason}`,
      `HAAGENT_STATE=${state}`,
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ];
    expect(scripts.lines("BACKUP")).toEqual(expected("BACKUP", "INIT", "started"));
    expect(scripts.lines("MASTER")).toEqual(expected("MASTER", "BACKUP", "no master heard"));
    expect(scripts.lines("STOP")).toEqual(expected("STOP", "MASTER", "agent stops"));
    // Nor is it said anywhere else.
    expect(agent.lines.join()).not.toContain("s3cret");
    expect(status.stdout).not.toContain("s3cret");
  });

  test("tells the priority that counts, and why", async () => {
    const tell = await teller(
      "tell.sh",
      'echo "$HAAGENT_PRIORITY $HAAGENT_PREVIOUS $HAAGENT_REASON" >> $D/why',
    );
    const agent = await started(
      router(`any = ["${tell}"]`, 'track_interfaces = [{ name = "nothing", weight = -50 }]'),
    );
    await agent.is("lan", "master");
    await calls(2);
    await site.box(0).namespace.ip("link set eth1 down");
    await calls(3);
    expect(scripts.lines("calls")).toEqual([
      "INSTANCE lan BACKUP 100",
      "INSTANCE lan MASTER 100",
      "INSTANCE lan FAULT 100",
    ]);
    expect(scripts.lines("why")).toEqual([
      "100 INIT started",
      "100 BACKUP no master heard",
      "100 MASTER interface eth1 is down",
    ]);
  });

  test("runs as the script user", async () => {
    const tell = await scripts.write("who.sh", 'echo "$(id -un) $(id -Gn)" >> $D/calls');
    await started(router(`any = ["${tell}"]`), 'script_user = "daemon"');
    await calls(1);
    expect(scripts.lines("calls")[0]).toBe("daemon daemon");
  });

  test("runs one after the other, drops the middle of many, and the last always arrives", async () => {
    const slow = await teller("slow.sh", 'echo "begin $*" >> $D/order; sleep 0.8; echo "end $*" >> $D/order');
    const agent = await started(router(`any = ["${slow}"]`));
    await agent.is("lan", "master");
    // Four changes more while the first command runs: FAULT, BACKUP, FAULT, BACKUP; then MASTER.
    for (const plugged of [false, true, false, true]) {
      await cable(plugged);
      await agent.is("lan", plugged ? "backup" : "fault");
    }
    await agent.is("lan", "master");
    await sleep(3500);
    const order = scripts.lines("order");
    const told = order.filter((line) => line.startsWith("end ")).map((line) => line.split(" ")[3]);
    expect(told[0]).toBe("BACKUP");
    expect(told.at(-1)).toBe("MASTER");
    expect(told.length).toBeLessThan(7);
    // Never two at once.
    expect(order.every((line, at) => line.startsWith(at % 2 === 0 ? "begin" : "end"))).toBe(true);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(7);
  });

  test("of one router does not wait for another's", async () => {
    const hangs = await scripts.write("hangs.sh", "echo $$ >> $D/pids; exec sleep 600");
    const tell = await teller();
    const wan = router(`any = ["${tell}"]`).replace("vrrp.lan", "vrrp.wan").replace("vrid = 51", "vrid = 52");
    const agent = await started(
      router(`any = ["${hangs}"]`) +
        wan.replaceAll(".50/", ".60/").replace(".51/", ".61/").replace("::50/", "::60/"),
    );
    await Promise.all([agent.is("lan", "master"), agent.is("wan", "master")]);
    await calls(2);
    expect(scripts.lines("calls")).toEqual(["INSTANCE wan BACKUP 150", "INSTANCE wan MASTER 150"]);
  });
});

describe("a notify command", () => {
  test("that fails, or is not there, is notify.failed, and the next ones run all the same", async () => {
    const bad = await scripts.write("bad.sh", "exit 3");
    const tell = await teller();
    const agent = await started(
      router(`master = [["${bad}", "now"], ["/nowhere/up.sh"], ["${scripts.directory}"]], any = ["${tell}"]`),
    );
    await calls(2);
    await until("all three are said", 3000, () => agent.events("notify.failed").length === 3);
    const failed = agent.events("notify.failed", "lan");
    expect(failed.map(({ level }) => level)).toEqual(["warning", "warning", "warning"]);
    expect(failed[0]?.fields).toEqual({ name: "lan", command: `${bad} now`, detail: "exit 3" });
    expect(failed[1]?.fields["command"]).toBe("/nowhere/up.sh");
    expect(failed[1]?.fields["detail"]).toContain("ENOENT");
    expect(failed[2]?.fields["command"]).toBe(scripts.directory);
    expect(failed[2]?.fields["detail"]).toContain("EACCES");
    expect(agent.state("lan")?.fields["to"]).toBe("master");
  });

  test("that hangs holds up neither adverts nor the exit, and STOP is told all the same", async () => {
    const hangs = await scripts.write("hangs.sh", "echo $$ >> $D/pids; exec sleep 600");
    const tell = await teller();
    const agent = await started(router(`master = ["${hangs}"], stop = ["${tell}", "stopped"]`));
    await until("it hangs", 3000, () => scripts.lines("pids").length === 1);
    const before = (await agent.router("lan")).counters.adverts_sent;
    await sleep(1000);
    expect((await agent.router("lan")).counters.adverts_sent - before).toBeGreaterThan(5);
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect(now() - from).toBeLessThan(1000);
    await calls(1);
    expect(scripts.lines("calls")).toEqual(["stopped"]);
    const [pid = 0] = scripts.lines("pids").map(Number);
    expect(lives(pid)).toBe(true);
  });

  test("of a stop may take its time after the agent has gone", async () => {
    const slow = await teller("slow.sh", "sleep 2");
    const agent = await started(router(`stop = ["${slow}", "stopped"]`));
    await agent.is("lan", "master");
    const { code } = await agent.command("stop");
    expect(code).toBe(0);
    expect(await agent.exited()).toBe(0);
    expect(scripts.lines("calls")).toEqual([]);
    await calls(1);
  });

  test("of a stop is run for a router that a reload takes out or starts anew", async () => {
    const tell = await teller();
    const agent = await started(router(`any = ["${tell}"]`));
    await agent.is("lan", "master");
    await calls(2);
    await agent.reload(router(`any = ["${tell}"]`).replace("vrid = 51", "vrid = 52"));
    await calls(5);
    const other = router(`any = ["${tell}"]`)
      .replace("vrrp.lan", "vrrp.wan")
      .replace("vrid = 51", "vrid = 53");
    await agent.reload(other);
    await calls(8);
    const states = scripts.lines("calls").map((line) => line.split(" ").slice(1, 3).join(" "));
    expect(states.filter((line) => line.startsWith("lan"))).toEqual(
      ["BACKUP", "MASTER", "STOP", "BACKUP", "MASTER", "STOP"].map((state) => `lan ${state}`),
    );
  });

  test("of a stop is run from every state, and once", async () => {
    const tell = await teller();
    await site.box(0).namespace.ip("link set eth1 down");
    const agent = await started(router(`any = ["${tell}"]`));
    await agent.is("lan", "fault");
    await calls(1);
    await agent.stop();
    await calls(2);
    await sleep(300);
    expect(scripts.lines("calls")).toEqual(["INSTANCE lan FAULT 150", "INSTANCE lan STOP 150"]);
  });
});
