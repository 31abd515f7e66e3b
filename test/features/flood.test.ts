/** Twenty thousand packets at once: mastership and adverts stay, memory and the log stay small, and it is over when it is over. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Capture } from "../lab/capture.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Forgery } from "./forgery.ts";
import { forge, inject } from "./forgery.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const PACKETS = 20_000;
/** As many as the smallest receiving buffer holds: that of an ordinary user's namespace. */
const HEARD_MIN = 200;
const INTERVAL = 200;
const ROUTER = `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = 100
advert_interval = "${INTERVAL}ms"
addresses = ["10.77.1.50/24"]
`;

let site: Site;
let box: Box;
let agent: Agent;
let wire: Capture;

beforeEach(async () => {
  site = await Site.create(2);
  box = site.box(0);
  wire = await Capture.start(site.box(1).namespace, ["eth1"]);
  site.atClose(() => wire.close());
  agent = await Agent.create(box.namespace, ROUTER);
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
});
afterEach(() => site.close());

/** Resident memory in MB, and seconds of CPU so far. */
function usage(): { memory: number; seconds: number } {
  const status = readFileSync(`/proc/${agent.pid}/status`, "utf8");
  const fields = readFileSync(`/proc/${agent.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, seconds: ticks / 100 };
}

/** Sends the packets and judges what it did to the agent. */
async function endures(frames: readonly string[]): Promise<void> {
  const before = usage();
  const lines = agent.lines.length;
  const from = now();
  await inject(site, box, frames, PACKETS / frames.length);
  const heard = async (): Promise<number> => {
    const { counters } = await agent.router("lan");
    return (
      counters.adverts_received + Object.values(counters.rejected).reduce((sum, count) => sum + count, 0)
    );
  };
  await until("they are all counted, but for what the queue could not hold", 10_000, async () => {
    const count = await heard();
    await sleep(100);
    return count >= HEARD_MIN && (await heard()) === count;
  });
  await sleep(2 * INTERVAL);
  const end = now();
  const after = usage();
  expect(agent.events("vrrp.state", "lan").map(({ fields }) => fields["to"])).toEqual(["backup", "master"]);
  const times = wire.adverts(from, box.mac).map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  // None was left out.
  expect(Math.max(...gaps)).toBeLessThan(1.8 * INTERVAL);
  // An answer to a lower priority is limited to ten in an interval.
  expect(times.length).toBeLessThan((12 * (end - from)) / INTERVAL);
  expect(after.memory - before.memory).toBeLessThan(60);
  // 100 microseconds a packet; a tenth is usual.
  expect(after.seconds - before.seconds).toBeLessThan(2 + (end - from) / 10_000);
  expect(agent.lines.length - lines).toBeLessThan(1100);
}

const many = (make: (at: number) => Forgery, count: number): string[] =>
  Array.from({ length: count }, (_, at) => forge(make(at)));

describe("a flood of 20,000", () => {
  test("packets with a wrong checksum", () => endures([forge({ spoil: 1 })]));

  test("adverts of a lower priority", async () => {
    await endures([forge({ priority: 1 })]);
    const announced = wire.announcements("10.77.1.50").length;
    // Each may have taken the address away in some table, and yet the repetitions are few.
    expect(announced).toBeLessThan(300);
    expect(agent.events("vrrp.contested").length).toBeLessThanOrEqual(1);
    await until("the contest is over", 10_000, async () => (await agent.router("lan")).contested === null);
  });

  test("adverts from 2,000 senders", async () => {
    await endures(many((at) => ({ source: `10.99.${at >> 8}.${at & 255}`, priority: 1 }), 2000));
    expect((await agent.router("lan")).peers.length).toBeLessThanOrEqual(16);
  });

  test("packets of 2,000 senders that are all refused", async () => {
    await endures(many((at) => ({ source: `10.99.${at >> 8}.${at & 255}`, ttl: 64 }), 2000));
    expect((await agent.router("lan")).counters.rejected["ttl"]).toBeGreaterThanOrEqual(HEARD_MIN);
  });

  test("packets of every VRID but ours", () =>
    endures(many((at) => ({ vrid: at + 1 === 51 ? 255 : at + 1 }), 250)));

  test("last words", () => endures([forge({ priority: 0 })]));
});

describe("a flood on a backup", () => {
  test("leaves it a backup that knows its master, and takes over when that is gone", async () => {
    const other = await Agent.create(site.box(1).namespace, ROUTER.replace("100", "50"));
    site.atClose(() => other.close());
    await other.start();
    await until("the master is heard", 5000, async () => (await other.router("lan")).master !== null);
    const frames = [forge({ spoil: 1 }), forge({ vrid: 9 }), forge({ ttl: 3, priority: 254 })];
    await inject(site, site.box(1), frames, PACKETS / frames.length);
    await sleep(1000);
    expect((await other.router("lan")).state).toBe("backup");
    expect((await other.router("lan")).counters.became_master).toBe(0);
    await agent.stop();
    await other.is("lan", "master");
  });
});
