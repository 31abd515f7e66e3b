/** `accept = false`: a master whose addresses answer ARP and neighbour discovery, and nothing else (RFC 9568 6.1). */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { ran, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const V4 = "10.77.1.50";
const V6 = "fd77:1::50";
/** Behind the master, and in none of its networks. */
const FAR = "10.99.0.1";

const routers = (accept: boolean, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["${V4}/24"]
accept = ${accept}
${more}
[vrrp.lan6]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["fe80::50/64", "${V6}/64"]
accept = ${accept}
${more}
`;

let site: Site;
let box: Box;
let client: Box;

beforeEach(async () => {
  site = await Site.create(2);
  [box, client] = [site.box(0), site.box(1)];
});
afterEach(() => site.close());

async function master(text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  await agent.is("lan6", "master");
  return agent;
}

const answers = async (address: string): Promise<boolean> =>
  (await ran(client.namespace.enter(["ping", "-c1", "-W1", address]))).code === 0;

/** What the client believes after it has asked anew. */
async function neighbour(address: string): Promise<string> {
  await client.namespace.run(["ip", "neigh", "flush", "dev", "eth1"]);
  await ran(client.namespace.enter(["ping", "-c1", "-W1", address]));
  return await client.namespace.run(["ip", "neigh", "show", address]);
}

const tables = async (): Promise<string> => await box.namespace.run(["nft", "list", "tables"]);
const ruleset = async (): Promise<string> => await box.namespace.run(["nft", "list", "ruleset"]);

describe("a master that does not accept", () => {
  test.each([
    ["its interface's MAC address", "", "02:00:00:00:01:01", "02:00:00:00:01:01"],
    ["a virtual MAC address", "virtual_mac = true", "00:00:5e:00:01:33", "00:00:5e:00:02:33"],
  ] as const)("answers ARP and neighbour discovery at %s, and forwards", async (_, more, mac4, mac6) => {
    await box.namespace.run(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
    await box.namespace.ip(`addr add ${FAR}/32 dev lo`);
    const agent = await master(routers(false, more));
    expect(await neighbour(V4)).toContain(mac4);
    expect(await neighbour(V6)).toContain(mac6);
    expect(await answers(V4)).toBe(false);
    expect(await answers(V6)).toBe(false);
    // Its own addresses are as they were, and what is sent by way of the virtual one gets where it should.
    expect(await answers(box.address4)).toBe(true);
    expect(await answers(box.address6)).toBe(true);
    await client.namespace.ip(`route add ${FAR} via ${V4}`);
    expect(await answers(FAR)).toBe(true);
    // A neighbour that is asked by unicast whether it is still there.
    await client.namespace.ip(`neigh replace ${V6} dev eth1 lladdr ${mac6} nud probe`);
    await until("it still is", 5000, async () =>
      (await client.namespace.run(["ip", "neigh", "show", V6])).includes("REACHABLE"),
    );
    expect((await agent.command("status", "lan")).stdout).toContain(
      "accept    no, only ARP and neighbour discovery\n",
    );
    expect(await agent.stop()).toBe(0);
    expect(await tables()).toBe("");
  });

  test("says so when its packet filter is not to be had, and is master all the same", async () => {
    const agent = await Agent.create(box.namespace, routers(false));
    site.atClose(() => agent.close());
    // Somebody else's table of just that name, which its owner's socket keeps.
    const name = `haagent-${Bun.hash.crc32(agent.runtimeDir).toString(16)}`;
    const holder = Bun.spawn(box.namespace.enter(["nft", "-i"]), { stdin: "pipe", stdout: "ignore" });
    site.atClose(async () => holder.kill("SIGKILL"));
    holder.stdin.write(`add table inet ${name} { flags owner; }\n`);
    await holder.stdin.flush();
    await until("the table", 5000, async () => (await tables()).includes(name));
    await agent.start();
    await agent.is("lan", "master");
    const said = await agent.says("agent.warning");
    expect(said.fields).toMatchObject({
      what: "accept = false is not kept",
      detail: expect.stringContaining("not permitted"),
    });
    expect(await answers(V4)).toBe(true);
    const { code, stdout } = await agent.command("status", "--json");
    expect({ code, status: JSON.parse(stdout) }).toMatchObject({
      code: 3,
      status: { health: "degraded", vrrp: [{ accept: false, accept_failure: said.fields["detail"] }, {}] },
    });
  });

  test("refuses only the addresses it holds, and leaves nothing behind when it is killed", async () => {
    const agent = await master(routers(false));
    expect(await ruleset()).toContain(`elements = { ${V4} }`);
    expect(await ruleset()).toContain(V6);
    await agent.command("standby", "lan");
    await agent.is("lan", "standby");
    expect(await ruleset()).not.toContain(V4);
    expect(await ruleset()).toContain(V6);
    expect(await agent.command("takeover", "lan")).toMatchObject({ code: 0 });
    await agent.is("lan", "master");
    expect(await answers(V4)).toBe(false);
    await agent.kill();
    // The table is its own, and goes with it.
    await until("no table is left", 2000, async () => (await tables()) === "");
    expect(await agent.command("release")).toMatchObject({ code: 0, stderr: "" });
    expect(await addressesOf(box)).not.toContain(V4);
  });

  test("is not opened up by others who flush all rules", async () => {
    await master(routers(false));
    await ran(box.namespace.enter(["nft", "flush", "ruleset"]));
    await sleep(300);
    expect(await answers(V4)).toBe(false);
  });

  test("changes its mind with a reload, without losing an advert", async () => {
    const agent = await master(routers(false));
    expect(await answers(V4)).toBe(false);
    expect(await agent.reload(routers(true))).toContain("changed: lan, lan6\n");
    expect(await answers(V4)).toBe(true);
    expect(await tables()).toBe("");
    await agent.reload(routers(false));
    expect(await answers(V4)).toBe(false);
    expect(agent.events("vrrp.state", "lan")).toHaveLength(2);
  });
});
