/** Gratuitous ARP and neighbour advertisements: who is told what when. */
import { describe, expect, test } from "bun:test";
import { Announcer } from "../../src/agent/announcer.ts";
import type { AddressKey } from "../../src/agent/boundary.ts";
import type { Ip } from "../../src/base/address.ts";
import { instant, ms } from "../../src/base/units.ts";
import type { GarpConfig } from "../../src/config/model.ts";

const GARP: GarpConfig = { count: 5, interval: ms(2), refresh: ms(60_000), repeatAfter: ms(5000) };
const key = (last: number, index = 2): AddressKey => ({ index, address: `10.0.0.${last}` as Ip, prefix: 24 });
const KEY = key(9);

/** What is told in [from, to), asked for whenever something is due: `time address`. */
function course(announcer: Announcer, from: number, to: number): string[] {
  const told: string[] = [];
  for (let at = from, turns = 0; at < to; at = Math.max(at, announcer.deadline())) {
    if (++turns > 100_000) throw new Error("asked without end");
    for (const { address } of announcer.due(instant(at))) told.push(`${at} ${address}`);
  }
  return told;
}

const many = (count: number): AddressKey[] =>
  Array.from({ length: count }, (_, at) => ({
    index: 2,
    address: `10.0.${at >> 8}.${at & 255}` as Ip,
    prefix: 24,
  }));

/** What is told at one moment, turn by turn. */
function turns(announcer: Announcer, at: number): string[][] {
  const pieces: string[][] = [];
  while (announcer.deadline() <= at) {
    const piece = announcer.due(instant(at));
    if (piece.length > 0) pieces.push(piece.map(({ address }) => address));
    if (pieces.length > 1000) throw new Error("asked without end");
  }
  return pieces;
}

/** The number of frames. */
const told = (announcer: Announcer, from: number, to: number): number => course(announcer, from, to).length;

describe("announcements of a router's addresses", () => {
  test("begin with one frame for every address at once, then the repeats, paced", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1), key(2), key(3)], { ...GARP, count: 3 }, instant(0));
    expect(course(announcer, 0, 1000)).toEqual([
      "0 10.0.0.1",
      "0 10.0.0.2",
      "0 10.0.0.3",
      "2 10.0.0.1",
      "4 10.0.0.2",
      "6 10.0.0.3",
      "8 10.0.0.1",
      "10 10.0.0.2",
      "12 10.0.0.3",
    ]);
  });

  test("come in a second burst after repeat_after, and singly every refresh", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [KEY], GARP, instant(0));
    expect(told(announcer, 0, 5000)).toBe(5);
    expect(told(announcer, 5000, 6000)).toBe(5);
    expect(course(announcer, 6000, 200_000)).toEqual(
      [60_000, 120_000, 180_000].map((at) => `${at} 10.0.0.9`),
    );
  });

  test("come once and no more where repeat_after and refresh are off", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [KEY], { ...GARP, repeatAfter: ms(0), refresh: ms(0) }, instant(0));
    expect(told(announcer, 0, 1_000_000)).toBe(5);
    expect(announcer.deadline()).toBe(instant(Number.POSITIVE_INFINITY));
  });

  test("are forgotten with an interface that is gone, whatever its number was", () => {
    const announcer = new Announcer();
    for (let index = 1; index <= 1000; index++) {
      const at = index * 10_000;
      announcer.announce("VI_1", [key(9, index)], GARP, instant(at));
      course(announcer, at, at + 9000);
      announcer.cancel("VI_1");
    }
    // Read past its privacy, as nothing else shows what it remembers.
    expect(announcer["lanes"].size).toBeLessThan(3);
  });

  test("are not paced at an interval of 0", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1), key(2)], { ...GARP, interval: ms(0) }, instant(0));
    expect(announcer.due(instant(0))).toHaveLength(10);
  });

  test("pace each interface for itself", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1, 2), key(2, 3)], { ...GARP, count: 2 }, instant(0));
    expect(course(announcer, 0, 100)).toEqual(["0 10.0.0.1", "0 10.0.0.2", "2 10.0.0.1", "2 10.0.0.2"]);
  });

  test("let new addresses go before the repeats of old ones", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1)], GARP, instant(0));
    announcer.due(instant(0));
    announcer.announce("VI_2", [key(2)], GARP, instant(1));
    expect(announcer.due(instant(1))[0]?.address as string).toBe("10.0.0.2");
  });

  test("replace what was still to be told of the same router", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1), key(2)], GARP, instant(0));
    announcer.due(instant(0));
    announcer.announce("VI_1", [key(3)], GARP, instant(1));
    const rest = course(announcer, 1, 1000).map((line) => line.split(" ")[1]);
    expect(new Set(rest)).toEqual(new Set(["10.0.0.3"]));
    expect(rest).toHaveLength(5);
  });

  test("end at once when the router is master no more", () => {
    const announcer = new Announcer();
    announcer.announce("VI_1", [key(1)], GARP, instant(0));
    announcer.announce("VI_2", [key(2)], GARP, instant(0));
    announcer.due(instant(0));
    announcer.cancel("VI_1");
    expect(course(announcer, 1, 300_000).some((line) => line.endsWith("10.0.0.1"))).toBe(false);
  });

  test("of a new master leave without a pause, in pieces of 64 frames", () => {
    const announcer = new Announcer();
    const all = many(1000);
    announcer.announce("VI_1", all, GARP, instant(0));
    const pieces = turns(announcer, 0);
    expect(pieces.flat()).toEqual(all.map(({ address }) => address));
    expect(Math.max(...pieces.map((piece) => piece.length))).toBe(64);
    // Then the repeats, by 2 ms each.
    expect(announcer.deadline()).toBe(instant(2));
    expect(told(announcer, 0, 101)).toBe(50);
  });

  test("of many new masters at once do not wait for each other", () => {
    const announcer = new Announcer();
    many(600).forEach((one, at) => announcer.announce(`VI_${at}`, [one], GARP, instant(0)));
    expect(turns(announcer, 0).flat()).toHaveLength(600);
  });

  test("wait for no pause where a contest comes before they were told", () => {
    const announcer = new Announcer();
    // Half of the addresses are there when the loser says its last word.
    announcer.announce("VI_1", many(500), GARP, instant(0));
    const before = announcer.due(instant(0)).map(({ address }): string => address);
    announcer.announce("VI_1", many(1000), GARP, instant(1));
    expect(new Set([...before, ...turns(announcer, 1).flat()]).size).toBe(1000);
  });

  test("of new addresses come before all that is told again, on whichever interface", () => {
    const announcer = new Announcer();
    const unpaced = { ...GARP, interval: ms(0) };
    announcer.announce("VI_1", many(200), unpaced, instant(0));
    expect(announcer.due(instant(0))).toHaveLength(64);
    announcer.announce("VI_2", [key(9, 3)], unpaced, instant(0));
    const pieces = turns(announcer, 0).flat();
    expect(pieces.slice(0, 137)).toContain(key(9).address);
    expect(pieces).toHaveLength(1000 - 64 + 5);
  });

  test("that a contest brings again leave in a burst of 512 frames at most, the rest in turn", () => {
    const announcer = new Announcer();
    const once = { ...GARP, count: 1 };
    announcer.announce("VI_1", many(600), once, instant(0));
    expect(told(announcer, 0, 2000)).toBe(600);
    announcer.announce("VI_1", many(600), once, instant(2000));
    expect(turns(announcer, 2000).flat()).toHaveLength(512);
    // The rest by 2 ms each: 88 frames in 176 ms.
    expect(told(announcer, 2000, 2170)).toBe(84);
    expect(told(announcer, 2170, 4000)).toBe(4);
  });

  test("do not pile up when they are asked for faster than they may leave", () => {
    const announcer = new Announcer();
    const slow = { ...GARP, interval: ms(10_000), refresh: ms(1000) };
    announcer.announce("VI_1", [key(1), key(2), key(3)], slow, instant(0));
    for (let at = 0; at < 10_000_000; at += 1000) announcer.due(instant(at));
    // All that waits may go now.
    expect(announcer.due(instant(1e12)).length).toBeLessThanOrEqual(9);
  });
});

describe("announcements of an address that is contested again and again", () => {
  test("come in bursts, and after three of them as one frame at once and a burst a second later", () => {
    const announcer = new Announcer();
    for (const at of [0, 100, 200]) {
      announcer.announce("VI_1", [KEY], GARP, instant(at));
      expect(told(announcer, at, at + 100)).toBe(5);
    }
    announcer.announce("VI_1", [KEY], GARP, instant(300));
    // This may have been the loser's last word: nothing said now would leave the clients with the wrong neighbour.
    expect(told(announcer, 300, 301)).toBe(1);
    expect(told(announcer, 301, 1300)).toBe(0);
    expect(told(announcer, 1300, 1400)).toBe(5);
  });
});
