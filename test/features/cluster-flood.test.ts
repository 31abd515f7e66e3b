/** A flood on heartbeat's port: bounded CPU and memory, and neither an advert nor the cluster suffers. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { encodeContent } from "../../src/heartbeat/content.ts";
import { compose } from "../../src/heartbeat/header.ts";
import { sealDatagram } from "../../src/heartbeat/packet.ts";
import { ms } from "../../src/base/units.ts";
import { ring } from "../heartbeat/ring.ts";
import { Cable, cluster, member, PATIENCE_MS, wires } from "./cluster-scene.ts";

const FLOOD = new URL("../lab/flood.ts", import.meta.url).pathname;
const SECONDS = 4;
const KEY = '{ method = "sha1", key = "secret" }';
const INTERVAL = 200;
const vrrp = (priority: number): string => `
[vrrp.lan]
interface = "eth0"
vrid = 51
priority = ${priority}
advert_interval = "${INTERVAL}ms"
addresses = ["10.77.0.50/24"]
`;

/** Resident memory in MB, and seconds of CPU so far. */
function usage(pid: number): { memory: number; seconds: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { memory: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024, seconds: ticks / 100 };
}

/** What a node of the cluster would say, signed with another key. */
function forged(): string {
  const content = encodeContent({ kind: "status", status: "active", deadtime: ms(3000) });
  const stamp = { generation: 5, sequence: 1, time: 1, load: "0", ttl: 3, destinationUuid: null };
  const message = compose(content, { name: "b", uuid: "u".repeat(16) }, stamp);
  return sealDatagram(message, ring([1, "sha1", "guessed"]), 1).toHex();
}

describe("a flood of forged messages", () => {
  test("costs little, and moves neither a virtual router nor a node that a line still hears", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(38_400);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const [at, each] of [a, b].entries()) {
      const line = `{ type = "serial", device = "${cable.ports[at]}", baud = 38400 }`;
      const links = ['{ type = "broadcast", interface = "eth0" }', line];
      await each.write(cluster(links, KEY) + vrrp(150 - at * 50));
      await each.start();
    }
    await a.sees("b", "active");
    await b.sees("a", "active");
    await a.says(["vrrp.state", "to=master"]);
    const { pid } = await a.status();
    const before = usage(pid);
    const from = b.log.length;
    const flood = lab.client.namespace.spawn([
      ...[process.execPath, FLOOD, "10.77.0.255", "694", String(SECONDS), forged()],
    ]);
    await flood.says("sent", PATIENCE_MS);
    const after = usage(pid);
    const sent = Number(/sent (\d+)/.exec(flood.lines.join("\n"))?.[1]);
    expect(sent).toBeGreaterThan(20_000);
    const { dropped } = (await a.status()).heartbeat;
    expect(dropped["forged"]).toBeGreaterThan(100);
    expect(dropped["flood"]).toBeGreaterThan(100);
    expect(after.memory - before.memory).toBeLessThan(60);
    // A second's worth of messages and what is thrown away: a tenth of a processor is usual.
    expect((after.seconds - before.seconds) / SECONDS).toBeLessThan(0.5);
    const told = [...a.log, ...b.log.slice(from)];
    expect(told.filter((line) => line.includes("heartbeat.node") && line.includes("dead"))).toEqual([]);
    expect(b.log.slice(from).filter((line) => line.includes("vrrp.state"))).toEqual([]);
    expect(a.log.filter((line) => line.includes("heartbeat.rejected")).length).toBeLessThan(4);
  });
});
