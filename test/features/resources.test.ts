/** Groups of resources between two haagents, through the compiled binary: starts, orders, deaths, clean stops, a partition, a reload. */
import { describe, expect, test } from "bun:test";
import { addressesOf } from "../lab/owner.ts";
import { until } from "../lab/process.ts";
import type { Owner, Pair } from "./resource-scene.ts";
import { HARESOURCES, owners, PATIENCE_MS } from "./resource-scene.ts";

/** Beside others; two that begin at once negotiate for ten seconds. */
const LONG_MS = 240_000;

/** What a node's scripts did with the group of `a`. */
const inOrder = ({ moves }: Owner): string[] =>
  moves.map(({ what }) => what).filter((what) => !what.endsWith("two"));

/** Both nodes come to know who runs what. */
async function known({ a, b }: Pair<Owner>, ...owned: readonly string[]): Promise<void> {
  for (const each of [a, b]) {
    let rows = "";
    await until(
      () => `${each.name} knows ${owned.join()}, not ${rows}`,
      PATIENCE_MS,
      async () => {
        const { resources } = (await each.status()).heartbeat;
        rows = resources.map(({ group, owner, state }) => `${group} ${owner} ${state}`).join();
        return rows === owned.join();
      },
    );
  }
}

describe("two nodes with groups", () => {
  test.concurrent(
    "start them left to right, give and take by order, hand over when they stop, and take over when one dies",
    async () => {
      await using pair = await owners();
      const { a, b } = pair;
      await a.start();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      expect(inOrder(a)).toEqual(["start one", "start uno"]);
      await known(pair, "probe::one a started", "probe::two b started");
      expect((await a.status()).health).toBe("ok");
      await a.order("standby", "--groups", "all");
      await pair.settles("b b");
      expect(inOrder(a).slice(2)).toEqual(["stop uno", "stop one"]);
      await known(pair, "probe::one b started", "probe::two b started");
      const { stdout } = await a.command("status");
      expect(stdout).toMatch(/group +probe::one +started +on b; prefers a/);
      expect((await a.command("why", "probe::one")).stdout).toContain("standby by the operator");
      await a.order("takeover", "probe::one");
      await pair.settles("a b");
      await b.stop();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
      await a.die();
      await pair.settles("b b");
      const refused = await b.command("standby");
      expect([refused.code, refused.stderr]).toEqual([1, "probe::one, probe::two: a is not there\n"]);
      await a.start();
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "keep what they have without auto_failback, look what a killed agent left, and end a partition",
    async () => {
      await using pair = await owners({ failback: false });
      const { lab, a, b } = pair;
      await Promise.all([a.start(), b.start()]);
      await pair.settles("a b");
      await b.kill();
      await b.start();
      await until("what ran was stopped, and started", PATIENCE_MS, () => b.moves.length === 3);
      expect(b.moves.map(({ what }) => what)).toEqual(["start two", "stop two", "start two"]);
      await pair.settles("a b");
      await b.die();
      await pair.settles("a a");
      const line = await b.start().then(() => a.sees("b", "restarted"));
      await a.sees("b", "active", line);
      await b.order("takeover", "--groups", "local");
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
      await lab.cut(lab.node(0));
      await pair.settles("a+b a+b");
      await lab.heal(lab.node(0));
      await pair.settles("a b");
      await b.says(["resource.partition", "what=let-go"]);
    },
    LONG_MS,
  );

  test.concurrent(
    "and a virtual router beside them: both move when a node stops, each alone when only that has to",
    async () => {
      const address = "10.77.0.50";
      const more = `[vrrp.lan]\ninterface = "eth0"\nvrid = 51\naddresses = ["${address}/24"]\npreempt = false\nguard = ["heartbeat"]\n`;
      await using pair = await owners({ more });
      const { lab, a, b } = pair;
      const holds = (what: string): Promise<number> =>
        until(`the address is on ${what}`, PATIENCE_MS, async () => {
          const held = await Promise.all([0, 1].map((at) => addressesOf(lab.node(at))));
          return held.map((each, at) => (each.includes(address) ? "ab".charAt(at) : "")).join("") === what;
        });
      await a.start();
      await a.says(["vrrp.state", "to=master"]);
      await b.start();
      await pair.settles("a b");
      await holds("a");
      await a.order("standby", "--groups", "all");
      await pair.settles("b b");
      await holds("a");
      await a.order("standby", "lan");
      await b.says(["vrrp.released", "name=lan", "node=a"]);
      await holds("b");
      await pair.settles("b b");
      await b.stop();
      await pair.settles("a a");
      await a.order("takeover", "lan");
      await holds("a");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "ask each other for what prefers them with auto_failback legacy",
    async () => {
      await using pair = await owners({ failback: "legacy" });
      const { a, b } = pair;
      await Promise.all([a.start(), b.start()]);
      await pair.settles("a b");
      await b.die();
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      await a.stop();
      await pair.settles("b b");
      await a.start();
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "follow a reload, move what does not start, and do not wait for ever for what does not stop",
    async () => {
      const more =
        'resource_scripts = { retry_after = "1s", stop_tries = 2, pause = "200ms", stop_timeout = "2s" }';
      await using pair = await owners({ more });
      const { a, b } = pair;
      a.spoil("fails", "uno");
      await a.start();
      await a.says(["resource.state", "group=probe::one", "state=failed", "probe::uno did not start"]);
      expect(inOrder(a).slice(0, 2)).toEqual(["start one", "stop one"]);
      await b.start();
      await pair.settles("b b");
      a.spoil("fails", "uno", false);
      for (const each of [a, b]) {
        await each.configure({ more, resources: [...HARESOURCES, "a probe::drei"] });
        const { code, stdout } = await each.command("reload");
        expect([code, stdout]).toEqual([0, expect.stringContaining("heartbeat: resources")]);
      }
      await b.says(["resource.state", "group=probe::drei", "state=started"]);
      await a.order("takeover", "--groups", "local");
      await pair.settles("a b");
      await known(pair, "probe::one a started", "probe::two b started", "probe::drei a started");
      a.spoil("sticks", "one");
      await a.stop();
      await a.says(["resource.state", "group=probe::one", "state=stuck"]);
      // What may run there still is taken only from one that is dead.
      await b.says(["heartbeat.node", "node=a", "state=dead", "not heard"]);
      await pair.settles("a+b b");
    },
    LONG_MS,
  );
});
