/** A real server of LVS, by command and by the agent: addresses of services on lo, and not a word of them on the wire. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { HAAGENT } from "../lab/haagent.ts";
import { ran, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { interfaceOn, Site } from "./site.ts";

const VIP = "10.77.1.80";
const VIP6 = "fd77:1::80";
/** The agent looks every five seconds at what nobody tells. */
const PATIENCE = 20_000;

let site: Site;
let real: Box;
let client: Box;

beforeEach(async () => {
  site = await Site.create(2, 2);
  [real, client] = [site.box(0), site.box(1)];
  // The client asks on the wire, whatever it believes of networks.
  await client.namespace.ip(`route add ${VIP}/32 dev eth1`);
});
afterEach(() => site.close());

const setting = async (link: string, key: string): Promise<number> =>
  Number(await real.namespace.run(["cat", `/proc/sys/net/ipv4/conf/${link}/${key}`]));
const arp = async (link: string): Promise<number[]> => [
  await setting(link, "arp_ignore"),
  await setting(link, "arp_announce"),
];
const onLo = async (): Promise<string> => real.namespace.run(["ip", "-o", "addr", "show", "dev", "lo"]);

/** Whether the client gets an answer; with `led` its packets are sent here as a director sends them. */
async function answers(address: string, led: boolean): Promise<boolean> {
  const { namespace } = client;
  if (led) await namespace.ip(`neigh replace ${address} lladdr ${real.mac} dev eth1`);
  const { code } = await ran(namespace.enter(["ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", address]));
  if (led) await namespace.ip(`neigh del ${address} dev eth1`);
  return code === 0;
}

/** Has the real server speak from the service's address, and gives what the client learned about it in ARP. */
async function spokenOf(): Promise<string> {
  await real.namespace.ip("neigh flush all");
  await client.namespace.ip("neigh flush all");
  const ping = ["ping", "-n", "-c", "1", "-W", "1", "-I", VIP, client.address4];
  await ran(real.namespace.enter(ping));
  const known = await client.namespace.run(["ip", "neigh", "show", VIP]);
  return known.includes("lladdr") ? known : "";
}

async function agent(text: string): Promise<Agent> {
  const made = await Agent.create(real.namespace, text);
  site.atClose(() => made.close());
  return made;
}

const section = `[realserver]\naddresses = ["${VIP}", "${VIP6}"]\n`;

describe("haagent realserver", () => {
  let directory: string;
  const config = (): string => `${directory}/haagent.toml`;
  const command = (...words: string[]) =>
    ran(real.namespace.enter([HAAGENT, "realserver", ...words, "--config", config()]));

  beforeEach(async () => {
    directory = await mkdtemp("/tmp/haagent-features-");
    await Bun.write(config(), `[agent]\nruntime_dir = "${directory}/run"\n`);
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  test("without it, a service's address on lo is answered for and spoken of", async () => {
    await real.namespace.ip(`addr add ${VIP}/32 dev lo`);
    expect(await answers(VIP, false)).toBe(true);
    expect(await spokenOf()).toContain(real.mac);
    const { code, stdout } = await command("status", VIP);
    expect(code).toBe(3);
    expect(stdout).toContain(`${VIP}: on lo, put there by somebody else; ! eth1 answers ARP for it`);
  });

  test("start takes what is sent here and says nothing; stop puts back what was", async () => {
    await real.namespace.run(["sysctl", "-q", "-w", "net.ipv4.conf.eth2.arp_announce=1"]);
    const started = await command("start", VIP, VIP6);
    expect(started).toMatchObject({ code: 0, stdout: `${VIP}: on lo\n${VIP6}: on lo\n` });
    expect(await onLo()).toContain(`${VIP}/32`);
    expect(await onLo()).toContain(`${VIP6}/128`);
    expect([await arp("eth1"), await arp("eth2"), await arp("all")]).toEqual([
      [1, 2],
      [1, 2],
      [0, 0],
    ]);
    expect([await answers(VIP, false), await answers(VIP6, false)]).toEqual([false, false]);
    expect([await answers(VIP, true), await answers(VIP6, true)]).toEqual([true, true]);
    expect(await spokenOf()).toBe("");
    expect(await command("status")).toMatchObject({ code: 0, stdout: `${VIP}: on lo\n${VIP6}: on lo\n` });
    // One of them goes, and the silence stays for the other.
    expect(await command("start", "10.77.1.81")).toMatchObject({ code: 0 });
    expect(await command("stop", "10.77.1.81")).toMatchObject({ code: 0 });
    expect(await arp("eth1")).toEqual([1, 2]);
    expect(await command("stop")).toMatchObject({ code: 0, stdout: `${VIP}: stopped\n${VIP6}: stopped\n` });
    expect(await onLo()).not.toContain("80");
    expect([await arp("eth1"), await arp("eth2")]).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(await command("status", VIP, "--json")).toMatchObject({
      code: 3,
      stdout: `{"schema":1,"addresses":[{"address":"${VIP}","held":false,"found":false,"failure":"eth1 answers ARP for it: net.ipv4.conf.eth1.arp_ignore and that of all give 0"}]}\n`,
    });
  });

  test("leaves alone what was on lo before", async () => {
    await real.namespace.ip(`addr add ${VIP}/32 dev lo`);
    expect((await command("start", VIP)).stdout).toContain("put there by somebody else");
    expect(await answers(VIP, false)).toBe(false);
    expect(await command("stop", VIP)).toMatchObject({ code: 0 });
    expect(await onLo()).toContain(VIP);
  });

  test("refuses what another interface answers for, and what no interface could have", async () => {
    await real.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const { code, stdout } = await command("start", VIP);
    expect([code, stdout]).toEqual([
      5,
      `${VIP}: not carried; ! eth1 has it: that interface answers ARP for it\n`,
    ]);
    expect(await onLo()).not.toContain(VIP);
    expect((await command("start", "10.77.1")).code).toBe(2);
    expect((await command("start")).code).toBe(1);
    expect((await command("begin", VIP)).code).toBe(2);
  });
});

describe("an agent with [realserver]", () => {
  test("carries the addresses in silence and ends it with itself", async () => {
    const one = await agent(section);
    await one.start();
    await until("the answer", PATIENCE, async () => (await one.status()).health === "ok");
    expect([await answers(VIP, false), await answers(VIP, true), await answers(VIP6, true)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(await one.stop()).toBe(0);
    expect(await onLo()).not.toContain("80");
    expect(await arp("eth1")).toEqual([0, 0]);
  });

  test("has it back when an address goes, a setting is changed or an interface comes", async () => {
    const one = await agent(section);
    await one.start();
    await until("the address", PATIENCE, async () => (await onLo()).includes(VIP));
    await real.namespace.ip(`addr del ${VIP}/32 dev lo`);
    await until("it again", PATIENCE, async () => (await onLo()).includes(VIP));
    await real.namespace.run(["sysctl", "-q", "-w", "net.ipv4.conf.eth1.arp_ignore=0"]);
    await until("the silence again", PATIENCE, async () => (await setting("eth1", "arp_ignore")) === 1);
    await real.namespace.ip("link del eth2");
    await site.plug(real, 2);
    const silent = async (): Promise<boolean> => (await setting(interfaceOn(2), "arp_announce")) === 2;
    await until("the silence of the new one", PATIENCE, silent);
    expect(one.lines.join("\n")).toContain(`realserver.state address=${VIP} state=up`);
  });

  test("says what is in the way, goes on with the rest, and takes it when the way is free", async () => {
    await real.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const one = await agent(section);
    await one.start();
    await until("the fault", PATIENCE, async () => (await one.status()).health === "degraded");
    expect(await onLo()).toContain(VIP6);
    expect(one.lines.join("\n")).toContain('reason="eth1 has it: that interface answers ARP for it"');
    await real.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await until("health", PATIENCE, async () => (await one.status()).health === "ok");
    expect(await onLo()).toContain(VIP);
  });

  test("follows a reload, and what a killed one left goes with the next, or with a release", async () => {
    const one = await agent(section);
    await one.start();
    await until("the address", PATIENCE, async () => (await onLo()).includes(VIP));
    await one.write(`[realserver]\naddresses = ["10.77.1.90"]\n`);
    one.signal("SIGHUP");
    await until("the other", PATIENCE, async () => (await onLo()).includes("10.77.1.90"));
    expect(await onLo()).not.toContain(VIP);
    await one.kill();
    expect(await onLo()).toContain("10.77.1.90");
    const released = await ran(real.namespace.enter([HAAGENT, "release", "--config", one.path]));
    expect(released).toMatchObject({ code: 0, stdout: "removed 10.77.1.90 on lo\n" });
    expect([await onLo(), await arp("eth1")]).toEqual([expect.not.stringContaining("10.77.1.90"), [0, 0]]);
    await one.start();
    await until("the other again", PATIENCE, async () => (await onLo()).includes("10.77.1.90"));
    await one.kill();
    await one.write(`[vrrp.lan]\ninterface = "eth1"\nvrid = 5\naddresses = ["10.77.1.99/24"]\n`);
    await one.start();
    await until("its end", PATIENCE, async () => !(await onLo()).includes("10.77.1.90"));
    expect(await arp("eth1")).toEqual([0, 0]);
  });
});
