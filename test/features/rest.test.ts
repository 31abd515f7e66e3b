/** An agent for which there is nothing to do: it sleeps, and has no thread that nothing configured needs. */
import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { cost, spent } from "../bench/usage.ts";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { threads } from "./frozen.ts";
import { Site } from "./site.ts";

/** What an agent makes ready once, and what its compiler does about that, is over by then. */
const SETTLED_MS = 2500;
const SPAN_MS = 5000;
/**
 * A second, at 1 s adverts: one that is heard, a look at the time for each patience of 3 s, and up to six of the runtime, which collects
 * garbage once a second for some time. A poll every 100 ms would be ten more.
 */
const BACKUP_WAKES = 12;
/** One that is sent, and what its addresses' lifetime of 2 s asks for: two refreshes with what the kernel tells of them. */
const MASTER_WAKES = 18;
/** The promise is half of it, measured by the bench on a machine that does nothing else. */
const BUSY_PERCENT = 1;

const text = (priority: number): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = ${priority}
advert_interval = "1s"
addresses = ["10.77.1.50/24"]
track_interfaces = ["eth1"]
`;

let site: Site;
beforeEach(async () => {
  site = await Site.create(2);
});
afterEach(() => site.close());

async function started(box: number, priority: number): Promise<Agent> {
  const agent = await Agent.create(site.box(box).namespace, text(priority));
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}

/** How often a thread went to sleep of its own, since its start. */
const slept = (pid: number): number =>
  Number(
    /^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? Number.NaN,
  );

describe("an agent for which there is nothing to do", () => {
  test("wakes for adverts and lifetimes, and for nothing else, as master and as backup", async () => {
    const master = await started(0, 200);
    await master.is("lan", "master");
    const backup = await started(1, 100);
    await until("the master is heard", 10_000, async () => (await backup.router("lan")).master !== null);
    await sleep(SETTLED_MS);
    const pids = [master.pid, backup.pid];
    const before = pids.map((pid) => ({ wakes: slept(pid), all: spent([pid]) }));
    await sleep(SPAN_MS);
    for (const [index, pid] of pids.entries()) {
      const start = before[index];
      if (start === undefined) throw new Error("no such agent");
      const now = spent([pid]);
      const wakes = ((slept(pid) - start.wakes) / (now.at - start.all.at)) * 1000;
      const { cpu } = cost(start.all, now);
      console.log(
        `${index === 0 ? "master" : "backup"}: ${wakes.toFixed(1)} wakes a second, ${cpu.toFixed(2)} % of a core`,
      );
      expect(wakes).toBeLessThan(index === 0 ? MASTER_WAKES : BACKUP_WAKES);
      expect(cpu).toBeLessThan(BUSY_PERCENT);
      // Probes, commands and devices have threads of their own, started when the first of them is needed.
      expect(threads(pid, "Worker")).toEqual([]);
    }
  }, 60_000);
});
