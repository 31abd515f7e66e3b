/** Who runs what: one node's machine, what it hears, and what it does. The other node is the test. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import type { Hold } from "../../src/heartbeat/content.ts";
import { deadline, start, step } from "../../src/heartbeat/takeover.ts";
import type { Action, Event, FenceSettings, Settings, State } from "../../src/heartbeat/takeover-state.ts";

const plan = (key: string, local: boolean, shared = false): Settings["groups"][number] => ({
  ...{ key, local, shared, size: 1, startTries: 1, stopTries: 2, pause: ms(1000), stuckPause: ms(30_000) },
  timeouts: { status: ms(10_000), start: ms(10_000), stop: ms(10_000) },
});
const SETTINGS: Settings = {
  peer: "b",
  groups: [plan("ours", true), plan("theirs", false)],
  failback: true,
  fence: null,
  keepalive: ms(1000),
  deadtime: ms(10_000),
};
const FENCE: FenceSettings = {
  delay: ms(5000),
  timeout: ms(20_000),
  pause: ms(5000),
  tries: 2,
  onFailure: "block",
};
const fenced = (fence: Partial<FenceSettings> = {}): Settings => ({
  ...SETTINGS,
  fence: { ...FENCE, ...fence },
});

type Content = Extract<Action, { readonly kind: "say" }>["content"];

function saying(content: Content): string {
  switch (content.kind) {
    case "resource":
      return `resource ${content.hold}/${content.stable === true ? 1 : 0}${content.info === null ? "" : ` ${content.info}`}`;
    case "standby":
      return `ask ${content.hold} ${content.step}`;
    case "takeover":
      return `hb_takeover ${content.hold}`;
    case "ping-count":
      return `pings ${content.count}`;
    case "give-up":
      return content.really ? "you_are_dead" : "abort_giveup";
    case "ip-request":
      return `ip-request ${content.group}`;
    case "ip-response":
      return `ip-request-resp ${content.group}`;
    default:
      return content.kind;
  }
}

/** One node. Scripts end at once and well, unless named in `fails` or `hangs`. */
class Play {
  state: State;
  now = 0;
  readonly settings: Settings;
  readonly fails = new Set<string>();
  readonly hangs = new Set<string>();
  #words: string[] = [];
  #sequence = 1;
  #fence = 0;
  #hung: (() => void)[] = [];
  /** Those that end as soon as all of a step is done. */
  readonly #scripts: (() => void)[] = [];

  constructor(settings: Settings = SETTINGS) {
    this.settings = settings;
    const begun = start(settings, instant(0));
    this.state = begun.state;
    for (const action of begun.actions) this.#perform(action);
    this.#runScripts();
  }

  give(event: Event): this {
    const taken = step(this.settings, this.state, event, instant(this.now));
    this.state = taken.state;
    for (const action of taken.actions) this.#perform(action);
    this.#runScripts();
    return this;
  }

  #runScripts(): void {
    for (let end = this.#scripts.shift(); end !== undefined; end = this.#scripts.shift()) end();
  }

  hears(content: Content, sequence = this.#sequence++): this {
    return this.give({ kind: "message", content, sequence });
  }

  reports(hold: Hold, stable: boolean, haagentPings: number | null = null): this {
    return this.hears({ kind: "resource", hold, full: true, stable, info: null, pings: haagentPings });
  }

  asks(hold: Hold, step: string): this {
    return this.hears({ kind: "standby", hold, step });
  }

  /** Lets time pass with all that is due in it. */
  passes(span: number): this {
    const until = this.now + span;
    for (let turns = 0; deadline(this.settings, this.state) <= until; turns++) {
      if (turns > 1000) throw new Error(`time stands still at ${this.now}`);
      this.now = Math.max(this.now, deadline(this.settings, this.state));
      this.give({ kind: "deadline" });
    }
    this.now = until;
    return this;
  }

  fenceEnds(ok: boolean): this {
    return this.give({ kind: "fenced", run: this.#fence, ok });
  }

  /** Lets the scripts that hang end well. */
  unhangs(): this {
    this.hangs.clear();
    for (const each of this.#hung.splice(0)) each();
    return this;
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case "say":
        return void this.#words.push(saying(action.content));
      case "fence":
        this.#fence = action.run;
        return void this.#words.push("fence");
      case "group":
        if (action.to === "started" || action.to === "stopped" || action.to === "failed") {
          this.#words.push(`${action.group} ${action.to}`);
        }
        return;
      case "news":
        return void this.#words.push(`(${action.what}${action.hold === "none" ? "" : ` ${action.hold}`})`);
      case "left":
        return void this.#words.push("left");
      case "run": {
        const { group, run, task } = action;
        const word = `${task} ${group}`;
        const end = (code: number): void => {
          this.give({ kind: "ran", group, run, outcome: { code, output: "not running" } });
        };
        if (this.hangs.has(word)) this.#hung.push(() => end(0));
        else this.#scripts.push(() => end(this.fails.has(word) ? 1 : 0));
      }
    }
  }

  /** What was said and done since the last look. */
  said(): string {
    return this.#words.splice(0).join(", ");
  }

  /** Both are there, and have agreed: each has its own. */
  static agreed(settings: Settings = SETTINGS, pings: number | null = null): Play {
    const play = new Play(settings).give({ kind: "peer-heard" }).give({ kind: "active" });
    play.hears({ kind: "starting" }).reports("local", true, pings);
    play.said();
    return play;
  }

  /** The other one has left cleanly before, and we have everything. */
  static alone(settings: Settings = SETTINGS): Play {
    const play = Play.agreed(settings).hears({ kind: "shutdone" });
    play.said();
    return play;
  }

  /** Everything is ours, and the other one, which has everything too, is heard again. */
  static reunited(settings: Settings, pings: number | null): Play {
    const play = Play.agreed(settings, pings).give({ kind: "peer-dead" });
    play.said();
    return play.give({ kind: "peer-back", how: "returned" }).give({ kind: "peer-heard" });
  }
}

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
    expect(play.asks("local", "done").said()).toBe("resource none/1, (standby-done local)");
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

  test("is what the other node's wish to take becomes, in our view", () => {
    for (const [theirs, ours] of [
      ["all", "all"],
      ["local", "foreign"],
      ["foreign", "local"],
    ] as const) {
      expect(Play.agreed().hears({ kind: "takeover", hold: theirs }).said()).toBe(`ask ${ours} me`);
    }
    expect(Play.agreed().give({ kind: "takeover", what: "local" }).said()).toBe("hb_takeover local");
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

  test("a heartbeat that does not, because it did not miss us, has it, and we let go", () => {
    const play = Play.reunited({ ...SETTINGS, failback: false }, null);
    play.said();
    play.reports("local", true);
    expect(play.passes(60_000).said()).toEndWith(
      "(let-go foreign), resource local/0, theirs stopped, resource local/1",
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
      "(let-go foreign), resource local/0, theirs stopped, resource local/1",
    );
  });

  test("an haagent that hears more ping nodes keeps everything, and one that hears fewer nothing", () => {
    const fewer = Play.agreed({ ...SETTINGS, failback: false }, 1).give({ kind: "pings", alive: 1 });
    fewer
      .give({ kind: "peer-dead" })
      .give({ kind: "peer-back", how: "returned" })
      .give({ kind: "peer-heard" });
    fewer.said();
    expect(fewer.reports("all", true, 2).said()).toContain("(let-go all), resource none/0, ");
    const more = Play.agreed({ ...SETTINGS, failback: false }, 1).give({ kind: "pings", alive: 2 });
    more
      .give({ kind: "peer-dead" })
      .give({ kind: "peer-back", how: "returned" })
      .give({ kind: "peer-heard" });
    more.said();
    expect(more.reports("all", true, 1).said()).not.toContain("let-go");
  });

  test("data that both may have written is started by no failback and no takeover, only by an operator", () => {
    const settings = { ...SETTINGS, groups: [plan("ours", true), plan("theirs", false, true)] };
    const play = Play.reunited(settings, 0).reports("all", true, 0);
    expect(play.said()).toContain("(barred foreign), (let-go foreign)");
    expect(play.reports("local", true, 0).asks("local", "me").said()).not.toContain("other");
    expect(play.give({ kind: "peer-dead" }).passes(60_000).said()).not.toContain("theirs started");
    expect(play.give({ kind: "takeover", what: "all" }).said()).toContain("theirs started");
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

  test("takes everything from the dead, and says nothing of what it holds", () => {
    expect(begun().give({ kind: "peer-dead" }).said()).toEndWith(
      "(unfenced all), ours started, theirs started",
    );
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

  test("is tried again when nobody can have it", () => {
    const play = Play.agreed();
    play.fails.add("start theirs");
    expect(play.give({ kind: "peer-dead" }).said()).toContain("theirs failed");
    play.fails.clear();
    expect(play.passes(30_000).said()).toBe("theirs started");
  });
});
