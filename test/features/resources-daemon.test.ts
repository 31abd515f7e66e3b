/** haagent and Debian's heartbeat 3.0.6 as one cluster, through the compiled binary: whatever either does, each group runs once afterwards. */
import { describe, expect, test } from "bun:test";
import { ran, until } from "../lab/process.ts";
import type { Pair, RealOwner } from "./resource-scene.ts";
import { ADDRESS } from "./resource-probe.ts";
import { besideDaemon, PATIENCE_MS } from "./resource-scene.ts";

/** Beside others, with negotiations of ten seconds. */
const LONG_MS = 400_000;

/** The address that moves with the group of `a` is on that node, which answers somebody else for it. */
async function answers({ lab }: Pair<RealOwner>, node: 0 | 1): Promise<void> {
  const { namespace, mac } = lab.node(node);
  await until(`${ADDRESS} is on node ${node}, and answers`, PATIENCE_MS, async () => {
    const held = await namespace.run(["ip", "-o", "address", "show", "to", ADDRESS]);
    const heard = await ran(lab.client.namespace.enter(["ping", "-c1", "-W1", ADDRESS]));
    const known = await lab.client.namespace.run(["ip", "neigh", "show", ADDRESS]);
    return held.includes(ADDRESS) && heard.code === 0 && known.includes(mac);
  });
}

describe("haagent beside heartbeat 3.0.6", () => {
  test.concurrent(
    "moves groups by orders of either side, never on both, and hands over without waiting for a death",
    async () => {
      await using pair = await besideDaemon(true);
      const { a, b } = pair;
      await a.daemon.start();
      await b.start();
      await pair.settles("a b");
      await answers(pair, 0);
      await pair.byOrder("b b", () => a.daemon.tool("hb_standby", "all"));
      await answers(pair, 1);
      await b.order("standby", "--groups", "local");
      await pair.settles("b a");
      await pair.byOrder("a a", () => a.daemon.tool("hb_takeover", "local"));
      await b.order("takeover", "--groups", "local");
      await pair.settles("a b");
      await b.order("standby");
      await pair.settles("a a");
      await pair.byOrder("a b", () => a.daemon.tool("hb_standby", "foreign"));
      await b.stop();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      await a.stop();
      await pair.settles("b b");
      await answers(pair, 1);
      expect(pair.doubled).toEqual([]);
      await a.daemon.start();
      await pair.settles("a b");
      await answers(pair, 0);
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "takes all from one that dies, and without auto_failback nothing goes back",
    async () => {
      await using pair = await besideDaemon(false);
      const { a, b } = pair;
      await b.start();
      await pair.settles("b b");
      await a.daemon.start();
      await b.sees("a", "active");
      await b.order("standby", `IPaddr::${ADDRESS}/24/eth0`);
      await pair.settles("a b");
      await b.die();
      await pair.settles("a a");
      let line = await b.start().then(() => a.daemon.says("Heartbeat restart on node b", PATIENCE_MS));
      line = await a.daemon.says("remote resource transition completed", PATIENCE_MS, line);
      await b.order("takeover");
      await pair.settles("b b");
      await a.die();
      await a.daemon.start();
      await b.order("standby", "--groups", "foreign");
      await pair.settles("a b");
      // It was told of our groups all the time, and what it says of its own is not known.
      expect(a.log.filter((text) => text.includes("haagent"))).toEqual([]);
      expect((await b.status()).heartbeat.agreement).toMatchObject({ state: "unknown" });
      await a.die();
      await pair.settles("b b");
      await answers(pair, 1);
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "asks for what prefers it with auto_failback legacy, and gives what prefers the other",
    async () => {
      await using pair = await besideDaemon("legacy");
      const { a, b } = pair;
      await a.daemon.start();
      await b.start();
      await pair.settles("a b");
      const { code, stderr } = await b.command("standby");
      expect([code, stderr]).toEqual([1, expect.stringContaining('auto_failback = "legacy" has no standby')]);
      await b.die();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      await a.die();
      await pair.settles("b b");
      await a.daemon.start();
      await pair.settles("a b");
      await b.stop();
      await pair.settles("a a");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "runs each group once again after a partition, in which both had all",
    async () => {
      await using pair = await besideDaemon(true);
      const { lab, a, b } = pair;
      await a.daemon.start();
      await b.start();
      await pair.settles("a b");
      await lab.cut(lab.node(0));
      await pair.settles("a+b a+b");
      await lab.heal(lab.node(0));
      await a.daemon.says("returning after partition", PATIENCE_MS);
      await pair.settles("b b");
      await pair.settles("a b");
      await b.says(["resource.partition", "what=partition"]);
    },
    LONG_MS,
  );
});
