/** As many routers as a link can have, on each of two interfaces. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const ROUTERS = 255;
/** Room for a busy machine; the bench measures. */
const PATIENCE = 30_000;

let site: Site;

beforeEach(async () => {
  site = await Site.create(2, 2);
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
