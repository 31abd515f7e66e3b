/** A thousand addresses of one router, most of them by excluded_addresses: taken, told, kept and given back whole. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { Capture } from "../lab/capture.ts";
import { addressesOf } from "../lab/owner.ts";
import { now, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Box } from "./site.ts";
import { addresses, Site } from "./site.ts";

const COUNT = 1000;
const PATIENCE = 15_000;
/** An advert carries one of them, the others stand beside it. */
const FIRST = "10.88.0.1";
const four = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `10.88.${(at + 1) >> 8}.${(at + 1) & 255}`);
const six = (count: number): string[] =>
  Array.from({ length: count }, (_, at) => `fd88::${(at + 1).toString(16)}`);

const router = (excluded: readonly string[], more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
advert_interval = "100ms"
addresses = ["${FIRST}/16"]
excluded_addresses = [${excluded.map((one) => `"${one}"`).join(", ")}]
${more}
`;
/** Half of either family. */
const MIXED = router([
  ...four(COUNT / 2)
    .slice(1)
    .map((one) => `${one}/16`),
  ...six(COUNT / 2).map((one) => `${one}/64`),
]);

let site: Site;
let box: Box;

beforeEach(async () => {
  site = await Site.create(2);
  box = site.box(0);
});
afterEach(() => site.close());

async function master(text: string, at = box): Promise<Agent> {
  const agent = await Agent.create(at.namespace, text);
  site.atClose(() => agent.close());
  await agent.start();
  await agent.is("lan", "master");
  return agent;
}

const virtual = (one: string): boolean => one.startsWith("10.88.") || one.startsWith("fd88::");
const held = async (at = box): Promise<number> => (await addressesOf(at)).filter(virtual).length;
const holds = (count: number, at = box): Promise<number> =>
  until(`${at.name} has ${count} addresses`, PATIENCE, async () => (await held(at)) === count);

describe("a thousand addresses", () => {
  test("are taken in one go, and each is told before any is told again", async () => {
    const wire = await Capture.start(site.box(1).namespace, ["eth1"]);
    site.atClose(() => wire.close());
    const agent = await master(
      router(
        four(COUNT)
          .slice(1)
          .map((one) => `${one}/16`),
      ),
    );
    const became = agent.state("lan")?.at ?? 0;
    await holds(COUNT);
    const told = (): string[] =>
      wire.frames.flatMap(({ at, seen }) =>
        at >= became - 1000 && seen.kind === "arp" && seen.sender === seen.target && virtual(seen.sender)
          ? [seen.sender]
          : [],
      );
    await until("all are told twice", PATIENCE, () => told().length >= 2 * COUNT);
    expect(new Set(told().slice(0, COUNT)).size).toBe(COUNT);
    // What nobody advertises takes no room in the adverts, and delays none.
    const end = now();
    await wire.upTo(end);
    const adverts = wire.adverts(became - 1000);
    expect(new Set(adverts.map(({ seen }) => seen.count))).toEqual(new Set([1]));
    const { addresses: shown } = await agent.router("lan");
    expect(shown).toHaveLength(COUNT);
    expect(shown.every((one) => one.held)).toBe(true);
  });

  test("of both families go with SIGTERM, all of them, before it exits", async () => {
    const agent = await master(MIXED);
    await holds(COUNT);
    expect(await agent.stop()).toBe(0);
    expect(await held()).toBe(0);
    expect(await addressesOf(box)).toEqual(expect.arrayContaining(["10.77.1.1", "fe80::1"]));
  });

  test("move to another node, all of them, and back", async () => {
    const first = await master(MIXED + "priority = 150\n");
    const other = site.box(1);
    const second = await Agent.create(other.namespace, MIXED);
    site.atClose(() => second.close());
    await second.start();
    await second.is("lan", "backup");
    await holds(COUNT);
    expect((await first.command("standby")).code).toBe(0);
    await second.is("lan", "master");
    await holds(COUNT, other);
    await holds(0);
    expect(await first.command("takeover", "lan")).toMatchObject({ code: 0 });
    await second.is("lan", "backup");
    await holds(0, other);
    await holds(COUNT);
    expect((await first.status()).health).toBe("ok");
  });

  test("left by a SIGKILL go by `haagent release`, each said", async () => {
    const agent = await master(MIXED);
    await holds(COUNT);
    await agent.kill();
    expect(await held()).toBe(COUNT);
    const { code, stdout } = await agent.command("release");
    expect(code).toBe(0);
    expect(stdout.trim().split("\n")).toHaveLength(COUNT);
    expect(await held()).toBe(0);
  });

  test("are kept over a crash that is resumed, and over a reload that changes one", async () => {
    const agent = await master(MIXED.replace("100ms", "2s"));
    await holds(COUNT);
    await agent.kill();
    await agent.start();
    await agent.is("lan", "master", "resumed");
    expect(await held()).toBe(COUNT);
    await agent.reload(MIXED.replace("100ms", "2s").replace("10.88.0.9/16", "10.88.99.9/16"));
    await until("one is another", PATIENCE, async () => {
      const all = await addressesOf(box);
      return all.includes("10.88.99.9") && !all.includes("10.88.0.9");
    });
    expect(await held()).toBe(COUNT);
    expect(agent.events("address.lost")).toEqual([]);
  });

  test("are back after `ip addr flush` of their interface", async () => {
    const agent = await master(MIXED);
    await holds(COUNT);
    await box.namespace.ip("addr flush dev eth1", ...addresses(1, 1));
    await agent.is("lan", "master");
    await holds(COUNT);
    expect(await agent.stop()).toBe(0);
    expect(await held()).toBe(0);
  });
});
