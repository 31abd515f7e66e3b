/** What a router tracks: interfaces and checks, required or with a weight. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, priorities } from "./sight.ts";
import { check, router } from "./text.ts";

const probe = (box: Box, healthy: boolean, name = "web"): unknown =>
  box.event({ kind: "probe", check: name, healthy, detail: healthy ? "exit 0" : "exit 1" });

/** The probes started, with their times. */
function probes(box: Box): string[] {
  return box.actions.flatMap((action) => (action.kind === "probe" ? [action.check] : []));
}

describe("a tracked interface", () => {
  test("without a weight is required: losing it is a fault", () => {
    const { lab, box } = master(router({ track_interfaces: ["eth2"] }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(box.router()).toMatchObject({ state: "fault", reason: "eth2 is down" });
    expect(priorities(box).at(-1)).toBe(0);
    box.kernel.set("eth2", { carrier: true });
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("that is not there is down", () => {
    const lab = new Lab();
    const box = lab.box(router({ track_interfaces: ["wlan0"] }));
    box.start();
    expect(box.router()).toMatchObject({ state: "fault", tracks: [{ name: "wlan0", up: false, weight: 0 }] });
  });

  test("with a weight changes the priority, told at once", () => {
    const { lab, box } = master(router({ priority: 150, track_interfaces: [{ name: "eth2", weight: -60 }] }));
    const since = lab.now;
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(box.router()).toMatchObject({ state: "master", priority: 150, effective_priority: 90 });
    expect(priorities(box, since)).toEqual([90]);
    expect(box.logs("track.changed").map(({ fields }) => fields)).toEqual([
      { name: "eth2", router: "VI_1", up: false },
    ]);
    box.kernel.set("eth2", { carrier: true });
    lab.run(1);
    expect(priorities(box, since)).toEqual([90, 150]);
  });

  test("with a positive weight adds it while it is up", () => {
    const { box } = master(router({ priority: 150, track_interfaces: [{ name: "eth2", weight: 60 }] }));
    expect(box.router().effective_priority).toBe(210);
  });

  test("moves mastership when the other node has the higher priority then, and back", () => {
    const lab = new Lab();
    const high = lab.box(router({ priority: 150, track_interfaces: [{ name: "eth2", weight: -60 }] }));
    const low = lab.box(router({ priority: 100 }));
    high.start();
    low.start();
    lab.run(10_000);
    high.kernel.set("eth2", { up: false, carrier: false });
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["backup", "master"]);
    high.kernel.set("eth2", { up: true, carrier: true });
    lab.run(5000);
    expect([high.state(), low.state()]).toEqual(["master", "backup"]);
  });

  test("does not touch an owner's priority, but is required of it all the same", () => {
    const weighted = master(router({ priority: 255, track_interfaces: [{ name: "eth2", weight: -60 }] }));
    weighted.box.kernel.set("eth2", { carrier: false });
    weighted.lab.run(1);
    expect(weighted.box.router()).toMatchObject({ state: "master", effective_priority: 255 });
    const required = master(router({ priority: 255, track_interfaces: ["eth2"] }));
    required.box.kernel.set("eth2", { carrier: false });
    required.lab.run(1);
    expect(required.box.state()).toBe("fault");
  });

  test("never brings the priority below 1 or to 255", () => {
    const tracks = [
      { name: "eth2", weight: -200 },
      { name: "eth3", weight: -200 },
    ];
    const { lab, box } = master(router({ priority: 100, track_interfaces: tracks }));
    box.kernel.set("eth2", { carrier: false });
    lab.run(1);
    expect(box.router().effective_priority).toBe(1);
    expect(priorities(box)).not.toContain(0);
    const up = master(router({ priority: 200, track_interfaces: [{ name: "eth2", weight: 200 }] }));
    expect(up.box.router().effective_priority).toBe(254);
  });
});

describe("a tracked check", () => {
  const text = (values = {}, routed = {}): string =>
    router({ track_checks: ["web"], ...routed }) + check({ interval: "2s", timeout: "1s", ...values });

  test("is run at once and then every interval, as the script user, within its timeout", () => {
    const lab = new Lab();
    const box = lab.box(text());
    box.start();
    lab.run(0);
    expect(box.actions.find((action) => action.kind === "probe")).toEqual({
      kind: "probe",
      check: "web",
      probe: { type: "script", command: ["/bin/check"], dynamic: false },
      timeout: 1000 as never,
      user: null,
    });
    for (let times = 0; times < 5; times++) {
      probe(box, true);
      lab.run(2000);
    }
    expect(probes(box)).toHaveLength(6);
  });

  test("is run as often as a reload says, from then on", () => {
    const { lab, box } = master(text({ interval: "1h" }));
    probe(box, true);
    const before = probes(box).length;
    box.reload(text({ interval: "2s" }));
    lab.run(1900);
    expect(probes(box)).toHaveLength(before);
    lab.run(200);
    expect(probes(box)).toHaveLength(before + 1);
  });

  test("is never run twice at a time", () => {
    const { lab, box } = master(text());
    probe(box, true);
    lab.run(60_000);
    expect(probes(box)).toHaveLength(2);
    probe(box, true);
    lab.run(0);
    expect(probes(box)).toHaveLength(3);
  });

  test("is neutral before its first result: nobody loses mastership over it", () => {
    const { box } = master(text());
    expect(box.router()).toMatchObject({ state: "master", tracks: [{ name: "web", up: null, weight: 0 }] });
  });

  test("is neutral before its first result: a weight changes nothing", () => {
    const { box } = master(text({ weight: 50 }));
    expect(box.router().effective_priority).toBe(100);
    probe(box, true);
    expect(box.router().effective_priority).toBe(150);
  });

  test("without a weight is a fault after as many failures as it takes, and said", () => {
    const { lab, box } = master(text({ fall: 3, rise: 2 }));
    probe(box, false);
    probe(box, false);
    expect(box.state()).toBe("master");
    probe(box, false);
    expect(box.router()).toMatchObject({ state: "fault", reason: "web is down" });
    expect(box.logs("track.changed")[0]?.fields).toEqual({
      name: "web",
      router: "VI_1",
      up: false,
      detail: "exit 1",
    });
    probe(box, true);
    expect(box.state()).toBe("fault");
    probe(box, true);
    expect(box.state()).toBe("backup");
    lab.run(5000);
    expect(box.state()).toBe("master");
  });

  test("takes a timeout for a failure", () => {
    const { box } = master(text({ fall: 1 }));
    box.event({ kind: "probe", check: "web", healthy: false, detail: "timeout after 1s" });
    expect(box.state()).toBe("fault");
    expect(box.logs("track.changed")[0]?.fields["detail"]).toBe("timeout after 1s");
  });

  test("with a weight changes the priority", () => {
    const { lab, box } = master(text({ fall: 1, rise: 1, weight: -60 }, { priority: 150 }));
    const since = lab.now;
    probe(box, false);
    expect(box.router()).toMatchObject({ state: "master", effective_priority: 90 });
    probe(box, true);
    expect(priorities(box, since)).toEqual([90, 150]);
  });

  test("says nothing while its health stays what it is", () => {
    const { lab, box } = master(text({ fall: 2, weight: -60 }));
    for (let times = 0; times < 20; times++) {
      probe(box, times % 2 === 0);
      lab.run(2000);
    }
    expect(box.logs("track.changed").map(({ fields }) => fields["up"])).toEqual([true]);
    expect(new Set(priorities(box))).toEqual(new Set([100]));
  });

  test("may concern several routers", () => {
    const second = router({ vrid: 52, addresses: ["192.0.2.2/24"], track_checks: ["web"] }, "VI_2");
    const { box } = master(text({ fall: 1 }) + second);
    probe(box, false);
    expect([box.state("VI_1"), box.state("VI_2")]).toEqual(["fault", "fault"]);
  });

  test("that nobody knows is no check", () => {
    const { lab, box } = master(text());
    probe(box, false, "other");
    lab.run(10);
    expect(box.state()).toBe("master");
  });
});

describe("a flapping track", () => {
  test("costs one advert for each change", () => {
    const { lab, box } = master(router({ priority: 150, track_interfaces: [{ name: "eth2", weight: -60 }] }));
    const since = lab.now;
    for (let times = 0; times < 10; times++) {
      box.kernel.set("eth2", { carrier: times % 2 === 1 });
      lab.run(10);
    }
    expect(adverts(box, since).length).toBeLessThanOrEqual(11);
    expect(box.router().counters.became_master).toBe(1);
  });
});
