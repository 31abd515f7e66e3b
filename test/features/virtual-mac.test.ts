/** Two routers, a client and a switch: addresses that keep their MAC address whoever holds them (RFC 9568 7.3). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";
import { devicesOf, learntAt, settings } from "./virtual-mac.ts";

interface Case {
  readonly title: string;
  readonly version: 2 | 3;
  readonly interval: string;
  readonly addresses: readonly string[];
  readonly device: string;
  readonly mac: string;
}

const V4: Case = {
  title: "IPv4, version 3",
  version: 3,
  interval: "100ms",
  addresses: ["10.77.1.50/24", "10.77.1.51/32"],
  device: "vrrp.51.eth1",
  mac: "00:00:5e:00:01:33",
};
const V2: Case = { ...V4, title: "IPv4, version 2", version: 2, interval: "1s" };
const V6: Case = {
  title: "IPv6",
  version: 3,
  interval: "100ms",
  addresses: ["fe80::50/64", "fd77:1::50/64"],
  device: "vrrp6.51.eth1",
  mac: "00:00:5e:00:02:33",
};

const router = (one: Case, priority: number, mode: string, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
version = ${one.version}
priority = ${priority}
advert_interval = "${one.interval}"
addresses = ${JSON.stringify(one.addresses)}
virtual_mac = ${mode}
${more}
`;

let site: Site;
let left: Box;
let right: Box;
let client: Box;

beforeEach(async () => {
  site = await Site.create(3);
  [left, right, client] = [site.box(0), site.box(1), site.box(2)];
});
afterEach(() => site.close());

async function agent(box: Box, text: string): Promise<Agent> {
  const made = await Agent.create(box.namespace, text);
  site.atClose(() => made.close());
  return made;
}

async function capture(): Promise<Capture> {
  const wire = await Capture.start(client.namespace, ["eth1"]);
  site.atClose(() => wire.close());
  return wire;
}

const plain = (cidr: string): string => cidr.replace(/\/.*/, "");

/** IGMP to 224.0.0.2 and 224.0.0.22, MLD to ff02::2 and ff02::16 (RFC 3376, RFC 3810). */
const isReport = (destination: string): boolean =>
  /^(01:00:5e:00:00:(02|16)|33:33:00:00:00:(02|16))$/.test(destination);

/** The client asks for an address, and gets an answer. */
const ping = (address: string): Promise<string> =>
  client.namespace.run([
    "ping",
    "-c1",
    "-W2",
    ...(address.startsWith("fe80") ? ["-I", "eth1"] : []),
    address,
  ]);

/** Every link-layer address that the client believes an address to be at from now on. */
async function neighbour(address: string): Promise<() => Promise<string[]>> {
  const lines: string[] = [];
  const monitor = client.namespace.spawn(["ip", "monitor", "neigh"], { onLine: (line) => lines.push(line) });
  site.atClose(() => monitor.end("SIGTERM", 1000));
  const known = async (): Promise<string> => client.namespace.run(["ip", "neigh", "show", address]);
  const first = await known();
  return async () => {
    const all = [first, ...lines.filter((line) => line.split(" ").includes(address)), await known()];
    return [...new Set(all.flatMap((line) => /lladdr (\S+)/.exec(line)?.[1] ?? []))];
  };
}

describe.each([V4, V2, V6])("a virtual MAC address, $title", (one) => {
  const addresses = one.addresses.map(plain);
  const [vip = ""] = addresses;

  test("stays the same for the client and moves through the switch when the master leaves and comes back", async () => {
    const wire = await capture();
    const first = await agent(left, router(one, 150, "true"));
    const second = await agent(right, router(one, 100, "true"));
    await first.start();
    await second.start();
    await first.is("lan", "master");
    await second.is("lan", "backup");
    for (const address of addresses) await ping(address);
    const seen = await Promise.all(addresses.map(neighbour));
    expect(await learntAt(site.wiring, "lan1", one.mac)).toBe(left.port);
    expect(await first.stop()).toBe(0);
    await second.is("lan", "master");
    await until(
      "the switch has it",
      2000,
      async () => (await learntAt(site.wiring, "lan1", one.mac)) === right.port,
    );
    for (const address of addresses) await ping(address);
    await first.start();
    await first.is("lan", "master");
    await second.is("lan", "backup", "priority 150");
    const back = first.state("lan")?.at ?? 0;
    for (const address of addresses) await ping(address);
    await until(
      "the switch has it",
      2000,
      async () => (await learntAt(site.wiring, "lan1", one.mac)) === left.port,
    );
    for (const macs of seen) expect(await macs()).toEqual([one.mac]);
    // Adverts: from the virtual MAC address, but for the last word of whoever gives up.
    await wire.upTo(back + 100);
    const adverts = wire
      .adverts()
      .map(({ source, seen: { from, priority } }) => ({ source, from, priority }));
    const own = { 4: (box: Box) => box.address4, 6: (box: Box) => box.linkLocal }[one === V6 ? 6 : 4];
    const last = [
      { source: left.mac, from: own(left), priority: 0 },
      { source: right.mac, from: own(right), priority: 100 },
    ];
    expect(adverts.filter(({ source }) => source !== one.mac)).toEqual(last);
    expect(adverts.filter(({ source }) => source === one.mac).length).toBeGreaterThan(5);
    // Announcements and answers: from nowhere else, and the first thing of a new master is an advert.
    for (const address of addresses) {
      const told = wire.announcements(address);
      expect(told.length).toBeGreaterThanOrEqual(10);
      expect(new Set(told.map(({ source }) => source))).toEqual(new Set([one.mac]));
    }
    const from = (box: Box): number =>
      wire.adverts().find(({ seen }) => seen.from === own(box) && seen.priority > 0)?.at ?? Number.NaN;
    const left0 = wire.adverts().find(({ seen }) => seen.priority === 0)?.at ?? Number.NaN;
    expect(wire.announcements(vip, left0)[0]?.at).toBeGreaterThan(from(right));
    // No IGMP and no MLD: the interface itself is in the groups at which neighbours are asked for.
    const reports = wire.frames.filter(
      ({ source, destination }) => source === one.mac && isReport(destination),
    );
    expect(reports).toEqual([]);
    for (const address of addresses.filter((text) => text.includes(":"))) {
      const groups = await left.namespace.run(["ip", "-6", "maddr", "show", "dev", "eth1"]);
      expect(groups).toContain(`ff02::1:ff00:${plain(address).split(":").at(-1)}`);
    }
  });

  test("is a macvlan, up and configured at the master, down at the backup, gone at the end", async () => {
    const first = await agent(left, router(one, 150, "true"));
    const second = await agent(right, router(one, 100, "true"));
    const keys = ["arp_ignore", "arp_announce", "rp_filter"] as const;
    const before = await settings(left.namespace, "eth1", 4, keys);
    await first.start();
    await second.start();
    await first.is("lan", "master");
    await second.is("lan", "backup");
    const made = { ifname: one.device, link: "eth1", address: one.mac, mode: "private" };
    expect(await devicesOf(left.namespace)).toMatchObject([{ ...made, up: true }]);
    expect(await devicesOf(right.namespace)).toMatchObject([{ ...made, up: false }]);
    expect(await settings(left.namespace, one.device, 4, keys)).toEqual({
      arp_ignore: 1,
      arp_announce: 2,
      rp_filter: 0,
    });
    expect(await settings(left.namespace, "eth1", 4, keys)).toEqual(
      one === V6 ? before : { ...before, arp_ignore: 1, arp_announce: 2 },
    );
    expect(await settings(right.namespace, "eth1", 4, keys)).toEqual(before);
    const quiet = ["disable_ipv6", "accept_ra", "autoconf", "addr_gen_mode"] as const;
    if (one === V6) {
      expect(await settings(left.namespace, one.device, 6, quiet)).toEqual({
        disable_ipv6: 0,
        accept_ra: 0,
        autoconf: 0,
        addr_gen_mode: 1,
      });
    } else
      expect(await settings(left.namespace, one.device, 6, ["disable_ipv6"])).toEqual({ disable_ipv6: 1 });
    // The device is up before they are on it.
    await until("the addresses are held", 5000, async () =>
      (await first.router("lan")).addresses.every(({ held }) => held),
    );
    expect((await first.router("lan")).addresses).toMatchObject(
      one.addresses.map((address) => ({ address, interface: one.device, held: true })),
    );
    expect((await first.command("status")).stdout).toContain(`mac       ${one.mac} on ${one.device}\n`);
    expect(await first.stop()).toBe(0);
    expect(await second.stop()).toBe(0);
    for (const box of [left, right]) {
      expect(await devicesOf(box.namespace)).toEqual([]);
      expect(await settings(box.namespace, "eth1", 4, keys)).toEqual(before);
    }
  });

  test("survives a crash: resumed at once with the same device, or swept away by `haagent release`", async () => {
    const keys = ["arp_ignore", "arp_announce", "promote_secondaries"] as const;
    const before = await settings(left.namespace, "eth1", 4, keys);
    const first = await agent(left, router({ ...one, interval: "1s" }, 150, "true"));
    await first.start();
    await first.is("lan", "master");
    const [device] = await devicesOf(left.namespace);
    await first.kill();
    await first.start();
    await first.is("lan", "master", "resumed");
    await sleep(100);
    expect(await devicesOf(left.namespace)).toEqual(device === undefined ? [] : [device]);
    await ping(vip);
    await first.kill();
    const { code, stdout } = await first.command("release");
    expect({ code, lines: stdout.split("\n") }).toMatchObject({
      code: 0,
      lines: expect.arrayContaining([
        ...one.addresses.map((address) => `removed ${address}`),
        `removed ${one.device}`,
      ]),
    });
    expect(await devicesOf(left.namespace)).toEqual([]);
    expect(await settings(left.namespace, "eth1", 4, keys)).toEqual(before);
    for (const address of addresses) expect(await addressesOf(left)).not.toContain(address);
  });
});
