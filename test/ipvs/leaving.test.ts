/** When a server that leaves a service may go. */
import { describe, expect, test } from "bun:test";
import type { Milliseconds } from "../../src/base/units.ts";
import { instant, ms } from "../../src/base/units.ts";
import { Leavers } from "../../src/ipvs/leaving.ts";
import type { ToldDestination } from "../../src/wire/ipvs.ts";
import { UNUSED } from "../../src/wire/ipvs.ts";
import { server } from "./values.ts";

/** The server 10.0.0.2 as the kernel has it. */
const told = (active: number, inactive: number, packets = 0, weight = 0): ToldDestination => ({
  destination: server(2, weight),
  ...{ active, inactive, persistent: 0 },
  statistics: { ...UNUSED, inPackets: packets },
});

/** One that leaves since 0 and is looked at. */
function scene(limit: Milliseconds = ms(60_000)) {
  const leavers = new Leavers();
  const look = (at: number, one: ToldDestination, counted = true): boolean =>
    leavers.look([one], () => limit, counted, instant(at))[0]?.gone === true;
  look(0, told(1, 1, 10, 1), false);
  const begun = leavers.follow([server(2, 0)], instant(0));
  return { leavers, look, begun, limit };
}

describe("a server that leaves", () => {
  test("is gone once it has no connection at all", () => {
    const { leavers, look, begun } = scene();
    expect(begun.map(({ what }) => what)).toEqual(["leaving"]);
    expect(look(3000, told(1, 0))).toBe(false);
    expect(leavers.follow([server(2, 0)], instant(3000))).toEqual([]);
    expect(look(6000, told(0, 0))).toBe(true);
    expect(leavers.follow([], instant(6000)).map(({ what }) => what)).toEqual(["gone"]);
    expect(leavers.leaving.size).toBe(0);
    // It is there until the kernel has removed it.
    expect(look(6001, told(0, 0), false)).toBe(true);
    expect(leavers.follow([], instant(6001))).toEqual([]);
  });

  test("stays while packets come for connections that are closing, and some seconds longer", () => {
    const { look } = scene();
    expect(look(3000, told(0, 4, 20))).toBe(false);
    expect(look(6000, told(0, 4, 21))).toBe(false);
    expect(look(9000, told(0, 4, 21))).toBe(false);
    expect(look(10_999, told(0, 4, 21))).toBe(false);
    expect(look(11_000, told(0, 4, 21))).toBe(true);
  });

  test("stays for an active connection, however silent", () => {
    const { look } = scene();
    for (let at = 3000; at < 60_000; at += 3000) expect(look(at, told(1, 4, 20))).toBe(false);
    expect(look(59_999, told(1, 0, 20))).toBe(false);
  });

  test("is gone when its time is over, at once where there is none", () => {
    const { leavers, look, limit } = scene();
    expect(leavers.next(() => limit)).toBe(instant(60_000));
    expect(look(60_000, told(3, 0), false)).toBe(true);
    expect(scene(ms(0)).look(1, told(3, 0))).toBe(true);
  });

  test("is not judged by what was counted before it lost its weight", () => {
    const { look } = scene();
    expect(look(3000, told(0, 0, 0, 1))).toBe(false);
    expect(look(3001, told(0, 0), false)).toBe(false);
    expect(look(6000, told(0, 0))).toBe(true);
  });

  test("that serves again leaves with its whole time the next time", () => {
    const { leavers, look, limit } = scene();
    look(30_000, told(1, 0, 0, 1));
    expect(leavers.follow([], instant(30_000))).toEqual([]);
    look(40_000, told(1, 0, 0, 1));
    expect(leavers.follow([server(2, 0)], instant(40_000))).toHaveLength(1);
    expect(leavers.next(() => limit)).toBe(instant(100_000));
  });
});
