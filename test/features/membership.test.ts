/** What the kernel says for us on the wire: that we joined a group, so that switches send it to us; and no "protocol unreachable". */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { forge, inject } from "./forgery.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const router = (priority: number, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
${more.includes("addresses") ? "" : 'addresses = ["10.77.1.50/24"]'}
${more}
`;
const SIX = 'addresses = ["fe80::50/64"]';

let site: Site;
let box: Box;

beforeEach(async () => {
  site = await Site.create(3);
  box = site.box(0);
});
afterEach(() => site.close());

async function started(of: Box, text: string): Promise<Agent> {
  const agent = await Agent.create(of.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}
async function capture(of: Box): Promise<Capture> {
  const made = await Capture.start(of.namespace, ["eth1"]);
  site.atClose(() => made.close());
  return made;
}

/** Group records of the reports on the wire, as `type group`; RFC 3376 4.2.12 and RFC 3810 5.2.12 number the types alike. */
async function reports(wire: Capture, family: 4 | 6): Promise<string[]> {
  const [filter, type, group] =
    family === 4
      ? ["igmp.type == 0x22", "igmp.record_type", "igmp.maddr"]
      : ["icmpv6.type == 143", "icmpv6.mldr.mar.record_type", "icmpv6.mldr.mar.multicast_address"];
  const seen = await wire.tshark(`${filter} && eth.src == ${box.mac}`, [type ?? "", group ?? ""]);
  return seen.flatMap((packet) => {
    const [types = "", groups = ""] = Object.values(packet);
    const names = groups.split(",");
    return types.split(",").map((one, at) => `${Number(one)} ${names[at]}`);
  });
}
const CHANGE_TO_INCLUDE = 3;
const CHANGE_TO_EXCLUDE = 4;

describe("a group", () => {
  const groups: readonly [string, 4 | 6, string, string][] = [
    ["of IPv4", 4, "", "224.0.0.18"],
    ["of IPv6", 6, SIX, "ff02::12"],
    ["of one's own", 4, 'multicast_group = "239.9.9.9"', "239.9.9.9"],
    ["of one's own, of IPv6", 6, `${SIX}\nmulticast_group = "ff02::99"`, "ff02::99"],
  ];
  test.each(groups)("%s is joined and left by IGMP or MLD", async (_, family, more, group) => {
    const wire = await capture(site.box(1));
    const agent = await started(box, router(100, more));
    await agent.is("lan", "master");
    await until("the join is reported", 5000, async () =>
      (await reports(wire, family)).includes(`${CHANGE_TO_EXCLUDE} ${group}`),
    );
    expect(await reports(wire, family)).not.toContain(`${CHANGE_TO_INCLUDE} ${group}`);
    await agent.stop();
    await until("the leave is reported", 5000, async () =>
      (await reports(wire, family)).includes(`${CHANGE_TO_INCLUDE} ${group}`),
    );
  });

  test("is left for another when the configuration says so", async () => {
    const wire = await capture(site.box(1));
    const agent = await started(box, router(100, 'multicast_group = "239.9.9.9"'));
    await agent.is("lan", "master");
    await agent.reload(router(100, 'multicast_group = "239.9.9.8"'));
    await until("both are reported", 5000, async () => {
      const told = await reports(wire, 4);
      return (
        told.includes(`${CHANGE_TO_INCLUDE} 239.9.9.9`) && told.includes(`${CHANGE_TO_EXCLUDE} 239.9.9.8`)
      );
    });
    const from = now();
    await until("adverts go on", 3000, () => wire.adverts(from).length > 1);
    expect(new Set(wire.adverts(from).map(({ seen }) => seen.to))).toEqual(new Set(["239.9.9.8"]));
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });

  test("passes a switch that snoops, to those who joined and to nobody else", async () => {
    // Its own querier, which makes it snoop: after 0.2 s, when one is set after the other.
    await site.wiring.ip(
      "link set lan1 type bridge mcast_snooping 1",
      "link set lan1 type bridge mcast_query_response_interval 20",
      "link set lan1 type bridge mcast_querier 1",
    );
    await sleep(500);
    const bystander = await capture(site.box(2));
    const more = 'multicast_group = "239.9.9.9"';
    const master = await started(box, router(200, more));
    const backup = await started(site.box(1), router(100, more));
    await master.is("lan", "master");
    await sleep(2500);
    expect(backup.events("vrrp.state", "lan").map(({ fields }) => fields["to"])).toEqual(["backup"]);
    expect((await backup.router("lan")).counters.adverts_received).toBeGreaterThan(10);
    // It is no member: the switch really snoops.
    expect(bystander.adverts(now() - 1000)).toEqual([]);
  });
});

describe("a unicast advert", () => {
  /** ICMP errors that the box sent. */
  const errors = (wire: Capture): Promise<Record<string, string>[]> =>
    wire.tshark(`eth.src == ${box.mac} && (icmp.type == 3 || icmpv6.type == 4 || icmpv6.type == 1)`, [
      "icmp.code",
      "icmpv6.type",
    ]);

  /** An advert to the box's own address, and time for an answer. */
  async function send(frame: string): Promise<void> {
    await inject(site, box, [frame]);
    // The kernel complains once a second to anybody.
    await sleep(1100);
  }
  const mac = "020000000101";
  const FRAMES: readonly [string, string][] = [
    ["IPv4", forge({ source: "10.77.1.2", destination: "10.77.1.1" }, mac)],
    [
      "IPv6",
      `${mac}02000000010286dd60000000000c70ff` +
        "fd770001000000000000000000000002fd7700010000000000000000000000013133640100" +
        "0a0000000000".padEnd(14, "0"),
    ],
  ];

  test.each(FRAMES)("of %s is unreachable without an agent, and not with one", async (_, frame) => {
    const wire = await capture(box);
    await send(frame);
    expect((await errors(wire)).length).toBe(1);
    const agent = await started(box, router(100));
    await agent.is("lan", "master");
    await send(frame);
    await send(frame);
    expect((await errors(wire)).length).toBe(1);
    await agent.stop();
    await send(frame);
    expect((await errors(wire)).length).toBe(2);
  });
});
