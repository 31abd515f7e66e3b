/** Real heartbeat and our membership: each sees the other live, die, restart and return. */
import { describe, expect, test } from "bun:test";
import { until } from "../lab/process.ts";
import { Scene } from "./heartbeat-scene.ts";

const PATIENCE_MS = 30_000;
const KEYS = [[2, "sha1", "HI!"]] as const;
/** A stall of a second is no death. */
const DEADTIME = 3000;
const UP = "Status update for node ours: status up";
const ACTIVE = "Status update for node ours: status active";

describe("real heartbeat beside our membership", () => {
  test.concurrent(
    "takes us for dead when we are silent, believes our next life, and no earlier one",
    async () => {
      await using scene = await Scene.create({ keys: KEYS, deadtime: DEADTIME, ours: { generation: 5 } });
      const { real } = scene;
      let line = await real.says(ACTIVE, PATIENCE_MS);
      await scene.sees("self", "active", PATIENCE_MS);
      await scene.ours.end("SIGKILL");
      line = await real.says("node ours: is dead", PATIENCE_MS, line);
      scene.again(6);
      line = await real.says("Heartbeat restart on node ours", PATIENCE_MS, line);
      line = await real.says(ACTIVE, PATIENCE_MS, line);
      await scene.ours.end("SIGKILL");
      line = await real.says("node ours: is dead", PATIENCE_MS, line);
      scene.again(4);
      await real.says("replay attack", PATIENCE_MS, line);
      expect(real.log.slice(line).join("\n")).not.toContain(UP);
    },
  );

  test.concurrent(
    "is dead to us when it is silent for what it announced, and alive in its next life",
    async () => {
      await using scene = await Scene.create({ keys: KEYS, deadtime: DEADTIME });
      await scene.real.says(ACTIVE, PATIENCE_MS);
      await scene.sees("peer", "active", PATIENCE_MS);
      expect(scene.told("peer").map(({ what }) => what)).toEqual(["up", "active"]);
      await scene.real.close();
      await scene.sees("peer", "dead", PATIENCE_MS);
      await scene.sees("link", "dead", PATIENCE_MS);
      await scene.real.start();
      await scene.real.says(ACTIVE, PATIENCE_MS);
      const changes = (): string[] =>
        scene
          .told("accepted")
          .map(({ change }) => change)
          .filter((change) => change !== "none");
      // It says that it is active before its words have come over.
      await until("the new life is seen", PATIENCE_MS, () => changes().length > 0);
      expect(changes()).toEqual(["restarted"]);
      expect(
        scene
          .told("peer")
          .map(({ what }) => what)
          .slice(0, 3),
      ).toEqual(["up", "active", "dead"]);
    },
  );

  test.concurrent("and we see each other return after the wire was cut", async () => {
    await using scene = await Scene.create({ keys: KEYS, deadtime: DEADTIME });
    const { lab, real } = scene;
    await real.says(ACTIVE, PATIENCE_MS);
    await scene.sees("peer", "active", PATIENCE_MS);
    await lab.cut(lab.node(0));
    await real.says("node ours: is dead", PATIENCE_MS);
    await scene.sees("peer", "dead", PATIENCE_MS);
    await lab.heal(lab.node(0));
    await real.says("Cluster node ours returning after partition", PATIENCE_MS);
    const changes = (): string[] => scene.told("accepted").map(({ change }) => change);
    await until("we see it return", PATIENCE_MS, () => changes().includes("returned"));
  });
});
