/** Who runs what: returns, partitions, ping nodes, and the daemon's old way. */
import { describe, expect, test } from "bun:test";
import type { Settings } from "../../src/heartbeat/takeover-state.ts";
import { fenced, plan, Play, SETTINGS } from "./takeover-play.ts";

describe("a node that comes back", () => {
  const comes = (play: Play): string => {
    play
      .give({ kind: "peer-dead" })
      .give({ kind: "peer-back", how: "restarted" })
      .give({ kind: "peer-heard" });
    play.said();
    return play.hears({ kind: "starting" }).reports("none", true).said();
  };

  test("gets what prefers it with auto_failback", () => {
    expect(comes(Play.alone())).toBe("resource all/1, resource all/1, ask foreign me");
  });

  test("gets nothing without", () => {
    const play = Play.alone({ ...SETTINGS, failback: false });
    expect(comes(play)).toBe("resource all/1, resource all/1");
    expect(play.passes(60_000).said()).toBe("");
  });

  test("and holds nothing, though we did not miss it: what it had of ours is taken, what it had of its own offered to a heartbeat", () => {
    const play = Play.agreed({ ...SETTINGS, failback: false })
      .asks("local", "me")
      .asks("local", "done");
    play.reports("none", true);
    play.give({ kind: "standby", what: "all" }).asks("all", "other").asks("all", "done").reports("all", true);
    play.said();
    play.give({ kind: "peer-back", how: "restarted" }).hears({ kind: "starting" });
    expect(play.said()).toBe("resource none/1");
    expect(play.reports("local", true).passes(2000).said()).toBe(
      "resource none/1, resource local/1 req_our_resources(), ours started",
    );
    expect(play.reports("none", true).passes(2000).said()).toBe("ask foreign me");
  });
});

describe("after a partition", () => {
  test("a heartbeat gives up what it has, and we keep ours", () => {
    const play = Play.reunited({ ...SETTINGS, failback: false }, null);
    expect(play.said()).toBe("(partition), resource all/1");
    play.reports("none", false);
    expect(play.passes(60_000).said()).toBe("");
  });

  test("nothing moves while both have it, not even a failback that was owed", () => {
    const play = Play.reunited(SETTINGS, null);
    play.said();
    expect(play.reports("all", true).asks("foreign", "me").passes(5000).said()).toBe("");
  });

  test("a heartbeat that does not, because it did not miss us, has it, and we let go", () => {
    const play = Play.reunited({ ...SETTINGS, failback: false }, null);
    play.said();
    play.reports("local", true);
    expect(play.passes(60_000).said()).toEndWith(
      "(let-go foreign), resource all/0, theirs stopped, resource local/1",
    );
  });

  test("one that was never heard before is told what we have, as it may have it too", () => {
    const play = new Play().give({ kind: "peer-dead" }).give({ kind: "active" });
    play.said();
    expect(play.give({ kind: "peer-heard" }).said()).toBe("resource all/1");
    expect(play.passes(5000).said()).toBe("resource all/1");
  });

  test("an haagent that hears as many ping nodes keeps what prefers it, and so do we", () => {
    const play = Play.reunited({ ...SETTINGS, failback: false }, 0);
    play.said();
    expect(play.reports("all", true, 0).said()).toContain(
      "(let-go foreign), resource all/0, theirs stopped, resource local/1",
    );
  });

  test("an haagent that hears more ping nodes keeps everything, and one that hears fewer nothing", () => {
    const fewer = Play.agreed({ ...SETTINGS, failback: false }, 1).give({ kind: "pings", alive: 1 });
    fewer
      .give({ kind: "peer-dead" })
      .give({ kind: "peer-back", how: "returned" })
      .give({ kind: "peer-heard" });
    fewer.said();
    expect(fewer.reports("all", true, 2).said()).toContain(
      "(let-go all), resource all/0, pings 1, ours stopped, theirs stopped, resource none/1",
    );
    const more = Play.agreed({ ...SETTINGS, failback: false }, 1).give({ kind: "pings", alive: 2 });
    more
      .give({ kind: "peer-dead" })
      .give({ kind: "peer-back", how: "returned" })
      .give({ kind: "peer-heard" });
    more.said();
    expect(more.reports("all", true, 1).said()).not.toContain("let-go");
  });

  test("an haagent that keeps everything says so again within a second: its first word may have come too early", () => {
    const play = Play.reunited({ ...SETTINGS, failback: false }, 1).give({ kind: "pings", alive: 1 });
    play.said();
    expect(play.passes(100).reports("all", true, 0).said()).not.toContain("resource");
    expect(play.passes(900).said()).toContain("resource all/1");
  });

  test("data that both may have written is started by no failback and no takeover, only by an operator", () => {
    const settings = { ...SETTINGS, groups: [plan("ours", true), plan("theirs", false, true)] };
    const play = Play.reunited(settings, 0).reports("all", true, 0);
    expect(play.said()).toContain("(barred foreign), (let-go foreign)");
    expect(play.reports("local", true, 0).asks("local", "me").said()).not.toContain("other");
    expect(play.give({ kind: "peer-dead" }).passes(60_000).said()).not.toContain("theirs started");
    expect(play.give({ kind: "takeover", what: "all" }).said()).toContain("theirs started");
  });

  test("data that both may have written stays where it is kept, too", () => {
    const settings = { ...SETTINGS, groups: [plan("ours", true), plan("theirs", false, true)] };
    const play = Play.agreed(settings, 0).give({ kind: "pings", alive: 1 }).give({ kind: "peer-dead" });
    play.give({ kind: "peer-back", how: "returned" }).give({ kind: "peer-heard" });
    play.reports("all", true, 0).reports("none", true, 0);
    play.hears({ kind: "ping-count", to: "a", count: 1 }).hears({ kind: "give-up", to: "a", really: true });
    play.passes(60_000);
    expect(play.said()).not.toContain("ask");
    expect(play.give({ kind: "standby", what: "foreign" }).said()).toBe("ask foreign me");
  });

  test("data on a fenced cluster cannot be in two places, and nothing is barred", () => {
    const settings = { ...fenced(), groups: [plan("ours", true), plan("theirs", false, true)] };
    const play = Play.agreed(settings, 0).reports("all", true, 0);
    expect(play.said()).not.toContain("barred");
  });
});

describe("ipfail", () => {
  const pinging = (): Play => {
    const play = Play.agreed().give({ kind: "pings", alive: 2 });
    play.said();
    return play;
  };

  test("gives up after twice the keepalive when the other one hears more", () => {
    const play = pinging().give({ kind: "pings", alive: 1 });
    expect(play.said()).toBe("(ping-nodes-lost), pings 1");
    play.hears({ kind: "give-up", to: "a", really: true });
    expect(play.passes(1999).said()).toBe("");
    expect(play.passes(1).said()).toBe("ask all me");
  });

  test("compares what it is told, and tells who is to give up", () => {
    const play = pinging();
    const told = (count: number): string => play.hears({ kind: "ping-count", to: "a", count }).said();
    expect(told(1)).toBe("you_are_dead");
    expect(told(2)).toBe("abort_giveup");
    expect(told(3)).toBe("");
    expect(play.passes(2000).said()).toBe("ask all me");
  });

  test("tells its count again to an ipfail that begins", () => {
    expect(pinging().hears({ kind: "ipfail-joined" }).said()).toBe("pings 2");
  });

  test("gives up nothing when the other one loses the same within that time", () => {
    const play = pinging().hears({ kind: "ping-count", to: "a", count: 3 }).passes(1000);
    expect(play.hears({ kind: "give-up", to: "a", really: false }).passes(60_000).said()).toBe("");
  });

  test("moves nothing back to a side that hears fewer", () => {
    const play = Play.alone().give({ kind: "pings", alive: 2 });
    play
      .give({ kind: "peer-back", how: "restarted" })
      .give({ kind: "peer-heard" })
      .hears({ kind: "starting" });
    play.hears({ kind: "ping-count", to: "a", count: 1 });
    play.said();
    expect(play.reports("none", true).said()).toBe("resource all/1, pings 2");
    expect(play.hears({ kind: "ping-count", to: "a", count: 2 }).said()).toBe("abort_giveup, ask foreign me");
  });
});

describe("a ping node that comes and goes", () => {
  const lost = (): Play => {
    const play = Play.agreed().give({ kind: "pings", alive: 1 }).give({ kind: "pings", alive: 0 });
    play.said();
    return play;
  };

  test("is told to be there again when it has been for twice deadtime, and longer after each loss", () => {
    const play = lost().give({ kind: "pings", alive: 1 });
    const { deadtime } = SETTINGS;
    expect(play.passes(2 * deadtime - 1).said()).toBe("");
    expect(play.passes(1).said()).toBe("pings 1");
    expect(play.give({ kind: "pings", alive: 0 }).said()).toBe("(ping-nodes-lost), pings 0");
    play.give({ kind: "pings", alive: 1 });
    expect(play.passes(4 * deadtime - 1).said()).toBe("");
    expect(play.passes(1).said()).toBe("pings 1");
    for (let times = 0; times < 20; times++) {
      play.give({ kind: "pings", alive: 0 }).give({ kind: "pings", alive: 1 });
      play.said();
    }
    expect(play.passes(299_999).said()).toBe("");
    expect(play.passes(1).said()).toBe("pings 1");
    // What was long ago counts no more.
    play.passes(1_800_000).give({ kind: "pings", alive: 0 }).give({ kind: "pings", alive: 1 });
    play.said();
    expect(play.passes(2 * deadtime).said()).toBe("pings 1");
  });

  test("is told at once where that keeps everything in its place", () => {
    const play = lost().hears({ kind: "give-up", to: "a", really: true }).passes(1000);
    expect(play.give({ kind: "pings", alive: 1 }).said()).toBe("pings 1");
    expect(play.hears({ kind: "give-up", to: "a", really: false }).passes(60_000).said()).toBe("");
  });

  test("is told later when everything has gone already", () => {
    const play = lost().hears({ kind: "give-up", to: "a", really: true }).passes(2000);
    play.asks("all", "other").asks("all", "done").reports("all", true);
    // It tells its count after each move.
    play.hears({ kind: "ping-count", to: "a", count: 1 });
    play.said();
    expect(play.give({ kind: "pings", alive: 1 }).said()).toBe("");
  });

  test("that both lost moves nothing when both hear it again, before either has told", () => {
    const play = lost().give({ kind: "pings", alive: 1 });
    expect(play.hears({ kind: "ping-count", to: "a", count: 0 }).said()).toBe("abort_giveup");
    expect(play.passes(2 * SETTINGS.deadtime).said()).toBe("pings 1");
    expect(play.hears({ kind: "ping-count", to: "a", count: 0 }).said()).toBe("you_are_dead");
  });

  test("counts at once where the other one compares: what both hear moves nothing", () => {
    const play = lost().give({ kind: "pings", alive: 1 });
    expect(play.hears({ kind: "ping-count", to: "a", count: 1 }).said()).toBe("pings 1, abort_giveup");
    const told = lost().give({ kind: "pings", alive: 1 }).hears({ kind: "give-up", to: "a", really: true });
    expect(told.said()).toBe("pings 1");
  });
});

test("without ping nodes nobody is told to give up, nor gives up", () => {
  const play = Play.agreed();
  play.hears({ kind: "ping-count", to: "a", count: 3 }).hears({ kind: "give-up", to: "a", really: true });
  expect(play.passes(60_000).said()).toBe("");
});

describe("auto_failback legacy", () => {
  const legacy: Settings = { ...SETTINGS, failback: "legacy" };
  const begun = (): Play => new Play(legacy).give({ kind: "peer-heard" }).give({ kind: "active" });

  test("asks for each group that prefers it, again until it is answered", () => {
    const play = begun();
    expect(play.said()).toEndWith("ip-request ours");
    expect(play.passes(2000).said()).toBe("ip-request ours");
    expect(play.hears({ kind: "ip-response", to: "a", group: "ours", owned: true }).said()).toBe(
      "ours started",
    );
    expect(play.passes(60_000).said()).toBe("");
  });

  test("answers for a group that the other one prefers when it is stopped, and for no other", () => {
    const play = begun().give({ kind: "peer-dead" }).give({ kind: "peer-back", how: "restarted" });
    play.give({ kind: "peer-heard" });
    play.said();
    play.hangs.add("stop theirs");
    expect(play.hears({ kind: "ip-request", group: "theirs" }).said()).toBe("");
    expect(play.unhangs().said()).toBe("theirs stopped, ip-request-resp theirs");
    expect(play.hears({ kind: "ip-request", group: "ours" }).said()).toBe("");
  });

  test.each(["while it begins", "before it has answered"])(
    "asks for what prefers it when the other one dies %s and is back before it is fenced",
    (when) => {
      const play = new Play({ ...legacy, fence: fenced().fence });
      if (when === "while it begins") play.give({ kind: "peer-dead" }).give({ kind: "active" });
      else play.give({ kind: "peer-heard" }).give({ kind: "active" }).give({ kind: "peer-dead" });
      expect(play.passes(6000).said()).toEndWith("fence");
      play.give({ kind: "peer-back", how: "restarted" }).give({ kind: "peer-heard" });
      expect(play.passes(2000).said()).toBe("ip-request ours");
      expect(play.hears({ kind: "ip-response", to: "a", group: "ours", owned: true }).said()).toBe(
        "ours started",
      );
    },
  );

  test("takes everything from the dead, and says nothing of what it holds", () => {
    expect(begun().give({ kind: "peer-dead" }).said()).toEndWith(
      "(unfenced all), ours started, theirs started",
    );
  });
});
