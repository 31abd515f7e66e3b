/** A reload applies the difference: what did not change never loses mastership or an advert, and every change arrives. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import { Monitor } from "./monitor.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const INTERVAL = 100;

/** One router; `more` comes last. */
const router = (name: string, vrid: number, address: string, more = ""): string => `
[vrrp.${name}]
vrid = ${vrid}
addresses = [${address}]
${more.includes("interface =") ? "" : 'interface = "eth1"'}
${more.includes("advert_interval") ? "" : `advert_interval = "${INTERVAL}ms"`}
${more}
`;
const lan = (more = "", address = '"10.77.1.50/24"', vrid = 51): string => router("lan", vrid, address, more);
const wan = (more = "", address = '"10.77.1.60/24"'): string => router("wan", 52, address, more);

let site: Site;
let box: Box;
let wire: Capture;

beforeEach(async () => {
  site = await Site.create(2, 2);
  box = site.box(0);
  wire = await Capture.start(site.box(1).namespace, ["eth1"]);
  site.atClose(() => wire.close());
});
afterEach(() => site.close());

async function master(text: string, names = ["lan"]): Promise<Agent> {
  const agent = await Agent.create(box.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  await Promise.all(names.map((name) => agent.is(name, "master")));
  return agent;
}

/** Adverts of a VRID since a time. */
const adverts = (vrid: number, from: number): { at: number; priority: number; count: number }[] =>
  wire.adverts(from).flatMap(({ at, seen }) => (seen.vrid === vrid ? [{ at, ...seen }] : []));
const states = (agent: Agent, name: string): (string | undefined)[] =>
  agent.events("vrrp.state", name).map(({ fields }) => fields["to"]);

describe("what did not change", () => {
  test("misses no advert in twenty reloads that change what is beside it", async () => {
    const agent = await master(lan() + wan(), ["lan", "wan"]);
    const from = now();
    const changes = [
      wan("priority = 150"),
      wan("priority = 120\npreempt = false"),
      wan("", '"10.77.1.60/24", "10.77.1.61/24"'),
      wan('advert_interval = "50ms"'),
      "",
      wan('interface = "eth2"', '"10.77.2.60/24"'),
      router("third", 53, '"10.77.1.70/24"') + wan(),
      wan("version = 2", '"10.77.1.60/24"').replace(/"100ms"/, '"1s"'),
      router("wan", 99, '"10.77.1.60/24"'),
      wan(),
    ];
    for (const change of [...changes, ...changes]) {
      await agent.reload(lan() + change);
      await sleep(0.6 * INTERVAL);
    }
    await sleep(3 * INTERVAL);
    const times = adverts(51, from).map(({ at }) => at);
    const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
    // None was left out, and none came out of turn.
    expect(Math.max(...gaps)).toBeLessThan(1.7 * INTERVAL);
    expect(Math.abs(times.length - (now() - from) / INTERVAL)).toBeLessThan(4);
    expect(adverts(51, from).every(({ priority }) => priority === 100)).toBe(true);
    expect(states(agent, "lan")).toEqual(["backup", "master"]);
    expect((await agent.router("lan")).counters.became_master).toBe(1);
  });

  test("is told as such", async () => {
    const agent = await master(lan());
    expect(await agent.reload(lan())).toBe("nothing changed\n");
    expect(await agent.reload(`# a comment\n${lan()}\n`)).toBe("nothing changed\n");
  });
});

describe("a changed", () => {
  const kept: readonly [string, string][] = [
    ["priority", lan("priority = 150")],
    ["preempt", lan("preempt = false")],
    ["garp", lan('garp = { count = 2, refresh = "1s" }')],
    ["track_interfaces", lan('track_interfaces = ["eth2"]')],
    ["notify", lan('notify = { any = ["/bin/true"] }')],
    ["sync_group", lan('sync_group = "g"') + wan('sync_group = "g"')],
    ["checksum", lan('checksum = "rfc9568"')],
    ["multicast_group", lan('multicast_group = "224.0.0.99"')],
    ["unicast_peers", lan('unicast_peers = ["10.77.1.2"]')],
    ["on_found", lan('on_found = "adopt"')],
    ["addresses", lan("", '"10.77.1.50/24", "10.77.1.51/24"')],
  ];
  test.each(kept)("%s keeps mastership and the address", async (_, text) => {
    const agent = await master(lan());
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    expect(await agent.reload(text)).toContain("changed: lan\n");
    await sleep(5 * INTERVAL);
    await monitor.flush();
    expect(monitor.about("inet 10.77.1.50/").filter(({ deleted }) => deleted)).toEqual([]);
    expect(states(agent, "lan")).toEqual(["backup", "master"]);
    expect((await agent.command("status")).code).toBe(0);
    const from = now();
    await until("adverts go on", 3000, () => wire.adverts(from).length > 2);
  });

  test("priority and interval are in the very next advert, sent at once", async () => {
    const agent = await master(lan('advert_interval = "10s"').replace('"10s"', '"100ms"'));
    await agent.reload(lan('priority = 170\nadvert_interval = "2s"'));
    await until("the new priority", 1000, () => wire.adverts().at(-1)?.seen.priority === 170);
    const from = now();
    await sleep(1000);
    expect(wire.adverts().at(-1)?.seen.interval).toBe(200);
    expect(wire.adverts(from + 300)).toEqual([]);
  });

  test("list of addresses is what the adverts name, and what the interface has", async () => {
    const agent = await master(lan());
    await agent.reload(lan("", '"10.77.1.50/24", "10.77.1.51/24", "10.77.1.52/24"'));
    await until("three in an advert", 1000, () => wire.adverts().at(-1)?.seen.count === 3);
    await until("a new one is announced", 1000, () => wire.announcements("10.77.1.52").length > 0);
    expect(await addressesOf(box)).toEqual(
      expect.arrayContaining(["10.77.1.50", "10.77.1.51", "10.77.1.52"]),
    );
    await agent.reload(lan("", '"10.77.1.52/24"'));
    await until("one in an advert", 1000, () => wire.adverts().at(-1)?.seen.count === 1);
    expect((await addressesOf(box)).filter((one) => /^10\.77\.1\.5/.test(one))).toEqual(["10.77.1.52"]);
  });

  test("prefix length or label of an address is taken over", async () => {
    const agent = await master(lan());
    const shown = async (): Promise<{ prefixlen: number; label: string }> =>
      JSON.parse(await box.namespace.run(["ip", "-4", "-j", "addr", "show", "eth1"]))[0].addr_info.at(-1);
    expect(await shown()).toMatchObject({ prefixlen: 24, label: "eth1" });
    await agent.reload(lan("", '"10.77.1.50/25"'));
    expect(await shown()).toMatchObject({ local: "10.77.1.50", prefixlen: 25 });
    await agent.reload(lan("", '{ address = "10.77.1.50/25", label = "eth1:7" }'));
    expect(await shown()).toMatchObject({ local: "10.77.1.50", prefixlen: 25, label: "eth1:7" });
    expect(states(agent, "lan")).toEqual(["backup", "master"]);
    expect((await agent.router("lan")).addresses).toMatchObject([{ held: true, found: false }]);
    expect(agent.events("address.lost")).toEqual([]);
    expect(await agent.stop()).toBe(0);
    expect(await addressesOf(box)).not.toContain("10.77.1.50");
  });

  const anew: readonly [string, string][] = [
    ["vrid", lan("", '"10.77.1.50/24"', 77)],
    ["version", lan('version = 2\nadvert_interval = "1s"')],
    ["interface", lan('interface = "eth2"')],
    ["family", lan("", '"fe80::50/64"')],
  ];
  test.each(anew)("%s releases what there was and starts anew", async (_, text) => {
    const agent = await master(lan());
    const from = now();
    expect(await agent.reload(text)).toBe("restarted: lan\n");
    await until("the last word", 1000, () => adverts(51, from).some(({ priority }) => priority === 0));
    await agent.is("lan", "master");
    // The log may be read later than the status.
    await until("what was said", 5000, () => states(agent, "lan").length >= 5);
    expect(states(agent, "lan").slice(2)).toEqual(["init", "backup", "master"]);
    expect(agent.events("vrrp.state", "lan")[2]?.fields["reason"]).toBe("configuration changed");
    expect((await agent.router("lan")).counters.became_master).toBe(1);
  });
});

describe("a router", () => {
  test("that is new starts, and one that is gone says its last word and is gone from the status", async () => {
    const agent = await master(lan());
    expect(await agent.reload(lan() + wan())).toBe("added: wan\n");
    await agent.is("wan", "master");
    expect(await addressesOf(box)).toContain("10.77.1.60");
    const from = now();
    expect(await agent.reload(lan())).toBe("removed: wan\n");
    expect(await addressesOf(box)).not.toContain("10.77.1.60");
    await until("the last word", 1000, () => adverts(52, from).some(({ priority }) => priority === 0));
    expect((await agent.status()).vrrp.map(({ name }) => name)).toEqual(["lan"]);
    expect((await agent.command("status", "wan")).code).toBe(1);
    await until("what was said", 5000, () => states(agent, "wan").at(-1) === "init");
  });

  test("that gets another's address has it without a moment in between", async () => {
    const agent = await master(lan() + wan(), ["lan", "wan"]);
    const monitor = await Monitor.start(box.namespace);
    site.atClose(() => monitor.close());
    await agent.reload(lan("", '"10.77.1.60/24"') + wan("", '"10.77.1.50/24"'));
    await sleep(3 * INTERVAL);
    // And when its router goes at the same time.
    await agent.reload(lan("", '"10.77.1.60/24", "10.77.1.50/24"'));
    await sleep(700);
    await monitor.flush();
    expect(
      monitor.changes.filter(({ deleted, text }) => deleted && /inet 10\.77\.1\.[56]0\//.test(text)),
    ).toEqual([]);
    expect((await agent.router("lan")).addresses).toMatchObject([{ held: true }, { held: true }]);
    await agent.kill();
    await agent.command("release");
    expect((await addressesOf(box)).filter((one) => /^10\.77\.1\.[56]0$/.test(one))).toEqual([]);
  });

  test("whose name alone changes is another one", async () => {
    const agent = await master(lan());
    const output = await agent.reload(lan().replace("vrrp.lan", "vrrp.office"));
    expect(output).toContain("added: office");
    expect(output).toContain("removed: lan");
    await agent.is("office", "master");
    expect(await addressesOf(box)).toContain("10.77.1.50");
  });
});
