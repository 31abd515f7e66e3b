/** Both versions at once, as while old routers are replaced: one haagent beside keepalived of version 2 and keepalived of version 3. */
import { describe, expect, test } from "bun:test";
import { Capture, STATION } from "../lab/capture.ts";
import type { RouterSpec } from "../lab/daemon.ts";
import { ROUTER } from "../lab/daemon.ts";
import { Haagent } from "../lab/haagent.ts";
import { Keepalived, keepalivedConfig } from "../lab/keepalived.ts";
import { Lab } from "../lab/lab.ts";
import { now, sleep, until } from "../lab/process.ts";

const SLACK_MS = 12_000;

async function scene(ours: Partial<RouterSpec>): Promise<{
  lab: Lab;
  haagent: Haagent;
  two: Keepalived;
  three: Keepalived;
  /** Which nodes advertised in the last so many milliseconds, and in which versions. */
  heard: (span: number) => string[];
}> {
  const lab = await Lab.create(3);
  const haagent = await Haagent.create(lab.node(0), { ...ROUTER, both: true, priority: 200, ...ours });
  const two = new Keepalived(lab.node(1), keepalivedConfig({ ...ROUTER, version: 2, priority: 150 }));
  const three = new Keepalived(
    lab.node(2),
    keepalivedConfig({ ...ROUTER, ...ours, both: false, priority: 100 }),
  );
  for (const one of [haagent, two, three]) lab.atClose(() => one.close());
  const wire = await Capture.start(lab.client.namespace, STATION);
  lab.atClose(() => wire.close());
  const heard = (span: number): string[] => {
    const adverts = wire.adverts(now() - span);
    return lab.nodes.flatMap(({ name, mac }) => {
      const versions = adverts.filter(({ source }) => source === mac).map(({ seen }) => seen.version);
      return versions.length === 0 ? [] : [`${name} v${[...new Set(versions)].sort().join("+")}`];
    });
  };
  return { lab, haagent, two, three, heard };
}

describe("haagent in both versions, beside keepalived of version 2 and of version 3", () => {
  test.each([
    ["1 s", {}],
    ["100 ms, of which version 2 is told 1 s", { interval: 100 }],
  ])(
    "is the one master of them all at %s, and when it comes back",
    async (_, ours) => {
      const { lab, haagent, two, three, heard } = await scene(ours);
      await using _lab = lab;
      await haagent.start();
      await two.start();
      await three.start();
      const alone = (): boolean => heard(2500).join() === "node1 v2+3";
      await until(() => `haagent alone advertises: ${heard(2500).join(", ")}`, SLACK_MS, alone);
      // As long as either would wait for a master that it does not hear.
      await sleep(5000);
      expect(heard(4500)).toEqual(["node1 v2+3"]);
      await haagent.stop();
      // Of each other these two hear nothing: what both versions are there for.
      await until(
        () => `both take over: ${heard(2500).join(", ")}`,
        SLACK_MS,
        () => heard(2500).join() === "node2 v2,node3 v3",
      );
      await haagent.start();
      await until(() => `haagent alone advertises again: ${heard(2500).join(", ")}`, SLACK_MS, alone);
      const router = await haagent.router();
      expect(router.peers.flatMap(({ mismatch }) => mismatch)).toEqual([]);
      expect(Object.values(router.counters.rejected).every((count) => count === 0)).toBe(true);
      for (const peer of [two, three]) {
        expect(peer.log.filter((line) => line.includes("Entering BACKUP STATE")).length).toBeGreaterThan(0);
      }
    },
    60_000,
  );

  test("follows the better one of either version", async () => {
    const { lab, haagent, two, three, heard } = await scene({ priority: 50 });
    await using _lab = lab;
    await haagent.start();
    await until("it is master alone", SLACK_MS, () => heard(1500).join() === "node1 v2+3");
    await three.start();
    await until("version 3 is better", SLACK_MS, () => heard(2500).join() === "node3 v3");
    await three.stop();
    await until("it is master again", SLACK_MS, () => heard(1500).join() === "node1 v2+3");
    await two.start();
    await until("version 2 is better", SLACK_MS, () => heard(2500).join() === "node2 v2");
    const router = await haagent.router();
    expect(router.state).toBe("backup");
    expect(router.master?.priority).toBe(150);
  }, 60_000);
});
