/** Groups of resources between two haagents, through the compiled binary: they start, move by order, failback and death, and never run twice. */
import { describe, expect, test } from "bun:test";
import { owners } from "./resource-scene.ts";

const LONG_MS = 240_000;

describe("two nodes with groups", () => {
  test.concurrent(
    "start each its own, left to right, hand over by order, by a clean stop and by death, and take back",
    async () => {
      await using pair = await owners();
      const { a, b } = pair;
      await a.start();
      await a.sees("a", "active");
      await pair.settles("a a");
      await b.start();
      await pair.settles("a b");
      const group = a.moves.filter(({ what }) => !what.endsWith("two")).map(({ what }) => what);
      expect(group).toEqual(["start one", "start uno"]);
      const said = await a.command("standby", "--groups", "all");
      expect([said.code, said.stdout, said.stderr]).toEqual([0, "standby: probe::one\n", ""]);
      await pair.settles("b b");
      expect(a.moves.slice(-2).map(({ what }) => what)).toEqual(["stop uno", "stop one"]);
      await b.stop();
      await pair.settles("a a");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );
});
