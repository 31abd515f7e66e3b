/** Routers that come late to a link that is late itself: startup_delay and sticky ties, behind a switch port that does not forward yet. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Site } from "./site.ts";

const router = (more = "", priority = 100): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["10.77.1.50/24"]
${more}
`;

let site: Site;
let wire: Capture;
beforeEach(async () => {
  site = await Site.create(3);
  wire = await Capture.start(site.box(2).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function started(box: number, text: string): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}
const state = async (agent: Agent): Promise<string> => (await agent.router("lan")).state;

describe("a router with a startup delay", () => {
  test("listens behind a port that learns, says so, and is no second master when that forwards", async () => {
    const master = await started(0, router());
    await master.is("lan", "master");
    await site.forward(site.box(1), 1, false);
    const late = await started(1, router('startup_delay = "4s"', 200));
    const said = late.events("vrrp.state", "lan")[0]?.fields["reason"];
    expect(said).toBe("started, only listens for 4 s (startup_delay)");
    expect((await late.router("lan")).reason).toMatch(/^startup_delay: only listens for another [1-4] s$/);
    await sleep(2000);
    expect(await state(late)).toBe("backup");
    await site.forward(site.box(1), 1, true);
    await until("it hears the master", 3000, async () => (await late.router("lan")).master !== null);
    expect(wire.adverts(0, site.box(1).mac)).toEqual([]);
    // It is the better one, and takes over when it has listened for its patience after the delay.
    const took = await late.is("lan", "master", "preempting");
    const began = late.events("vrrp.state", "lan")[0]?.at ?? 0;
    expect(took.at - began).toBeGreaterThan(4000);
    expect(took.at - began).toBeLessThan(6500);
  }, 30_000);

  test("is not delayed by a reload or a fault, nor after a crash that it resumes", async () => {
    // What is started again within two of its intervals resumes.
    const slow = (more: string): string => router(more, 90).replace('"100ms"', '"1s"');
    const agent = await started(0, router('startup_delay = "1s"'));
    await agent.is("lan", "master");
    await agent.reload(router('startup_delay = "30s"', 90));
    expect(await state(agent)).toBe("master");
    await agent.reload(router('startup_delay = "1s"', 90));
    await site.cable(site.box(0), 1, false);
    await agent.is("lan", "fault");
    const back = await site.cable(site.box(0), 1, true);
    const again = await agent.is("lan", "master");
    expect(again.at - back).toBeLessThan(2000);
    await agent.reload(slow('startup_delay = "1s"'));
    await agent.kill();
    await agent.start();
    const router1 = await agent.router("lan");
    expect([router1.state, router1.reason]).toEqual(["master", "resumed after a restart"]);
  }, 30_000);
});

describe("two equals of which one was started behind a port that did not forward", () => {
  /** The one of the lower address has run for eight seconds, which is long at 100 ms; gives who is master in the end. */
  async function met(more: string): Promise<string[]> {
    const low = await started(0, router(more));
    await low.is("lan", "master");
    await sleep(7000);
    await site.forward(site.box(1), 1, false);
    const late = await started(1, router(more));
    await late.is("lan", "master");
    await site.forward(site.box(1), 1, true);
    const from = now();
    await until("one of them yields", 5000, async () => (await state(low)) !== (await state(late)));
    expect(now() - from).toBeLessThan(2500);
    await sleep(1000);
    for (const agent of [low, late]) expect(agent.events("vrrp.contested")).toEqual([]);
    return [await state(low), await state(late)];
  }

  test("keep the higher address, by default", async () => {
    expect(await met("")).toEqual(["backup", "master"]);
  }, 30_000);

  test("keep the running master, with sticky ties", async () => {
    expect(await met('tie = "sticky"')).toEqual(["master", "backup"]);
  }, 30_000);
});
