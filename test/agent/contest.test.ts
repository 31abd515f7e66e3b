/** Another master that does not yield: when the agent says so. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { master } from "./scenes.ts";
import { adverts, hear } from "./sight.ts";
import { router } from "./text.ts";

/** What another master of priority 100 is like. */
interface Other {
  readonly addresses: readonly string[];
  readonly version?: 2;
  /** Of version 3, milliseconds. */
  readonly interval?: number;
}

/**
 * A master of priority 150 hears another one so many milliseconds after its own fifth advert, each time; gives the settings that
 * its alarms name two intervals after the last one.
 */
function alarms(other: Other, ...times: readonly number[]): unknown[] {
  const lab = new Lab();
  const box: Box = lab.box(router({ priority: 150 }));
  box.start();
  lab.run(10_000);
  const fifth = adverts(box)[4]?.at ?? 0;
  for (const time of times) {
    lab.run(fifth + 10_000 + time - lab.now);
    hear(box, { source: "192.0.2.77", priority: 100, ...other });
  }
  lab.run(2000);
  return box.logs("vrrp.contested").map(({ fields }) => fields["setting"]);
}

const SAME = { addresses: ["192.0.2.1"] };
const DIFFERING = { addresses: ["192.0.2.1", "192.0.2.2"] };

describe("a master that hears another one", () => {
  test("alarms nobody over one advert: that is how elections go", () => {
    expect(alarms(SAME, 500)).toEqual([]);
    expect(alarms({ ...SAME, interval: 3000 }, 500)).toEqual([]);
  });

  test("alarms when it is heard an interval later, naming what differs", () => {
    expect(alarms(SAME, 500, 1500)).toEqual(["none"]);
    expect(alarms(DIFFERING, 500, 1500)).toEqual(["addresses"]);
  });

  test("takes two contests some seconds apart for two when nothing differs", () => {
    expect(alarms(SAME, 500, 5500)).toEqual([]);
  });

  test("takes no interval of version 3 for what keeps the two apart: the master's counts", () => {
    const slower = { ...SAME, interval: 1500 };
    expect(alarms(slower, 500, 2500)).toEqual(["none"]);
    expect(alarms(slower, 500, 7500)).toEqual([]);
    const { lab, box } = master(router({ priority: 150 }));
    for (let times = 0; times < 2; times++) {
      hear(box, { source: "192.0.2.77", interval: 1500 });
      lab.run(1000);
    }
    expect(box.router().peers[0]?.mismatch).toEqual(["interval"]);
    expect(box.status().health).toBe("degraded");
    // Two of its intervals, and a moment more, as if nothing differed.
    lab.run(5500);
    expect(box.status().health).toBe("ok");
  });

  test("alarms over one advert when something differs: keepalived that rejects our adverts may never speak again", () => {
    expect(alarms(DIFFERING, 500)).toEqual(["addresses"]);
    expect(alarms({ ...SAME, version: 2 }, 500)).toEqual(["version"]);
  });

  test("takes no half of a peer that speaks both versions for what keeps the two apart", () => {
    const lab = new Lab();
    const box = lab.box(router({ version: 2, priority: 150 }));
    box.start();
    lab.run(10_000);
    const last = adverts(box).at(-1)?.at ?? 0;
    lab.run(last + 500 - lab.now);
    hear(box, { source: "192.0.2.77" });
    hear(box, { source: "192.0.2.77", version: 2 });
    lab.run(5000);
    expect(box.logs("vrrp.contested")).toEqual([]);
  });

  test("knows a loser's last word, which comes right after an advert of its own, whatever differs", () => {
    expect(alarms(DIFFERING, 3)).toEqual([]);
    expect(alarms(DIFFERING, 500, 503)).toEqual([]);
  });

  test("alarms when the loser speaks again after its last word", () => {
    expect(alarms(DIFFERING, 3, 5003)).toEqual(["addresses"]);
  });

  test("alarms although the other one speaks at another pace", () => {
    const { lab, box } = master(router({ priority: 150, advert_interval: "100ms" }));
    for (let times = 0; times < 2; times++) {
      hear(box, { source: "192.0.2.77", interval: 5000 });
      lab.run(5000);
    }
    expect(box.logs("vrrp.contested")).toHaveLength(1);
  });

  test("alarms although several others change off", () => {
    const { lab, box } = master(router({ priority: 150 }));
    for (let times = 0; times < 6; times++) {
      hear(box, { source: times % 2 === 0 ? "192.0.2.77" : "192.0.2.78" });
      lab.run(500);
    }
    expect(box.logs("vrrp.contested")).toHaveLength(1);
  });

  test.each([
    ["auth", router({ priority: 150 }), { version: 2, key: "other" }],
    ["auth", router({ priority: 100, version: 2, auth: { type: "pass", key: "mine" } }), { version: 2 }],
    ["version", router({ version: 2, auth: { type: "pass", key: "mine" } }), { version: 3 }],
  ] as const)(
    "alarms at the first advert that its %s keeps from counting, whoever is better",
    (setting, text, forged) => {
      const { box } = master(text);
      hear(box, { source: "192.0.2.77", priority: 254, ...forged });
      expect(
        box.logs("vrrp.contested").map(({ fields, level }) => [level, fields["setting"], fields["source"]]),
      ).toEqual([["error", setting, "192.0.2.77"]]);
      expect(box.router()).toMatchObject({ state: "master", contested: { source: "192.0.2.77", setting } });
    },
  );

  test("alarms once a minute, however long it lasts", () => {
    const { lab, box } = master(router({ priority: 150 }));
    for (let times = 0; times < 118; times++) {
      hear(box, { source: "192.0.2.77" });
      lab.run(1000);
    }
    expect(box.logs("vrrp.contested")).toHaveLength(1);
    expect(box.status().health).toBe("degraded");
  });

  test("is degraded until the other one has been silent for a while", () => {
    const { lab, box } = master(router({ priority: 150 }));
    for (let times = 0; times < 2; times++) {
      hear(box, { source: "192.0.2.77" });
      lab.run(1000);
    }
    expect(box.ask({ command: "status", name: null }).exit).toBe(3);
    lab.run(10_000);
    expect(box.ask({ command: "status", name: null }).exit).toBe(0);
    expect(box.router().contested).toBeNull();
  });

  test("has no contest with a router that leaves", () => {
    const { lab, box } = master(router({ priority: 150 }));
    for (let times = 0; times < 5; times++) {
      hear(box, { source: "192.0.2.77", priority: 0 });
      lab.run(1000);
    }
    expect(box.logs("vrrp.contested")).toEqual([]);
  });
});

describe("two agents with different passwords", () => {
  test("are both master, and both say so within two intervals", () => {
    const lab = new Lab();
    const text = (key: string): string => router({ version: 2, auth: { type: "pass", key } });
    const boxes = [lab.box(text("one")), lab.box(text("two"))];
    for (const box of boxes) box.start();
    lab.run(3610 + 2000);
    for (const box of boxes) {
      expect(box.state()).toBe("master");
      expect(box.logs("vrrp.contested")[0]?.fields["setting"]).toBe("auth");
    }
  });
});

describe("a backup that takes over from a master whose password is another", () => {
  /** It hears that master four times, then nothing for so many milliseconds, and has been master for a second. */
  function alarmsAfter(silence: number): unknown[] {
    const lab = new Lab();
    const box = lab.box(router({ version: 2, auth: { type: "pass", key: "one" } }));
    box.start();
    lab.run(3610 - silence - 3000);
    for (let times = 0; times < 4; times++) {
      hear(box, { source: "192.0.2.77", version: 2, key: "two" });
      lab.run(times < 3 ? 1000 : silence + 1000);
    }
    expect(box.state()).toBe("master");
    return box.logs("vrrp.contested").map(({ fields }) => fields["setting"]);
  }

  test("says so at once: that master may be kept silent from now on, as keepalived is, and hold the address", () => {
    expect(alarmsAfter(500)).toEqual(["auth"]);
  });
});

describe("a backup", () => {
  test("has no contest", () => {
    const lab = new Lab();
    const box = lab.box(router());
    box.start();
    for (let times = 0; times < 5; times++) {
      hear(box, { source: "192.0.2.77", version: 2, key: "other" });
      hear(box, { source: "192.0.2.78", priority: 200 });
      lab.run(1000);
    }
    expect(box.logs("vrrp.contested")).toEqual([]);
  });
});
