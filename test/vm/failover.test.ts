/** The compiled file on Debian's own kernel: what every other test here builds upon. */
import { describe, expect, test } from "bun:test";
import { Agent } from "../features/agent.ts";
import { Site } from "../features/site.ts";
import { HAAGENT } from "../lab/haagent.ts";
import { addressesOf } from "../lab/owner.ts";
import { ran, run } from "../lab/process.ts";

const CONFIGURATION = new URL("../../conf/haagent.toml", import.meta.url).pathname;
const VIP = "10.77.1.50";

const router = (priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "500ms"
addresses = ["${VIP}/24"]
`;

describe("a guest", () => {
  test("runs Debian's kernel, with the modules that small virtual machines leave out", async () => {
    expect(await run(["uname", "-r"])).toMatch(/^[0-9.]+-\d+-amd64\n$/);
    await run([
      "modprobe",
      "-a",
      "ip_vs",
      "ip_vs_wrr",
      "8021q",
      "wireguard",
      "bonding",
      "sch_netem",
      "nf_tables",
    ]);
    expect(await run(["ipvsadm", "-ln"])).toContain("IP Virtual Server version 1.2.1");
  });

  test("runs the compiled file", async () => {
    expect(await run([HAAGENT, "version"])).toMatch(/^haagent \d/);
    expect(await ran([HAAGENT, "check", "--config", CONFIGURATION])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("two routers in a guest", () => {
  test("have one address between them, which moves when its master is killed", async () => {
    await using site = await Site.create(2);
    const agents = await Promise.all(
      [200, 100].map((priority, at) => Agent.create(site.box(at).namespace, router(priority))),
    );
    for (const agent of agents) site.atClose(() => agent.close());
    const [first, second] = agents;
    if (first === undefined || second === undefined) throw new Error("no agents");
    const held = async (at: number): Promise<boolean> => (await addressesOf(site.box(at))).includes(VIP);
    await first.start();
    await first.is("lan", "master");
    await second.start();
    await second.is("lan", "backup");
    expect([await held(0), await held(1)]).toEqual([true, false]);
    await first.kill();
    await second.is("lan", "master");
    expect(await held(1)).toBe(true);
  });
});
