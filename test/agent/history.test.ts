/** What `why` answers, and what is handed to the edge to be kept. */
import { describe, expect, test } from "bun:test";
import type { Transition } from "../../src/agent/history.ts";
import { TRANSITIONS_MAX } from "../../src/agent/history.ts";
import { instant } from "../../src/base/units.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { standby, takeover } from "./orders.ts";
import { master } from "./scenes.ts";
import { hear } from "./sight.ts";
import { router, table } from "./text.ts";

interface Told {
  readonly time: string | null;
  readonly ago_ms: number | null;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly boots_ago: number;
}
const why = (box: Box, name = "VI_1"): Told[] => {
  const { exit, body } = box.ask({ command: "why", name });
  expect(exit).toBe(0);
  return (body as { transitions: Told[] }).transitions; // what the test below says of the body
};
const causes = (told: readonly Told[]): string[] =>
  told.map(({ from, to, reason }) => `${from} > ${to}: ${reason}`);

const past = (number: number, bootId: string, wallClock: number): Transition => ({
  name: "VI_1",
  from: "backup",
  to: "master",
  reason: `cause ${number}`,
  priority: 100,
  at: instant(number),
  bootId,
  wallClock,
});

describe("why", () => {
  test("tells every transition with its cause, oldest first", () => {
    const { lab, box } = master();
    hear(box, { source: "192.0.2.99", priority: 200 });
    lab.run(5000);
    standby(box);
    takeover(box);
    expect(causes(why(box))).toEqual([
      "init > backup: started",
      "backup > master: no master heard",
      "master > backup: 192.0.2.99 has priority 200",
      "backup > master: 192.0.2.99 silent for 3609 ms",
      "master > standby: standby by the operator",
      "standby > master: takeover by the operator",
    ]);
  });

  test("says when, by the clock as it stands now, and how long ago", () => {
    const { lab, box } = master();
    lab.run(60_000);
    const { exit, body } = box.ask({ command: "why", name: "VI_1" });
    expect({ exit, body }).toEqual({
      exit: 0,
      body: {
        schema: 1,
        name: "VI_1",
        transitions: [
          {
            // What box.ask gives as the time of day, less what has gone by.
            time: new Date(1_700_000_000_000 - 65_000).toISOString(),
            ago_ms: 65_000,
            from: "init",
            to: "backup",
            reason: "started",
            priority: 100,
            boots_ago: 0,
          },
          expect.objectContaining({ to: "master", priority: 100, boots_ago: 0 }),
        ],
      },
    });
  });

  test("is handed to the edge, one by one, before the log says it", () => {
    const { box } = master();
    const kinds = box.actions
      .filter(({ kind }) => kind === "history" || kind === "log")
      .map((action) => (action.kind === "log" ? action.event : action.kind));
    expect(kinds.filter((kind) => kind === "history" || kind === "vrrp.state")).toEqual([
      "history",
      "vrrp.state",
      "history",
      "vrrp.state",
    ]);
    expect(box.history.map(({ from, to, bootId, wallClock }) => ({ from, to, bootId, wallClock }))).toEqual([
      { from: "init", to: "backup", bootId: "this boot", wallClock: null },
      { from: "backup", to: "master", bootId: "this boot", wallClock: null },
    ]);
  });

  test("knows what earlier agents wrote, of this boot and of others", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    lab.run(5000);
    box.event({
      kind: "history-read",
      transitions: [
        past(5, "two boots ago", 1_600_000_000_000),
        past(7, "the last boot", 1_800_000_000_000),
        // Written while the clock was wrong; the boot is the same, so it is known better.
        past(lab.now - 9000, "this boot", 0),
      ],
    });
    const told = why(box);
    expect(told.map(({ boots_ago: boots, ago_ms: ago, time }) => [boots, ago, time])).toEqual([
      [2, 100_000_000_000, "2020-09-13T12:26:40.000Z"],
      // By the clock of then it is yet to come.
      [1, null, "2027-01-15T08:00:00.000Z"],
      [0, 9000, "2023-11-14T22:13:11.000Z"],
      [0, 5000, "2023-11-14T22:13:15.000Z"],
      [0, expect.any(Number), expect.any(String)],
    ]);
    expect(causes(told).slice(2, 4)).toEqual([
      `backup > master: cause ${lab.now - 9000}`,
      "init > backup: started",
    ]);
  });

  test("tells once what it wrote itself before the file was read", () => {
    const { lab, box } = master();
    // As the file has it: in whole milliseconds, beside the time of day.
    const own = box.history.map((one) => ({
      ...one,
      at: instant(Math.round(one.at)),
      wallClock: 1_700_000_000_000,
    }));
    box.event({ kind: "history-read", transitions: [past(lab.now - 9000, "this boot", 0), ...own] });
    expect(causes(why(box))).toEqual([
      `backup > master: cause ${lab.now - 9000}`,
      "init > backup: started",
      "backup > master: no master heard",
    ]);
  });

  test("counts boots, not network namespaces: they share a clock", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.bootId = "b1 net:[2]";
    box.start();
    lab.run(5000);
    const transitions = [past(1, "b0 net:[2]", 0), past(lab.now - 7000, "b1 net:[1]", 0)];
    box.event({ kind: "history-read", transitions });
    expect(
      why(box)
        .map(({ boots_ago: boots, ago_ms: ago }) => [boots, ago])
        .slice(0, 3),
    ).toEqual([
      [1, 1_700_000_000_000],
      [0, 7000],
      [0, 5000],
    ]);
  });

  test("keeps the last 200 of each router", () => {
    const { lab, box } = master(router() + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    for (let times = 0; times < TRANSITIONS_MAX; times++) {
      standby(box, "VI_1");
      takeover(box, "VI_1");
      lab.run(1);
    }
    expect(TRANSITIONS_MAX).toBe(200);
    expect(why(box, "VI_1")).toHaveLength(200);
    expect(why(box, "VI_1")[0]?.from).toBe("master");
    expect(why(box, "VI_2")).toHaveLength(2);
  });

  test("is remembered of a router that a reload took out, and of nobody else", () => {
    const { lab, box } = master(router() + router({ vrid: 52, addresses: ["192.0.2.2/24"] }, "VI_2"));
    box.reload(router());
    lab.run(10);
    expect(causes(why(box, "VI_2")).at(-1)).toBe("master > init: configuration changed");
    expect(box.ask({ command: "why", name: "VI_3" })).toEqual({
      exit: 1,
      body: { error: "no virtual router is called VI_3" },
    });
  });

  test("forgets the name silent longest when names have no end", () => {
    const { box } = master();
    const transitions = Array.from({ length: 2000 }, (_, at) => ({ ...past(at, "old", 0), name: `r${at}` }));
    box.event({ kind: "history-read", transitions });
    expect(box.ask({ command: "why", name: "r0" }).exit).toBe(1);
    expect(why(box, "r1999")).toHaveLength(1);
    expect(why(box)).toHaveLength(2);
  });
});

describe("why, of a virtual server", () => {
  const service = {
    ...{ address: "10.0.0.1:80", real_servers: ["10.0.0.2:80", "10.0.0.3:80"] },
    check: { type: "tcp", rise: 1, fall: 1 },
  };
  const probe = (box: Box, server: string, healthy: boolean): unknown =>
    box.event({
      kind: "probe",
      check: `web ${server}`,
      healthy,
      detail: healthy ? "connected" : "ECONNREFUSED",
    });

  test("tells what became of its servers and its quorum, and none of it is written to a file", () => {
    const box = new Lab().box(table("virtual_server.web", service));
    box.start();
    expect(why(box, "web")).toEqual([]);
    box.event({ kind: "services", what: "told", way: "auto", entries: [], failure: null, left: [], took: 1 });
    probe(box, "10.0.0.2:80", true);
    probe(box, "10.0.0.3:80", false);
    probe(box, "10.0.0.2:80", false);
    expect(causes(why(box, "web"))).toEqual([
      "undecided > up: 10.0.0.2:80: connected",
      "undecided > up: weight 1 in service, quorum 1",
      "undecided > down: 10.0.0.3:80: ECONNREFUSED",
      "up > down: 10.0.0.2:80: ECONNREFUSED",
      "up > down: weight 0 in service, quorum 1; no fallback: who is left serves on",
    ]);
    expect(box.actions.filter(({ kind }) => kind === "history")).toEqual([]);
    const { exit, body } = box.ask({ command: "why", name: "shop" });
    expect(exit).toBe(1);
    expect(body).toEqual({ error: "no virtual router or virtual server is called shop" });
  });

  test("leaves a router of the same name its history", () => {
    const { box } = master(router({}) + table("virtual_server.VI_1", service));
    const before = why(box);
    box.event({ kind: "probe", check: "VI_1 10.0.0.2:80", healthy: true, detail: "connected" });
    expect(causes(why(box))).toEqual(causes(before));
  });
});
