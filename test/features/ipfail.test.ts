/** Groups move to the node that hears more ping nodes: two haagents, and haagent beside Debian's heartbeat with its ipfail. */
import { describe, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { owners } from "./resource-scene.ts";

const LONG_MS = 240_000;
/** Longer than deadtime and the time that a node waits before it gives up. */
const NOTHING_MS = 8000;
const GATEWAY = "10.77.0.100";
const PINGS = `ping_nodes = ["${GATEWAY}"]`;

/** The gateway's answers to a node are lost, or not any more. */
const lose = (lab: Lab, node: number, lost = true): Promise<void> =>
  lab.lose(lab.client, lab.node(node), lost ? 100 : 0);

describe("two nodes with a gateway", () => {
  test.concurrent(
    "have everything where the gateway is heard, and share again when it has been for a while",
    async () => {
      await using pair = await owners(true, PINGS);
      const { a, b, lab } = pair;
      for (const each of [a, b]) await each.start();
      await pair.settles("a b");
      await lose(lab, 1);
      await b.says(["resource.ping", "ping-nodes-lost"]);
      await pair.settles("a a");
      await lose(lab, 1, false);
      let line = await b.sees(GATEWAY, "ping", b.log.length - 1);
      await pair.settles("a b");
      // Once more: it is believed later.
      await lose(lab, 0);
      await pair.settles("b b");
      await lose(lab, 0, false);
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
      line = b.log.length;
      // Lost to both at once: nobody hears more.
      await lab.client.namespace.ip("link set eth0 down");
      for (const each of [a, b]) await each.sees(GATEWAY, "dead", each === b ? line : 0);
      await Bun.sleep(NOTHING_MS);
      await pair.settles("a b", 0);
      expect(pair.moves.length).toBe(pair.moves.length);
    },
    LONG_MS,
  );
});
