/** What a router depends on besides its own interface: other interfaces and scripts, required or weighted. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Scripts } from "./scripts.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const router = (priority: number, more: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["${VIP}/24"]
${more}
`;

let site: Site;
let scripts: Scripts;

beforeEach(async () => {
  site = await Site.create(2, 2);
  scripts = await Scripts.create();
  site.atClose(() => scripts.close());
});
afterEach(() => site.close());

async function started(box: number, text: string): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}
const first = (more: string): Promise<Agent> => started(0, router(150, more));
const second = (more = ""): Promise<Agent> => started(1, router(100, more));

/** A script that fails while the file `bad` says so, and writes down each run. */
async function moody(): Promise<string> {
  await scripts.put("bad", "");
  await scripts.put("runs", "");
  return await scripts.write("moody", 'bad=$(cat $D/bad); echo "run $bad" >> $D/runs; [ -z "$bad" ]');
}
const check = (name: string, command: string, more: string): string => `
[check.${name}]
type = "script"
command = ["${command}"]
interval = "100ms"
${more}
`;

describe("a tracked interface", () => {
  test("that is required makes a fault of the router while it is down or not there", async () => {
    const agent = await first('track_interfaces = ["eth2"]');
    await agent.is("lan", "master");
    expect((await agent.router("lan")).tracks).toMatchObject([{ name: "eth2", up: true, weight: 0 }]);
    await site.cable(site.box(0), 2, false);
    await agent.is("lan", "fault", "eth2 is down");
    const { fields } = await agent.says("track.changed", "up=false");
    expect(fields).toMatchObject({ name: "eth2", router: "lan", up: "false" });
    expect(await addressesOf(site.box(0))).not.toContain(VIP);
    expect((await agent.router("lan")).tracks).toMatchObject([{ name: "eth2", up: false, weight: 0 }]);
    await site.cable(site.box(0), 2, true);
    await agent.is("lan", "master");
    await agent.says("track.changed", "up=true");
    await site.box(0).namespace.ip("link del eth2");
    await agent.is("lan", "fault", "eth2 is down");
    await site.plug(site.box(0), 2);
    await agent.is("lan", "master");
  });

  test("that has a weight moves the priority, and mastership with it", async () => {
    const agent = await first('track_interfaces = [{ name = "eth2", weight = -60 }]');
    const other = await second();
    await agent.is("lan", "master");
    await site.cable(site.box(0), 2, false);
    await other.is("lan", "master", "preempting 10.77.1.1");
    await agent.is("lan", "backup", "10.77.1.2 has priority 100");
    expect(await agent.router("lan")).toMatchObject({ priority: 150, effective_priority: 90 });
    await site.cable(site.box(0), 2, true);
    await agent.is("lan", "master");
    await other.is("lan", "backup");
    expect(await agent.router("lan")).toMatchObject({ priority: 150, effective_priority: 150 });
  });

  test("that has a positive weight adds it while it is up", async () => {
    const agent = await first(
      'track_interfaces = [{ name = "eth2", weight = 50 }, { name = "nothing", weight = 30 }]',
    );
    await agent.is("lan", "master");
    expect((await agent.router("lan")).effective_priority).toBe(200);
    await site.box(0).namespace.ip("link set eth2 down");
    await agent.says("track.changed", "name=eth2");
    expect((await agent.router("lan")).effective_priority).toBe(150);
    expect((await agent.router("lan")).tracks).toMatchObject([
      { name: "eth2", up: false, weight: 50 },
      { name: "nothing", up: false, weight: 30 },
    ]);
  });
});

describe("a link that flaps", () => {
  const eth2 = (keys: string): string => `track_interfaces = [{ name = "eth2", ${keys} }]`;
  /** Pulls the cable and puts it in again, so many times, each for so long. */
  const flap = async (times: number, span: number): Promise<void> => {
    for (let time = 0; time < times; time++) {
      await site.cable(site.box(0), 2, false);
      await sleep(span);
      await site.cable(site.box(0), 2, true);
      await sleep(span);
    }
  };

  test("is up while it is never down for down_delay, and down when it is", async () => {
    const agent = await first(eth2('weight = -60, down_delay = "2s"'));
    await agent.is("lan", "master");
    await flap(4, 100);
    expect(agent.events("track.changed")).toEqual([]);
    expect((await agent.router("lan")).effective_priority).toBe(150);
    const since = await site.cable(site.box(0), 2, false);
    const { at } = await agent.says("track.changed", "up=false");
    expect(at - since).toBeGreaterThanOrEqual(1990);
    expect((await agent.router("lan")).effective_priority).toBe(90);
    await site.cable(site.box(0), 2, true);
    await agent.says("track.changed", "up=true");
  });

  test("is down while it is never up for up_delay, and up when it is", async () => {
    const agent = await first(eth2('weight = 0, up_delay = "3s"'));
    await agent.is("lan", "master");
    await site.cable(site.box(0), 2, false);
    await agent.is("lan", "fault", "eth2 is down");
    await flap(4, 100);
    expect(agent.state("lan")?.fields["to"]).toBe("fault");
    await site.cable(site.box(0), 2, false);
    // Not more than once a second does the kernel tell that a carrier has fallen, and never if it is back by then.
    await until("it is told", 5000, async () =>
      (await site.box(0).namespace.run(["ip", "link", "show", "eth2"])).includes("state DOWN"),
    );
    const since = await site.cable(site.box(0), 2, true);
    const { at } = await agent.says("track.changed", "up=true");
    expect(at - since).toBeGreaterThanOrEqual(2990);
    await agent.is("lan", "master");
    expect(agent.events("track.changed")).toHaveLength(2);
  });

  test("counts as it is when the agent starts, and goes on counting over a reload", async () => {
    const text = eth2('weight = -60, up_delay = "1h", down_delay = "2s"');
    const agent = await first(text);
    await agent.is("lan", "master");
    expect((await agent.router("lan")).tracks[0]?.up).toBe(true);
    const since = await site.cable(site.box(0), 2, false);
    await sleep(500);
    await agent.reload(router(151, text));
    const { at } = await agent.says("track.changed", "up=false");
    expect(at - since).toBeLessThan(4500);
    // Without a delay from now on: it counts as it is.
    await site.cable(site.box(0), 2, true);
    await agent.reload(router(151, eth2("weight = -60")));
    await agent.says("track.changed", "up=true");
  });
});

describe("a tracked script", () => {
  test("of weight 0 makes a fault after `fall` failures in a row, and an end of it after `rise` successes", async () => {
    // Each run has a number, and those that fail leave with it.
    const command = await scripts.write(
      "counter",
      `n=$(($(cat $D/n 2>/dev/null || echo 0) + 1)); echo $n > $D/n; echo "$n $(date +%s%3N)" >> $D/runs
       case $n in 5|6|8|9|10|12) exit $n ;; esac`,
    );
    const agent = await first(
      `track_checks = ["counter"]\n${check("counter", command, 'rise = 2\nfall = 3\ntimeout = "5s"')}`,
    );
    await until("sixteen runs", 30_000, () => scripts.lines("runs").length >= 16);
    const changes = agent.events("track.changed");
    expect(changes.map(({ fields }) => `${fields["up"]} ${fields["detail"]}`)).toEqual([
      "true exit 0",
      "false exit 10",
      "true exit 0",
    ]);
    const began = (run: number): number => Number(scripts.lines("runs")[run - 1]?.split(" ")[1]);
    expect(changes[2]?.at).toBeGreaterThanOrEqual(began(14));
    expect(changes[2]?.at).toBeLessThan(began(16));
    const states = agent.events("vrrp.state", "lan");
    expect(states.map(({ fields }) => fields["to"])).toEqual(expect.arrayContaining(["fault", "backup"]));
    expect(states.find(({ fields }) => fields["to"] === "fault")?.fields["reason"]).toBe("counter is down");
    await agent.is("lan", "master");
  });

  test("of a weight moves the priority, and mastership with it", async () => {
    const command = await moody();
    const agent = await first(`track_checks = ["mood"]\n${check("mood", command, "fall = 2\nweight = -60")}`);
    const other = await second();
    await agent.is("lan", "master");
    await scripts.put("bad", "yes");
    await other.is("lan", "master");
    await agent.is("lan", "backup");
    expect(await agent.router("lan")).toMatchObject({ effective_priority: 90, state: "backup" });
    expect((await agent.command("status")).code).toBe(0);
    await scripts.put("bad", "");
    await agent.is("lan", "master");
    await other.is("lan", "backup");
  });

  test("that has not ended yet changes nothing", async () => {
    const slow = await scripts.write("slow", "sleep 2; exit 1");
    const agent = await first(`track_checks = ["slow"]\n${check("slow", slow, 'timeout = "5s"\nfall = 1')}`);
    await agent.is("lan", "master");
    expect((await agent.router("lan")).tracks).toMatchObject([{ name: "slow", up: null, weight: 0 }]);
    const { stdout } = await agent.command("status");
    expect(stdout).toContain("slow: not known yet, required");
    expect(stdout).not.toContain("down");
    await agent.is("lan", "fault", "slow is down");
  });

  test("is not started again before it has ended", async () => {
    const slow = await scripts.write(
      "slow",
      "echo start >> $D/slow.log; sleep 0.55; echo end >> $D/slow.log",
    );
    const agent = await first(`track_checks = ["slow"]\n${check("slow", slow, 'timeout = "5s"')}`);
    await sleep(2500);
    await agent.stop();
    const lines = scripts.lines("slow.log");
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(lines.every((line, at) => line === (at % 2 === 0 ? "start" : "end"))).toBe(true);
  });

  test("that several routers name is run once for all of them", async () => {
    const command = await moody();
    const text =
      router(150, 'track_checks = ["mood"]') +
      router(150, 'track_checks = ["mood"]')
        .replace("vrrp.lan", "vrrp.wan")
        .replace("51", "52")
        .replace(VIP, "10.77.1.60") +
      check("mood", command, "fall = 1");
    const agent = await started(0, text);
    await Promise.all([agent.is("lan", "master"), agent.is("wan", "master")]);
    await scripts.put("runs", "");
    await sleep(1000);
    // Twice as many if each router ran it.
    expect(scripts.lines("runs").length).toBeLessThan(16);
    await scripts.put("bad", "yes");
    await Promise.all([agent.is("lan", "fault"), agent.is("wan", "fault")]);
  });

  test("and a tracked interface add up, within 1 and 254", async () => {
    const command = await moody();
    const more = `track_interfaces = [{ name = "eth2", weight = -200 }]\ntrack_checks = ["mood"]`;
    const agent = await first(`${more}\n${check("mood", command, "weight = 120\nfall = 1")}`);
    await agent.is("lan", "master");
    await until(
      "the check is good",
      3000,
      async () => (await agent.router("lan")).effective_priority === 254,
    );
    await site.cable(site.box(0), 2, false);
    await until("both count", 3000, async () => (await agent.router("lan")).effective_priority === 70);
    await scripts.put("bad", "yes");
    await until("the floor", 3000, async () => (await agent.router("lan")).effective_priority === 1);
  });
});
