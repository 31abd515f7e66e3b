/** Many addresses: as many as an advert can name, more than lifetimes are good for, and all of them gone again at every end. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const ADVERT = "ip.proto == 112 || ipv6.nxt == 112";

let site: Site;
let box: Box;
let wire: Capture;

beforeEach(async () => {
  site = await Site.create(2);
  box = site.box(0);
  wire = await Capture.start(site.box(1).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

const four = (count: number): string[] => Array.from({ length: count }, (_, at) => `10.88.0.${at + 1}/24`);
const six = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `fe80::5:${(at + 1).toString(16)}/64`);

const router = (addresses: readonly string[], more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = [${addresses.map((one) => `"${one}"`).join(", ")}]
${more}
`;

async function master(text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  return agent;
}

/** How many of the virtual addresses the box has. */
const held = async (): Promise<number> =>
  (await addressesOf(box)).filter((one) => one.startsWith("10.88.") || one.startsWith("fe80::5:")).length;

/** Errors of `haagent check`. */
async function refused(text: string): Promise<string> {
  await using agent = await Agent.create(box.namespace, text);
  const { code, stderr } = await agent.command("check");
  expect(code).toBe(1);
  return stderr;
}

const lifetimes = async (): Promise<Set<number>> => {
  const [link] = JSON.parse(await box.namespace.run(["ip", "-j", "addr", "show", "eth1"]));
  const ours = link.addr_info.filter(({ local }: { local: string }) => local.startsWith("10.88."));
  return new Set(ours.map((one: { valid_life_time: number }) => one.valid_life_time));
};

describe("255 addresses", () => {
  test("are one advert, taken in one go and announced one by one before any is repeated", async () => {
    const agent = await master(router(four(255)));
    await until("all are there", 2000, async () => (await held()) === 255);
    await sleep(1000);
    const adverts = wire.adverts();
    expect(new Set(adverts.map(({ seen }) => seen.count))).toEqual(new Set([255]));
    const [seen] = await wire.tshark(
      ADVERT,
      ["ip.len", "ip.checksum.status", "vrrp.addr_count", "_ws.malformed"],
      ["-o", "ip.check_checksum:TRUE"],
    );
    expect(seen).toMatchObject({
      "ip.len": String(20 + 8 + 4 * 255),
      "ip.checksum.status": "1",
      "vrrp.addr_count": "255",
      "_ws.malformed": "",
    });
    const told = wire.frames.flatMap(({ seen: frame }) =>
      frame.kind === "arp" && frame.sender === frame.target && frame.sender.startsWith("10.88.")
        ? [frame.sender]
        : [],
    );
    expect(new Set(told.slice(0, 255)).size).toBe(255);
    expect(told.length).toBeGreaterThan(255);
    expect((await agent.router("lan")).addresses.every((one) => one.held)).toBe(true);
  });

  test("are for ever, which is said, and go before the last word lets the next master in", async () => {
    const agent = await master(router(four(255)));
    expect(await lifetimes()).toEqual(new Set([0xffff_ffff]));
    expect((await agent.says("config.warning")).fields["text"]).toContain(
      "255 addresses: without kernel lifetimes",
    );
    const monitor = box.namespace.spawn(["ip", "-ts", "-o", "monitor", "address"]);
    await sleep(100);
    const from = now();
    expect(await agent.stop()).toBe(0);
    expect(now() - from).toBeLessThan(1000);
    expect(await held()).toBe(0);
    const zero = wire.adverts(from).find(({ seen }) => seen.priority === 0);
    await until("ip monitor has told all", 2000, () => monitor.lines.length >= 255);
    const removed = monitor.lines.filter((line) => line.includes("Deleted"));
    const last = Date.parse(`${/^\[([^\]]+)\]/.exec(removed.at(-1) ?? "")?.[1]}Z`);
    expect(removed).toHaveLength(255);
    // Both clocks are this machine's; ip monitor notes when it reads.
    expect((zero?.at ?? 0) - last).toBeGreaterThan(-20);
    await monitor.end("SIGKILL");
  });

  test("go by `haagent stop`, and by `haagent release` after a SIGKILL", async () => {
    const agent = await master(router(four(255)));
    expect(await agent.command("stop")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await held()).toBe(0);
    await agent.start();
    await agent.says("vrrp.state", "to=master", 2);
    await until("all are there", 2000, async () => (await held()) === 255);
    await agent.kill();
    expect(await held()).toBe(255);
    const { code, stdout } = await agent.command("release");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(255);
    expect(await held()).toBe(0);
    expect(await addressesOf(box)).toContain("10.77.1.1");
  });

  test("left by a SIGKILL go at the next start, when it is too late to carry on", async () => {
    const agent = await master(router(four(255)));
    await agent.kill();
    await sleep(300);
    await agent.start();
    expect(agent.state("lan")?.fields["to"]).toBe("backup");
    expect(await held()).toBe(0);
    await agent.says("vrrp.state", "to=master", 2);
    expect(await held()).toBe(255);
  });

  test("are the limit: one more is an error of `haagent check`, and an excluded one is not", async () => {
    expect(await refused(router([...four(254), "10.88.1.1/24", "10.88.1.2/24"]))).toMatch(
      /^\S+:\d+:\d+: error: .*255.*excluded_addresses/m,
    );
    const more = Array.from({ length: 45 }, (_, at) => `"10.88.1.${at + 1}/24"`).join(", ");
    await master(router(four(255), `excluded_addresses = [${more}]`));
    await until("all are there", 2000, async () => (await held()) === 300);
  });
});

describe("64 addresses", () => {
  test("have lifetimes, and with one more none has", async () => {
    const agent = await master(router(four(64)));
    expect(Math.max(...(await lifetimes()))).toBeLessThanOrEqual(2);
    expect(agent.events("config.warning")).toEqual([]);
    expect(await agent.reload(router(four(65)))).toBe("changed: lan\n");
    await until("all are there", 2000, async () => (await held()) === 65);
    await agent.says("config.warning", "65 addresses: without kernel lifetimes");
    await sleep(2500);
    expect(await lifetimes()).toEqual(new Set([0xffff_ffff]));
    await agent.reload(router(four(64)));
    await sleep(300);
    expect(Math.max(...(await lifetimes()))).toBeLessThanOrEqual(2);
    expect(await agent.stop()).toBe(0);
    expect(await held()).toBe(0);
  });
});

describe("90 IPv6 addresses", () => {
  test("are as many as an Ethernet frame carries", async () => {
    const agent = await master(router(six(90)));
    await until("all are there", 2000, async () => (await held()) === 90);
    const [seen] = await wire.tshark(ADVERT, ["ipv6.plen", "vrrp.addr_count", "_ws.malformed"]);
    expect(seen).toEqual({ "ipv6.plen": String(8 + 16 * 90), "vrrp.addr_count": "90", "_ws.malformed": "" });
    await sleep(300);
    expect(wire.announcements("fe80::5:5a").length).toBeGreaterThan(0);
    expect(await agent.stop()).toBe(0);
    expect(await held()).toBe(0);
    expect(await refused(router(six(91)))).toMatch(/^\S+:\d+:\d+: error: .*90.*excluded_addresses/m);
  });
});
