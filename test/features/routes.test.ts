/** Routes and rules that move with a router, as the kernel has them: taken, kept, given back, and never somebody else's. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Monitor } from "./monitor.ts";
import { allRoutes, ourRoutes, rules } from "./routing.ts";
import type { Box } from "./site.ts";
import { addresses, Site } from "./site.ts";

const VIP = "10.77.1.50";
const VIP6 = "fd77:1::50";
const GATE = "10.77.2.9";
const DEFAULT = `default via ${GATE} dev eth2`;
const PATIENCE = 8000;
/** More than between losses that are one. */
const APART = 400;

const router = (more: string, name = "lan", vrid = 51, address = `${VIP}/24`): string => `
[vrrp.${name}]
interface = "eth1"
vrid = ${vrid}
advert_interval = "100ms"
addresses = ["${address}"]
${more}
`;
const list = (texts: readonly string[]): string => `[${texts.map((text) => `"${text}"`).join(", ")}]`;
const routes = (...texts: readonly string[]): string => `routes = ${list(texts)}\n`;
const rulesOf = (...texts: readonly string[]): string => `rules = ${list(texts)}\n`;

let site: Site;
let box: Box;

beforeEach(async () => {
  site = await Site.create(2, 2);
  box = site.box(0);
});
afterEach(() => site.close());

async function started(text: string, agentLines = ""): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text });
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

async function master(text: string): Promise<Agent> {
  const agent = await started(text);
  await agent.is("lan", "master");
  return agent;
}

const ours = (family: 4 | 6 = 4, table = 254): Promise<string[]> => ourRoutes(box.namespace, family, table);
const has = async (route: string, family: 4 | 6 = 4): Promise<boolean> =>
  (await ours(family)).includes(route);
const gets = (route: string): Promise<number> => until(`has ${route}`, PATIENCE, () => has(route));
const loses = (route: string): Promise<number> =>
  until(`has lost ${route}`, PATIENCE, async () => !(await has(route)));

describe("a master", () => {
  test("has its routes and rules, of its own protocol number, and gives them back", async () => {
    const before = [await allRoutes(box.namespace), await rules(box.namespace)];
    const agent = await master(
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
    expect(await ours()).toEqual([`default via ${GATE} dev eth2 src ${VIP} metric 5`]);
    expect(await ours(4, 100)).toEqual([
      "10.9.0.0/24 via 10.77.2.2 dev eth2",
      "10.9.1.0/24 dev eth2 scope link mtu 1400",
      "10.9.2.0/24 via 172.16.0.1 dev eth2 onlink",
      "10.9.3.0/24 dev eth2 scope host",
      "blackhole 10.9.4.0/24",
      "unreachable 10.9.5.0/24",
      "prohibit 10.9.6.0/24",
    ]);
    expect(await ours(4, 70_000)).toEqual(["10.9.7.7 via 10.77.2.2 dev eth2"]);
    expect(await rules(box.namespace)).toEqual([
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
    expect([await allRoutes(box.namespace), await rules(box.namespace)]).toEqual(before);
    expect(await ours(4, 100)).toEqual([]);
    expect(await ours(4, 70_000)).toEqual([]);
  });

  test("has those of IPv6, from its virtual address", async () => {
    const agent = await started(`
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
    expect(await ours(6)).toEqual(
      expect.arrayContaining([
        `default via fe80::9 dev eth2 src ${VIP6} metric 10`,
        "default via fd77:2::9 dev eth2 metric 1024",
        "unreachable fd98::/64 metric 1024",
      ]),
    );
    expect(await ours(6, 100)).toEqual(["fd99::/64 via fd77:2::2 dev eth2 metric 1024 mtu 1300"]);
    expect(await rules(box.namespace, 6)).toEqual([
      "500: from all fwmark 0x7 lookup 100 proto 112",
      "32765: from fd99::/64 lookup 100 proto 112",
    ]);
    expect(await rules(box.namespace)).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect([...(await ours(6)), ...(await ours(6, 100)), ...(await rules(box.namespace, 6))]).toEqual([]);
  });

  test("puts back what somebody removes, and stops when they insist", async () => {
    const agent = await master(
      router(routes(DEFAULT, `10.9.0.0/24 via ${GATE}`) + rulesOf("from 10.9.0.0/24 table 100")),
    );
    await box.namespace.ip(`route del ${DEFAULT}`);
    await agent.says("route.restored", `default via ${GATE}`);
    await gets(DEFAULT);
    await sleep(APART);
    await box.namespace.ip("rule del from 10.9.0.0/24 table 100");
    await agent.says("route.restored", "from 10.9.0.0/24");
    expect(await rules(box.namespace)).toEqual(["32765: from 10.9.0.0/24 lookup 100 proto 112"]);
    expect(agent.events("route.lost")).toHaveLength(2);
    await sleep(APART);
    // All at once is one loss.
    await box.namespace.ip("route flush proto 112", "rule del from 10.9.0.0/24 table 100");
    await gets(DEFAULT);
    await gets(`10.9.0.0/24 via ${GATE} dev eth2`);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
    await sleep(APART);
    await box.namespace.ip(`route del ${DEFAULT}`);
    await agent.is("lan", "fault", "was taken away 4 times in 10 s");
    expect(await ours()).toEqual([]);
    expect(await rules(box.namespace)).toEqual([]);
  });

  test("leaves alone what somebody put in the place of its route", async () => {
    const agent = await master(router(routes(DEFAULT)));
    await box.namespace.ip("route replace default via 10.77.2.8 dev eth2");
    await agent.is("lan", "fault", `route ${DEFAULT}: another one with its metric is there already`);
    expect(await allRoutes(box.namespace)).toEqual(["default via 10.77.2.8 dev eth2 proto boot"]);
    expect(await agent.stop()).toBe(0);
    expect(await allRoutes(box.namespace)).toEqual(["default via 10.77.2.8 dev eth2 proto boot"]);
  });

  test("whose second interface goes down or away is in fault, and has its routes again with it", async () => {
    const agent = await master(router(routes(DEFAULT) + rulesOf("from 10.9.0.0/24 table 100")));
    await gets(DEFAULT);
    for (const [down, up] of [
      [["link set eth2 down"], addresses(1, 2)],
      [["link del eth2"], null],
    ] as const) {
      await box.namespace.ip(...down);
      await agent.is("lan", "fault", "eth2");
      expect(await rules(box.namespace)).toEqual([]);
      expect(await ours()).toEqual([]);
      if (up === null) await site.plug(box, 2);
      else await box.namespace.ip(...up);
      await agent.is("lan", "master");
      await gets(DEFAULT);
    }
    expect(agent.events("route.lost")).toEqual([]);
  });

  test("survives `ip addr flush` of its interface: addresses and the routes from them are back", async () => {
    const wanted = `${DEFAULT} src ${VIP}`;
    const agent = await master(router(`${routes(wanted)}unicast_peers = []\n`));
    await box.namespace.ip("addr flush dev eth1", ...addresses(1, 1));
    await until("the address is back", PATIENCE, async () =>
      (await box.namespace.run(["ip", "addr", "show", "eth1"])).includes(`${VIP}/24`),
    );
    await gets(wanted);
    await agent.is("lan", "master");
    await sleep(500);
    expect(await has(wanted)).toBe(true);
    expect(await agent.stop()).toBe(0);
    expect(await ours()).toEqual([]);
  });

  test("whose way to the next router appears later takes it then", async () => {
    const agent = await started(router(routes("10.9.0.0/24 via 172.16.5.1")));
    await agent.is("lan", "fault", "could not be added: ENETUNREACH");
    await box.namespace.ip("addr add 172.16.5.2/24 dev eth2");
    await agent.is("lan", "master");
    await gets("10.9.0.0/24 via 172.16.5.1 dev eth2");
  });

  test("with a virtual MAC address has routes on its device", async () => {
    const agent = await master(
      router(
        `virtual_mac = true\n${routes("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1", `${DEFAULT} src ${VIP}`)}`,
      ),
    );
    await gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await gets(`${DEFAULT} src ${VIP}`);
    await box.namespace.ip("link del vrrp.51.eth1");
    await sleep(300);
    await gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await gets(`${DEFAULT} src ${VIP}`);
    await agent.is("lan", "master");
    expect((await agent.command("standby")).code).toBe(0);
    await loses(`${DEFAULT} src ${VIP}`);
    expect(await ours()).toEqual([]);
    expect((await agent.command("takeover")).code).toBe(0);
    await gets("10.9.0.0/24 via 10.77.1.2 dev vrrp.51.eth1");
    await agent.is("lan", "master");
  });
});

describe("a route that is there already", () => {
  const theirs = `${DEFAULT} proto boot`;

  test("is a fault that names it, and none once it is gone", async () => {
    await box.namespace.ip(`route add ${DEFAULT}`);
    const agent = await started(router(routes(DEFAULT, "10.9.0.0/24 dev eth2")));
    await agent.is(
      "lan",
      "fault",
      `route ${DEFAULT}: another one with its metric is there already, and not by us`,
    );
    expect(await allRoutes(box.namespace)).toEqual([theirs]);
    expect(await agent.stop()).toBe(0);
    expect(await agent.command("release")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await allRoutes(box.namespace)).toEqual([theirs]);
  });

  test("is used where the router adopts it, and stays", async () => {
    await box.namespace.ip(`route add ${DEFAULT}`, "rule add from 10.9.0.0/24 table 100");
    const agent = await master(
      router(`on_found = "adopt"\n${routes(DEFAULT)}${rulesOf("from 10.9.0.0/24 table 100 priority 32765")}`),
    );
    expect(JSON.parse((await agent.command("status", "--json")).stdout).vrrp[0]).toMatchObject({
      routes: [{ held: true, found: true }],
    });
    expect(await agent.stop()).toBe(0);
    expect(await allRoutes(box.namespace)).toEqual([theirs]);
    expect(await rules(box.namespace)).toEqual(["32765: from 10.9.0.0/24 lookup 100"]);
  });
});

describe("an agent that was killed", () => {
  const text = router(
    routes(DEFAULT, "10.9.0.0/24 via 10.77.1.9 table 100") + rulesOf("from 10.9.0.0/24 table 100"),
  );

  test("leaves routes that `haagent release` removes, each said", async () => {
    const agent = await master(text);
    await gets(DEFAULT);
    await agent.kill();
    // IPv4 routes have no lifetime: without an address they stay.
    await sleep(2500);
    expect(await ours()).toEqual([DEFAULT]);
    const { code, stdout } = await agent.command("release");
    expect(code).toBe(0);
    expect(stdout.split("\n").slice(0, 3)).toEqual([
      "removed rule from 10.9.0.0/24 table 100",
      "removed route 10.9.0.0/24 via 10.77.1.9 dev eth1 table 100",
      `removed route ${DEFAULT}`,
    ]);
    expect([
      ...(await allRoutes(box.namespace)),
      ...(await rules(box.namespace)),
      ...(await ours(4, 100)),
    ]).toEqual([]);
  });

  test("leaves routes that the next one removes, when it starts as backup", async () => {
    const agent = await master(text);
    await agent.kill();
    await sleep(1000);
    await agent.write(router(`startup_delay = "60s"\n`));
    await agent.start();
    await loses(DEFAULT);
    expect([...(await rules(box.namespace)), ...(await ours(4, 100))]).toEqual([]);
  });

  test("and is started again at once goes on with them untouched", async () => {
    const agent = await master(text.replace("100ms", "1s"));
    await gets(DEFAULT);
    await sleep(1100);
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    await agent.kill();
    await agent.start();
    await agent.is("lan", "master", "resumed");
    await sleep(500);
    await monitor.flush();
    expect(monitor.about("default via")).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect([
      ...(await allRoutes(box.namespace)),
      ...(await rules(box.namespace)),
      ...(await ours(4, 100)),
    ]).toEqual([]);
  });

  test("never makes the next one remove what somebody else has in its place", async () => {
    const agent = await master(router(routes(DEFAULT)));
    await gets(DEFAULT);
    await agent.kill();
    await box.namespace.ip(`route replace ${DEFAULT}`);
    expect((await agent.command("release")).code).toBe(0);
    expect(await allRoutes(box.namespace)).toEqual([`${DEFAULT} proto boot`]);
  });
});

describe("a reload", () => {
  test("changes what changed, and nothing else flaps", async () => {
    const keeps = "10.9.0.0/24 via 10.77.2.2";
    const agent = await master(router(routes(keeps, DEFAULT) + rulesOf("from 10.9.0.0/24 table 100")));
    await gets(DEFAULT);
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    const next = "default via 10.77.2.8 dev eth2";
    expect(await agent.reload(router(routes(keeps, next) + rulesOf("from 10.9.1.0/24 table 100")))).toBe(
      "changed: lan\n",
    );
    await gets(next);
    expect(await rules(box.namespace)).toEqual(["32765: from 10.9.1.0/24 lookup 100 proto 112"]);
    await agent.reload(router(routes(keeps)));
    await loses(next);
    expect(await rules(box.namespace)).toEqual([]);
    await monitor.flush();
    expect(monitor.about("10.9.0.0/24")).toEqual([]);
    expect(
      monitor.about("default").map(({ deleted, text }) => `${deleted ? "-" : "+"} ${text.split(" ")[2]}`),
    ).toEqual([`- ${GATE}`, "+ 10.77.2.8", "- 10.77.2.8"]);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });

  test("refuses what is wrong, at its place", async () => {
    const agent = await master(router(routes(DEFAULT)));
    await agent.write(
      router(
        'routes = ["default vai 10.77.2.9", "10.9.0.1/24 dev eth2"]\nrules = ["from 10.9.0.0/24 table office"]',
      ),
    );
    const { code, stderr } = await agent.command("check");
    expect(code).toBe(1);
    expect(stderr).toMatch(/:14:11: error: routes: "vai" is not understood; did you mean "via"\?/);
    expect(stderr).toMatch(/:14:36: error: routes: .*the network is 10\.9\.0\.0\/24/);
    expect(stderr).toMatch(/:15:10: error: rules: table "office"/);
    expect((await agent.command("reload")).code).not.toBe(0);
    expect(await has(DEFAULT)).toBe(true);
  });
});

describe("two routers", () => {
  test("that want the same route have it as long as either is master", async () => {
    const both = (first: string): string =>
      router(first + routes(DEFAULT)) + router(routes(DEFAULT), "other", 52, "10.77.1.60/24");
    const agent = await master(both(""));
    await agent.is("other", "master");
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    expect((await agent.command("standby", "lan")).code).toBe(0);
    await agent.is("lan", "standby");
    await sleep(200);
    expect(await ours()).toEqual([DEFAULT]);
    expect((await agent.command("takeover", "lan")).code).toBe(0);
    await agent.is("lan", "master");
    expect((await agent.command("standby", "other")).code).toBe(0);
    await sleep(200);
    expect(await ours()).toEqual([DEFAULT]);
    await monitor.flush();
    expect(monitor.about("default")).toEqual([]);
    expect((await agent.command("standby", "lan")).code).toBe(0);
    await loses(DEFAULT);
  });
});
