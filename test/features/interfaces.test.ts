/** An interface that is missing, goes, comes back as another, is renamed, unplugged or set down under a running agent. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { addresses, Site } from "./site.ts";

const VIP = "10.77.1.50";
const VIP6 = "fe80::50";
const OWN = ["10.77.1.1", "fd77:1::1", "fe80::1"];
const ROUTERS = `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["${VIP}/24"]
[vrrp.lan6]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["${VIP6}/64"]
`;
const NAMES = ["lan", "lan6"];

let site: Site;
let box: Box;
let agent: Agent;

beforeEach(async () => {
  site = await Site.create(1);
  box = site.box(0);
  agent = await Agent.create(box.namespace, ROUTERS);
  site.atClose(() => agent.close());
});
afterEach(() => site.close());

const both = (state: string, reason = ""): Promise<unknown> =>
  Promise.all(NAMES.map((name) => agent.is(name, state, reason)));

async function master(): Promise<void> {
  await agent.start();
  await holds();
}

/** Both are master, say so in the status, and the kernel has both addresses. */
async function holds(): Promise<void> {
  await both("master");
  expect(await addressesOf(box)).toContain(VIP);
  expect(await addressesOf(box)).toContain(VIP6);
  const { code, stdout } = await agent.command("status", "--json");
  expect(code).toBe(0);
  const { health, vrrp } = JSON.parse(stdout);
  expect(health).toBe("ok");
  for (const router of vrrp) expect(router).toMatchObject({ state: "master", addresses: [{ held: true }] });
}

/** Both are in fault, for `reason` by the status, and no address of ours is anywhere. */
async function faulty(reason: string): Promise<void> {
  // The log may have another one: an interface that goes is down first.
  await both("fault");
  const reasons = (): Promise<string[]> =>
    Promise.all(NAMES.map(async (name) => (await agent.router(name)).reason));
  await until(reason, 2000, async () => (await reasons()).every((each) => each.includes(reason)));
  await until("the addresses are gone", 2000, async () => {
    const all = await addressesOf(box);
    return !all.includes(VIP) && !all.includes(VIP6);
  });
  const { code, stdout } = await agent.command("status", "--json");
  expect(code).toBe(3);
  const { health, vrrp } = JSON.parse(stdout);
  expect(health).toBe("fault");
  for (const router of vrrp) {
    expect(router).toMatchObject({ state: "fault", addresses: [{ held: false, found: false }] });
    expect(router.reason).toContain(reason);
    expect(router.since).toMatch(/^\d{4}-/);
  }
}

/** Stops it: the box is as if it had never run. */
async function leavesNothing(): Promise<void> {
  expect(await agent.stop()).toBe(0);
  expect((await addressesOf(box)).filter((one) => !["127.0.0.1", "::1"].includes(one)).sort()).toEqual(OWN);
  const setting = "/proc/sys/net/ipv4/conf/eth1/promote_secondaries";
  expect(await box.namespace.run(["cat", setting])).toBe("0\n");
  for (const file of ["control.sock", "promote_secondaries"])
    expect(existsSync(`${agent.runtimeDir}/${file}`)).toBe(false);
  expect(await box.namespace.run(["ip", "maddr", "show", "dev", "eth1"])).not.toContain("224.0.0.18");
}

describe("an interface", () => {
  test("that is missing at the start is waited for", async () => {
    await box.namespace.ip("link del eth1");
    await agent.start();
    await faulty("interface eth1 is not there");
    await site.plug(box, 1);
    await holds();
    await leavesNothing();
  });

  test("that is deleted and made again, with another index, is used again", async () => {
    const index = async (): Promise<number> =>
      JSON.parse(await box.namespace.run(["ip", "-j", "link", "show", "eth1"]))[0].ifindex;
    await master();
    const before = await index();
    await box.namespace.ip("link del eth1");
    await faulty("interface eth1 is not there");
    await box.namespace.ip("link add other type veth peer name another");
    await site.plug(box, 1);
    expect(await index()).not.toBe(before);
    await holds();
    await box.namespace.ip("link del other");
    await leavesNothing();
  });

  test("that is renamed away loses the addresses, and has them again under its old name", async () => {
    await master();
    await box.namespace.ip("link set eth1 down", "link set eth1 name wan", "link set wan up");
    await faulty("interface eth1 is not there");
    expect(await addressesOf(box)).toContain("10.77.1.1");
    await box.namespace.ip("link set wan down", "link set wan name eth1", ...addresses(1, 1));
    await holds();
    await leavesNothing();
  });

  test("that is renamed while it is up loses the addresses as well", async () => {
    await master();
    await box.namespace.ip("link set eth1 name wan");
    await faulty("interface eth1 is not there");
    await box.namespace.ip("link set wan name eth1");
    await holds();
    await leavesNothing();
  });

  test("whose name another one takes is given up for that one", async () => {
    await master();
    await box.namespace.ip("link set eth1 down", "link set eth1 name old", "addr del 10.77.1.1/24 dev old");
    await faulty("interface eth1 is not there");
    await site.wiring.ip("link set p1-1 down", "link set p1-1 name spare");
    await site.plug(box, 1);
    await holds();
    const old = JSON.parse(await box.namespace.run(["ip", "-j", "addr", "show", "dev", "old"]));
    expect(old[0].addr_info).toEqual([]);
    await box.namespace.ip("link del old");
    await leavesNothing();
  });

  test("whose cable is pulled is a fault until it is in again", async () => {
    await master();
    await site.cable(box, 1, false);
    await faulty("interface eth1 has no carrier");
    await site.cable(box, 1, true);
    await holds();
    await leavesNothing();
  });

  test("that is set down is a fault until it is up", async () => {
    await master();
    await box.namespace.ip("link set eth1 down");
    await faulty("interface eth1 is down");
    await box.namespace.ip(...addresses(1, 1));
    await holds();
    await leavesNothing();
  });

  test("whose MTU no advert fits in is a fault until it does", async () => {
    const many = Array.from({ length: 20 }, (_, at) => `"10.77.1.${100 + at}/24"`).join(", ");
    await agent.write(ROUTERS.slice(0, ROUTERS.indexOf("[vrrp.lan6]")).replace(`"${VIP}/24"`, many));
    await box.namespace.ip("link set eth1 mtu 100");
    await agent.start();
    await agent.is("lan", "fault", "an advert of 108 bytes does not fit in the MTU of eth1, which is 100");
    expect((await agent.command("status")).code).toBe(3);
    await box.namespace.ip("link set eth1 mtu 108");
    await agent.is("lan", "master");
    await box.namespace.ip("link set eth1 mtu 107");
    await agent.is("lan", "fault", "MTU");
    await until(
      "the addresses are gone",
      2000,
      async () => !(await addressesOf(box)).includes("10.77.1.119"),
    );
    expect(await agent.stop()).toBe(0);
  });

  test("that goes and comes ten times in two seconds is used in the end", async () => {
    await master();
    for (let count = 0; count < 10; count++) {
      await box.namespace.ip("link set eth1 down");
      await Bun.sleep(100);
      await box.namespace.ip(...addresses(1, 1));
      await Bun.sleep(100);
    }
    await holds();
    await leavesNothing();
  });
});
