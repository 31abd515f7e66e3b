/** Who runs what: beginning, death, clean moves. */
import { describe, expect, test } from "bun:test";
import { instant } from "../../src/base/units.ts";
import type { Hold } from "../../src/heartbeat/content.ts";
import { start, step } from "../../src/heartbeat/takeover.ts";
import { fenced, Play, SETTINGS } from "./takeover-play.ts";

describe("a node that begins", () => {
  test("looks first what an earlier agent left, then says so, and takes its own after ten seconds beside another beginner", () => {
    const play = new Play();
    expect(play.said()).toBe("ours stopped, theirs stopped");
    play.give({ kind: "peer-heard" }).give({ kind: "active" });
    expect(play.said()).toBe("starting");
    expect(play.hears({ kind: "starting" }).said()).toBe("resource none/0");
    expect(play.passes(9999).said()).toBe("");
    expect(play.passes(1).said()).toBe("resource local/1 req_our_resources(), ours started");
  });

  test("takes part only when nothing of an earlier agent is left", () => {
    const begun = start(SETTINGS, instant(0));
    const active = step(SETTINGS, begun.state, { kind: "active" }, instant(1));
    expect(active.actions).toEqual([]);
    expect(active.state.phase).toBe("init");
  });

  test("takes its own at once beside one that is stable, and nothing beside one that has all", () => {
    const begun = (): Play => new Play().give({ kind: "peer-heard" }).give({ kind: "active" });
    const one = begun();
    one.said();
    expect(one.reports("local", true).said()).toStartWith(
      "resource local/1 req_our_resources(), ours started",
    );
    const other = begun();
    other.said();
    expect(other.reports("all", true).said()).toBe("resource none/1");
    expect(other.passes(60_000).said()).toBe("");
  });

  test("takes nothing from one that lives and says nothing, however long", () => {
    const play = new Play().give({ kind: "peer-heard" }).give({ kind: "active" });
    play.said();
    expect(play.passes(25_000).said()).toBe("starting, starting");
    play.hears({ kind: "starting" }).give({ kind: "peer-back", how: "restarted" });
    play.said();
    expect(play.passes(25_000).said()).toBe("starting, starting");
  });

  test("takes nothing from one that leaves before that has stopped what it had", () => {
    const play = new Play().give({ kind: "peer-heard" }).give({ kind: "active" });
    play.said();
    play.hears({ kind: "resource", hold: "none", full: true, stable: false, info: "shutdown", pings: null });
    expect(play.passes(60_000).said()).not.toContain("started");
    expect(play.hears({ kind: "shutdone" }).said()).toEndWith("ours started, theirs started");
  });

  test("takes everything when nobody else is there", () => {
    const play = new Play().give({ kind: "peer-dead" });
    play.said();
    expect(play.give({ kind: "active" }).said()).toBe(
      "starting, (unfenced all), resource all/1 req_our_resources(), ours started, theirs started",
    );
  });
});

describe("a node whose peer is dead", () => {
  test("takes what it does not have", () => {
    expect(Play.agreed().give({ kind: "peer-dead" }).said()).toBe(
      "(unfenced foreign), resource all/1 req_our_resources(), theirs started",
    );
  });

  test("has taken it already from one that left", () => {
    const play = Play.agreed();
    expect(play.hears({ kind: "shutdone" }).said()).toBe(
      "resource all/1 req_our_resources(), theirs started",
    );
    expect(play.give({ kind: "peer-dead" }).said()).toBe("");
  });

  test("fences it first, after the delay", () => {
    const play = Play.agreed(fenced()).give({ kind: "peer-dead" });
    expect(play.passes(4999).said()).toBe("");
    expect(play.passes(1).said()).toBe("fence");
    expect(play.fenceEnds(true).said()).toBe(
      "(fenced foreign), resource all/1 req_our_resources(), theirs started",
    );
  });

  test("does not fence one that left", () => {
    expect(Play.agreed(fenced()).hears({ kind: "shutdone" }).said()).toEndWith("theirs started");
  });

  test("takes nothing while the fence fails, and tries again until it does not", () => {
    const play = Play.agreed(fenced()).give({ kind: "peer-dead" }).passes(5000).fenceEnds(false);
    expect(play.said()).toBe("fence, (fence-failed)");
    expect(play.passes(5000).fenceEnds(false).said()).toBe("fence, (fence-failed), (fence-blocked)");
    expect(play.passes(5000).fenceEnds(true).said()).toBe(
      "fence, (fenced foreign), resource all/1 req_our_resources(), theirs started",
    );
  });

  test("takes over when an operator vouches for it, or the settings do", () => {
    const play = Play.agreed(fenced()).give({ kind: "peer-dead" }).passes(5000).fenceEnds(false);
    play.said();
    expect(play.give({ kind: "confirmed" }).said()).toEndWith("theirs started");
    const bold = Play.agreed(fenced({ onFailure: "proceed", tries: 1 })).give({ kind: "peer-dead" });
    expect(bold.passes(5000).fenceEnds(false).said()).toBe(
      "fence, (fence-failed), (unfenced foreign), resource all/1 req_our_resources(), theirs started",
    );
  });

  test("does not fence one that is heard again before, nor believe a fence that ran against an earlier silence", () => {
    const play = Play.agreed(fenced()).give({ kind: "peer-dead" }).passes(5000);
    play.said();
    play.give({ kind: "peer-back", how: "returned" }).give({ kind: "peer-heard" });
    expect(play.said()).toBe("(partition), resource local/1");
    expect(play.fenceEnds(true).passes(1000).said()).toBe("");
    expect(play.give({ kind: "confirmed" }).said()).toBe("");
    play.give({ kind: "peer-dead" }).passes(5000);
    play.said();
    expect(play.give({ kind: "fenced", run: 1, ok: true }).said()).toBe("");
    expect(play.give({ kind: "fenced", run: 2, ok: true }).said()).toEndWith("theirs started");
  });
});

describe("a standby", () => {
  test("of ours: the groups are stopped before the other one starts, and both say what they hold then", () => {
    const play = Play.agreed();
    play.hangs.add("stop ours");
    expect(play.give({ kind: "standby", what: "local" }).said()).toBe("ask local me");
    expect(play.asks("local", "other").said()).toBe("resource none/0 standby");
    expect(play.passes(60_000).said()).toBe("");
    expect(play.unhangs().said()).toBe("ours stopped, ask local done");
    expect(play.asks("local", "done").said()).toBe("resource none/1, (standby-done local)");
  });

  test("of theirs: nothing starts before they say that they have stopped", () => {
    const play = Play.agreed();
    expect(play.asks("local", "me").said()).toBe("ask local other");
    expect(play.passes(60_000).said()).toBe("");
    expect(play.asks("local", "done").said()).toBe(
      "theirs started, ask local done, resource all/1, (standby-done local)",
    );
  });

  test("starts nothing for the last word of the move before, which the first of this one has overtaken", () => {
    const play = Play.agreed();
    play.hears({ kind: "standby", hold: "local", step: "me" }, 50);
    expect(play.said()).toBe("ask local other");
    expect(play.hears({ kind: "standby", hold: "local", step: "done" }, 49).said()).toBe("");
    expect(play.hears({ kind: "standby", hold: "local", step: "done" }, 51).said()).toContain(
      "theirs started",
    );
  });

  test("is over when nobody answers within ten seconds", () => {
    const play = Play.agreed().give({ kind: "standby", what: "all" });
    play.said();
    expect(play.passes(10_000).said()).toBe("(standby-cancelled all), resource local/1");
    expect(play.asks("all", "other").said()).toBe("resource local/1");
  });

  test("is over when a later report shows it, though its last word is lost", () => {
    const play = Play.agreed().asks("local", "me");
    play.said();
    expect(play.reports("local", true).said()).toBe("(standby-cancelled local)");
    play.give({ kind: "standby", what: "local" }).asks("local", "other");
    play.said();
    expect(play.reports("all", true).said()).toBe("resource none/1, (standby-done local)");
  });

  test("is not over for an older report that was lost and comes late", () => {
    const play = Play.agreed().give({ kind: "standby", what: "local" });
    play.hears({ kind: "standby", hold: "local", step: "other" }, 50);
    play.said();
    play.hears({ kind: "resource", hold: "local", full: true, stable: true, info: null, pings: null }, 49);
    expect(play.said()).toBe("");
    expect(play.hears({ kind: "standby", hold: "local", step: "done" }, 51).said()).toBe(
      "resource none/1, (standby-done local)",
    );
  });

  test("is refused while anything is under way", () => {
    const play = Play.agreed().reports("local", false);
    expect(play.give({ kind: "standby", what: "local" }).said()).toBe("(standby-refused local)");
    expect(play.asks("local", "me").said()).toBe("");
    play.reports("local", true).asks("local", "me");
    play.said();
    expect(play.asks("all", "me").give({ kind: "standby", what: "all" }).said()).toBe(
      "(standby-refused all)",
    );
  });

  test("that both nodes ask for at once is made of the one whose name comes first, and always of a heartbeat", () => {
    const asked = (yields: boolean, haagentPings: number | null): Play => {
      const play = Play.agreed({ ...SETTINGS, failback: false, yields }).reports("local", true, haagentPings);
      play.give({ kind: "standby", what: "local" });
      play.said();
      return play.asks("local", "me");
    };
    expect(asked(true, 0).said()).toBe("(standby-cancelled local), ask local other");
    expect(asked(false, null).said()).toBe("(standby-cancelled local), ask local other");
    const first = asked(false, 0);
    expect(first.said()).toBe("");
    expect(first.asks("local", "other").said()).toContain("ours stopped");
  });

  test("is what the other node's wish to take becomes, in our view", () => {
    for (const [theirs, ours] of [
      ["all", "all"],
      ["local", "foreign"],
      ["foreign", "local"],
    ] as const) {
      expect(Play.agreed().hears({ kind: "takeover", hold: theirs }).said()).toBe(`ask ${ours} me`);
    }
    expect(Play.agreed().give({ kind: "takeover", what: "all" }).said()).toBe("hb_takeover all");
    expect(Play.agreed().give({ kind: "takeover", what: "local" }).said()).toBe("");
  });

  test("ends with the other node's restart, and what is not stopped yet is ours to it", () => {
    const play = Play.agreed({ ...SETTINGS, failback: false })
      .asks("local", "me")
      .asks("local", "done");
    play.reports("none", true).hangs.add("stop theirs");
    play.give({ kind: "standby", what: "foreign" }).asks("foreign", "other");
    play.said();
    play.give({ kind: "peer-back", how: "restarted" }).hears({ kind: "starting" });
    expect(play.said()).toBe("resource all/0");
    expect(play.unhangs().said()).toBe("theirs stopped, resource local/1");
  });

  test("ends with the other node's death, and everything is ours when its stop has ended", () => {
    const play = Play.agreed();
    play.hangs.add("stop ours");
    play.give({ kind: "standby", what: "local" }).asks("local", "other");
    play.said();
    expect(play.give({ kind: "peer-dead" }).said()).toEndWith("theirs started");
    expect(play.unhangs().said()).toBe("ours stopped, ours started");
  });
});

describe("a report", () => {
  test("that was lost and comes late does not undo a later one", () => {
    const play = Play.agreed();
    const report = (hold: Hold, sequence: number): Play =>
      play.hears({ kind: "resource", hold, full: true, stable: true, info: null, pings: null }, sequence);
    report("local", 50);
    report("none", 49);
    expect(play.state.peer.hold).toEqual({ local: true, foreign: false });
  });

  test("of a dead node that was long on its way counts for nothing", () => {
    const play = Play.agreed().give({ kind: "peer-dead" });
    play.said();
    expect(play.asks("all", "me").reports("all", true).hears({ kind: "starting" }).said()).toBe("");
  });
});

describe("a node that leaves", () => {
  test("says that it has stopped when it has, and is gone", () => {
    const play = Play.alone();
    play.hangs.add("stop theirs");
    expect(play.give({ kind: "stop" }).said()).toBe("resource none/0 shutdown, ours stopped");
    expect(play.give({ kind: "peer-dead" }).passes(60_000).said()).toBe("");
    expect(play.unhangs().said()).toBe("theirs stopped, shutdone, left");
  });
});

describe("a group that fails here", () => {
  test("is offered to the other node after thirty seconds, with all of its class", () => {
    const play = Play.alone({ ...SETTINGS, failback: false });
    play.give({ kind: "peer-back", how: "restarted" }).give({ kind: "peer-heard" });
    play.hears({ kind: "starting" }).reports("none", true);
    play.give({ kind: "standby", what: "foreign" }).asks("foreign", "other").asks("foreign", "done");
    play.fails.add("start theirs");
    play.asks("local", "me").asks("local", "done");
    expect(play.said()).toContain("theirs failed, ask local done");
    expect(play.passes(30_000).said()).toBe("ask foreign me");
  });

  test("is tried again when the other node does not take it", () => {
    const play = Play.agreed({ ...SETTINGS, failback: false });
    play.fails.add("start theirs");
    play.asks("local", "me").asks("local", "done").reports("none", true).passes(30_000);
    play.fails.clear();
    expect(play.said()).toEndWith("ask foreign me");
    expect(play.passes(10_000).said()).toBe("(standby-cancelled foreign), resource all/1, theirs started");
  });

  test("is tried again when nobody can have it", () => {
    const play = Play.agreed();
    play.fails.add("start theirs");
    expect(play.give({ kind: "peer-dead" }).said()).toContain("theirs failed");
    play.fails.clear();
    expect(play.passes(30_000).said()).toBe("theirs started");
  });
});
