/** As many as there can be: 1,000 addresses of one router, and 255 routers on each of two interfaces. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const COUNT = 1000;
const ROUTERS = 255;
/** Room for a busy machine; the bench measures. */
const PATIENCE = 30_000;

let site: Site;

beforeEach(async () => {
  site = await Site.create(3, 2);
});
afterEach(() => site.close());

async function started(box: Box, text: string): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** How many of the virtual addresses a box has. */
async function held(box: Box): Promise<number> {
  const text = await box.namespace.run(["ip", "-o", "addr", "show", "to", "10.88.0.0/16"]);
  return text.split("\n").filter((line) => line !== "").length;
}
const holds = (box: Box, count: number): Promise<number> =>
  until(`${box.name} has ${count}`, PATIENCE, async () => (await held(box)) === count);

describe("1,000 excluded addresses", () => {
  const list = Array.from({ length: COUNT }, (_, at) => `10.88.${at >> 8}.${at & 255}`);
  const router = (priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "100ms"
addresses = ["10.77.1.50/24"]
excluded_addresses = [${list.map((address) => `"${address}/32"`).join(", ")}]
`;

  test("are taken, each announced, given back, and taken by the next", async () => {
    const wire = await Capture.start(site.box(2).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const [first, second] = [site.box(0), site.box(1)];
    const strong = await started(first, router(150));
    await strong.is("lan", "master");
    await holds(first, COUNT);
    const weak = await started(second, router(100));
    const told = (mac: string): Set<string> =>
      new Set(
        wire.frames.flatMap(({ source, seen }) =>
          seen.kind === "arp" && source === mac && seen.sender === seen.target ? [seen.sender] : [],
        ),
      );
    await until("each is announced", PATIENCE, () => list.every((address) => told(first.mac).has(address)));
    expect(await held(second)).toBe(0);

    expect((await strong.command("standby")).code).toBe(0);
    await holds(second, COUNT);
    await holds(first, 0);
    await until("each is announced", PATIENCE, () => list.every((address) => told(second.mac).has(address)));
    const { addresses } = await weak.router("lan");
    expect(addresses.filter((address) => address.held)).toHaveLength(COUNT + 1);

    expect(await weak.stop()).toBe(0);
    expect(await held(second)).toBe(0);
  });

  test("of a killed agent go by `haagent release`", async () => {
    const agent = await started(site.box(0), router(150));
    await agent.is("lan", "master");
    await holds(site.box(0), COUNT);
    await agent.kill();
    expect(await held(site.box(0))).toBe(COUNT);
    expect((await agent.command("release")).code).toBe(0);
    expect(await held(site.box(0))).toBe(0);
  });
});

describe("255 routers on each of two interfaces", () => {
  test("are master and backup of the same VRIDs, and go with one stop", async () => {
    const routers = [1, 2].flatMap((lan) =>
      Array.from(
        { length: ROUTERS },
        (_, at) => `[vrrp.r${lan}-${at + 1}]
interface = "eth${lan}"
vrid = ${at + 1}
addresses = ["10.88.${lan}.${at + 1}/32"]
`,
      ),
    );
    const [first, second] = [site.box(0), site.box(1)];
    const agent = await started(first, routers.join("\n"));
    await holds(first, 2 * ROUTERS);
    const other = await started(second, routers.join("\n"));
    await sleep(4000);
    const states = async (of: Agent): Promise<Set<string>> =>
      new Set((await of.status()).vrrp.map(({ state }) => state));
    // Equals: the master stays, as a newcomer hears it. The higher address wins only where two are master.
    expect(await states(agent)).toEqual(new Set(["master"]));
    expect(await states(other)).toEqual(new Set(["backup"]));
    expect(await held(second)).toBe(0);
    expect(await agent.stop()).toBe(0);
    expect(await held(first)).toBe(0);
    await holds(second, 2 * ROUTERS);
    expect(await other.stop()).toBe(0);
    expect(await held(second)).toBe(0);
  });
});
