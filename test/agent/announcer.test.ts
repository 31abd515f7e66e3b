/** Gratuitous ARP and neighbour advertisements: who is told what when. */
import { describe, expect, test } from "bun:test";
import type { Ip } from "../../src/base/address.ts";
import { instant, ms } from "../../src/base/units.ts";
import { Announcer } from "../../src/agent/announcer.ts";

const KEY = { index: 2, address: "10.0.0.9" as Ip, prefix: 24 };
const GARP = { count: 5, interval: ms(2), refresh: ms(60_000), repeatAfter: ms(5000) };

/** Frames told in [from, to), asked for every millisecond. */
function told(announcer: Announcer, from: number, to: number): number {
  let frames = 0;
  for (let at = from; at < to; at++) frames += announcer.due(instant(at)).length;
  return frames;
}

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
