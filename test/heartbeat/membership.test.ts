/** Who is there: plays of what is heard, when, over which link. */
import { describe, expect, test } from "bun:test";
import { instant } from "../../src/base/units.ts";
import type { Event } from "../../src/heartbeat/membership.ts";
import { Random } from "../fuzz/mutate.ts";
import { again, ALONE, heard, other, ping, Play, SETTINGS, together } from "./membership-play.ts";

describe("a node that starts", () => {
  test("is heard three times at once, then each keepalive, with two seconds more of patience asked for at first", () => {
    const { words } = new Play(ALONE).at(6000);
    expect(words).toEqual([
      ...["0 say init 7000", "0 say up 7000", "0 say up 7000"],
      ...["1000 say up 7000", "2000 say up 7000", "3000 say up 7000", "4000 say up 7000", "5000 say up 5000"],
      "6000 say up 5000",
    ]);
  });

  test("asks the first living node for the nodes, and takes part when it is told", () => {
    const play = new Play(ALONE).at(400, heard("up"));
    expect(play.news()).toEqual(["0 say init 7000", "400 b:eth1 up", "400 b init → up", "400 ask b"]);
    expect(play.at(2500).news()).toEqual(["1400 ask b", "2400 ask b"]);
    expect(play.at(2600, { kind: "nodes-told" }).words.slice(-2)).toEqual([
      "2600 say active 7000",
      "2600 active",
    ]);
    expect(play.state.own).toBe("active");
  });

  test("waits for ping nodes too", () => {
    const play = new Play(SETTINGS).at(400, heard("up"));
    expect(play.news()).not.toContain("400 ask b");
    expect(play.at(500, ping).news()).toEqual([
      "500 10.0.0.1:10.0.0.1 up",
      "500 10.0.0.1 init → ping",
      "500 ask b",
    ]);
  });

  test("gives up who is not there after initdead, and takes part alone", () => {
    const play = new Play(ALONE).at(29_999);
    expect(play.news()).toEqual(["0 say init 7000"]);
    expect(play.at(30_000).news()).toEqual([
      ...["30000 b:eth1 dead", "30000 b:ttyS0 dead", "30000 b init → dead", "30000 active"],
    ]);
  });

  test("takes part alone when the one that it asked dies", () => {
    const play = new Play(ALONE).at(400, heard("up"));
    play.news();
    const news = play.at(5400).news();
    expect(news.at(-2)).toBe("5400 b up → dead");
    expect(news.at(-1)).toBe("5400 active");
  });

  test("does not wait for one that has said that it ends, and asks it again when it has begun again", () => {
    const play = new Play(ALONE).at(400, heard("active"));
    play.news();
    expect(play.at(700, { kind: "left", name: "b" }).news()).toEqual(["700 active"]);
    expect(new Play(ALONE).at(10, { kind: "left", name: "b" }).at(400, heard("active")).state.own).toBe(
      "active",
    );
    const again = new Play(ALONE).at(10, { kind: "left", name: "b" }).at(400, heard("up"));
    expect([again.state.own, again.news().at(-1)]).toEqual(["up", "400 ask b"]);
  });

  test("asks each living node in turn: one may have left unheard", () => {
    const c = { name: "c", kind: "node", links: ["eth1"] } as const;
    const play = new Play({ ...SETTINGS, peers: [SETTINGS.peers[0], c] }).at(400, heard("active"));
    play
      .at(500, { ...heard("active"), name: "c" })
      .at(2600)
      .at(2700, { kind: "left", name: "b" })
      .at(3800);
    const asked = play.words.filter((line) => line.includes("ask"));
    expect(asked).toEqual(["500 ask b", "1500 ask c", "2500 ask b", "2700 ask c", "3700 ask c"]);
  });

  test("is not told about nodes that it did not ask for", () => {
    expect(new Play(ALONE).at(10, { kind: "nodes-told" }).state.own).toBe("up");
  });

  test("with nobody to wait for takes part at once", () => {
    expect(new Play({ ...ALONE, peers: [] }).words.at(-1)).toBe("0 active");
  });
});

describe("a node that is heard", () => {
  test("is alive as long as it announced, not as long as our own deadtime", () => {
    const play = together().at(1000, heard("active", "eth1", 9000));
    expect(play.at(9999).news()).not.toContain("9999 b active → dead");
    expect(play.at(10_000).news()).toContain("10000 b active → dead");
  });

  test("is told to be late when it is heard again after warntime", () => {
    expect(together().at(3000, heard("active")).news()).toEqual([]);
    const news = together().at(1000, heard("active")).at(4500, heard("active")).news();
    expect(news).toContain("4500 b late 3500");
    expect(news.filter((each) => each.includes("→"))).toEqual([]);
  });

  test("is alive by any message, but changes by a status only", () => {
    const play = together().at(4000, other).at(8000, other);
    expect(play.news().filter((each) => each.includes("→"))).toEqual([]);
    expect(play.at(9000, heard("up")).news()).toContain("9000 b active → up");
  });

  test("is not kept alive by messages that come again over another link", () => {
    const play = together();
    for (let time = 1000; time < 9000; time += 1000) play.at(time, again("ttyS0"));
    expect(play.news()).toContain("5110 b active → dead");
  });

  test("is back from the dead by a status, and by nothing else", () => {
    const play = together().at(6000);
    play.news();
    expect(play.at(7000, other).news()).toEqual(["7000 b:eth1 up"]);
    expect(play.at(7500, heard("active")).news()).toEqual(["7500 b dead → active"]);
  });

  test("and is not configured is nobody's business", () => {
    const play = together();
    play.at(300, { kind: "heard", name: "x", link: "eth1", what: null });
    expect(play.news()).toEqual([]);
  });
});

describe("a link", () => {
  test("is late after warntime, dead after the node's patience, and up when it is heard; the node lives by another", () => {
    const play = together();
    for (let time = 1000; time <= 9000; time += 1000) play.at(time, heard("active", "ttyS0"));
    expect(play.news()).toEqual(["3100 b:eth1 late", "5100 b:eth1 dead"]);
    expect(play.at(9500, again("eth1")).news()).toEqual(["9500 b:eth1 up"]);
  });

  test("that was never heard is given up", () => {
    const play = new Play(ALONE);
    for (let time = 100; time < 9000; time += 1000) play.at(time, heard("up"));
    expect(play.news()).toContain("5000 b:ttyS0 dead");
  });

  test("that nobody configured is not kept", () => {
    const play = together().at(300, heard("active", "eth9"));
    expect([...(play.state.peers.get("b")?.links.keys() ?? [])]).toEqual(["eth1", "ttyS0"]);
  });
});

describe("a ping node", () => {
  test("answers or does not", () => {
    const play = together(SETTINGS);
    for (let time = 1000; time < 9000; time += 1000) play.at(time, heard("active"));
    const news = play.news().filter((each) => each.includes("10.0.0.1"));
    expect(news).toEqual([
      "3120 10.0.0.1:10.0.0.1 late",
      "5120 10.0.0.1:10.0.0.1 dead",
      "5120 10.0.0.1 ping → dead",
    ]);
    expect(play.at(9500, ping).news()).toContain("9500 10.0.0.1 dead → ping");
  });
});

describe("a node that was heard and fell silent while others were waited for", () => {
  test("is dead in the turn in which nobody is waited for any more, and not for a stall of ours alive", () => {
    const play = new Play(SETTINGS).at(100, heard("active")).at(110, heard("active", "ttyS0")).at(20_000);
    play.news();
    play.turn(instant(20_000), ping);
    expect(play.news()).toEqual([
      "20000 10.0.0.1:10.0.0.1 up",
      "20000 10.0.0.1 init → ping",
      ...["20000 b:eth1 dead", "20000 b:ttyS0 dead", "20000 b active → dead", "20000 active"],
    ]);
  });

  test("is dead as well when the others are given up", () => {
    const play = new Play(SETTINGS).at(20_000, heard("active")).at(29_999);
    play.news();
    play.turn(instant(30_000), { kind: "deadline" });
    expect(play.news()).toContain("30000 b active → dead");
  });
});

describe("a stall of our own", () => {
  test("proves nobody's death: all get their patience again, and we are heard at once", () => {
    const play = together();
    play.turn(instant(60_000), { kind: "slept" });
    expect(play.words.splice(0)).toEqual(["60000 say active 5000"]);
    expect(play.at(62_999).news()).toEqual([]);
    expect(play.at(65_000).news()).toContain("65000 b active → dead");
  });

  test("does not bring the dead back", () => {
    const play = together().at(6000);
    play.turn(instant(60_000), { kind: "slept" });
    expect(play.state.peers.get("b")?.status).toBe("dead");
  });
});

test("whatever is heard whenever: time goes on, the dead are silent, and a living node has a live link", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const play = new Play(random.below(2) === 0 ? SETTINGS : ALONE);
    let time = 0;
    for (let turn = 0; turn < 100; turn++) {
      time += random.pick([0.1, 1 / 3, 250, 999.9, 4000, 20_000]);
      const events: readonly Event[] = [
        ...[heard("up"), heard("active", "ttyS0", 3333.3), other, ping, again("eth1")],
        ...([{ kind: "nodes-told" }, { kind: "slept" }, { kind: "deadline" }] as const),
      ];
      play.at(time, random.pick(events));
      // What is due is done with it: what is overdue by more than a moment counts as a stall.
      expect(play.due()).toBeGreaterThan(time);
      for (const [name, peer] of play.state.peers) {
        const kinds = [...peer.links.values()].map(({ state }) => state);
        if (peer.status === "dead" || peer.status === "init") continue;
        expect({ seed, turn, name, alive: kinds.some((kind) => kind !== "dead") }).toMatchObject({
          alive: true,
        });
      }
    }
  }
});
