/** The thread that reads and writes the table of virtual services, when it hangs in the kernel: nobody else waits for it. */
import { expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { frozen, threads } from "./frozen.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const TEXT = `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "500ms"
addresses = ["${VIP}/24"]
[virtual_server.web]
address = "${VIP}:80"
real_servers = ["10.77.1.9:80"]
`;
const HUNG = "does not answer for its virtual servers";

test("a thread of the kernel's table that hangs is said, is believed again when it answers, and delays neither adverts nor the end", async () => {
  await using site = await Site.create(1);
  const { namespace } = site.box(0);
  const agent = await Agent.create(namespace, TEXT);
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  await until("the table has a thread", 10_000, () => threads(agent.pid, "Worker").length === 1);
  const [thread = 0] = threads(agent.pid, "Worker");
  const says = async (): Promise<boolean> => JSON.stringify(await agent.status()).includes(HUNG);
  {
    using _ = await frozen(agent.pid, thread);
    await until("it is said", 60_000, says);
    expect((await agent.status()).health).toBe("degraded");
    expect((await agent.command("status")).stdout).toContain(HUNG);
    const { counters } = await agent.router("lan");
    await until("it advertises", 5000, async () => {
      return (await agent.router("lan")).counters.adverts_sent > counters.adverts_sent + 2;
    });
  }
  await until("it is believed again", 20_000, async () => !(await says()));
  const stopped = await (async () => {
    using _ = await frozen(agent.pid, thread);
    // By then it was asked to read once more.
    await sleep(5000);
    const ended = agent.stop();
    await agent.says("agent.warning", "the kernel does not answer, and they stay");
    expect(await namespace.run(["ip", "addr", "show", "dev", "eth1"])).not.toContain(VIP);
    return { ended };
  })();
  expect(await stopped.ended).toBe(0);
});
