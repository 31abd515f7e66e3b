/** Virtual MAC addresses beside keepalived's `use_vmac`: one address, one MAC address, whoever of the two is master. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { Keepalived } from "../lab/keepalived.ts";
import { until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";
import { learntAt } from "./virtual-mac.ts";

interface Case {
  readonly title: string;
  readonly version: 2 | 3;
  /** Milliseconds. */
  readonly interval: number;
  readonly addresses: readonly string[];
  readonly mac: string;
  /** keepalived's `vmac_xmit_base`, and ours. */
  readonly announceOnly: boolean;
}

const VIP4 = ["10.77.1.50/24", "10.77.1.51/24"];
const VIP6 = ["fe80::50/64", "fd77:1::50/64"];
const CASES: readonly Case[] = [
  {
    title: "IPv4, version 2",
    version: 2,
    interval: 1000,
    addresses: VIP4,
    mac: "00:00:5e:00:01:33",
    announceOnly: false,
  },
  {
    title: "IPv4, version 3",
    version: 3,
    interval: 200,
    addresses: VIP4,
    mac: "00:00:5e:00:01:33",
    announceOnly: false,
  },
  {
    title: "IPv6",
    version: 3,
    interval: 200,
    addresses: VIP6,
    mac: "00:00:5e:00:02:33",
    announceOnly: false,
  },
  {
    title: "IPv4, adverts from the interface's own",
    version: 3,
    interval: 200,
    addresses: VIP4,
    mac: "00:00:5e:00:01:33",
    announceOnly: true,
  },
  {
    title: "IPv6, adverts from the interface's own",
    version: 3,
    interval: 200,
    addresses: VIP6,
    mac: "00:00:5e:00:02:33",
    announceOnly: true,
  },
];

const haagent = ({ version, interval, addresses, announceOnly }: Case, priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
version = ${version}
priority = ${priority}
advert_interval = "${interval}ms"
addresses = ${JSON.stringify(addresses)}
virtual_mac = ${announceOnly ? '"announce-only"' : "true"}
`;

const keepalived = ({ version, interval, addresses, announceOnly }: Case, priority: number): string => `
global_defs {
  script_user root
}
vrrp_instance lan {
  state BACKUP
  interface eth1
  use_vmac
  ${announceOnly ? "vmac_xmit_base" : ""}
  virtual_router_id 51
  version ${version}
  priority ${priority}
  advert_int ${interval / 1000}
  virtual_ipaddress {
    ${addresses.join("\n    ")}
  }
}
`;

let site: Site;
let ours: Box;
let theirs: Box;
let client: Box;
let wire: Capture;

beforeEach(async () => {
  site = await Site.create(3);
  [ours, theirs, client] = [site.box(0), site.box(1), site.box(2)];
  // keepalived leaves this to the operator: its interface's ARP requests would name the virtual address as their sender's.
  await theirs.namespace.run(["sysctl", "-qw", "net.ipv4.conf.eth1.arp_announce=2"]);
  wire = await Capture.start(client.namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

const plain = (cidr: string): string => cidr.replace(/\/.*/, "");

/** Asks for every address, and gives what the client believes them to be at. */
async function macs(addresses: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const address of addresses.map(plain)) {
    const scope = address.startsWith("fe80") ? ["-I", "eth1"] : [];
    await until(`${address} answers`, 8000, async () => {
      const argv = ["ping", "-c1", "-W1", ...scope, address];
      return client.namespace.run(argv).then(
        () => true,
        () => false,
      );
    });
    found.push(/lladdr (\S+)/.exec(await client.namespace.run(["ip", "neigh", "show", address]))?.[1] ?? "");
  }
  return found;
}

/** Who is the one master: the IP source of all adverts of the last moments. */
async function masterIs(box: Box, one: Case): Promise<void> {
  const source = one.addresses === VIP6 ? box.linkLocal : box.address4;
  const lately = () => wire.adverts(Date.now() - 2.5 * one.interval);
  await until(
    () =>
      `${source} is the one master: ${wire
        .adverts(Date.now() - 2500)
        .map(({ seen }) => seen.from)
        .join(" ")}`,
    15_000,
    () => {
      const heard = lately();
      return heard.length > 1 && heard.every(({ seen }) => seen.from === source && seen.priority > 0);
    },
  );
}

describe.each(CASES)("a virtual MAC address shared with keepalived, $title", (one) => {
  const expected = one.addresses.map(() => one.mac);
  const sender = (box: Box): string => (one.announceOnly ? box.mac : one.mac);

  test("passes from keepalived to us and back", async () => {
    const peer = new Keepalived(theirs, keepalived(one, 150));
    site.atClose(() => peer.close());
    await peer.start();
    await masterIs(theirs, one);
    const agent = await Agent.create(ours.namespace, haagent(one, 100));
    site.atClose(() => agent.close());
    await agent.start();
    await agent.is("lan", "backup");
    expect(await macs(one.addresses)).toEqual(expected);
    await peer.stop();
    await masterIs(ours, one);
    expect(await macs(one.addresses)).toEqual(expected);
    expect(await learntAt(site.wiring, "lan1", one.mac)).toBe(ours.port);
    expect(new Set(wire.adverts(Date.now() - 1.5 * one.interval).map(({ source }) => source))).toEqual(
      new Set([sender(ours)]),
    );
    await peer.start();
    await masterIs(theirs, one);
    await agent.is("lan", "backup");
    // Our last word was from the interface's own, so no bridge looks for the address at our port.
    expect(await learntAt(site.wiring, "lan1", one.mac)).toBe(theirs.port);
    expect(await macs(one.addresses)).toEqual(expected);
    const { rejected } = (await agent.router("lan")).counters;
    expect(Object.values(rejected).every((count) => count === 0)).toBe(true);
  });

  test("passes from us to keepalived and back", async () => {
    const agent = await Agent.create(ours.namespace, haagent(one, 150));
    site.atClose(() => agent.close());
    await agent.start();
    await masterIs(ours, one);
    const peer = new Keepalived(theirs, keepalived(one, 100));
    site.atClose(() => peer.close());
    await peer.start();
    expect(await macs(one.addresses)).toEqual(expected);
    await agent.stop();
    await masterIs(theirs, one);
    expect(await macs(one.addresses)).toEqual(expected);
    await agent.start();
    await masterIs(ours, one);
    expect(await macs(one.addresses)).toEqual(expected);
    expect(await learntAt(site.wiring, "lan1", one.mac)).toBe(ours.port);
  });
});
