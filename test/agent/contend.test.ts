/** Two masters that hear no adverts of each other, and the cluster's links between them. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import type { Box } from "./box.ts";
import { Cables, clustered, together } from "./cables.ts";
import { Lab } from "./harness.ts";
import { hear, told } from "./sight.ts";
import { router, type Table, VIP } from "./text.ts";

/** No advert passes any more, and both are master. */
function apart(high: Table = {}, low: Table = {}): { lab: Lab; high: Box; low: Box; cables: Cables } {
  const lab = new Lab();
  const { boxes, cables } = together(lab, [
    router({ priority: 150, ...high }),
    router({ priority: 100, ...low }),
  ]);
  const [one, other] = boxes as [Box, Box];
  expect([one.state(), other.state()]).toEqual(["master", "backup"]);
  one.cut = true;
  lab.run(3700);
  expect([one.state(), other.state()]).toEqual(["master", "master"]);
  return { lab, high: one, low: other, cables };
}

const words = (bytes: Uint8Array): string => new TextDecoder("latin1").decode(bytes);
const contests = (box: Box): string[] => box.logs("vrrp.contested").map(({ fields }) => `${fields["what"]}`);

describe("two masters that only the cluster knows of", () => {
  test("become one: the lower priority gives way, both say so, and the health is degraded", () => {
    const { lab, high, low } = apart({ notify: { any: [["/bin/note"]] } });
    lab.run(6000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect([contests(high), contests(low)]).toEqual([["claim"], ["claim"]]);
    expect(low.status().health).toBe("degraded");
    expect(low.router().contested).toMatchObject({ what: "claim", source: "192.0.2.10" });
    expect(low.router().reason).toContain("no advert of it comes");
    const notes = high.actions.filter((action) => action.kind === "notify");
    expect(notes.at(-1)).toMatchObject({
      commands: [["/bin/note", "INSTANCE", "VI_1", "MASTER", "150"]],
      environment: { HAAGENT_STATE: "MASTER" },
    });
  });

  test("become one that tells its addresses again, as neighbours may believe the other one", () => {
    const { lab, high, low } = apart({ garp: { count: 1, repeat_after: "0s" } }, { garp: { count: 1 } });
    while (low.state() === "master") lab.run(10);
    expect(told(high, lab.now - 10)).toEqual([]);
    const yielded = lab.now;
    lab.run(1500);
    expect(told(high, yielded).map(({ address }) => address)).toContain(VIP as Ip);
  });

  test("stay one for as long as that goes on, without a word more than one a minute", () => {
    const { lab, high, low } = apart();
    lab.run(6000);
    const before = low.logs("vrrp.state").length;
    lab.run(180_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(low.logs("vrrp.state")).toHaveLength(before);
    expect(contests(low).length).toBeLessThan(6);
  });

  test("of equal priority become the one with the higher address", () => {
    const lab = new Lab();
    const { boxes } = together(lab, [router(), router()]);
    const [one, other] = boxes as [Box, Box];
    one.cut = true;
    lab.run(12_000);
    expect([contests(one), contests(other)]).toEqual([["claim"], ["claim"]]);
    expect([one.state(), other.state()]).toEqual(["backup", "master"]);
  });

  test("are given the time that sticky ones need to settle it by adverts", () => {
    const { lab, high, low } = apart({ tie: "sticky" }, { tie: "sticky" });
    lab.run(5500);
    expect([high.state(), low.state()]).toEqual(["master", "master"]);
    lab.run(2000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("become one of three, and stay it", () => {
    const lab = new Lab();
    const { boxes } = together(
      lab,
      [150, 120, 100].map((priority) => router({ priority })),
    );
    for (const box of boxes) box.cut = true;
    lab.run(60_000);
    expect(boxes.map((box) => box.state())).toEqual(["master", "backup", "backup"]);
    expect(boxes.map((box) => box.router().counters.became_master)).toEqual([1, 1, 1]);
  });

  test("are no contest any more for who was put in standby meanwhile", () => {
    const { lab, low } = apart();
    lab.run(6000);
    low.ask({ command: "standby", name: null });
    lab.run(5000);
    expect([low.state(), low.router().contested]).toEqual(["standby", null]);
  });

  test("do not ask about each other for longer than the other one answers", () => {
    const { lab, high, low, cables } = apart();
    lab.run(6000);
    high.kill();
    lab.run(8000);
    expect(low.state()).toBe("master");
    const said = cables.said.length;
    lab.run(10_000);
    const asks = cables.said.slice(said).filter(({ bytes }) => words(bytes).includes("haagent-ask"));
    expect(asks).toEqual([]);
  });

  test("stay one when the lower one did not run for a while, and asked nobody meanwhile", () => {
    const { lab, high, low, cables } = apart();
    lab.run(6000);
    expect(low.state()).toBe("backup");
    low.freeze();
    // What was said in the beginning waits; nothing more is heard before it has run for a second.
    lab.run(1000);
    cables.passes = () => false;
    lab.run(2400);
    low.thaw();
    for (let at = 0; at < 100; at++) {
      lab.run(10);
      expect(low.state()).toBe("backup");
    }
    cables.passes = () => true;
    lab.run(6000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(low.router().counters.became_master).toBe(1);
  });

  test("are followed by nobody who did not run and has not listened, though the other one said meanwhile that it released", () => {
    const { lab, high, low } = apart();
    lab.run(6000);
    low.freeze();
    high.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(6000);
    low.thaw();
    lab.run(2000);
    expect(low.state()).toBe("backup");
    lab.run(6000);
    expect(low.state()).toBe("master");
  });

  test("are told of once, where the adverts of one reach the other", () => {
    // The other one takes its time.
    const { lab, high } = apart({}, { tie: "sticky" });
    for (let at = 0; at < 12; at++) {
      hear(high, { source: "192.0.2.11", priority: 100 });
      lab.run(500);
    }
    expect(contests(high)).toHaveLength(1);
    expect(contests(high)).not.toContain("claim");
  });

  test("are as usual again when adverts pass", () => {
    const { lab, high, low } = apart();
    lab.run(6000);
    high.cut = false;
    lab.run(10_000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect([high.status().health, low.status().health]).toEqual(["ok", "ok"]);
    high.cut = true;
    lab.run(3700);
    // Whoever hears nothing any more takes over, whatever was claimed before.
    expect(low.state()).toBe("master");
  });

  test.each(["dies", "is cut off", "stops", "falls in priority"])(
    "are not none when the one that stays %s",
    (what) => {
      const { lab, high, low, cables } = apart();
      lab.run(6000);
      expect(low.state()).toBe("backup");
      if (what === "dies") high.kill();
      else if (what === "is cut off") cables.passes = () => false;
      else if (what === "stops") high.event({ kind: "signal", signal: "SIGTERM" });
      else high.reload(high.config.replace("priority = 150", "priority = 50"));
      lab.run(what === "stops" ? 5 : 8000);
      expect(low.state()).toBe("master");
      if (what !== "falls in priority") return;
      lab.run(8000);
      expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    },
  );

  test("are left to their adverts where those pass", () => {
    const { lab, high, low } = apart();
    // One way only: the lower one hears the other, and gives way at its next advert.
    hear(low, { source: "192.0.2.10", priority: 150 });
    lab.run(5);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
    expect(contests(low)).toEqual([]);
  });
});

test("a failover is no contest, however late the word of the one before comes", () => {
  const lab = new Lab();
  const { boxes, cables } = together(lab, [router({ priority: 150 }), router({ priority: 100 })]);
  const [high, low] = boxes as [Box, Box];
  const last = cables.said.findLast(({ from, bytes }) => from === high && words(bytes).includes(" master "));
  expect(last).toBeDefined();
  high.kill();
  lab.run(3700);
  if (last !== undefined) cables.replay(low, last.bytes);
  lab.run(20_000);
  expect(low.state()).toBe("master");
  expect(contests(low)).toEqual([]);
});

test("a hundred contested routers become one master each, and stay it", () => {
  const many = (priority: number): string =>
    Array.from({ length: 100 }, (_, at) =>
      router({ priority, vrid: at + 1, addresses: [`192.0.2.${at + 100}/24`] }, `VI_${at + 1}`),
    ).join("");
  const lab = new Lab();
  const { boxes } = together(lab, [many(150), many(100)]);
  const [high, low] = boxes as [Box, Box];
  high.cut = true;
  lab.run(90_000);
  const masters = (box: Box): number => box.status().vrrp.filter(({ state }) => state === "master").length;
  expect([masters(high), masters(low)]).toEqual([100, 0]);
  lab.run(60_000);
  expect([masters(high), masters(low)]).toEqual([100, 0]);
});

describe("two masters of eight routers on a slow line", () => {
  const BAUD = 9600;
  const many = (priority: number): string =>
    Array.from({ length: 8 }, (_, at) =>
      router(
        { vrid: at + 1, priority, tie: "sticky", addresses: [`192.0.2.${at + 100}/24`] },
        `VI_${at + 1}`,
      ),
    ).join("");

  test("leave it room for what else is to be said, while they contend and after", () => {
    const lab = new Lab();
    const boxes = [150, 100].map((priority, at) =>
      lab.box(clustered(at).replace("115200", `${BAUD}`) + many(priority)),
    );
    const cables = new Cables(boxes);
    for (const box of boxes) box.start();
    lab.run(15_000);
    const [high, low] = boxes as [Box, Box];
    const roles = (box: Box): string[] => [...new Set(box.status().vrrp.map(({ state }) => state))];
    const busy = (span: number): number[] => {
      const from = cables.said.length;
      lab.run(span);
      const bytes = (box: Box): number =>
        cables.said
          .slice(from)
          .reduce((sum, { from: by, bytes }) => sum + (by === box ? bytes.length : 0), 0);
      return boxes.map((box) => bytes(box) / ((BAUD / 10) * (span / 1000)));
    };
    high.cut = true;
    lab.run(5000);
    expect(Math.max(...busy(3000))).toBeLessThan(0.85);
    expect([roles(high), roles(low)]).toEqual([["master"], ["master"]]);
    lab.run(10_000);
    expect(Math.max(...busy(4000))).toBeLessThan(0.93);
    expect([roles(high), roles(low)]).toEqual([["master"], ["backup"]]);
  });
});

test("many masters are told of some at a time: what a slow line carries in a quarter of a second", () => {
  const many = Array.from({ length: 20 }, (_, at) =>
    router({ vrid: at + 1, addresses: [`192.0.2.${at + 100}/24`] }, `VI_${at + 1}`),
  ).join("");
  const lab = new Lab();
  const boxes = [0, 1].map((at) => lab.box(clustered(at).replace("115200", "9600") + (at === 0 ? many : "")));
  const cables = new Cables(boxes);
  for (const box of boxes) box.start();
  lab.run(15_000);
  const from = cables.said.length;
  lab.run(20_000);
  const told = cables.said
    .slice(from)
    .map(({ bytes }) => words(bytes))
    .filter((text) => text.includes("haagent-claim"));
  expect(new Set(told.map((text) => text.match(/VI_/g)?.length))).toEqual(new Set([5]));
  // Each in its turn.
  expect(new Set(told.flatMap((text) => text.match(/VI_\d+/g) ?? [])).size).toBe(20);
});
