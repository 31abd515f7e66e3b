/** `auth = { type = "ah" }` on a real wire: what was recorded and is sent again moves nobody, another key is an alarm, a crash is no gap. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { inject } from "./forgery.ts";
import { Site } from "./site.ts";

const router = (priority: number, auth: string, more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
version = 2
priority = ${priority}
auth = ${auth}
addresses = ["10.77.1.50/24"]
${more}
`;
const AH = '{ type = "ah", key = "right" }';

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
const auth = async (agent: Agent): Promise<number> =>
  (await agent.router("lan")).counters.rejected["auth"] ?? 0;

describe("adverts behind an authentication header", () => {
  test("are believed once: who recorded them and sends them again deposes nobody", async () => {
    const high = await started(0, router(200, AH));
    await high.is("lan", "master");
    const low = await started(1, router(100, AH));
    await until("it is heard", 5000, async () => (await low.router("lan")).master?.priority === 200);
    await sleep(2500);
    const recorded = wire.adverts(0, site.box(0).mac).filter(({ seen }) => seen.priority === 200);
    expect(recorded.length).toBeGreaterThan(2);
    await high.stop();
    await low.is("lan", "master");
    const before = await auth(low);
    const frames = recorded.map(({ bytes }) => `01005e0000120200000001090800${bytes.toHex()}`);
    await inject(site, site.box(1), frames, 5);
    await until("they are counted", 3000, async () => (await auth(low)) - before >= 5 * frames.length);
    await sleep(1200);
    expect((await low.router("lan")).state).toBe("master");
    expect(low.events("vrrp.contested")).toEqual([]);
    expect(low.events("vrrp.rejected", "lan").map(({ fields }) => fields["text"])).toEqual([
      "its sequence number was there before",
    ]);
  }, 40_000);

  test("of a master that was killed and started again at once count on: its backup stays one", async () => {
    const high = await started(0, router(200, AH));
    await high.is("lan", "master");
    const low = await started(1, router(100, AH));
    await until("it is heard", 5000, async () => (await low.router("lan")).master !== null);
    // Just after an advert: whoever is back within two intervals of it resumes.
    const count = async (): Promise<number> => (await high.router("lan")).counters.adverts_sent;
    const sent = await count();
    await until("it advertises", 5000, async () => (await count()) > sent);
    await high.kill();
    await high.start();
    expect((await high.router("lan")).reason).toBe("resumed after a restart");
    await sleep(5000);
    const { state, counters } = await low.router("lan");
    expect({ state, became: counters.became_master, auth: await auth(low) }).toEqual({
      state: "backup",
      became: 0,
      auth: 0,
    });
  }, 40_000);

  test.each([
    ["another key", '{ type = "ah", key = "wrong" }'],
    ["a password", '{ type = "pass", key = "right" }'],
    ["nothing", '{ type = "none" }'],
  ])(
    "and %s make two masters, and an alarm on both that names it",
    async (_, other) => {
      const [one, two] = await Promise.all([started(0, router(200, AH)), started(1, router(100, other))]);
      await Promise.all([one.is("lan", "master"), two.is("lan", "master")]);
      const from = now();
      await until("both say so", 5000, () =>
        [one, two].every((agent) => agent.events("vrrp.contested").length > 0),
      );
      expect(now() - from).toBeLessThan(4000);
      for (const agent of [one, two]) {
        expect(agent.events("vrrp.contested")[0]?.fields["setting"]).toBe("auth");
        expect(await auth(agent)).toBeGreaterThan(0);
      }
    },
    40_000,
  );
});
