/** Real heartbeat 3.0.6 and our takeover machine as one cluster: whatever either does, each group runs once afterwards. */
import { describe, expect, test } from "bun:test";
import { TakeoverScene } from "./takeover-scene.ts";

/** Beside others, with negotiations of ten seconds. */
const LONG_MS = 400_000;

describe("real heartbeat and our takeover machine", () => {
  test.concurrent(
    "move groups by orders of either side, never on both, and take all from one that leaves",
    async () => {
      await using cluster = await TakeoverScene.create(true);
      const { real } = cluster.scene;
      await cluster.settles("real", "ours");
      await cluster.moves(() => real.tool("hb_standby", "all"), "ours", "ours");
      await cluster.moves(() => cluster.order("standby local"), "ours", "real");
      await cluster.moves(() => real.tool("hb_takeover", "local"), "real", "real");
      await cluster.moves(() => cluster.order("takeover local"), "real", "ours");
      await cluster.moves(() => cluster.order("standby all"), "real", "real");
      await cluster.moves(() => real.tool("hb_standby", "foreign"), "real", "ours");
      await cluster.stopOurs();
      await cluster.settles("real", "real");
      cluster.startOurs();
      await cluster.settles("real", "ours");
      await cluster.stopReal();
      await cluster.settles("ours", "ours");
      expect(cluster.doubled).toEqual([]);
      await real.start();
      await cluster.settles("real", "ours");
      expect(cluster.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "take all from one that dies, and without auto_failback nothing goes back",
    async () => {
      await using cluster = await TakeoverScene.create(false, true);
      const { real } = cluster.scene;
      await cluster.settles("ours", "ours");
      await real.start();
      await cluster.moves(() => real.tool("hb_takeover", "local"), "real", "ours");
      await cluster.killOurs();
      await cluster.settles("real", "real");
      cluster.startOurs();
      const line = await real.says("Heartbeat restart on node ours", LONG_MS);
      await real.says("remote resource transition completed", LONG_MS, line);
      expect(cluster.places).toEqual({ one: "real", two: "real" });
      await cluster.moves(() => cluster.order("takeover all"), "ours", "ours");
      await cluster.killReal();
      await real.start();
      await cluster.moves(() => real.tool("hb_takeover", "local"), "real", "ours");
      await cluster.killReal();
      await cluster.settles("ours", "ours");
      expect(cluster.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "ask each other for what prefers them with auto_failback legacy",
    async () => {
      await using cluster = await TakeoverScene.create("legacy");
      const { real } = cluster.scene;
      await cluster.settles("real", "ours");
      await cluster.killOurs();
      await cluster.settles("real", "real");
      cluster.startOurs();
      await cluster.settles("real", "ours");
      await cluster.killReal();
      await cluster.settles("ours", "ours");
      await real.start();
      await cluster.settles("real", "ours");
      await cluster.stopOurs();
      await cluster.settles("real", "real");
      expect(cluster.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "have each group once again after a partition: real heartbeat gives up, and we keep",
    async () => {
      await using cluster = await TakeoverScene.create(true);
      const { scene } = cluster;
      await cluster.settles("real", "ours");
      await scene.lab.cut(scene.lab.node(0));
      await cluster.settles("ours+real", "ours+real");
      await scene.lab.heal(scene.lab.node(0));
      await scene.real.says("returning after partition", LONG_MS);
      await cluster.settles("ours", "ours");
      await cluster.settles("real", "ours");
    },
    LONG_MS,
  );
});
