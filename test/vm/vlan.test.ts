/** Routers on the device of a VLAN, with and without a virtual MAC address. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { devicesOf } from "../features/virtual-mac.ts";
import { addressesOf } from "../lab/owner.ts";
import { ran, until } from "../lab/process.ts";

const VLAN = "eth1.7";
const VIP = "10.70.0.50";
const UNTAGGED_VIP = "10.77.1.50";
const MAC = "00:00:5e:00:01:33";

const router = (name: string, link: string, vip: string, priority: number, more = ""): string => `
[vrrp.${name}]
interface = "${link}"
vrid = 51
priority = ${priority}
advert_interval = "500ms"
addresses = ["${vip}/24"]
${more}
`;

let site: Site;
const agents: Agent[] = [];

beforeAll(async () => {
  site = await Site.create(3);
  await Promise.all(
    site.boxes.map(({ namespace, number }) =>
      namespace.ip(
        `link add link eth1 name ${VLAN} type vlan id 7`,
        `addr add 10.70.0.${number}/24 dev ${VLAN}`,
        `link set ${VLAN} up`,
      ),
    ),
  );
});
afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.close()));
});
afterAll(() => site.close());

async function started(box: number, text: string): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, text);
  agents.push(agent);
  await agent.start();
  return agent;
}

/** The third box asks for an address; gives the MAC address that answered. */
async function neighbour(address: string): Promise<string | undefined> {
  const { namespace } = site.box(2);
  await until(
    `${address} answers`,
    10_000,
    async () => (await ran(namespace.enter(["ping", "-c1", "-W1", address]))).code === 0,
  );
  return /lladdr (\S+)/.exec(await namespace.run(["ip", "neigh", "show", address]))?.[1];
}

const holders = async (address: string): Promise<number[]> => {
  const lists = await Promise.all([0, 1].map((at) => addressesOf(site.box(at))));
  return [0, 1].filter((at) => lists[at]?.includes(address) === true);
};

describe("a router on a VLAN's device", () => {
  test("does not hear one of the same VRID beside the VLAN, and fails over alone", async () => {
    const both = (tagged: number, untagged: number): string =>
      router("tagged", VLAN, VIP, tagged) + router("untagged", "eth1", UNTAGGED_VIP, untagged);
    const first = await started(0, both(200, 100));
    const second = await started(1, both(100, 200));
    await first.is("tagged", "master");
    await second.is("untagged", "master");
    await second.is("tagged", "backup");
    await first.is("untagged", "backup");
    expect([await holders(VIP), await holders(UNTAGGED_VIP)]).toEqual([[0], [1]]);
    expect(await neighbour(VIP)).toBe(site.box(0).mac);
    await site.box(0).namespace.ip(`link set ${VLAN} down`);
    await first.is("tagged", "fault");
    await second.is("tagged", "master");
    expect(await neighbour(VIP)).toBe(site.box(1).mac);
    // The VLAN's device goes and comes back as another.
    await site
      .box(0)
      .namespace.ip(
        `link del ${VLAN}`,
        `link add link eth1 name ${VLAN} type vlan id 7`,
        `addr add 10.70.0.1/24 dev ${VLAN}`,
        `link set ${VLAN} up`,
      );
    await first.is("tagged", "master");
    await second.is("tagged", "backup");
    expect(await holders(VIP)).toEqual([0]);
    // Whoever hears the other one's adverts says that they do not fit its own.
    for (const agent of [first, second]) expect(agent.events("vrrp.mismatch")).toEqual([]);
    expect(await holders(UNTAGGED_VIP)).toEqual([1]);
  });

  test("has its virtual MAC address on a device over the VLAN: nobody notices who answers", async () => {
    const virtual = (priority: number): string => router("lan", VLAN, VIP, priority, "virtual_mac = true");
    const first = await started(0, virtual(200));
    await first.is("lan", "master");
    const second = await started(1, virtual(100));
    await second.is("lan", "backup");
    expect(await neighbour(VIP)).toBe(MAC);
    const names = (await devicesOf(site.box(0).namespace)).map(({ ifname }) => ifname);
    expect(names).toEqual([`vrrp.51.${VLAN}`]);
    await first.kill();
    await second.is("lan", "master");
    expect(await neighbour(VIP)).toBe(MAC);
    expect(await second.stop()).toBe(0);
    expect(await devicesOf(site.box(1).namespace)).toEqual([]);
  });
});
