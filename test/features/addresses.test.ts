/** What the kernel shows of virtual addresses: where they are, for how long, and whose they are. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Monitor } from "./monitor.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const router = (more: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
${more}
`;

let site: Site;
let box: Box;

beforeEach(async () => {
  site = await Site.create(2, 2);
  box = site.box(0);
});
afterEach(() => site.close());

async function started(more: string, agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text: router(more) });
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

async function master(more: string, agentLines = ""): Promise<Agent> {
  const agent = await started(more, agentLines);
  await agent.is("lan", "master");
  return agent;
}

/** What ip(8) knows of an address. */
interface Shown {
  readonly local: string;
  readonly prefixlen: number;
  readonly valid_life_time: number;
  readonly preferred_life_time: number;
  readonly deprecated?: boolean;
  readonly nodad?: boolean;
  readonly tentative?: boolean;
}
const FOREVER = 0xffff_ffff;

async function shown(address: string, link = "eth1"): Promise<Shown | undefined> {
  const [found] = JSON.parse(await box.namespace.run(["ip", "-j", "addr", "show", link]));
  return found.addr_info.find((one: Shown) => one.local === address);
}

describe("an address", () => {
  test("that is excluded is held and announced, of whatever family, and not advertised", async () => {
    const wire = await Capture.start(site.box(1).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const agent = await master(
      `addresses = ["${VIP}/24"]\nexcluded_addresses = ["10.77.1.51/24", "fd77:1::51/64"]`,
    );
    expect(await addressesOf(box)).toEqual(expect.arrayContaining([VIP, "10.77.1.51", "fd77:1::51"]));
    for (const address of [VIP, "10.77.1.51", "fd77:1::51"])
      expect(wire.announcements(address).length).toBeGreaterThan(0);
    expect(wire.adverts().every(({ seen }) => seen.count === 1)).toBe(true);
    expect((await agent.router("lan")).addresses).toHaveLength(3);
    expect(await agent.stop()).toBe(0);
    const left = await addressesOf(box);
    for (const address of [VIP, "10.77.1.51", "fd77:1::51"]) expect(left).not.toContain(address);
  });

  test("of another interface is put and announced there, and that interface is needed", async () => {
    const wire = await Capture.start(site.box(1).namespace, ["eth2"]);
    site.atClose(() => wire.close());
    const agent = await master(
      `addresses = ["${VIP}/24", { address = "10.77.2.50/24", interface = "eth2", label = "eth2:1" }]`,
    );
    expect(await shown("10.77.2.50", "eth2")).toMatchObject({ prefixlen: 24, label: "eth2:1" });
    expect(await shown("10.77.2.50")).toBeUndefined();
    expect(wire.announcements("10.77.2.50")[0]?.source).toBe("02:00:00:00:02:01");
    expect(wire.announcements(VIP)).toEqual([]);
    await site.cable(box, 2, false);
    await agent.is("lan", "fault", "interface eth2 has no carrier");
    expect(await addressesOf(box)).not.toContain(VIP);
    await site.cable(box, 2, true);
    await agent.is("lan", "master");
    expect(await shown("10.77.2.50", "eth2")).toBeDefined();
  });

  test("of IPv6 is there at once, without detection, and as /128 never preferred", async () => {
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    const agent = await master(`addresses = ["fe80::50/64", "fd77:1::50/64", "fd77:1::51/128"]`);
    expect(await shown("fd77:1::51")).toMatchObject({
      prefixlen: 128,
      preferred_life_time: 0,
      deprecated: true,
      nodad: true,
    });
    const wide = await shown("fd77:1::50");
    expect(wide).toMatchObject({ prefixlen: 64, nodad: true });
    expect(wide?.preferred_life_time).toBe(wide?.valid_life_time);
    await sleep(1200);
    // The refreshed lifetime makes it no more preferred than it was.
    expect(await shown("fd77:1::51")).toMatchObject({ preferred_life_time: 0, deprecated: true });
    await monitor.flush();
    expect(monitor.changes.filter(({ text }) => text.includes("tentative"))).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect((await addressesOf(box)).filter((one) => one.endsWith("::50") || one.endsWith("::51"))).toEqual(
      [],
    );
  });

  test("has a lifetime that only a living agent renews", async () => {
    const agent = await master(`addresses = ["${VIP}/24"]`);
    const lifetimes: number[] = [];
    for (let count = 0; count < 30; count++) {
      lifetimes.push((await shown(VIP))?.valid_life_time ?? -1);
      await sleep(100);
    }
    expect(Math.min(...lifetimes)).toBeGreaterThan(0);
    expect(Math.max(...lifetimes)).toBe(2);
    const frozen = now();
    agent.signal("SIGSTOP");
    await until("the address goes by itself", 5000, async () => (await shown(VIP)) === undefined);
    expect(now() - frozen).toBeLessThan(3500);
    agent.signal("SIGCONT");
    await agent.is("lan", "backup", "stalled");
    await agent.is("lan", "master");
    expect(await shown(VIP)).toBeDefined();
  });

  test("gets or loses its lifetime by a reload, where it stands", async () => {
    const more = `addresses = ["${VIP}/24"]`;
    const agent = await master(more);
    expect((await shown(VIP))?.valid_life_time).toBeLessThanOrEqual(2);
    await agent.reload({ agent: 'address_lifetime = "forever"', text: router(more) });
    await until("for ever", 2000, async () => (await shown(VIP))?.valid_life_time === FOREVER);
    await sleep(2500);
    expect((await shown(VIP))?.valid_life_time).toBe(FOREVER);
    await agent.reload(router(more));
    await until("a lifetime", 2000, async () => ((await shown(VIP))?.valid_life_time ?? FOREVER) <= 2);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });

  test("stands for ever where address_lifetime says so, until `haagent release`", async () => {
    const agent = await master(`addresses = ["${VIP}/24"]`, 'address_lifetime = "forever"');
    expect((await agent.command("check")).stderr).toContain("warning: addresses will outlive an agent");
    expect((await shown(VIP))?.valid_life_time).toBe(FOREVER);
    await agent.kill();
    await sleep(2500);
    expect(await shown(VIP)).toBeDefined();
    expect(await agent.command("release")).toEqual({ code: 0, stdout: `removed ${VIP}/24\n`, stderr: "" });
    expect(await shown(VIP)).toBeUndefined();
  });
});

describe("addresses of one subnet", () => {
  const secondaries = (): Promise<string> =>
    box.namespace.run(["cat", "/proc/sys/net/ipv4/conf/eth1/promote_secondaries"]);

  test("stay when the first of them is taken out of the configuration", async () => {
    const list = (...last: number[]): string =>
      `addresses = [${last.map((one) => `"10.88.0.${one}/24"`).join(", ")}]`;
    expect(await secondaries()).toBe("0\n");
    const agent = await master(list(1, 2, 3));
    expect(await secondaries()).toBe("1\n");
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    expect(await agent.reload(router(list(2, 3)))).toBe("changed: lan\n");
    await until("it is gone", 2000, async () => (await shown("10.88.0.1")) === undefined);
    await sleep(300);
    await monitor.flush();
    const deleted = monitor.about("inet 10.88.0.").filter((change) => change.deleted);
    expect(deleted.map(({ text }) => text.split(" ")[2])).toEqual(["10.88.0.1/24"]);
    expect(await addressesOf(box)).toEqual(expect.arrayContaining(["10.88.0.2", "10.88.0.3"]));
    expect(agent.events("address.lost")).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect(await secondaries()).toBe("0\n");
  });

  test("leave alone what somebody else added to it meanwhile", async () => {
    const agent = await master(`addresses = ["10.88.0.1/24"]`);
    await box.namespace.ip("addr add 10.88.0.200/24 dev eth1");
    expect(await agent.stop()).toBe(0);
    expect(await shown("10.88.0.200")).toBeDefined();
    expect(await shown("10.88.0.1")).toBeUndefined();
    expect(await secondaries()).toBe("0\n");
  });

  test("leave promote_secondaries set where it was", async () => {
    await box.namespace.run(["sysctl", "-qw", "net.ipv4.conf.eth1.promote_secondaries=1"]);
    const agent = await master(`addresses = ["10.88.0.1/24"]`);
    expect(await agent.stop()).toBe(0);
    expect(await secondaries()).toBe("1\n");
  });
});
