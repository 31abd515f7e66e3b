/** Another master that does not yield: when the agent says so. */
import { describe, expect, test } from "bun:test";
import type { Box } from "./box.ts";
import { Lab } from "./harness.ts";
import { hear } from "./sight.ts";
import { router } from "./text.ts";

/** A master of priority 150 that hears another one of 100 at each of `seconds`; gives the settings named by its alarms. */
function alarms(addresses: readonly string[], ...seconds: readonly number[]): unknown[] {
  const lab = new Lab();
  const box: Box = lab.box(router({ priority: 150 }));
  box.start();
  lab.run(10_000);
  let passed = 0;
  for (const second of seconds) {
    lab.run((second - passed) * 1000);
    passed = second;
    hear(box, { source: "192.0.2.77", priority: 100, addresses });
  }
  return box.logs("vrrp.contested").map(({ fields }) => fields["setting"]);
}

const SAME = ["192.0.2.1"];
const OTHER = ["192.0.2.1", "192.0.2.2"];

describe("a master that hears another one", () => {
  test("alarms nobody over one advert: that is how elections go", () => {
    expect(alarms(SAME, 0)).toEqual([]);
    expect(alarms(OTHER, 0)).toEqual([]);
  });

  test("alarms when it is heard an interval later, naming what differs", () => {
    expect(alarms(SAME, 0, 1)).toEqual(["none"]);
    expect(alarms(OTHER, 0, 1)).toEqual(["addresses"]);
  });

  test("alarms when one that differs is heard now and then, as keepalived is that rejects our adverts", () => {
    expect(alarms(OTHER, 0, 5)).toEqual(["addresses"]);
  });

  test("takes two contests some seconds apart for two when nothing differs", () => {
    expect(alarms(SAME, 0, 5)).toEqual([]);
  });
});
