/** Probes by the agent itself: TCP, HTTP and ping, against real servers and real networks. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, utimesSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { addressesOf } from "../lab/owner.ts";
import { sleep } from "../lab/process.ts";
import type { Agent } from "./agent.ts";
import { BACKUP, CASES, to } from "./probe-cases.ts";
import { check, serve, started, tracking, verdict, VIP } from "./probing.ts";
import { Site } from "./site.ts";

describe("of many checks at once", () => {
  let site: Site;
  let agent: Agent;
  beforeAll(async () => {
    site = await Site.create(2, 2);
    writeFileSync(BACKUP, "abc");
    const then = Date.now() / 1000 - 3600;
    utimesSync(BACKUP, then, then);
    site.atClose(() => rm(BACKUP));
    await Promise.all([serve(site, site.box(0)), serve(site, site.box(1))]);
    await site.box(0).namespace.ip("rule add fwmark 7 prohibit");
    const text = CASES.map(([, name, keys]) => check(name, ...keys)).join("\n");
    agent = await started(site, site.box(0), tracking(254, text));
  });
  afterAll(() => site.close());

  for (const [what, name, , up, detail] of CASES) {
    test(`${what} is ${up ? "good" : "bad"}`, async () => {
      expect(await verdict(agent, name, up, detail)).toContain(detail);
    });
  }

  test("what a ping has sent is kept for who asks why nothing came", async () => {
    const { stdout } = await agent.command("status", "lan");
    // An echo request of RFC 792.
    expect(stdout).toMatch(/nobody4: DOWN.*\n +[\d.]+ms sent "\\x08\\x00/);
  });

  test("no descriptor is left behind by those that fail or hang", async () => {
    await sleep(500);
    const count = (): number => readdirSync(`/proc/${agent.pid}/fd`).length;
    const before = Math.max(...(await several(count)));
    await sleep(2000);
    expect(Math.max(...(await several(count)))).toBeLessThan(before + 20);
  });

  test("none holds up the agent, which leaves in good order", async () => {
    await agent.is("lan", "master");
    expect(await addressesOf(site.box(0))).toContain(VIP);
    expect(agent.events("agent.bug")).toEqual([]);
    expect(await agent.stop()).toBe(0);
  });
});

/** A number looked at ten times. */
async function several(look: () => number): Promise<number[]> {
  const looks: number[] = [];
  for (let time = 0; time < 10; time++) {
    looks.push(look());
    await sleep(20);
  }
  return looks;
}

describe("a way out that is probed", () => {
  let site: Site;
  beforeEach(async () => {
    site = await Site.create(3, 2);
  });
  afterEach(() => site.close());

  test("moves the address when the far host stops answering, although every link is up, and back", async () => {
    const [left, right, isp] = [site.box(0), site.box(1), site.box(2)];
    const wan = (priority: number): string =>
      tracking(
        priority,
        check("isp", ...to("ping", "10.77.2.3", 'interface = "eth2"', "fall = 3", "weight = -60")),
      );
    const first = await started(site, left, wan(150));
    const second = await started(site, right, wan(120));
    await first.is("lan", "master");
    // Nothing comes through the first one's uplink any more; its carrier stays.
    await site.forward(left, 2, false);
    await second.is("lan", "master");
    await first.is("lan", "backup", "priority 120");
    expect(await verdict(first, "isp", false)).toMatch(/^(timeout after 0\.5s|EHOSTUNREACH)$/);
    expect(await addressesOf(right)).toContain(VIP);
    expect(await addressesOf(left)).not.toContain(VIP);
    // Gone for both: the better one has it again.
    await isp.namespace.ip("link set eth2 down");
    await first.is("lan", "master");
    await isp.namespace.ip("link set eth2 up");
    await second.says("track.changed", "name=isp router=lan up=true", 2);
    await second.is("lan", "master");
    await site.forward(left, 2, true);
    await first.is("lan", "master");
    await second.is("lan", "backup");
  });

  test("that loses its interface fails with that, and comes back with it", async () => {
    const box = site.box(0);
    const agent = await started(
      site,
      box,
      tracking(150, check("isp", ...to("ping", "10.77.2.3", 'interface = "eth2"', "weight = 0"))).replace(
        "51",
        "52",
      ),
    );
    await verdict(agent, "isp", true);
    await box.namespace.ip("link del eth2");
    await agent.is("lan", "fault", "isp is down");
    expect(await verdict(agent, "isp", false)).toMatch(
      /^(ENODEV: interface eth2|ENETDOWN|ENETUNREACH|timeout.*)$/,
    );
    await site.plug(box, 2);
    await agent.is("lan", "master");
  });
});
