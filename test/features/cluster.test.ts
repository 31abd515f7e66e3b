/** haagent beside haagent: two nodes of one cluster, through the compiled binary. */
import { describe, expect, test } from "bun:test";
import { cluster, member, wires } from "./cluster-scene.ts";

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const KEY = '{ method = "sha256", key = "a secret" }';

describe("two nodes of a cluster", () => {
  test.concurrent("see each other live, die, restart, and leave", async () => {
    await using lab = await wires();
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) {
      await each.write(cluster([BROADCAST], KEY));
      await each.start();
    }
    await a.sees("b", "active");
    await b.sees("a", "active");
    const { heartbeat, health } = await a.status();
    expect(health).toBe("ok");
    expect(heartbeat.nodes.map(({ name, state }) => [name, state])).toEqual([
      ["a", "active"],
      ["b", "active"],
    ]);
    expect(heartbeat.links).toMatchObject([{ name: "eth0", type: "broadcast", peer: "b", state: "up" }]);
    const before = Number(b.generation);
    b.signal("SIGKILL");
    let line = await a.says(["heartbeat.link", "link=eth0", "node=b", "state=dead"]);
    line = await a.sees("b", "dead");
    expect((await a.status()).health).toBe("degraded");
    await b.start();
    line = await a.sees("b", "restarted", line);
    line = await a.sees("b", "active", line);
    expect(Number(b.generation)).toBeGreaterThan(before);
    await b.stop();
    line = await a.sees("b", "leaving", line);
    await a.says(["heartbeat.node", "node=b", "state=dead", "it had stopped"], line);
    const shown = await a.command("status");
    expect(shown.stdout).toContain("eth0 broadcast b");
  });

  test.concurrent("are believed again after one has lost what it kept of its lives", async () => {
    await using lab = await wires();
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) await each.write(cluster([BROADCAST], KEY));
    // Ahead of every clock.
    const later = Math.floor(Date.now() / 1000) + 10_000_000;
    b.generation = `${later}`.padStart(15);
    for (const each of [a, b]) await each.start();
    await b.sees("a", "active");
    let line = await a.sees("b", "active");
    expect(Number(b.generation)).toBe(later + 1);
    await b.kill();
    b.generation = "";
    await b.start();
    line = await a.sees("b", "restarted", line);
    await a.sees("b", "active", line);
    await b.sees("b", "renumbered");
    expect(Number(b.generation)).toBe(later + 2);
  });
});
