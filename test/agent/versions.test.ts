/** `version = "2+3"`: both halves of an advert sent and heard, beside routers of one version only. */
import { describe, expect, test } from "bun:test";
import { show } from "../../src/cli/show.ts";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, hear, priorities } from "./sight.ts";
import type { Table } from "./text.ts";
import { router } from "./text.ts";

const both = (values: Table = {}): string => router({ version: "2+3", ...values });
/** The versions and intervals of the adverts sent since a time. */
const spoken = (box: Box, since = 0): string[] =>
  adverts(box, since).map(({ advertisement: { version, interval } }) => `v${version} ${interval}`);
const mismatches = (box: Box): string[][] => box.router().peers.map(({ mismatch }) => [...mismatch]);

describe("a master of both versions", () => {
  test("sends every advert in both, the last one too", () => {
    const { lab, box } = master(both());
    const since = lab.now;
    lab.run(1000);
    expect(spoken(box, since)).toEqual(["v3 100", "v2 1"]);
    const stopped = lab.now;
    box.event({ kind: "signal", signal: "SIGTERM" });
    expect(priorities(box, stopped)).toEqual([0, 0]);
    expect(spoken(box, stopped)).toEqual(["v3 100", "v2 1"]);
  });

  test.each([
    ["10ms", "v3 1", "v2 1", 10],
    ["250ms", "v3 25", "v2 1", 250],
    ["1500ms", "v3 150", "v2 2", 1500],
    ["40.95s", "v3 4095", "v2 41", 40_950],
  ])("sends both at the rate of %s and tells version 2 the next whole second", (interval, three, two, ms) => {
    const lab = new Lab();
    const box = lab.box(both({ advert_interval: interval }));
    box.start();
    lab.run(4 * ms + 2);
    const since = lab.now;
    lab.run(2 * ms);
    expect(spoken(box, since)).toEqual([three, two, three, two]);
  });

  test("sends both to every unicast peer", () => {
    const { lab, box } = master(both({ unicast_peers: ["192.0.2.98", "192.0.2.99"] }));
    const since = lab.now;
    lab.run(1000);
    expect(
      adverts(box, since).map(({ destination, advertisement: { version } }) => `${destination} ${version}`),
    ).toEqual(["192.0.2.98 3", "192.0.2.98 2", "192.0.2.99 3", "192.0.2.99 2"]);
  });

  test("has advertised if the kernel took one half, and not if it refused both", () => {
    const lab = new Lab();
    const box = lab.box(both());
    let refused = 0;
    box.refuseSend = () => (refused++ % 2 === 0 ? "ENOBUFS" : null);
    box.start();
    lab.run(5000);
    expect(box.state()).toBe("master");
    box.refuseSend = () => "ENOBUFS";
    lab.run(5000);
    expect(box.state()).toBe("backup");
  });
});

describe("a backup of both versions", () => {
  const backup = (): { lab: Lab; box: Box } => {
    const lab = new Lab();
    const box = lab.box(both());
    box.start();
    return { lab, box };
  };

  test("waits for a version 2 master by its interval and in its skew, which is of a second", () => {
    const { lab, box } = backup();
    hear(box, { source: "192.0.2.99", version: 2, interval: 3000, priority: 200 });
    lab.run(9000 + 609);
    expect(box.state()).toBe("backup");
    lab.run(1);
    expect(box.state()).toBe("master");
  });

  test("waits for a version 3 master by its interval, which the skew is a share of", () => {
    const { lab, box } = backup();
    hear(box, { source: "192.0.2.99", interval: 100, priority: 200 });
    lab.run(360);
    expect(box.state()).toBe("backup");
    lab.run(1);
    expect(box.state()).toBe("master");
  });

  test("goes by the version 3 half of one that speaks both", () => {
    const { lab, box } = backup();
    for (let times = 0; times < 3; times++) {
      hear(box, { source: "192.0.2.99", interval: 100, priority: 200 });
      hear(box, { source: "192.0.2.99", version: 2, interval: 1000, priority: 200 });
      lab.run(100);
    }
    expect(box.router().counters.adverts_received).toBe(6);
    expect(box.router().peers).toMatchObject([{ version: "2+3" }]);
    lab.run(261);
    expect(box.state()).toBe("master");
  });

  test("finds nothing that differs, whatever the others speak, and shows what that is", () => {
    const { box } = backup();
    hear(box, { source: "192.0.2.97", version: 2, priority: 200 });
    hear(box, { source: "192.0.2.98", priority: 200 });
    for (const version of [3, 2] as const) hear(box, { source: "192.0.2.99", version, priority: 201 });
    expect(mismatches(box)).toEqual([[], [], []]);
    expect(box.logs("vrrp.mismatch")).toEqual([]);
    expect(box.router().peers.map(({ address, version }) => `${address} ${version}`)).toEqual([
      "192.0.2.97 2",
      "192.0.2.98 3",
      "192.0.2.99 2+3",
    ]);
    const shown = show(box.status(), 0);
    expect(shown).toContain("VRRPv2+3, IPv4");
    expect(shown).toContain("192.0.2.97, priority 200, heard 0ms ago, VRRPv2\n");
  });

  test("hears one again that went back to version 2", () => {
    const { lab, box } = backup();
    hear(box, { source: "192.0.2.99", priority: 200 });
    lab.run(1000);
    for (let times = 0; times < 6; times++) {
      hear(box, { source: "192.0.2.99", version: 2, priority: 200 });
      lab.run(1000);
    }
    expect(box.state()).toBe("backup");
    expect(box.router().peers).toMatchObject([{ version: 2 }]);
  });

  test("calls another interval of either version different", () => {
    const lab = new Lab();
    const box = lab.box(both({ advert_interval: "1500ms" }));
    box.start();
    hear(box, { source: "192.0.2.97", version: 2, interval: 2000, priority: 200 });
    hear(box, { source: "192.0.2.98", version: 2, interval: 1000, priority: 200 });
    hear(box, { source: "192.0.2.99", interval: 1000, priority: 200 });
    expect(mismatches(box)).toEqual([[], ["interval"], ["interval"]]);
  });
});

describe("an old router among those of both versions", () => {
  test("of version 3 goes by their version 3 half", () => {
    const lab = new Lab();
    const box = lab.box(router({ advert_interval: "100ms" }));
    const other = lab.box(both({ priority: 200, advert_interval: "100ms" }));
    box.start();
    other.start();
    lab.run(2000);
    expect([box.state(), other.state()]).toEqual(["backup", "master"]);
    expect(mismatches(box)).toEqual([[]]);
    expect(box.logs("vrrp.mismatch")).toEqual([]);
    other.kill();
    lab.run(361);
    expect(box.state()).toBe("master");
  });

  test("of version 2 goes by their version 2 half", () => {
    const lab = new Lab();
    const box = lab.box(router({ version: 2 }));
    const other = lab.box(both({ priority: 200, advert_interval: "100ms" }));
    box.start();
    other.start();
    lab.run(6000);
    expect([box.state(), other.state()]).toEqual(["backup", "master"]);
    expect(mismatches(box)).toEqual([[]]);
    expect(box.logs("vrrp.mismatch")).toEqual([]);
    other.kill();
    lab.run(3500);
    expect(box.state()).toBe("backup");
    lab.run(200);
    expect(box.state()).toBe("master");
  });

  test.each([2, 3])("of version %d takes part in the election from both sides", (version) => {
    const lab = new Lab();
    const box = lab.box(router({ version, priority: 150 }));
    const other = lab.box(both());
    other.start();
    lab.run(5000);
    box.start();
    lab.run(5000);
    expect([box.state(), other.state()]).toEqual(["master", "backup"]);
    box.event({ kind: "signal", signal: "SIGTERM" });
    lab.run(1000);
    expect(other.state()).toBe("master");
  });
});

describe("a router of one version", () => {
  test("says that another one keeps to the other version, at its second advert", () => {
    const lab = new Lab();
    const box = lab.box(router({ version: 2 }));
    box.start();
    hear(box, { source: "192.0.2.99", interval: 10, priority: 200 });
    expect(mismatches(box)).toEqual([[]]);
    hear(box, { source: "192.0.2.99", interval: 10, priority: 200 });
    expect(mismatches(box)).toEqual([["version", "interval"]]);
    expect(box.logs("vrrp.mismatch").map(({ fields }) => fields["what"])).toEqual(["version", "interval"]);
  });

  test("says nothing of one that speaks both and comes back after a silence", () => {
    const lab = new Lab();
    const box = lab.box(router({ version: 2, priority: 50 }));
    box.start();
    for (let times = 0; times < 3; times++) {
      hear(box, { source: "192.0.2.99", interval: 10, priority: 200 });
      hear(box, { source: "192.0.2.99", version: 2, interval: 1000, priority: 200 });
      lab.run(20_000);
    }
    expect(box.logs("vrrp.mismatch")).toEqual([]);
  });
});

describe("a change of the version", () => {
  test("to both releases and starts anew", () => {
    const { lab, box } = master();
    box.reload(both());
    expect(box.state()).toBe("backup");
    lab.run(4000);
    expect(box.state()).toBe("master");
  });
});
