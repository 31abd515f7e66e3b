/** Found is not added: an address that was there before the agent, or that somebody puts there, is never taken away by it. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Monitor } from "./monitor.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const router = (more: string, interval: string): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "${interval}"
addresses = ["${VIP}/24", "10.77.1.51/24"]
${more}
`;

let site: Site;
let box: Box;
let monitor: Monitor;

beforeEach(async () => {
  site = await Site.create(1);
  box = site.box(0);
  monitor = await Monitor.start(box.namespace);
  site.atClose(() => monitor.close());
});
afterEach(() => site.close());

async function started(more = "", agentLines = "", interval = "100ms"): Promise<Agent> {
  const agent = await Agent.create(box.namespace, { agent: agentLines, text: router(more, interval) });
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** Whether the first address of the router ever left the interface. */
async function touched(): Promise<boolean> {
  await monitor.flush();
  return monitor.about(`inet ${VIP}/`).some(({ deleted }) => deleted);
}
const has = async (address: string): Promise<boolean> => (await addressesOf(box)).includes(address);

describe("an address that is there already", () => {
  test("is a fault that names it, and none once it is gone", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started();
    const reason = `address ${VIP}/24 is on eth1 already, and not by us`;
    await agent.is("lan", "fault", reason);
    const { code, stdout } = await agent.command("status", "--json");
    expect(code).toBe(3);
    const [status] = JSON.parse(stdout).vrrp;
    expect(status).toMatchObject({ state: "fault", reason });
    expect(status.addresses).toMatchObject([
      { address: `${VIP}/24`, held: false, found: true },
      { address: "10.77.1.51/24", held: false, found: false },
    ]);
    expect(await touched()).toBe(false);
    expect(await has("10.77.1.51")).toBe(false);
    await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await agent.is("lan", "master");
    expect(await has(VIP)).toBe(true);
  });

  test("with another prefix is a fault too", async () => {
    await box.namespace.ip(`addr add ${VIP}/32 dev eth1`);
    const agent = await started();
    await agent.is("lan", "fault", `address ${VIP}/32 is on eth1 already, and not by us`);
    expect(await touched()).toBe(false);
  });

  test("is not removed by a stop or by `haagent release`", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started();
    await agent.is("lan", "fault");
    expect(await agent.stop()).toBe(0);
    expect(await has(VIP)).toBe(true);
    expect(await agent.command("release")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect(await touched()).toBe(false);
  });

  test("is used where on_found is adopt, and left where it is at the end", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started('on_found = "adopt"');
    await agent.is("lan", "master");
    expect((await agent.router("lan")).addresses).toMatchObject([
      { address: `${VIP}/24`, held: true, found: true },
      { address: "10.77.1.51/24", held: true, found: false },
    ]);
    await sleep(700);
    // No lifetime was put on what is not ours.
    const [link] = JSON.parse(await box.namespace.run(["ip", "-j", "addr", "show", "eth1"]));
    const lifetime = (address: string): number =>
      link.addr_info.find(({ local }: { local: string }) => local === address).valid_life_time;
    expect(lifetime(VIP)).toBe(0xffff_ffff);
    expect(lifetime("10.77.1.51")).toBeLessThanOrEqual(2);
    expect(await agent.stop()).toBe(0);
    expect(await touched()).toBe(false);
    expect(await has("10.77.1.51")).toBe(false);
  });

  test("and adopted is not removed after a SIGKILL either", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started('on_found = "adopt"', 'address_lifetime = "forever"');
    await agent.is("lan", "master");
    await agent.kill();
    expect((await agent.command("release")).stdout).toBe("removed 10.77.1.51/24\n");
    expect(await touched()).toBe(false);
  });

  test("and adopted is added by us when its owner removes it", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started('on_found = "adopt"');
    await agent.is("lan", "master");
    await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await agent.says("address.restored", VIP);
    expect((await agent.router("lan")).addresses[0]).toMatchObject({ held: true, found: false });
    expect(await agent.stop()).toBe(0);
    expect(await has(VIP)).toBe(false);
  });

  test("is the owner's own at priority 255: used, and left in every end", async () => {
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const agent = await started("priority = 255");
    const said = await agent.is("lan", "master");
    expect(said.fields["reason"]).toBe("owner of the addresses");
    expect(await agent.stop()).toBe(0);
    expect(await has(VIP)).toBe(true);
    await agent.start();
    await agent.is("lan", "master");
    await agent.kill();
    await agent.command("release");
    expect(await touched()).toBe(false);
  });
});

describe("an address that somebody adds", () => {
  test("while we are backup is a fault at once, and no more when it is gone", async () => {
    const agent = await started("", "", "1s");
    await agent.is("lan", "backup");
    await box.namespace.ip(`addr add ${VIP}/24 dev eth1`);
    await agent.is("lan", "fault", `address ${VIP}/24 is on eth1 already`);
    await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await agent.is("lan", "backup");
  });

  test("on another interface is nobody's business", async () => {
    await box.namespace.ip("link add lan9 type bridge", `addr add ${VIP}/24 dev lan9`, `link set lan9 up`);
    const agent = await started();
    await agent.is("lan", "master");
    expect(await agent.stop()).toBe(0);
    expect(await touched()).toBe(true);
    expect(await box.namespace.run(["ip", "addr", "show", "lan9"])).toContain(VIP);
  });
});

describe("an address that is taken away", () => {
  test("is put back three times within ten seconds, then it is a quarrel that we leave, for a while", async () => {
    const agent = await started();
    await agent.is("lan", "master");
    for (let count = 1; count <= 3; count++) {
      await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
      await agent.says("address.restored", VIP, count);
    }
    await box.namespace.ip(`addr del ${VIP}/24 dev eth1`);
    await agent.is("lan", "fault", `address ${VIP} was taken away 4 times in 10 s`);
    await until("all are gone", 2000, async () => !(await has(VIP)) && !(await has("10.77.1.51")));
    // It tries again after ten seconds.
    await sleep(8000);
    await agent.is("lan", "master");
    expect(await has(VIP)).toBe(true);
  });
});
