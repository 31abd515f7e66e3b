/** A router on a bond of two interfaces, each on a switch of its own: the switches are joined. */
import { describe, expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { addressesOf } from "../lab/owner.ts";
import { ran, until } from "../lab/process.ts";

const VIP = "10.71.0.50";

const router = (priority: number): string => `
[vrrp.lan]
interface = "bond0"
vrid = 51
priority = ${priority}
advert_interval = "500ms"
addresses = ["${VIP}/24"]
`;

/** Two boxes with their eth1 and eth2 in bond0, and a third one with an address on LAN 1. */
async function bonded(): Promise<Site> {
  const site = await Site.create(3, 2);
  await site.wiring.ip(
    "link add stack1 type veth peer name stack2",
    "link set stack1 master lan1 up",
    "link set stack2 master lan2 up",
  );
  await Promise.all(
    [0, 1].map((at) =>
      site
        .box(at)
        .namespace.ip(
          "link add bond0 type bond mode active-backup miimon 50",
          "link set eth1 down",
          "link set eth1 master bond0",
          "link set eth2 down",
          "link set eth2 master bond0",
          `addr add 10.71.0.${at + 1}/24 dev bond0`,
          "link set bond0 up",
        ),
    ),
  );
  await site.box(2).namespace.ip("addr add 10.71.0.3/24 dev eth1");
  return site;
}

describe("a router on a bond", () => {
  test("stays master when one of its interfaces fails, and gives up when both have", async () => {
    await using site = await bonded();
    const [one, two, client] = site.boxes;
    if (one === undefined || two === undefined || client === undefined) throw new Error("no boxes");
    const first = await Agent.create(one.namespace, router(200));
    const second = await Agent.create(two.namespace, router(100));
    for (const agent of [first, second]) {
      site.atClose(() => agent.close());
      await agent.start();
    }
    await first.is("lan", "master");
    await second.is("lan", "backup");
    const answers = (): Promise<number> =>
      until(`${VIP} answers`, 10_000, async () => {
        const { code } = await ran(client.namespace.enter(["ping", "-c1", "-W1", VIP]));
        return code === 0;
      });
    await answers();
    const active = async (): Promise<string> =>
      /active_slave (\S+)/.exec(await one.namespace.run(["ip", "-d", "link", "show", "bond0"]))?.[1] ?? "";
    expect(await active()).toBe("eth1");
    await site.cable(one, 1, false);
    await until("the bond goes on by its other interface", 5000, async () => (await active()) === "eth2");
    await answers();
    // Adverts, too, come by the other switch: the backup has heard nothing but them since.
    expect(first.state("lan")?.fields["to"]).toBe("master");
    expect(await addressesOf(two)).not.toContain(VIP);
    await site.cable(one, 2, false);
    await first.is("lan", "fault", "interface bond0 has no carrier");
    await second.is("lan", "master");
    expect(await addressesOf(one)).not.toContain(VIP);
    await answers();
    await site.cable(one, 2, true);
    await first.is("lan", "master");
    await second.is("lan", "backup");
  });
});
