/** Groups move to the node that hears more ping nodes: two haagents, and haagent beside Debian's heartbeat with its ipfail. */
import { describe, expect, test } from "bun:test";
import type { Lab } from "../lab/lab.ts";
import { until } from "../lab/process.ts";
import type { Owner, Pair } from "./resource-scene.ts";
import { besideDaemon, owners, PATIENCE_MS } from "./resource-scene.ts";

const LONG_MS = 240_000;
/** Longer than deadtime and the time that a node waits before it gives up. */
const NOTHING_MS = 7000;
/** Of the gateway, in turns: dead at the end of each silence, and heard in between. */
const SILENT_MS = 3000;
const HEARD_MS = 500;
/** Of what a busy machine can spoil. */
const TRIES = 3;
const GATEWAY = "10.77.0.254";
/** Of ha.cf. */
const IPFAIL = [`ping ${GATEWAY}`, "deadping 3", "respawn hacluster /usr/libexec/heartbeat/ipfail"];
const PINGS = `ping_nodes = ["${GATEWAY}"]`;

/** The client of the lab is the gateway. */
const raise = ({ client }: Lab): Promise<void> => client.namespace.ip(`addr add ${GATEWAY}/24 dev eth0`);

/** The gateway's answers to a node are lost, or not any more. */
const lose = (lab: Lab, node: number, lost = true): Promise<void> =>
  lab.lose(lab.client, lab.node(node), lost ? 100 : 0);

/** What became of the first resource of each group: the second one of a group follows it. */
const moves = (pair: Pair<Owner>): string =>
  pair.moves
    .filter(({ what }) => !what.endsWith("uno"))
    .map(({ node, what }) => `${node} ${what}`)
    .join(", ");

/** Of the two resources of one group, and the one of the other. */
const STARTS = 3;

/** Both run, and each has its own. */
async function begun(): Promise<Pair<Owner>> {
  const pair = await owners({ more: PINGS });
  await raise(pair.lab);
  for (const each of [pair.a, pair.b]) await each.start();
  await pair.settles("a b");
  await until("each start is logged", PATIENCE_MS, () => pair.moves.length === STARTS);
  return pair;
}

/** Whether all stays where it is when both lose the gateway at once. */
async function stays(): Promise<boolean> {
  await using pair = await begun();
  const { a, b, lab } = pair;
  const before = moves(pair);
  await lab.client.namespace.ip("link set eth0 down");
  for (const each of [a, b]) await each.sees(GATEWAY, "dead");
  await Bun.sleep(NOTHING_MS);
  return moves(pair) === before;
}

describe("two nodes with a gateway", () => {
  test.concurrent(
    "have everything where it is heard, and share again when both have heard it for a while",
    async () => {
      await using pair = await begun();
      const { b, lab } = pair;
      await lose(lab, 1);
      await b.says(["resource.ping", "ping-nodes-lost"]);
      await pair.settles("a a");
      await lose(lab, 1, false);
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "move groups once away from one that loses it again and again",
    async () => {
      await using pair = await begun();
      const { a, lab } = pair;
      await lose(lab, 0);
      await pair.settles("b b");
      await until("the start is logged", PATIENCE_MS, () => moves(pair).endsWith("b start one"));
      const before = moves(pair);
      for (let times = 0; times < 2; times++) {
        const line = a.log.length;
        await lose(lab, 0, false);
        await a.sees(GATEWAY, "ping", line);
        await Bun.sleep(HEARD_MS);
        await lose(lab, 0);
        await a.sees(GATEWAY, "dead", line);
        await Bun.sleep(SILENT_MS);
      }
      expect(moves(pair)).toBe(before);
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "move nothing when both lose it",
    async () => {
      // A stall of one of them is a loss that comes later there: that one rightly gets everything.
      for (let tries = 1; !(await stays()); tries++) expect(tries).toBeLessThan(TRIES);
    },
    LONG_MS,
  );
});

describe("a node beside heartbeat's ipfail", () => {
  test.concurrent(
    "takes from it when it has lost the gateway, and gives when it has lost it itself",
    async () => {
      await using pair = await besideDaemon(true, IPFAIL, PINGS);
      const { a, b, lab } = pair;
      await raise(lab);
      await a.daemon.start();
      await b.start();
      await pair.settles("a b");
      let line = a.daemon.log.length;
      await lose(lab, 0);
      await a.daemon.says(`node ${GATEWAY}: is dead`, LONG_MS, line);
      await pair.settles("b b");
      await lose(lab, 0, false);
      await pair.settles("a b");
      line = a.daemon.log.length;
      await lose(lab, 1);
      await pair.settles("a a");
      await lose(lab, 1, false);
      await pair.settles("a b");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );

  test.concurrent(
    "gives it everything when it begins, where it hears the gateway and we do not",
    async () => {
      await using pair = await besideDaemon(false, IPFAIL, PINGS);
      const { a, b, lab } = pair;
      await raise(lab);
      await lose(lab, 1);
      await b.start();
      await pair.settles("b b");
      await a.daemon.start();
      await pair.settles("a a");
      expect(pair.doubled).toEqual([]);
    },
    LONG_MS,
  );
});
