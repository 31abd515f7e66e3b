/** Several links of a cluster at once, those that change while it runs, and what comes in that is not from it. */
import { describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { cluster, member, PATIENCE_MS, secondWire, stranger, TIMES, wires } from "./cluster-scene.ts";
import type { Member } from "./cluster-scene.ts";

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const KEY = '{ method = "sha1", key = "secret" }';
const unicast = (peer: string): string => `{ type = "unicast", interface = "eth1", peer = "${peer}" }`;

/** Starts both and waits until they see each other. */
async function together(a: Member, b: Member): Promise<void> {
  await Promise.all([a.start(), b.start()]);
  await a.sees("b", "active");
  await b.sees("a", "active");
}

const deaths = (each: Member): string[] =>
  each.log.filter((line) => line.includes("heartbeat.node") && line.includes("state=dead"));

/** Waits until so many messages were dropped for a reason. */
const drops = (each: Member, reason: string, least: number): Promise<number> =>
  until(`${each.name} drops ${reason}`, PATIENCE_MS, async () => {
    const { heartbeat } = await each.status();
    return (heartbeat.dropped[reason] ?? 0) >= least;
  });

describe("two links", () => {
  test.concurrent("fail one by one without a death, and both with one", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    await a.write(cluster([BROADCAST, unicast("10.78.0.2")], KEY));
    await b.write(cluster([BROADCAST, unicast("10.78.0.1")], KEY));
    await together(a, b);
    await lab.cut(lab.node(0));
    let line = await a.says(["heartbeat.link", "link=eth0", "state=dead"]);
    expect((await a.status()).heartbeat.nodes.map(({ state }) => state)).toEqual(["active", "active"]);
    expect(deaths(a)).toEqual([]);
    await lab.heal(lab.node(0));
    line = await a.says(["heartbeat.link", "link=eth0", "state=up"], line);
    await lab.node(1).namespace.ip("link set eth1 down");
    line = await a.says(["heartbeat.link", "link=eth1", "state=dead"], line);
    expect(deaths(a)).toEqual([]);
    await lab.cut(lab.node(0));
    await a.sees("b", "dead", line);
    await b.sees("a", "dead");
  });

  test.concurrent("over IPv6, by unicast and by multicast, and one whose interface comes back", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const [each, peer] of [[a, "fd77::2"] as const, [b, "fd77::1"] as const]) {
      const links = [
        `{ type = "unicast", interface = "eth0", peer = "${peer}" }`,
        '{ type = "multicast", interface = "eth1", group = "ff15::694" }',
      ];
      await each.write(cluster(links, KEY));
    }
    await together(a, b);
    let line = await a.says(["heartbeat.link", "type=multicast", "state=up"]);
    await a.says(["heartbeat.link", "type=unicast", "state=up"]);
    await lab.node(0).namespace.ip("link del eth1");
    line = await a.says(["heartbeat.link", "link=eth1", "state=failed"], line);
    await secondWire(lab);
    line = await a.says(["heartbeat.link", "link=eth1", "state=open"], line);
    await a.says(["heartbeat.link", "link=eth1", "state=up"], line);
    expect(deaths(a)).toEqual([]);
  });
});

describe("a reload", () => {
  test.concurrent("adds and removes links, and leaves the others alone", async () => {
    await using lab = await wires();
    await secondWire(lab);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) await each.write(cluster([BROADCAST], KEY));
    await together(a, b);
    await a.write(cluster([BROADCAST, unicast("10.78.0.2")], KEY));
    await b.write(cluster([BROADCAST, unicast("10.78.0.1")], KEY));
    for (const each of [a, b]) expect((await each.command("reload")).stdout).toBe("heartbeat: links\n");
    await a.says(["heartbeat.link", "link=eth1", "state=up"]);
    await a.write(cluster([unicast("10.78.0.2")], KEY));
    await b.write(cluster([unicast("10.78.0.1")], KEY));
    for (const each of [a, b]) await each.command("reload");
    await Bun.sleep(2 * TIMES.deadtime);
    const { heartbeat, health } = await a.status();
    expect(health).toBe("ok");
    expect(heartbeat.links.map(({ name, state }) => [name, state])).toEqual([["eth1", "up"]]);
    expect(deaths(a)).toEqual([]);
    // Without the table it leaves in order.
    await b.write('[vrrp.x]\ninterface = "eth0"\nvrid = 1\naddresses = ["10.77.0.50/24"]\n');
    expect((await b.command("reload")).code).toBe(0);
    await a.sees("b", "leaving");
  });

  test.concurrent("replaces the key, one node after the other, and nobody dies", async () => {
    await using lab = await wires();
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    const keys = async (each: Member, signing: number, ...lines: readonly string[]): Promise<void> => {
      const path = `${each.directory}/authkeys`;
      await Bun.write(path, `auth ${signing}\n${lines.join("\n")}\n`);
      await Bun.spawn(["chmod", "600", path]).exited;
    };
    const [old, fresh] = ["1 sha1 old", "2 sha256 fresh"];
    for (const each of [a, b]) {
      await keys(each, 1, old);
      await each.write(cluster([BROADCAST], `{ keys_file = "${each.directory}/authkeys" }`));
    }
    await together(a, b);
    for (const each of [a, b]) {
      await keys(each, 1, old, fresh);
      expect((await each.command("reload")).stdout).toStartWith("heartbeat: auth\n");
    }
    for (const each of [a, b]) {
      await keys(each, 2, old, fresh);
      await each.command("reload");
    }
    for (const each of [a, b]) {
      await keys(each, 2, fresh);
      await each.command("reload");
    }
    await Bun.sleep(2 * TIMES.deadtime);
    expect(deaths(a)).toEqual([]);
    expect((await a.status()).heartbeat.links).toMatchObject([{ state: "up" }]);
    // A key of b's own: they do not hear each other any more, and say why.
    await keys(b, 2, "2 sha256 other");
    await b.command("reload");
    await a.says(["heartbeat.rejected", "reason=forged"]);
    await a.sees("b", "dead");
    await Bun.spawn(["chmod", "640", `${b.directory}/authkeys`]).exited;
    const refused = await b.command("reload");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("cure: chmod 600");
  });
});

describe("a stranger on the wire", () => {
  test.concurrent("is counted by what is wrong with him, and changes nothing", async () => {
    await using lab = await wires();
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) await each.write(cluster([BROADCAST], KEY));
    await together(a, b);
    const good = [[1, "sha1", "secret"]] as const;
    const cases = [
      ["forged", "a", [[1, "sha1", "guessed"]]],
      ["key", "a", [[7, "sha1", "secret"]]],
      ["node", "c", good],
      ["replay", "a", good],
    ] as const;
    // One after the other: they share a port.
    for (const [reason, name, keys] of cases) {
      const child = stranger(lab, name, keys, 1);
      await drops(b, reason, 3);
      await child.end("SIGKILL");
    }
    expect(deaths(b)).toEqual([]);
    const { heartbeat, health } = await b.status();
    expect(health).toBe("ok");
    expect(heartbeat.nodes.map(({ name }) => name)).toEqual(["a", "b"]);
  });
});
