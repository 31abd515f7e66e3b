/**
 * A pair of directors and a hundred things that happen to them in an order that a seed draws: their adverts are what they are without
 * services, no server that never passed has weight, and once it is quiet the master has the service and the other nothing of it.
 */
import { describe, expect, test } from "bun:test";
import { destinationKey } from "../../src/wire/ipvs.ts";
import { Prng } from "../sim/prng.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { TestTable } from "./table.ts";
import { router, table } from "./text.ts";

const SEEDS = 40;
const STEPS = 60;
const SERVERS = ["10.0.0.2:80", "10.0.0.3:80", "10.0.0.4:80"];
/** It never answers. */
const DEAD = "10.0.0.4 80";

function config(chance: Prng): string {
  const service = {
    address: "10.0.0.1:80",
    real_servers: chance.pick([SERVERS, SERVERS.slice(1), [...SERVERS].reverse()]),
    active_when: "VI_1",
    quiescent: chance.chance(0.5),
    panic_below: chance.pick([0, 50]),
    check: { type: "tcp", interval: chance.pick(["1s", "2s"]), rise: 1, fall: 1 },
  };
  return router({ advert_interval: "1s" }) + table("virtual_server.web", service);
}

const happenings: readonly ((box: Box, kernel: TestTable, chance: Prng) => unknown)[] = [
  (box, _, chance) => {
    const check = `web ${chance.pick(SERVERS.slice(0, 2))}`;
    return box.event({ kind: "probe", check, healthy: chance.chance(0.6), detail: "said" });
  },
  (box) => box.event({ kind: "probe", check: `web ${SERVERS[2]}`, healthy: false, detail: "refused" }),
  (box, _, chance) => box.reload(config(chance)),
  (box) => box.ask({ command: "standby", name: "VI_1" }),
  (box) => box.ask({ command: "takeover", name: "VI_1", force: false }),
  (box, _, chance) => {
    const order = chance.pick(["drain", "disable", "enable"] as const);
    return box.ask({ command: "server", order, service: "web", server: chance.pick(SERVERS) });
  },
  (_, kernel, chance) => (kernel.failure = chance.pick([null, "ETIMEDOUT", "ENOENT"])),
  (_, kernel, chance) => (kernel.refuses = () => chance.pick([null, null, "EINVAL", "ESRCH", "EEXIST"])),
  (_, kernel) => (kernel.entries = []),
  (box, kernel) => {
    box.kill();
    kernel.left = kernel.owned;
    box.start();
  },
];

describe("two directors", () => {
  test("agree on who has the service, whatever happens to them", () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const chance = new Prng(seed);
      const lab = new Lab();
      const pair = [0, 1].map(() => lab.box(config(chance)));
      const tables = pair.map((box) => new TestTable(box));
      /** The edge answers, but for a while it may not. */
      const run = (milliseconds: number, answers: boolean): void => {
        for (let at = 0; at < milliseconds; at += 100) {
          lab.run(100);
          if (answers) for (const kernel of tables) kernel.answer();
        }
      };
      const weighty = (): string[] =>
        tables.flatMap(({ entries }) =>
          entries.flatMap(({ destinations }) =>
            destinations.flatMap(({ destination }) =>
              destination.weight > 0 ? [destinationKey(destination)] : [],
            ),
          ),
        );
      for (const kernel of tables) kernel.shared = true;
      for (const box of pair) box.start();
      for (let step = 0; step < STEPS; step++) {
        const at = chance.pick([0, 1]);
        const [box, kernel] = [pair[at], tables[at]];
        if (box !== undefined && kernel !== undefined) chance.pick(happenings)(box, kernel, chance);
        run(chance.pick([100, 500, 4000]), chance.chance(0.9));
        expect({ seed, step, weighty: weighty().includes(DEAD) }).toEqual({ seed, step, weighty: false });
      }
      for (const kernel of tables) {
        kernel.failure = null;
        kernel.refuses = () => null;
      }
      // Both may have been sent to stand by.
      pair[0]?.ask({ command: "takeover", name: "VI_1", force: false });
      run(20_000, true);
      const masters = pair.map((box) => box.state() === "master");
      expect({ seed, masters: masters.filter((is) => is).length }).toEqual({ seed, masters: 1 });
      const there = tables.map(({ entries }) => entries.length > 0);
      expect({ seed, there }).toEqual({ seed, there: masters });
    }
  });

  test("advertise as ever while the kernel answers nothing about the table", () => {
    const sent = (text: string): number => {
      const lab = new Lab();
      const box = lab.box(text);
      box.start();
      lab.run(60_000);
      return box.actions.filter(({ kind }) => kind === "frame").length;
    };
    const alone = router({ advert_interval: "1s" });
    expect(sent(config(new Prng(1)))).toBe(sent(alone));
    expect(sent(alone)).toBeGreaterThan(50);
  });
});
