/** Gratuitous ARP and unsolicited neighbour advertisements of a master: what is in them, how many, and when. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { forge, inject } from "./forgery.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const router = (addresses: string, garp: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "200ms"
addresses = [${addresses}]
garp = { ${garp} }
`;

let site: Site;
let box: Box;
let wire: Capture;
beforeEach(async () => {
  site = await Site.create(2);
  box = site.box(0);
  wire = await Capture.start(site.box(1).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function master(addresses: string, garp: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, router(addresses, garp));
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  return agent;
}
/** Milliseconds after the first one. */
function times(address: string): number[] {
  const all = wire.announcements(address).map(({ at }) => at);
  return all.map((at) => at - (all[0] ?? 0));
}

describe("an address that is taken", () => {
  test("is announced after the advert, count times, again after repeat_after, and at each refresh", async () => {
    await master(`"${VIP}/24"`, 'count = 3, interval = "50ms", repeat_after = "1s", refresh = "2s"');
    await sleep(4700);
    const first = wire.announcements(VIP)[0]?.at ?? 0;
    expect(wire.adverts()[0]?.at).toBeLessThan(first);
    const at = times(VIP);
    // Three at the start, three a second later, one after two seconds and one after four.
    const near = (from: number, to: number): number => at.filter((one) => one >= from && one < to).length;
    expect([near(0, 900), near(900, 1900), near(1900, 3900), near(3900, 4600)]).toEqual([3, 3, 1, 1]);
    expect(at[1]).toBeGreaterThan(45);
    expect(at[2]).toBeGreaterThan(95);
  });

  test("is announced once where count is 1 and the rest is off", async () => {
    await master(`"${VIP}/24", "10.77.1.51/24"`, 'count = 1, repeat_after = "0s", refresh = "0s"');
    await sleep(2500);
    expect([times(VIP).length, times("10.77.1.51").length]).toEqual([1, 1]);
  });

  test("is announced no more once the master has left", async () => {
    const agent = await master(`"${VIP}/24"`, 'count = 60, interval = "50ms"');
    await agent.stop();
    const stopped = now();
    await sleep(1000);
    expect(wire.announcements(VIP, stopped)).toEqual([]);
    const zero = wire.adverts().find(({ seen }) => seen.priority === 0)?.at ?? 0;
    expect(wire.announcements(VIP).every(({ at }) => at < zero)).toBe(true);
  });

  test("is announced anew when another master was heard", async () => {
    await master(`"${VIP}/24"`, 'count = 1, repeat_after = "0s", refresh = "0s"');
    await until("it is announced", 2000, () => wire.announcements(VIP).length === 1);
    const before = now();
    await inject(site, box, [forge({ priority: 50, interval: 20 })]);
    await until("it is announced again", 2000, () => wire.announcements(VIP, before).length === 1);
  });

  test("is announced anew when the interface has another link-layer address", async () => {
    await master(`"${VIP}/24"`, 'count = 1, repeat_after = "0s", refresh = "0s"');
    await until("it is announced", 2000, () => wire.announcements(VIP).length === 1);
    await box.namespace.ip("link set eth1 address 02:00:00:00:01:99");
    await until("it is announced again", 2000, () => wire.announcements(VIP).length === 2);
    expect(wire.announcements(VIP)[1]?.source).toBe("02:00:00:00:01:99");
  });
});

describe("an announcement", () => {
  test("of IPv4 is a gratuitous ARP request to everybody", async () => {
    await master(`"${VIP}/24"`, "count = 1");
    await until("it is announced", 2000, () => wire.announcements(VIP).length === 1);
    const fields = ["eth.dst", "arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.proto_ipv4"];
    const [seen] = await wire.tshark(`arp.isgratuitous && arp.src.proto_ipv4 == ${VIP}`, fields);
    expect(seen).toEqual({
      "eth.dst": "ff:ff:ff:ff:ff:ff",
      "arp.opcode": "1",
      "arp.src.hw_mac": box.mac,
      "arp.src.proto_ipv4": VIP,
      "arp.dst.proto_ipv4": VIP,
    });
  });

  test.each([
    ["0", "0"],
    ["1", "1"],
  ])("of IPv6 overrides what is known, and says router where forwarding is %s", async (forwarding, flag) => {
    await box.namespace.run(["sysctl", "-qw", `net.ipv6.conf.eth1.forwarding=${forwarding}`]);
    await master('"fe80::50/64", "fd77:1::50/64"', "count = 1");
    await until("it is announced", 2000, () => wire.announcements("fd77:1::50").length === 1);
    const seen = await wire.tshark("icmpv6.type == 136 && icmpv6.nd.na.target_address == fd77:1::50", [
      "ipv6.dst",
      "ipv6.hlim",
      "icmpv6.checksum.status",
      "icmpv6.nd.na.flag.r",
      "icmpv6.nd.na.flag.s",
      "icmpv6.nd.na.flag.o",
      "icmpv6.opt.linkaddr",
    ]);
    expect(seen[0]).toEqual({
      "ipv6.dst": "ff02::1",
      "ipv6.hlim": "255",
      "icmpv6.checksum.status": "1",
      "icmpv6.nd.na.flag.r": flag,
      "icmpv6.nd.na.flag.s": "0",
      "icmpv6.nd.na.flag.o": "1",
      "icmpv6.opt.linkaddr": box.mac,
    });
  });
});
