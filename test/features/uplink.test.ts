/** The default route of two gateways moves with the master while a client of theirs pings through; and the same of keepalived. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Keepalived } from "../lab/keepalived.ts";
import { ran, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { allRoutes, ourRoutes, rules } from "./routing.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

/** What the client pings, behind the provider's router. */
const BEYOND = "203.0.113.1";
const BEYOND6 = "2001:db8:113::1";
const LAN = "10.77.1.50";
const LAN6 = "fd77:1::50";
const WAN = "10.77.2.50";
const WAN6 = "fd77:2::50";
const UPLINK = "default via 10.77.2.4 dev eth2";
const UPLINK6 = "default via fd77:2::4 dev eth2 metric 1024";
const PATIENCE = 15_000;

/** Two gateways, a client on LAN 1, the provider's router on LAN 2. */
let site: Site;
let gateways: readonly [Box, Box];
let client: Box;

beforeEach(async () => {
  site = await Site.create(4, 2);
  gateways = [site.box(0), site.box(1)];
  client = site.box(2);
  for (const { namespace } of gateways) {
    await namespace.run([
      ...["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"],
      ...[
        "net.ipv4.conf.all.rp_filter=0",
        "net.ipv4.conf.eth1.rp_filter=0",
        "net.ipv4.conf.eth2.rp_filter=0",
      ],
    ]);
  }
  await client.namespace.ip(
    "link set eth2 down",
    `route add default via ${LAN}`,
    `route add ::/0 via ${LAN6}`,
  );
  await site
    .box(3)
    .namespace.ip(
      "link set eth1 down",
      `addr add ${BEYOND}/32 dev lo`,
      `addr add ${BEYOND6}/128 dev lo`,
      `route add 10.77.1.0/24 via ${WAN}`,
      `route add fd77:1::/64 via ${WAN6}`,
    );
});
afterEach(() => site.close());

const gateway = (priority: number): string => `
[vrrp.gw]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["${LAN}/24"]
excluded_addresses = ["${LAN6}/64", { address = "${WAN}/24", interface = "eth2" }, { address = "${WAN6}/64", interface = "eth2" }]
routes = ["${UPLINK}", "-6 default via fd77:2::4 dev eth2"]
rules = ["from 10.77.1.0/24 iif eth1 table main priority 500"]
`;

async function started(at: 0 | 1): Promise<Agent> {
  const agent = await Agent.create(gateways[at].namespace, gateway(at === 0 ? 150 : 100));
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

const uplinks = async (at: 0 | 1): Promise<string[]> => {
  const { namespace } = gateways[at];
  return [...(await ourRoutes(namespace, 4)), ...(await ourRoutes(namespace, 6))];
};
const pings = (address: string): Promise<number> =>
  until(`${address} answers`, PATIENCE, async () => {
    const { code } = await ran(client.namespace.enter(["ping", "-c", "1", "-W", "1", address]));
    return code === 0;
  });
const reaches = async (): Promise<void> => {
  await pings(BEYOND);
  await pings(BEYOND6);
};

describe("the default route of two gateways", () => {
  test("moves with the master: a client pings through whichever there is", async () => {
    const first = await started(0);
    await first.is("gw", "master");
    const second = await started(1);
    await second.is("gw", "backup");
    await reaches();
    expect(await uplinks(0)).toEqual([UPLINK, UPLINK6]);
    expect(await uplinks(1)).toEqual([]);
    expect(await rules(gateways[1].namespace)).toEqual([]);

    expect(await first.stop()).toBe(0);
    await second.is("gw", "master");
    await reaches();
    expect(await uplinks(0)).toEqual([]);
    expect(await uplinks(1)).toEqual([UPLINK, UPLINK6]);

    await first.start();
    await first.is("gw", "master");
    await second.is("gw", "backup");
    await reaches();
    expect(await uplinks(1)).toEqual([]);

    // Its addresses go by themselves, its routes with the next start.
    await first.kill();
    await second.is("gw", "master");
    await reaches();
    await first.start();
    await second.is("gw", "backup");
    await reaches();
    expect(await uplinks(0)).toEqual([UPLINK, UPLINK6]);
    expect(await uplinks(1)).toEqual([]);
  });

  test("moves without the loss of many pings", async () => {
    const agents = [await started(0), await started(1)];
    await agents[0]?.is("gw", "master");
    await reaches();
    const child = client.namespace.spawn(["ping", "-i", "0.05", "-c", "60", BEYOND]);
    await sleep(1000);
    expect((await agents[0]?.command("standby"))?.code).toBe(0);
    await agents[1]?.is("gw", "master");
    await child.exited;
    const summary = child.lines.find((line) => line.includes("received")) ?? "";
    // A handful of those 60 at most: an election at 100 ms, and what is in flight.
    expect(Number(/(\d+) received/.exec(summary)?.[1])).toBeGreaterThan(40);
  });
});

describe("keepalived and haagent", () => {
  test("put the same routes and rules into the kernel for the same words", async () => {
    const routes = [
      "default via 10.77.2.4 dev eth2",
      "10.9.0.0/24 via 10.77.2.4 dev eth2 metric 7",
      `10.9.1.0/24 via 10.77.2.4 dev eth2 src ${LAN} table 100`,
      "10.9.2.0/24 dev eth2 scope link",
      "blackhole 10.9.3.0/24",
      "10.9.4.0/24 via 172.16.0.1 dev eth2 onlink mtu 1400",
    ];
    const policies = [
      "from 10.9.0.0/24 table 100 priority 1000",
      "to 10.9.1.0/24 iif eth1 fwmark 16/240 table 100 priority 1001",
    ];
    const namespace = gateways[0].namespace;
    const shown = async (): Promise<string[]> =>
      [
        ...(await allRoutes(namespace)),
        ...(await allRoutes(namespace, 4, 100)),
        ...(await rules(namespace)),
      ].map((line) => line.replace(/ proto (\w+)/, ""));
    const quoted = (lines: readonly string[]): string => lines.map((line) => `"${line}"`).join(", ");
    const agent = await Agent.create(
      namespace,
      `[vrrp.gw]\ninterface = "eth1"\nvrid = 51\nadvert_interval = "100ms"\naddresses = ["${LAN}/24"]\nroutes = [${quoted(routes)}]\nrules = [${quoted(policies)}]\n`,
    );
    site.atClose(() => agent.close());
    await agent.start();
    await agent.is("gw", "master");
    const ours = await shown();
    expect(ours).toHaveLength(routes.length + policies.length);
    expect(await agent.stop()).toBe(0);
    expect(await shown()).toEqual([]);

    const keepalived = new Keepalived(
      gateways[0],
      `vrrp_instance gw {
  interface eth1
  virtual_router_id 51
  priority 150
  advert_int 0.1
  version 3
  virtual_ipaddress {
    ${LAN}/24 dev eth1
  }
  virtual_routes {
    ${routes.join("\n    ")}
  }
  virtual_rules {
    ${policies.join("\n    ")}
  }
}
`,
    );
    site.atClose(() => keepalived.close());
    await keepalived.start();
    await until(
      () => `keepalived has its routes; it said ${keepalived.log.slice(-8).join("\n")}`,
      PATIENCE,
      async () => (await shown()).length >= ours.length,
    );
    expect(await shown()).toEqual(ours);
    await keepalived.stop();
    expect(await shown()).toEqual([]);
  });
});
