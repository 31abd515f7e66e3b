/** Several virtual routers in one agent: side by side on an interface, each its own way, and 255 of them. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { Capture } from "../lab/capture.ts";
import { Owners, addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

interface Router {
  readonly name: string;
  readonly vrid: number;
  readonly priority: number;
  readonly address: string;
  readonly more?: string;
}
const table = ({ name, vrid, priority, address, more = "" }: Router): string => `
[vrrp.${name}]
vrid = ${vrid}
priority = ${priority}
addresses = ["${address}"]
${more.includes("interface") ? "" : 'interface = "eth1"'}
${more.includes("advert_interval") ? "" : 'advert_interval = "100ms"'}
${more}
`;

let site: Site;
beforeEach(async () => {
  site = await Site.create(2, 2);
});
afterEach(() => site.close());

async function started(box: Box, routers: readonly Router[]): Promise<Agent> {
  const agent = await Agent.create(box.namespace, routers.map(table).join(""));
  site.atClose(() => agent.close());
  await agent.start();
  return agent;
}
const states = async (agent: Agent): Promise<string[]> =>
  (await agent.status()).vrrp.map(({ state }) => state);

describe("a pair of master and master", () => {
  test("shares two routers, each has both while the other is away, and gives one back", async () => {
    const config = (one: number, two: number): Router[] => [
      { name: "one", vrid: 51, priority: one, address: "10.77.1.51/24" },
      { name: "two", vrid: 52, priority: two, address: "10.77.1.52/24" },
    ];
    const [box1, box2] = [site.box(0), site.box(1)];
    const owners = [
      await Owners.watch([box1, box2], "10.77.1.51"),
      await Owners.watch([box1, box2], "10.77.1.52"),
    ] as const;
    for (const one of owners) site.atClose(() => one.close());
    const first = await started(box1, config(200, 100));
    const second = await started(box2, config(100, 200));
    await Promise.all([first.is("one", "master"), second.is("two", "master")]);
    await Promise.all([first.is("two", "backup"), second.is("one", "backup")]);
    await until(
      "each has its own",
      3000,
      () => owners.map((one) => one.at(now()).join()).join() === "box1,box2",
    );
    await first.stop();
    await second.is("one", "master");
    await until("one has both", 3000, () => owners.map((one) => one.at(now()).join()).join() === "box2,box2");
    await first.start();
    await first.is("one", "master");
    await until(
      "each has its own",
      3000,
      () => owners.map((one) => one.at(now()).join()).join() === "box1,box2",
    );
    expect(second.events("vrrp.state", "two")).toHaveLength(2);
  });
});

describe("routers of one agent", () => {
  test("may share a VRID by family and by interface, and differ in everything", async () => {
    const config: Router[] = [
      { name: "four", vrid: 7, priority: 100, address: "10.77.1.50/24" },
      { name: "six", vrid: 7, priority: 120, address: "fe80::50/64" },
      { name: "other", vrid: 7, priority: 130, address: "10.77.2.50/24", more: 'interface = "eth2"' },
      {
        name: "old",
        vrid: 8,
        priority: 140,
        address: "10.77.1.60/24",
        more: 'version = 2\nadvert_interval = "1s"',
      },
      {
        name: "group",
        vrid: 9,
        priority: 150,
        address: "10.77.1.70/24",
        more: 'multicast_group = "224.0.0.77"',
      },
    ];
    const wire = await Capture.start(site.box(1).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const agent = await started(site.box(0), config);
    await Promise.all(config.map(({ name }) => agent.is(name, "master")));
    const wanted = config.map(({ address }) => address.replace(/\/.*/, ""));
    await until("all addresses are held", 5000, async () => {
      const held = await addressesOf(site.box(0));
      return wanted.every((address) => held.includes(address));
    });
    const from = now();
    await sleep(1300);
    const seen = new Set(
      wire
        .adverts(from)
        .map(({ seen: one }) => `${one.version} ${one.vrid} ${one.priority} ${one.to} ${one.interval}`),
    );
    expect([...seen].sort()).toEqual([
      "2 8 140 224.0.0.18 1",
      "3 7 100 224.0.0.18 10",
      "3 7 120 ff02::12 10",
      "3 9 150 224.0.0.77 10",
    ]);
    // Each hears the others' adverts no more than its own.
    expect((await agent.status()).vrrp.every(({ counters }) => counters.adverts_received === 0)).toBe(true);
    await site.cable(site.box(0), 2, false);
    await agent.is("other", "fault");
    expect(await states(agent)).toEqual(["master", "master", "fault", "master", "master"]);
  });
});

describe("255 routers in one agent", () => {
  const all = (priority: number): Router[] =>
    Array.from({ length: 255 }, (_, at) => ({
      name: `r${at + 1}`,
      vrid: at + 1,
      priority,
      address: `10.88.0.${at + 1}/32`,
    }));
  const resident = (agent: Agent): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${agent.pid}/status`, "utf8"))?.[1]) / 1024;
  const held = async (box: Box): Promise<number> =>
    (await addressesOf(box)).filter((one) => one.startsWith("10.88.")).length;

  test("advertise every 100 ms, stay masters, and move all at once", async () => {
    const wire = await Capture.start(site.box(1).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const [box1, box2] = [site.box(0), site.box(1)];
    const first = await started(box1, all(200));
    await until("all are master", 10_000, async () => (await held(box1)) === 255);
    const second = await started(box2, all(100));
    await sleep(3000);
    expect(new Set(await states(first))).toEqual(new Set(["master"]));
    expect(new Set(await states(second))).toEqual(new Set(["backup"]));
    const end = now();
    await wire.upTo(end);
    const heard = wire.adverts(end - 2000, box1.mac).filter(({ at }) => at < end - 1000);
    expect(heard.length).toBeGreaterThan(2200);
    expect(heard.length).toBeLessThan(2900);
    expect(new Set(heard.map(({ seen }) => seen.vrid)).size).toBe(255);
    expect(resident(first)).toBeLessThan(120);
    const moved = now();
    await first.stop();
    await until("all have moved", 10_000, async () => (await held(box2)) === 255);
    expect(await held(box1)).toBe(0);
    await sleep(500);
    await wire.upTo(now());
    for (const { seen } of wire.adverts(moved, box2.mac)) expect(seen.priority).toBe(100);
    const firsts = new Map<number, number>();
    for (const { at, seen } of wire.adverts(moved, box2.mac))
      if (!firsts.has(seen.vrid)) firsts.set(seen.vrid, at);
    const released = new Map<number, number>();
    for (const { at, seen } of wire.adverts(moved, box1.mac))
      if (seen.priority === 0) released.set(seen.vrid, at);
    expect(released.size).toBe(255);
    const waits = [...firsts].map(([vrid, at]) => at - (released.get(vrid) ?? 0));
    // The skew of priority 100 is 61 ms, and a machine may be busy.
    expect(Math.max(...waits)).toBeLessThan(1000);
    expect(new Set(await states(second))).toEqual(new Set(["master"]));
    for (let vrid = 1; vrid <= 255; vrid++)
      expect(wire.announcements(`10.88.0.${vrid}`, moved).length).toBeGreaterThan(0);
  });
});
