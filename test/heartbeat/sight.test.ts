/** A node with a fence that hears none of its ping nodes: how long it waits, and what ends that. */
import { describe, expect, test } from "bun:test";
import { ms } from "../../src/base/units.ts";
import { patience } from "../../src/heartbeat/sight.ts";
import type { FenceSettings, Settings } from "../../src/heartbeat/takeover-state.ts";
import { FENCE, fenced, Play, SETTINGS } from "./takeover-play.ts";

/** As the other node, too, has it. */
const BLIND = patience(FENCE, SETTINGS);
const sighted = (more: Partial<FenceSettings> = {}): Settings => fenced({ blind: BLIND, ...more });
const ECHO = { kind: "echo" } as const;
const DEAD = { kind: "peer-dead" } as const;
/** Both have met, and the other one is silent. */
const silent = (settings = sighted()): Play => Play.agreed(settings).give(DEAD);

/** A ping node answers once a second for so long. */
function seen(play: Play, span: number): Play {
  for (let at = 0; at < span; at += 1000) play.give(ECHO).passes(1000);
  return play;
}

describe("a node that fences", () => {
  test("waits for the other one's deadtime, delay and all its runs where no ping node answers, then fences all the same", () => {
    // deadtime 10 s, delay 5 s, two runs of 20 s with a pause of 5 s, and two keepalives.
    expect(BLIND).toBe(ms(62_000));
    const play = silent().passes(5000);
    expect(play.said()).toBe("(fence-blind)");
    play.passes(61_999);
    expect(play.said()).toBe("");
    expect(play.passes(1).said()).toBe("fence");
    expect(play.fenceEnds(true).said()).toContain("theirs started");
  });

  test("fences after its delay where one answered after the silence, and not for one that did before", () => {
    const play = seen(silent(), 5000);
    expect(play.said()).toBe("fence");
    const early = Play.agreed(sighted()).give(ECHO).give(DEAD);
    expect(early.passes(10_000).said()).toBe("(fence-blind)");
  });

  test("fences once one answers, but leaves the other one its deadtime to be heard: the cable may be back this moment", () => {
    const play = silent().passes(20_000);
    play.said();
    expect(seen(play, 9000).said()).toBe("");
    expect(seen(play, 2000).said()).toBe("fence");
    const healed = silent().passes(20_000).give(ECHO).passes(900).give({ kind: "peer-heard" });
    healed.said();
    expect(healed.give(ECHO).passes(100_000).said()).not.toContain("fence");
  });

  test("begins to wait anew with the last answer, and counts none that is old when its delay is over", () => {
    const play = silent().passes(1000).give(ECHO);
    // The delay is over at 5 s, when that answer is four seconds old.
    expect(play.passes(65_999).said()).toBe("(fence-blind)");
    expect(play.passes(1).said()).toBe("");
    expect(play.passes(1000).said()).toBe("fence");
  });

  test("does not wait where the other one is heard, or has left, or an operator confirms", () => {
    const play = silent().passes(20_000).give({ kind: "peer-heard" });
    expect(play.passes(200_000).said()).not.toContain("fence,");
    expect(Play.agreed(sighted()).hears({ kind: "shutdone" }).said()).toEndWith("theirs started");
    const sworn = silent().passes(20_000);
    sworn.said();
    expect(sworn.give({ kind: "confirmed" }).said()).toContain("theirs started");
  });

  test("waits, too, between two runs when it goes blind, from the last answer on", () => {
    const play = seen(silent(), 5000);
    play.said();
    play.fenceEnds(false);
    expect(play.passes(60_000).said()).toBe("(fence-failed), (fence-blind)");
    expect(play.passes(7000).said()).toBe("fence");
  });

  test("that has not met the other one in its life waits without end, as it was shot perhaps and is not known to be back", () => {
    const lone = (settings: Settings): Play => new Play(settings).give(DEAD).give({ kind: "active" });
    const play = lone(sighted());
    expect(play.passes(10_000_000).said()).toContain("(fence-blind)");
    expect(play.said()).not.toContain("fence,");
    expect(seen(play, 9000).said()).toBe("");
    expect(seen(play, 2000).said()).toBe("fence");
    // Who would rather have two than none says so.
    const bold = lone(sighted({ onFailure: "proceed" }));
    expect(bold.passes(67_000).said()).toEndWith("fence");
  });

  test("and did not run for a while waits anew, as the other one may have begun a life meanwhile", () => {
    // Its patience was to end in a second.
    const play = silent().passes(66_000);
    play.said();
    play.now += 9000;
    expect(play.give({ kind: "slept" }).passes(66_999).said()).toBe("");
    expect(play.passes(1).said()).toBe("fence");
    // While its command ran: the next run waits.
    play.give({ kind: "slept" }).fenceEnds(false);
    expect(play.passes(66_999).said()).toBe("(fence-failed)");
    expect(play.passes(1).said()).toBe("fence");
  });

  test("and did not run for a while reads first what waits for it: the other one, or a ping node", () => {
    const late = (settings: Settings): Play => {
      const play = silent(settings).passes(4000);
      play.now += 9000;
      return play.give({ kind: "slept" });
    };
    const heard = late(fenced()).passes(1999).give({ kind: "peer-heard" });
    expect(heard.passes(200_000).said()).not.toContain("fence");
    expect(late(fenced()).passes(2000).said()).toBe("fence");
    expect(late(sighted()).passes(1000).give(ECHO).passes(1000).said()).toBe("fence");
  });

  test("waits for nobody where no ping node is configured", () => {
    expect(silent(fenced()).passes(5000).said()).toBe("fence");
  });
});
