/** Routes and rules that move with a router, as the kernel has them: taken, kept, given back, and never somebody else's. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { RouteScene, DEFAULT, GATE, PATIENCE, router, routes, rulesOf, VIP } from "./route-scene.ts";
import { allRoutes, rules } from "./routing.ts";
import { addresses } from "./site.ts";

const VIP6 = "fd77:1::50";
/** More than between losses that are one, milliseconds. */
const APART = 400;

let scene: RouteScene;

beforeEach(async () => {
  scene = await RouteScene.create();
});
afterEach(() => scene.close());

describe("a master", () => {
  test("has its routes and rules, of its own protocol number, and gives them back", async () => {
    const before = [await allRoutes(scene.box.namespace), await rules(scene.box.namespace)];
    const agent = await scene.master(
      router(
        routes(
          `${DEFAULT} src ${VIP} metric 5`,
          "10.9.0.0/24 via 10.77.2.2 table 100",
          "10.9.1.0/24 dev eth2 table 100 mtu 1400",
          "10.9.2.0/24 via 172.16.0.1 dev eth2 onlink table 100",
          "10.9.3.0/24 dev eth2 scope host table 100",
          "blackhole 10.9.4.0/24 table 100",
          "unreachable 10.9.5.0/24 table 100",
          "prohibit 10.9.6.0/24 table 100",
          "10.9.7.7 via 10.77.2.2 table 70000",
        ) +
          rulesOf(
            "from 10.9.0.0/24 table 100",
            "from 10.9.1.0/24 to 10.9.2.0/24 iif eth1 fwmark 0x10/0xf0 table 100 priority 1000",
            "to 10.9.3.0/24 oif eth2 table 70000 priority 1001",
            "prohibit from 10.9.9.9 priority 1002",
          ),
      ),
    );
    expect(await scene.ours()).toEqual([`default via ${GATE} dev eth2 src ${VIP} metric 5`]);
    expect(await scene.ours(4, 100)).toEqual([
      "10.9.0.0/24 via 10.77.2.2 dev eth2",
      "10.9.1.0/24 dev eth2 scope link mtu 1400",
      "10.9.2.0/24 via 172.16.0.1 dev eth2 onlink",
      "10.9.3.0/24 dev eth2 scope host",
      "blackhole 10.9.4.0/24",
      "unreachable 10.9.5.0/24",
      "prohibit 10.9.6.0/24",
    ]);
    expect(await scene.ours(4, 70_000)).toEqual(["10.9.7.7 via 10.77.2.2 dev eth2"]);
    expect(await rules(scene.box.namespace)).toEqual([
      "1000: from 10.9.1.0/24 to 10.9.2.0/24 fwmark 0x10/0xf0 iif eth1 lookup 100 proto 112",
      "1001: from all to 10.9.3.0/24 oif eth2 lookup 70000 proto 112",
      "1002: from 10.9.9.9 prohibit proto 112",
      "32765: from 10.9.0.0/24 lookup 100 proto 112",
    ]);
    const { stdout } = await agent.command("status", "--json");
    const [{ routes: told, rules: said }] = JSON.parse(stdout).vrrp;
    expect(told).toHaveLength(9);
    expect(told[0]).toEqual({
      route: `default via ${GATE} dev eth2 metric 5 src ${VIP}`,
      held: true,
      found: false,
    });
    expect(said[0]).toEqual({ rule: "from 10.9.0.0/24 table 100", held: true, found: false });
    expect((await agent.command("status", "lan")).stdout).toMatch(/^ +route +default via .*: held$/m);
    expect(await agent.stop()).toBe(0);
    expect([await allRoutes(scene.box.namespace), await rules(scene.box.namespace)]).toEqual(before);
    expect(await scene.ours(4, 100)).toEqual([]);
    expect(await scene.ours(4, 70_000)).toEqual([]);
  });

  test("has those of IPv6, from its virtual address", async () => {
    const agent = await scene.started(`
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["fe80::50/64", "${VIP6}/64"]
${routes(
  `::/0 via fe80::9 dev eth2 src ${VIP6} metric 10`,
  "-6 default via fd77:2::9",
  "fd99::/64 via fd77:2::2 dev eth2 table 100 mtu 1300",
  "unreachable fd98::/64",
)}${rulesOf("from fd99::/64 table 100", "-6 fwmark 7 table 100 priority 500")}`);
    await agent.is("lan", "master");
    expect(await scene.ours(6)).toEqual(
      expect.arrayContaining([
        `default via fe80::9 dev eth2 src ${VIP6} metric 10`,
        "default via fd77:2::9 dev eth2 metric 1024",
        "unreachable fd98::/64 metric 1024",
      ]),
    );
    expect(await scene.ours(6, 100)).toEqual(["fd99::/64 via fd77:2::2 dev eth2 metric 1024 mtu 1300"]);
    expect(await rules(scene.box.namespace, 6)).toEqual([
      "500: from all fwmark 0x7 lookup 100 proto 112",
      "32765: from fd99::/64 lookup 100 proto 112",
    ]);
    expect(await rules(scene.box.namespace)).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect([
      ...(await scene.ours(6)),
      ...(await scene.ours(6, 100)),
      ...(await rules(scene.box.namespace, 6)),
    ]).toEqual([]);
  });

  test("puts back what somebody removes, and stops when they insist", async () => {
    const agent = await scene.master(
      router(routes(DEFAULT, `10.9.0.0/24 via ${GATE}`) + rulesOf("from 10.9.0.0/24 table 100")),
    );
    await scene.box.namespace.ip(`route del ${DEFAULT}`);
    await agent.says("route.restored", `default via ${GATE}`);
    await scene.gets(DEFAULT);
    await sleep(APART);
    await scene.box.namespace.ip("rule del from 10.9.0.0/24 table 100");
    await agent.says("route.restored", "from 10.9.0.0/24");
    expect(await rules(scene.box.namespace)).toEqual(["32765: from 10.9.0.0/24 lookup 100 proto 112"]);
    expect(agent.events("route.lost")).toHaveLength(2);
    await sleep(APART);
    // All at once is one loss.
    await scene.box.namespace.ip("route flush proto 112", "rule del from 10.9.0.0/24 table 100");
    await scene.gets(DEFAULT);
    await scene.gets(`10.9.0.0/24 via ${GATE} dev eth2`);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
    await sleep(APART);
    await scene.box.namespace.ip(`route del ${DEFAULT}`);
    await agent.is("lan", "fault", "was taken away 4 times in 10 s");
    expect(await scene.ours()).toEqual([]);
    expect(await rules(scene.box.namespace)).toEqual([]);
  });

  test("leaves alone what somebody put in the place of its route", async () => {
    const agent = await scene.master(router(routes(DEFAULT)));
    await scene.box.namespace.ip("route replace default via 10.77.2.8 dev eth2");
    await agent.is("lan", "fault", `route ${DEFAULT}: another one with its metric is there already`);
    expect(await allRoutes(scene.box.namespace)).toEqual(["default via 10.77.2.8 dev eth2 proto boot"]);
    expect(await agent.stop()).toBe(0);
    expect(await allRoutes(scene.box.namespace)).toEqual(["default via 10.77.2.8 dev eth2 proto boot"]);
  });

  test("whose second interface goes down or away is in fault, and has its routes again with it", async () => {
    const agent = await scene.master(router(routes(DEFAULT) + rulesOf("from 10.9.0.0/24 table 100")));
    await scene.gets(DEFAULT);
    for (const [down, up] of [
      [["link set eth2 down"], addresses(1, 2)],
      [["link del eth2"], null],
    ] as const) {
      await scene.box.namespace.ip(...down);
      await agent.is("lan", "fault", "eth2");
      expect(await rules(scene.box.namespace)).toEqual([]);
      expect(await scene.ours()).toEqual([]);
      if (up === null) await scene.site.plug(scene.box, 2);
      else await scene.box.namespace.ip(...up);
      await agent.is("lan", "master");
      await scene.gets(DEFAULT);
    }
    expect(agent.events("route.lost")).toEqual([]);
  });

  test("survives `ip addr flush` of its interface: addresses and the routes from them are back", async () => {
    const wanted = `${DEFAULT} src ${VIP}`;
    const agent = await scene.master(router(`${routes(wanted)}unicast_peers = []\n`));
    await scene.box.namespace.ip("addr flush dev eth1", ...addresses(1, 1));
    await until("the address is back", PATIENCE, async () =>
      (await scene.box.namespace.run(["ip", "addr", "show", "eth1"])).includes(`${VIP}/24`),
    );
    await scene.gets(wanted);
    await agent.is("lan", "master");
    await sleep(500);
    expect(await scene.has(wanted)).toBe(true);
    expect(await agent.stop()).toBe(0);
    expect(await scene.ours()).toEqual([]);
  });

  test("whose way to the next router appears later takes it then", async () => {
    const agent = await scene.started(router(routes("10.9.0.0/24 via 172.16.5.1")));
    await agent.is("lan", "fault", "could not be added: ENETUNREACH");
    await scene.box.namespace.ip("addr add 172.16.5.2/24 dev eth2");
    await agent.is("lan", "master");
    await scene.gets("10.9.0.0/24 via 172.16.5.1 dev eth2");
  });

  test("with a virtual MAC address has routes on its device", async () => {
    const agent = await scene.master(
      router(
        `virtual_mac = true\n${routes("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1", `${DEFAULT} src ${VIP}`)}`,
      ),
    );
    await scene.gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await scene.gets(`${DEFAULT} src ${VIP}`);
    await scene.box.namespace.ip("link del vrrp.51.eth1");
    await sleep(300);
    await scene.gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await scene.gets(`${DEFAULT} src ${VIP}`);
    await agent.is("lan", "master");
    expect((await agent.command("standby")).code).toBe(0);
    await scene.loses(`${DEFAULT} src ${VIP}`);
    expect(await scene.ours()).toEqual([]);
    expect((await agent.command("takeover")).code).toBe(0);
    await scene.gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await agent.is("lan", "master");
  });
});

describe("a route that is there already", () => {
  const theirs = `${DEFAULT} proto boot`;

  test("is a fault that names it, and stays over a stop and a release", async () => {
    await scene.box.namespace.ip(`route add ${DEFAULT}`);
    const agent = await scene.started(router(routes(DEFAULT, "10.9.0.0/24 dev eth2")));
    await agent.is(
      "lan",
      "fault",
      `route ${DEFAULT}: another one with its metric is there already, and not by us`,
    );
    expect(await allRoutes(scene.box.namespace)).toEqual([theirs]);
    expect(await agent.stop()).toBe(0);
    expect(await agent.command("release")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await allRoutes(scene.box.namespace)).toEqual([theirs]);
  });

  test("is used where the router adopts it, and stays", async () => {
    await scene.box.namespace.ip(`route add ${DEFAULT}`, "rule add from 10.9.0.0/24 table 100");
    const agent = await scene.master(
      router(`on_found = "adopt"\n${routes(DEFAULT)}${rulesOf("from 10.9.0.0/24 table 100 priority 32765")}`),
    );
    expect(JSON.parse((await agent.command("status", "--json")).stdout).vrrp[0]).toMatchObject({
      routes: [{ held: true, found: true }],
    });
    expect(await agent.stop()).toBe(0);
    expect(await allRoutes(scene.box.namespace)).toEqual([theirs]);
    expect(await rules(scene.box.namespace)).toEqual(["32765: from 10.9.0.0/24 lookup 100"]);
  });
});
