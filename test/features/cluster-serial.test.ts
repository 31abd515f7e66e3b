/** Serial lines of a cluster: beside Ethernet, alone, noisy, unplugged, with heartbeat at the other end. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { run, until } from "../lab/process.ts";
import { Cable, cluster, daemon, lockOf, member, PATIENCE_MS, TIMES, wires } from "./cluster-scene.ts";

const BROADCAST = '{ type = "broadcast", interface = "eth0" }';
const KEY = '{ method = "sha1", key = "secret" }';
const BAUD = 38_400;
const serial = (port: string): string => `{ type = "serial", device = "${port}", baud = ${BAUD} }`;
/** What no line that lives lets pass. */
const LONG = 2 * TIMES.deadtime;

describe("a serial line", () => {
  test.concurrent("keeps a node alive whose Ethernet is cut, and its cut is a death", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(BAUD);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    await a.write(cluster([BROADCAST, serial(cable.ports[0])], KEY));
    await b.write(cluster([BROADCAST, serial(cable.ports[1])], KEY));
    await Promise.all([a.start(), b.start()]);
    await a.sees("b", "active");
    await b.sees("a", "active");
    await a.says(["heartbeat.link", "type=serial", "state=up"]);
    await lab.cut(lab.node(0));
    let line = await a.says(["heartbeat.link", "type=broadcast", "state=dead"]);
    await Bun.sleep(LONG);
    const { heartbeat, health } = await a.status();
    expect(health).toBe("degraded");
    expect(heartbeat.nodes.map(({ state }) => state)).toEqual(["active", "active"]);
    expect(heartbeat.links.map(({ type, state }) => [type, state])).toEqual([
      ["broadcast", "dead"],
      ["serial", "up"],
    ]);
    expect(a.log.filter((said) => said.includes("node=b") && said.includes("to=dead"))).toEqual([]);
    cable.toggle();
    line = await a.sees("b", "dead", line);
    await b.sees("a", "dead");
    cable.toggle();
    await a.sees("b", "active", line);
    await b.stop();
    await a.sees("b", "leaving", line);
  });

  test.concurrent("carries on after noise, and after its port was gone", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(BAUD);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    await a.write(cluster([serial(cable.ports[0])], KEY));
    await b.write(cluster([serial(cable.ports[1])], KEY));
    await Promise.all([a.start(), b.start()]);
    await a.sees("b", "active");
    await b.sees("a", "active");
    cable.noise();
    await Bun.sleep(TIMES.deadtime);
    cable.noise();
    let line = a.log.length;
    const { dropped } = (await a.status()).heartbeat;
    expect(Object.values(dropped).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(10);
    await cable.unplug();
    line = await a.says(["heartbeat.link", "type=serial", "state=failed"], line);
    line = await a.sees("b", "dead", line);
    await cable.plug(BAUD);
    line = await a.says(["heartbeat.link", "type=serial", "state=open"], line);
    await a.sees("b", "active", line);
  });

  test.concurrent("is ours alone, and nobody's when we have ended", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(BAUD);
    const [port] = cable.ports;
    const lock = lockOf(port);
    const a = member(lab, 0, "a");
    const b = member(lab, 1, "b");
    for (const each of [a, b]) await each.write(cluster([serial(port)], KEY));
    await a.start();
    await a.says(["heartbeat.node", "node=a", "state=up"]);
    const settings = await run(["stty", "-F", port, "-a"]);
    expect(settings).toContain(`speed ${BAUD} baud`);
    for (const flag of [
      "cs8",
      "-parenb",
      "clocal",
      "-crtscts",
      "-icanon",
      "-echo",
      "-isig",
      "-opost",
      "-ixon",
    ]) {
      expect(settings.split(/[\s;]+/)).toContain(flag);
    }
    await b.start();
    await b.says(["heartbeat.link", "state=failed", "has it"]);
    expect(existsSync(lock)).toBe(true);
    await a.stop();
    await b.says(["heartbeat.link", "state=open"]);
    // Killed, it leaves the file: a process that is gone has nothing.
    b.signal("SIGKILL");
    const from = a.log.length;
    await a.start();
    await a.says(["heartbeat.node", "node=a", "state=up"], from);
    await until("the line is open", PATIENCE_MS, async () => {
      const [line] = (await a.status()).heartbeat.links;
      return line?.failure === null;
    });
    await a.stop();
    expect(existsSync(lock)).toBe(false);
  });

  test.concurrent("leads to heartbeat 3.0.6 as well", async () => {
    await using lab = await wires();
    const cable = new Cable(lab);
    await cable.plug(BAUD);
    const real = daemon(lab, `serial ${cable.ports[0]}`, ["auth 1", "1 md5 secret"], [`baud ${BAUD}`]);
    const ours = member(lab, 1, "b");
    await ours.write(cluster([serial(cable.ports[1])], '{ method = "md5", key = "secret" }'));
    await Promise.all([real.start(), ours.start()]);
    await ours.sees("a", "active");
    let at = await real.says("Status update for node b: status active", PATIENCE_MS);
    cable.toggle();
    at = await real.says("node b: is dead", PATIENCE_MS, at);
    await ours.sees("a", "dead");
  });
});
