/** Addresses with an alias label, added by the alias ioctls or by rtnetlink: no wrong mask, and no wrong route, at any moment. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Agent } from "./agent.ts";
import { Monitor } from "./monitor.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const router = (addresses: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = [${addresses}]
`;
const labelled = (address: string, label = "eth1:1"): string =>
  `{ address = "${address}", label = "${label}" }`;

let site: Site;
let box: Box;
let monitor: Monitor;

beforeEach(async () => {
  site = await Site.create(1);
  box = site.box(0);
  monitor = await Monitor.start(box.namespace);
  site.atClose(() => monitor.close());
});
afterEach(() => site.close());

async function master(addresses: string, agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text: router(addresses) });
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  await monitor.flush();
  return agent;
}

/** The prefixes with which `ip monitor` ever told the address. */
const prefixes = (address: string): string[] => [
  ...new Set(
    monitor.changes.flatMap(({ text }) => new RegExp(`inet ${address}(/\\d+)`).exec(text)?.[1] ?? []),
  ),
];
/** What the first message about it said of its lifetime: the ioctl knows none, rtnetlink gives it at once. */
const firstLifetime = (address: string): string =>
  /valid_lft (\w+)/.exec(monitor.about(`inet ${address}/`)[0]?.text ?? "")?.[1] ?? "none";
/** Connected routes of eth1 that came up, without those of the table of local addresses. */
const routes = (): string[] =>
  monitor.changes
    .filter(({ deleted, text }) => !deleted && / dev eth1 /.test(text) && /^\d.*scope link/.test(text))
    .map(({ text }) => text.split(" ")[0] ?? "");
const shown = (label: string): Promise<string> => box.namespace.run(["ifconfig", label]);

/** What is left of the addresses: those of before. */
async function releases(agent: Agent): Promise<void> {
  expect(await agent.stop()).toBe(0);
  const { addr_info } = JSON.parse(await box.namespace.run(["ip", "-4", "-j", "addr", "show", "eth1"]))[0];
  expect(addr_info.map((one: { local: string }) => one.local)).toEqual(["10.77.1.1"]);
}

describe("a label", () => {
  test("with the prefix of the address class goes by ioctl, and ifconfig shows the alias", async () => {
    const agent = await master(labelled("192.168.190.23/24"));
    expect(firstLifetime("192.168.190.23")).toBe("forever");
    expect(prefixes("192.168.190.23")).toEqual(["/24"]);
    expect(routes()).toEqual(["192.168.190.0/24"]);
    const alias = await shown("eth1:1");
    expect(alias).toContain("inet 192.168.190.23  netmask 255.255.255.0  broadcast 192.168.190.255");
    // It has a lifetime now, as every address of ours.
    expect(monitor.about("inet 192.168.190.23/24").at(-1)?.text).toMatch(/valid_lft [12]sec/);
    expect((await agent.router("lan")).addresses).toMatchObject([
      { address: "192.168.190.23/24", held: true },
    ]);
    await releases(agent);
  });

  test("with another prefix goes by rtnetlink, so that no route for the whole class ever stands", async () => {
    const agent = await master(labelled("10.88.0.50/24"));
    expect(firstLifetime("10.88.0.50")).not.toBe("forever");
    expect(prefixes("10.88.0.50")).toEqual(["/24"]);
    expect(routes()).toEqual(["10.88.0.0/24"]);
    expect(await shown("eth1:1")).toContain("inet 10.88.0.50  netmask 255.255.255.0  broadcast 10.88.0.255");
    await releases(agent);
  });

  test("that somebody has keeps its address", async () => {
    await box.namespace.ip("addr add 192.168.190.9/24 dev eth1 label eth1:1");
    const agent = await master(labelled("192.168.190.23/24"));
    expect(firstLifetime("192.168.190.23")).not.toBe("forever");
    const { addr_info } = JSON.parse(await box.namespace.run(["ip", "-4", "-j", "addr", "show", "eth1"]))[0];
    expect(addr_info).toMatchObject([
      { local: "10.77.1.1", label: "eth1" },
      { local: "192.168.190.9", label: "eth1:1" },
      { local: "192.168.190.23", label: "eth1:1" },
    ]);
    expect(await agent.stop()).toBe(0);
    await monitor.flush();
    expect(
      monitor.changes.filter(({ deleted, text }) => deleted && text.includes("inet 192.168.190.9/")),
    ).toEqual([]);
  });

  test("goes by rtnetlink where address_method says so", async () => {
    const agent = await master(labelled("192.168.190.23/24"), 'address_method = "netlink"');
    expect(firstLifetime("192.168.190.23")).not.toBe("forever");
    expect(await shown("eth1:1")).toContain("inet 192.168.190.23  netmask 255.255.255.0");
    await releases(agent);
  });

  test("on each of three addresses gives three aliases, and all of them go again", async () => {
    const agent = await master(
      [
        labelled("192.168.190.23/24", "eth1:1"),
        labelled("192.168.190.24/24", "eth1:2"),
        labelled("172.16.0.1/16", "eth1:web"),
      ].join(", "),
    );
    expect(await shown("eth1:2")).toContain("192.168.190.24");
    expect(await shown("eth1:web")).toContain(
      "inet 172.16.0.1  netmask 255.255.0.0  broadcast 172.16.255.255",
    );
    expect(prefixes("192.168.190.24")).toEqual(["/24"]);
    expect(routes().sort()).toEqual(["172.16.0.0/16", "192.168.190.0/24"]);
    await releases(agent);
  });

  test("taken by ioctl comes back after somebody removed it", async () => {
    const agent = await master(labelled("192.168.190.23/24"));
    await box.namespace.ip("addr del 192.168.190.23/24 dev eth1");
    await agent.says("address.restored", "192.168.190.23");
    expect(await shown("eth1:1")).toContain("inet 192.168.190.23  netmask 255.255.255.0");
    await box.namespace.run(["ifconfig", "eth1:1", "down"]);
    await agent.says("address.restored", "192.168.190.23", 2);
    expect(await shown("eth1:1")).toContain("inet 192.168.190.23  netmask 255.255.255.0");
    await monitor.flush();
    expect(prefixes("192.168.190.23")).toEqual(["/24"]);
    await releases(agent);
  });

  test("of any form leaves nothing when the agent dies and is not started again", async () => {
    const agent = await master(labelled("192.168.190.23/24"));
    await agent.kill();
    await Bun.sleep(2500);
    expect(await box.namespace.run(["ip", "-4", "addr", "show", "eth1"])).not.toContain("192.168.190.23");
  });
});
