/** The interface below a virtual MAC address: it goes, changes, or is another kind than usual. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Namespace } from "../lab/namespace.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { addresses as ownAddresses } from "./site.ts";
import { MAC, router, Scene, VIP } from "./virtual-mac-scene.ts";
import { devicesOf, settings } from "./virtual-mac.ts";

let scene: Scene;
let box: Box;
let client: Box;

beforeEach(async () => {
  scene = await Scene.create();
  ({ box, client } = scene);
});
afterEach(() => scene.site.close());

describe("the interface below", () => {
  test("goes and comes back as another, and the device with it", async () => {
    const agent = await scene.master();
    await box.namespace.ip("link del eth1");
    await agent.is("lan", "fault", "interface eth1 is");
    await until(
      "the reason",
      2000,
      async () => (await agent.router("lan")).reason === "interface eth1 is not there",
    );
    expect(agent.lines.filter((line) => line.includes("virtual MAC"))).toEqual([]);
    expect(await scene.names()).toEqual([]);
    await scene.site.plug(box, 1);
    await agent.is("lan", "master");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });

  test("is renamed and named back", async () => {
    const agent = await scene.master();
    await box.namespace.ip("link set eth1 down", "link set eth1 name other", "link set other up");
    await agent.is("lan", "fault", "interface eth1 is");
    await until("its device is gone", 2000, async () => (await scene.names()).length === 0);
    const borrowed = async (): Promise<unknown> =>
      (await settings(box.namespace, "other", 4, ["arp_ignore"]))["arp_ignore"];
    await until("its setting is put back, under its new name", 2000, async () => (await borrowed()) === 0);
    await box.namespace.ip("link set other down", "link set other name eth1", ...ownAddresses(1, 1));
    await agent.is("lan", "master");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });

  test("gets another MAC address, which changes nothing", async () => {
    const agent = await scene.master();
    await box.namespace.ip("link set eth1 address 02:00:00:00:99:01");
    await sleep(300);
    expect(await scene.neighbour(VIP)).toBe(MAC);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });

  /** What answers for 10.70.0.50 is a device on `link` in that namespace, the same one through two changes of mastership. */
  async function works(where: Namespace, link: string): Promise<void> {
    await client.namespace.ip(`addr add 10.70.0.${client.number}/24 dev eth1`);
    await where.ip(`addr add 10.70.0.1/24 dev ${link}`);
    const agent = await Agent.create(where, router("", "lan", link, '["10.70.0.50/24"]'));
    scene.site.atClose(() => agent.close());
    await agent.start();
    await agent.is("lan", "master");
    await until("it answers", 5000, () => scene.ping("10.70.0.50"));
    expect(await client.namespace.run(["ip", "neigh", "show", "10.70.0.50"])).toContain(MAC);
    const index = async (): Promise<number | undefined> =>
      (await devicesOf(where)).find(({ ifname }) => ifname === `vrrp.51.${link}`)?.index;
    const before = await index();
    expect(before).toBeGreaterThan(0);
    await agent.command("standby");
    await agent.command("takeover");
    await until("it answers again", 5000, () => scene.ping("10.70.0.50"));
    expect(await index()).toBe(before);
    expect(await agent.stop()).toBe(0);
    expect(await index()).toBeUndefined();
  }

  test("is a bridge", async () => {
    await box.namespace.ip(
      "link add br0 type bridge forward_delay 0",
      "addr flush dev eth1",
      "link set eth1 master br0",
      "link set br0 up",
    );
    await works(box.namespace, "br0");
  });

  test("is a macvlan that a container has from its host", async () => {
    const container = await Namespace.create();
    scene.site.atClose(() => container.close());
    await box.namespace.ip(
      "link add lan0 link eth1 type macvlan mode bridge",
      `link set lan0 netns ${container.pid}`,
    );
    await container.ip("link set lo up", "link set lan0 up");
    await works(container, "lan0");
  });

  test("is a port of a bridge: a fault that says so", async () => {
    await box.namespace.ip("link add br0 type bridge", "link set eth1 master br0");
    const agent = await scene.started(router());
    await agent.is(
      "lan",
      "fault",
      "the interface is a port of a bridge or bond; cure: name the bridge or bond instead",
    );
  });

  test("has no Ethernet: a fault that says so", async () => {
    await box.namespace.ip(
      "tuntap add dev tun1 mode tun",
      "link set tun1 up",
      "addr add 10.70.0.1/24 dev tun1",
    );
    const agent = await scene.started(router("", "lan", "tun1", '["10.70.0.50/24"]'));
    await agent.is("lan", "fault", "interface tun1 has no Ethernet address, so no virtual_mac");
  });

  test("has the address already: a fault, for the owner too", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await scene.started(router("priority = 255"));
    await agent.is("lan", "fault", `address ${VIP}/24 is on eth1 already, where it has another MAC address`);
    await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await agent.is("lan", "master", "owner");
    expect(await scene.neighbour(VIP)).toBe(MAC);
  });

  test("has a name too long for its device, which has another one then", async () => {
    await box.namespace.ip(
      "link set eth1 down",
      "link set eth1 name enp0s31f6np0",
      "link set enp0s31f6np0 up",
    );
    await scene.master(router("", "lan", "enp0s31f6np0"));
    const [name = ""] = await scene.names();
    expect(name).toMatch(/^vrrp\.51\.[0-9a-z]{5}$/);
  });
});
