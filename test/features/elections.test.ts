/** Who becomes master, when, and who stays: priorities, ties, preemption and its delay, the owner, and intervals that differ. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const VIP = "10.77.1.50";
const router = (priority: number, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
${more.includes("advert_interval") ? "" : 'advert_interval = "100ms"'}
${more.includes("addresses") ? "" : `addresses = ["${VIP}/24"]`}
${more}
`;

let site: Site;
let wire: Capture;
beforeEach(async () => {
  site = await Site.create(4);
  wire = await Capture.start(site.box(3).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function started(box: number, text: string): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}
const states = async (...agents: Agent[]): Promise<string[]> =>
  await Promise.all(agents.map(async (agent) => (await agent.router("lan")).state));

describe("an election", () => {
  test("of three routers is won by the highest priority, then by the next one", async () => {
    const high = await started(2, router(150));
    await high.is("lan", "master");
    const [low, middle] = await Promise.all([started(0, router(50)), started(1, router(100))]);
    await until("both know the master", 3000, async () => {
      const routers = await Promise.all([low.router("lan"), middle.router("lan")]);
      return routers.every(({ master }) => master?.priority === 150);
    });
    await high.stop();
    await middle.is("lan", "master", "released it");
    await middle.kill();
    await low.is("lan", "master", "silent for");
  });

  test("between equal priorities is won by the higher address, and stays won", async () => {
    await site.forward(site.box(0), 1, false);
    const [one, two] = await Promise.all([started(0, router(100)), started(1, router(100))]);
    await Promise.all([one.is("lan", "master"), two.is("lan", "master")]);
    await site.forward(site.box(0), 1, true);
    await one.is("lan", "backup", "10.77.1.2 has priority 100");
    await sleep(1000);
    expect(await states(one, two)).toEqual(["backup", "master"]);
    // The running master of the lower address is not disturbed by an equal.
    await two.stop();
    await one.is("lan", "master");
    await two.start();
    await sleep(1500);
    expect(await states(one, two)).toEqual(["master", "backup"]);
  });

  test("is waited for by the interval of the master, not by one's own", async () => {
    const master = await started(0, router(200, 'advert_interval = "700ms"'));
    await master.is("lan", "master");
    const backup = await started(1, router(100, 'advert_interval = "20ms"\npreempt = false'));
    await until("it is heard", 3000, async () => (await backup.router("lan")).master !== null);
    await sleep(3000);
    expect(await states(backup)).toEqual(["backup"]);
    const killed = now();
    await master.kill();
    const last = wire.adverts(0, site.box(0).mac).at(-1)?.at ?? 0;
    await until("it takes over", 5000, () => wire.adverts(killed, site.box(1).mac).length > 0);
    const first = wire.adverts(killed, site.box(1).mac)[0]?.at ?? 0;
    // Three intervals of 700 ms and the skew of priority 100 (RFC 9568 6.1).
    const patience = 3 * 700 + ((256 - 100) / 256) * 700;
    expect(first - last).toBeGreaterThan(patience - 20);
    expect(first - last).toBeLessThan(patience + 500);
  });

  test("is one between both dialects of the checksum", async () => {
    const one = await started(0, router(200, 'checksum = "rfc9568"'));
    const two = await started(1, router(100));
    await one.is("lan", "master");
    await until("it is heard", 3000, async () => (await two.router("lan")).master !== null);
    await one.stop();
    await two.is("lan", "master", "released it");
    await one.start();
    await one.is("lan", "master", "preempting");
    await two.is("lan", "backup");
    expect(Object.values((await one.router("lan")).counters.rejected).every((count) => count === 0)).toBe(
      true,
    );
  });
});

describe("preemption", () => {
  test("takes over from a lower priority at once where nothing else is said", async () => {
    const low = await started(0, router(100));
    await low.is("lan", "master");
    const high = await started(1, router(200));
    await high.is("lan", "master", "preempting 10.77.1.1");
    await low.is("lan", "backup", "10.77.1.2 has priority 200");
  });

  test("is left alone where preempt is false, and taken up by a reload", async () => {
    const low = await started(0, router(100));
    await low.is("lan", "master");
    const high = await started(1, router(200, "preempt = false"));
    await sleep(1500);
    expect(await states(low, high)).toEqual(["master", "backup"]);
    await low.kill();
    await high.is("lan", "master");
    await low.start();
    await low.is("lan", "backup");
    await high.reload(router(90, "preempt = false"));
    await low.is("lan", "master");
    await high.is("lan", "backup");
    await high.reload(router(200));
    await high.is("lan", "master");
  });

  test("waits for preempt_delay, and not where the master dies meanwhile", async () => {
    const low = await started(0, router(100));
    await low.is("lan", "master");
    const high = await started(1, router(200, 'preempt_delay = "2s"'));
    const heard = now();
    const said = await high.is("lan", "master", "preempting");
    expect(said.at - heard).toBeGreaterThan(1900);
    expect(said.at - heard).toBeLessThan(3500);
    await low.is("lan", "backup");
    await high.stop();
    await low.is("lan", "master");
    await high.start();
    await sleep(500);
    const killed = now();
    await low.kill();
    const second = await high.is("lan", "master");
    expect(second.at - killed).toBeLessThan(1200);
  });
});

describe("the owner", () => {
  test("of priority 255 is master at once, takes it from whoever has it, and keeps its own address", async () => {
    const low = await started(0, router(254));
    await low.is("lan", "master");
    await site.box(1).namespace.ip(`addr add ${VIP}/24 dev eth1`);
    const owner = await started(1, router(255, "preempt = false"));
    const said = owner.events("vrrp.state", "lan").map(({ fields }) => `${fields["from"]} ${fields["to"]}`);
    expect(said).toEqual(["init master"]);
    await low.is("lan", "backup", "has priority 255");
    await until("the address is gone", 2000, async () => !(await addressesOf(site.box(0))).includes(VIP));
    await until("its adverts are seen", 5000, () => wire.adverts(0, site.box(1).mac).length > 0);
    expect(wire.adverts(0, site.box(1).mac)[0]?.seen.priority).toBe(255);
    await owner.stop();
    await low.is("lan", "master");
    expect(await addressesOf(site.box(1))).toContain(VIP);
  });
});

describe("an interval", () => {
  test("of 10 ms is kept, and one of 40.95 s is said in the advert", async () => {
    const fast = await started(0, router(100, 'advert_interval = "10ms"'));
    await fast.is("lan", "master");
    const from = now();
    await sleep(1000);
    const heard = wire.adverts(from, site.box(0).mac);
    expect(heard.length).toBeGreaterThan(80);
    expect(heard.length).toBeLessThan(125);
    expect(heard[0]?.seen.interval).toBe(1);
    await fast.reload(router(100, 'advert_interval = "40.95s"'));
    await until("the long one", 2000, () => wire.adverts().at(-1)?.seen.interval === 4095);
    await sleep(500);
    expect((await fast.router("lan")).interval_ms).toBe(40_950);
    expect((await fast.router("lan")).state).toBe("master");
  });
});
