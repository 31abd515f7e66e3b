/** Ping nodes of haagent, through the compiled binary: IPv4 and IPv6, alone and in groups. */
import { expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { cluster, member, PATIENCE_MS, wires } from "./cluster-scene.ts";

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const KEY = '{ method = "sha1", key = "secret" }';

test.concurrent(
  "a ping node that one side has lost is dead there only, and a group lives while a member answers",
  async () => {
    await using lab = await wires();
    const gateway = lab.client;
    const names = [gateway.address4, gateway.address6, "up"];
    const pings = [
      `ping_nodes = ["${gateway.address4}", "${gateway.address6}"]`,
      `ping_groups = { up = ["10.77.0.200", "${gateway.address4}"] }`,
    ];
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) {
      await each.write(cluster([BROADCAST], KEY, pings));
      await each.start();
    }
    for (const each of [a, b]) {
      for (const name of names) await each.sees(name, "ping");
      await each.sees(each === a ? "b" : "a", "active");
    }
    expect((await a.status()).health).toBe("ok");
    await lab.lose(gateway, lab.node(0), 100);
    for (const name of names) await a.says(["heartbeat.node", `node=${name}`, "state=dead", "no answer for"]);
    const { health, heartbeat } = await a.status();
    expect(health).toBe("degraded");
    expect(heartbeat.nodes).toMatchObject([
      { name: "a", type: "node", state: "active" },
      { name: "b", type: "node", state: "active" },
      ...names.map((name) => ({ name, type: "ping", state: "dead" })),
    ]);
    expect((await a.command("status")).stdout).toContain(`ping  ${gateway.address4}`);
    expect(b.log.filter((line) => line.includes("state=dead"))).toEqual([]);
    await lab.lose(gateway, lab.node(0), 0);
    await until(
      () => `a hears all again; it said ${a.log.slice(-20).join("\n")}`,
      PATIENCE_MS,
      async () => (await a.status()).health === "ok",
    );
  },
);
