/** Adverts on other ways than a common Ethernet: unicast, over routers, and through a tunnel that has no link-layer addresses. */
import { afterEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const TUNNEL = new URL("tunnel.ts", import.meta.url).pathname;
const router = (priority: number, more: string): string => `
[vrrp.lan]
vrid = 51
priority = ${priority}
advert_interval = "100ms"
${more}
`;

let site: Site;
afterEach(() => site.close());

async function started(box: Box, text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** The first is master and the second its backup; the second takes over when the first stops, and gives it back. */
async function pair(
  boxes: readonly [Box, Box],
  texts: readonly [string, string],
  address: string,
): Promise<void> {
  const first = await started(boxes[0], texts[0]);
  const second = await started(boxes[1], texts[1]);
  await first.is("lan", "master");
  await until("the master is heard", 5000, async () => (await second.router("lan")).master !== null);
  await sleep(1000);
  expect(second.state("lan")?.fields["to"]).toBe("backup");
  expect(await addressesOf(boxes[0])).toContain(address);
  expect(await addressesOf(boxes[1])).not.toContain(address);
  expect((await second.router("lan")).peers).toMatchObject([{ priority: 200, mismatch: [] }]);
  const stopped = now();
  await first.stop();
  const said = await second.is("lan", "master");
  // By the last word, not by silence.
  expect(said.fields["reason"]).toContain("released it");
  expect(now() - stopped).toBeLessThan(2000);
  expect(await addressesOf(boxes[1])).toContain(address);
  await first.start();
  await second.is("lan", "backup", "has priority 200");
  await first.is("lan", "master", "preempting");
  expect(await addressesOf(boxes[1])).not.toContain(address);
}

describe("unicast", () => {
  const unicast = (own: number, peer: number, more = 'addresses = ["10.77.1.50/24"]'): string =>
    `interface = "eth1"\nunicast_source = "10.77.1.${own}"\nunicast_peers = ["10.77.1.${peer}"]\n${more}`;

  test("goes to the peers and to nobody else", async () => {
    site = await Site.create(2);
    const wire = await Capture.start(site.wiring, ["--ports", "lan1"]);
    site.atClose(() => wire.close());
    const boxes = [site.box(0), site.box(1)] as const;
    await pair(boxes, [router(200, unicast(1, 2)), router(100, unicast(2, 1))], "10.77.1.50");
    const ways = new Set(wire.adverts().map(({ seen }) => `${seen.from} ${seen.to} ${seen.ttl}`));
    expect([...ways].sort()).toEqual(["10.77.1.1 10.77.1.2 255", "10.77.1.2 10.77.1.1 255"]);
  });

  test("of IPv6 goes between link-local addresses", async () => {
    site = await Site.create(2);
    const six = (own: number, peer: number): string =>
      `interface = "eth1"\nunicast_source = "fe80::${own}"\nunicast_peers = ["fe80::${peer}"]\naddresses = ["fe80::50/64"]`;
    await pair([site.box(0), site.box(1)], [router(200, six(1, 2)), router(100, six(2, 1))], "fe80::50");
  });

  test("reaches three routers, of which one is master", async () => {
    site = await Site.create(3);
    const peers = (own: number): string =>
      `interface = "eth1"\nunicast_peers = [${[1, 2, 3]
        .filter((other) => other !== own)
        .map((other) => `"10.77.1.${other}"`)
        .join(", ")}]\naddresses = ["10.77.1.50/24"]`;
    const agents = await Promise.all(
      [1, 2, 3].map((own) => started(site.box(own - 1), router(50 * own, peers(own)))),
    );
    await agents[2]?.is("lan", "master");
    await sleep(1000);
    const states = await Promise.all(agents.map(async (agent) => (await agent.router("lan")).state));
    expect(states).toEqual(["backup", "backup", "master"]);
  });
});

describe("unicast over a router", () => {
  /** Box 1 is on LAN 1 alone, box 3 on LAN 2 alone, box 2 forwards between them. */
  async function routed(): Promise<readonly [Box, Box]> {
    site = await Site.create(3, 2);
    const [one, two, three] = [site.box(0), site.box(1), site.box(2)];
    await two.namespace.run(["sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]);
    await one.namespace.ip(
      "link del eth2",
      "route add 10.77.2.0/24 via 10.77.1.2",
      "route add fd77:2::/64 via fd77:1::2",
    );
    await three.namespace.ip(
      "link del eth1",
      "route add 10.77.1.0/24 via 10.77.2.2",
      "route add fd77:1::/64 via fd77:2::2",
    );
    return [one, three];
  }
  const near = (minTtl: number): string =>
    `interface = "eth1"\nunicast_source = "10.77.1.1"\nunicast_peers = [{ address = "10.77.2.3", min_ttl = ${minTtl} }]\naddresses = ["10.9.9.9/32"]`;
  const far = (minTtl: number): string =>
    `interface = "eth2"\nunicast_source = "10.77.2.3"\nunicast_peers = [{ address = "10.77.1.1", min_ttl = ${minTtl} }]\naddresses = ["10.9.9.9/32"]`;

  test("is believed where min_ttl allows one hop", async () => {
    await pair(await routed(), [router(200, near(254)), router(100, far(254))], "10.9.9.9");
  });

  test("is refused where it does not, counted and alarmed on both nodes", async () => {
    const [one, three] = await routed();
    const first = await started(one, router(200, near(255)));
    const second = await started(three, router(100, far(255)));
    for (const agent of [first, second]) {
      await agent.is("lan", "master");
      await agent.says("vrrp.rejected", "reason=ttl");
      expect((await agent.router("lan")).counters.rejected["ttl"]).toBeGreaterThan(0);
      expect((await agent.router("lan")).counters.adverts_received).toBe(0);
    }
  });

  test("works over IPv6 just so", async () => {
    const six = (link: string, own: string, peer: string): string =>
      `interface = "${link}"\nunicast_source = "${own}"\nunicast_peers = [{ address = "${peer}", min_ttl = 254 }]\naddresses = ["fd99::9/128"]`;
    const boxes = await routed();
    const texts = [
      router(200, six("eth1", "fd77:1::1", "fd77:2::3")),
      router(100, six("eth2", "fd77:2::3", "fd77:1::1")),
    ] as const;
    await pair(boxes, texts, "fd99::9");
  });
});

describe("a tunnel without Ethernet", () => {
  async function tunnel(): Promise<readonly [Box, Box]> {
    site = await Site.create(2);
    const boxes = [site.box(0), site.box(1)] as const;
    for (const [at, box] of boxes.entries()) {
      const [own, other] = at === 0 ? [1, 2] : [2, 1];
      const end = box.namespace.spawn([
        process.execPath,
        TUNNEL,
        "tun0",
        `10.77.1.${own}`,
        `10.77.1.${other}`,
      ]);
      site.atClose(() => end.end("SIGKILL"));
      await end.says("open", 5000);
      await box.namespace.ip(
        "link set tun0 addrgenmode none",
        `addr add 10.50.0.${own} peer 10.50.0.${other} dev tun0`,
        "link set tun0 up",
        `addr add fe80::5${own}/64 dev tun0 nodad`,
      );
    }
    return boxes;
  }
  const on = (more: string): string => `interface = "tun0"\n${more}`;

  test("carries multicast adverts, for an address on the LAN", async () => {
    const lan = on('addresses = [{ address = "10.77.1.50/24", interface = "eth1" }]');
    await pair(await tunnel(), [router(200, lan), router(100, lan)], "10.77.1.50");
  });

  test("carries multicast adverts of IPv6", async () => {
    const lan = on('addresses = [{ address = "fe80::50/64", interface = "eth1" }]');
    await pair(await tunnel(), [router(200, lan), router(100, lan)], "fe80::50");
  });

  test("carries unicast adverts, and may hold the address itself", async () => {
    const peer = (own: number, other: number): string =>
      on(
        `unicast_source = "10.50.0.${own}"\nunicast_peers = ["10.50.0.${other}"]\naddresses = ["10.50.0.50/32"]`,
      );
    await pair(await tunnel(), [router(200, peer(1, 2)), router(100, peer(2, 1))], "10.50.0.50");
  });

  test("that goes and comes is a fault in between", async () => {
    const boxes = await tunnel();
    const agent = await started(boxes[0], router(200, on('addresses = ["10.50.0.50/32"]')));
    await agent.is("lan", "master");
    await boxes[0].namespace.ip("link set tun0 down");
    await agent.is("lan", "fault", "interface tun0 is down");
    await boxes[0].namespace.ip("link set tun0 up");
    await agent.is("lan", "master");
    expect(await addressesOf(boxes[0])).toContain("10.50.0.50");
  });
});
