/** Another master that does not yield: when the agent says so. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { adverts, hear } from "./sight.ts";
import { router } from "./text.ts";

/** What another master of priority 100 is like. */
interface Other {
  readonly addresses: readonly string[];
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

  test("alarms over one advert when something differs: keepalived that rejects our adverts may never speak again", () => {
    expect(alarms(DIFFERING, 500)).toEqual(["addresses"]);
  });

  test("knows a loser's last word, which comes right after an advert of its own, whatever differs", () => {
    expect(alarms(DIFFERING, 3)).toEqual([]);
    expect(alarms(DIFFERING, 500, 503)).toEqual([]);
  });

  test("alarms when the loser speaks again after its last word", () => {
    expect(alarms(DIFFERING, 3, 5003)).toEqual(["addresses"]);
  });
});
