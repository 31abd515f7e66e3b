/** Packets that no router of ours would send: each is counted under its reason and said once, and harms nobody. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { sleep, until } from "../lab/process.ts";
import { Agent } from "./agent.ts";
import type { Forgery } from "./forgery.ts";
import { forge, forge6, inject } from "./forgery.ts";
import type { Box } from "./site.ts";
import { Site } from "./site.ts";

const TIMES = 20;
const router = (more = ""): string => `
[vrrp.lan]
interface = "eth1"
vrid = 51
priority = 100
${more.includes("addresses") ? "" : 'addresses = ["10.77.1.50/24"]'}
${more.includes("advert_interval") ? "" : 'advert_interval = "100ms"'}
${more}
`;
const PASSWORD = 'version = 2\nadvert_interval = "1s"\nauth = { type = "pass", key = "right" }';
const UNICAST = 'unicast_peers = ["10.77.1.2"]';

let site: Site;
let box: Box;
let agent: Agent | null = null;

beforeAll(async () => {
  site = await Site.create(1);
  box = site.box(0);
});
afterEach(async () => {
  await agent?.close();
  agent = null;
  await box.namespace.run(["ip", "addr", "del", "10.77.1.50/24", "dev", "eth1"]).catch(() => undefined);
});
afterAll(() => site.close());

async function master(more = ""): Promise<Agent> {
  const made = await Agent.create(box.namespace, router(more));
  agent = made;
  await made.start();
  await made.is("lan", "master");
  return made;
}

const rejected = async (of: Agent): Promise<Record<string, number>> => {
  const { counters } = await of.router("lan");
  return Object.fromEntries(Object.entries(counters.rejected).filter(([, count]) => count > 0));
};

/** Why it ever changed its state, its start and stalls of the machine left out. */
const moves = (of: Agent): string[] =>
  of
    .events("vrrp.state", "lan")
    .map(({ fields }) => fields["reason"] ?? "")
    .filter((reason) => !/^(started|no master heard|stalled: .*)$/.test(reason));

/** Injects a frame {@link TIMES} times and gives what was counted and said of it. */
async function counted(of: Agent, forgery: Forgery): Promise<{ rejected: object; said: object[] }> {
  const unicast = forgery.destination !== undefined && !forgery.destination.startsWith("224.");
  const mac = unicast ? box.mac.replaceAll(":", "") : undefined;
  await inject(site, box, [forge(forgery, mac)], TIMES);
  await until("they are counted", 3000, async () =>
    Object.values(await rejected(of)).some((count) => count >= TIMES),
  );
  await sleep(50);
  const said = of.events("vrrp.rejected", "lan").map(({ level, fields }) => ({ level, ...fields }));
  return { rejected: await rejected(of), said };
}

const STRANGER = "10.77.1.9";
const cases: readonly [string, string, Forgery, string][] = [
  ["a wrong checksum", "checksum", { spoil: 1 }, ""],
  ["a TTL of 254", "ttl", { ttl: 254, priority: 254 }, ""],
  ["version 4", "version", { version: 4 }, ""],
  ["type 2", "type", { type: 2 }, ""],
  ["half a header", "length", { cut: 6 }, ""],
  ["more addresses by its count than in it", "length", { count: 40 }, ""],
  ["an IP length beyond the frame", "length", { length: 900 }, ""],
  ["a wrong password", "auth", { version: 2, password: "wrong" }, PASSWORD],
  ["no password", "auth", { version: 2 }, PASSWORD],
  ["version 3 where there is a password", "version", { priority: 254 }, PASSWORD],
  ["a unicast sender that is no peer", "source", { destination: "10.77.1.1", priority: 254 }, UNICAST],
  [
    "a peer's TTL of 254",
    "ttl",
    { source: "10.77.1.2", destination: "10.77.1.1", ttl: 254, priority: 254 },
    UNICAST,
  ],
];

describe("a packet with", () => {
  test.each(cases)("%s is counted as %s, said once, and moves nothing", async (_, reason, forgery, more) => {
    const victim = await master(more);
    const result = await counted(victim, forgery);
    expect(result.rejected).toEqual({ [reason]: TIMES });
    const source = forgery.source ?? STRANGER;
    // Nothing can be said of the sender where the IP header itself lies.
    const known = forgery.length === undefined ? source : "unknown";
    expect(result.said).toEqual([{ level: "warning", name: "lan", reason, source: known }]);
    await sleep(300);
    expect(moves(victim)).toEqual([]);
    expect((await victim.router("lan")).counters.adverts_received).toBe(0);
  });

  test("our own source address is an alarm, and no word in the election", async () => {
    const victim = await master();
    const result = await counted(victim, { source: "10.77.1.1", priority: 255 });
    expect(result.rejected).toEqual({ self: TIMES });
    expect(result.said).toEqual([
      {
        level: "error",
        name: "lan",
        reason: "self",
        source: "10.77.1.1",
        text: "another host sends from our own address",
      },
    ]);
    expect(moves(victim)).toEqual([]);
  });

  test("the VRID of others is counted, and not worth a line", async () => {
    const victim = await master();
    const result = await counted(victim, { vrid: 77 });
    expect(result).toEqual({ rejected: { vrid: TIMES }, said: [] });
  });

  test("a fault is said once of each sender", async () => {
    const victim = await master();
    const senders = ["10.77.1.9", "10.77.1.10", "10.77.1.11"];
    for (const source of senders) {
      await inject(site, box, [forge({ source, ttl: 1 }), forge({ source, spoil: 7 })], TIMES);
    }
    await until("all are counted", 3000, async () => (await rejected(victim))["checksum"] === 3 * TIMES);
    expect(await rejected(victim)).toEqual({ ttl: 3 * TIMES, checksum: 3 * TIMES });
    const said = victim
      .events("vrrp.rejected")
      .map(({ fields }) => `${fields["reason"]} ${fields["source"]}`);
    expect(said.sort()).toEqual(senders.flatMap((source) => [`checksum ${source}`, `ttl ${source}`]).sort());
  });

  test("a wrong checksum, a hop limit of 254 or our own source is refused over IPv6 as well", async () => {
    const victim = await master('addresses = ["fe80::50/64"]');
    const own = `fe80${"00".repeat(13)}01`;
    const frames = [forge6({ spoil: 1, priority: 254 }), forge6({ hopLimit: 254, priority: 254 })];
    await inject(site, box, [...frames, forge6({ source: own, priority: 255 })], TIMES);
    await until("all are counted", 3000, async () => (await rejected(victim))["self"] === TIMES);
    expect(await rejected(victim)).toEqual({ checksum: TIMES, ttl: TIMES, self: TIMES });
    expect(moves(victim)).toEqual([]);
    // The forger is right when nothing is wrong.
    await inject(site, box, [forge6({ priority: 254 })], 1);
    await victim.is("lan", "backup", "fe80::9 has priority 254");
  });

  test("every kind of garbage after each other leaves an agent that is master", async () => {
    const victim = await master();
    const good = forge({});
    const frames: string[] = [];
    for (let at = 28; at < good.length; at += 2) {
      for (const byte of ["00", "ff", "7f", "31"]) frames.push(good.slice(0, at) + byte + good.slice(at + 2));
      frames.push(good.slice(0, at));
    }
    // Fragments, an IPv6 packet under the wrong type, one that is too long for its message.
    frames.push(
      forge({ fragment: 0x2000 }),
      forge({ fragment: 3 }),
      good.replace("0800", "86dd"),
      good + "00".repeat(900),
    );
    const before = (await victim.router("lan")).counters.adverts_sent;
    await inject(site, box, frames, 3);
    await until("it is master and advertises", 10_000, async () => {
      const { state, counters } = await victim.router("lan");
      return state === "master" && counters.adverts_sent > before + 4;
    });
    expect(victim.events("agent.bug")).toEqual([]);
    expect(victim.running).toBe(true);
  });
});
