/** A group of resources: what is run, in which order, and what comes of scripts that fail. */
import { describe, expect, test } from "bun:test";
import { instant, ms } from "../../src/base/units.ts";
import type { Action, Event, Outcome, Settings, State } from "../../src/heartbeat/group.ts";
import { deadline, isSettled, mayRun, saysRunning, step, UNKNOWN } from "../../src/heartbeat/group.ts";

const SETTINGS: Settings = {
  size: 3,
  timeouts: { status: ms(10_000), start: ms(60_000), stop: ms(60_000) },
  startTries: 2,
  stopTries: 2,
  pause: ms(1000),
  stuckPause: ms(30_000),
};
const STOPPED: State = { ...UNKNOWN, phase: "stopped" };

const IDLE: Outcome = { code: 3, output: "stopped: not running" };
const RUNS: Outcome = { code: 0, output: "is running" };
const GOOD: Outcome = { code: 0, output: "" };
const BAD: Outcome = { code: 1, output: "no" };
const LATE: Outcome = { code: null, output: "" };

/** Plays a group: scripts end at once, as `answers` says by their words (`start 1`), or well; `hold` keeps the next one open. */
class Play {
  state: State;
  now = 0;
  readonly words: string[] = [];
  answers: Record<string, Outcome | Outcome[]> = {};
  hold: string | null = null;
  #held: number | null = null;

  constructor(state: State) {
    this.state = state;
  }

  give(event: Event): this {
    const taken = step(SETTINGS, this.state, event, instant(this.now));
    this.state = taken.state;
    for (const action of taken.actions) this.#perform(action);
    return this;
  }

  start = (): this => this.give({ kind: "start" });
  stop = (): this => this.give({ kind: "stop" });

  /** Lets the script that was kept open end. */
  ends(outcome: Outcome): this {
    const run = this.#held ?? -1;
    this.#held = null;
    this.hold = null;
    return this.give({ kind: "ran", run, outcome });
  }

  /** Passes time to the next try. */
  waits(): this {
    expect(deadline(this.state)).toBeLessThan(Number.POSITIVE_INFINITY);
    this.now = deadline(this.state);
    this.words.push(`at ${this.now}`);
    return this.give({ kind: "deadline" });
  }

  #perform(action: Action): void {
    if (action.kind === "group") {
      this.words.push(action.to);
      return;
    }
    const word = `${action.task} ${action.at}`;
    this.words.push(word);
    if (this.hold === word) {
      this.#held = action.run;
      return;
    }
    const answer = this.answers[word] ?? (action.task === "status" ? IDLE : GOOD);
    const outcome = Array.isArray(answer) ? (answer.shift() ?? GOOD) : answer;
    this.give({ kind: "ran", run: action.run, outcome });
  }

  said(): string {
    return this.words.splice(0).join(", ");
  }
}

describe("a group of resources", () => {
  test("is started from left to right, each looked at before, and stopped from right to left", () => {
    const play = new Play(STOPPED).start();
    expect(play.said()).toBe("starting, status 0, start 0, status 1, start 1, status 2, start 2, started");
    expect(mayRun(play.state)).toBe(true);
    expect(play.stop().said()).toBe("stopping, stop 2, stop 1, stop 0, stopped");
    expect(mayRun(play.state)).toBe(false);
  });

  test("does not start again what runs", () => {
    const play = new Play(STOPPED);
    play.answers = { "status 1": RUNS };
    expect(play.start().said()).toBe("starting, status 0, start 0, status 1, status 2, start 2, started");
  });

  test("asked for twice is one", () => {
    const play = new Play(STOPPED).start();
    play.said();
    expect(play.start().said()).toBe("");
    expect(play.stop().stop().said()).toBe("stopping, stop 2, stop 1, stop 0, stopped");
  });

  test("that an earlier agent left is stopped where it runs", () => {
    const play = new Play(UNKNOWN);
    play.answers = { "status 1": RUNS };
    expect(mayRun(play.state)).toBe(true);
    expect(play.stop().said()).toBe("status 2, status 1, stopping, stop 1, stop 0, stopped");
  });

  test("that nobody left is only looked at, and started behind that if it was asked for meanwhile", () => {
    expect(new Play(UNKNOWN).stop().said()).toBe("status 2, status 1, status 0, stopped");
    const play = new Play(UNKNOWN);
    play.hold = "status 2";
    play.stop().start();
    expect(play.said()).toBe("status 2");
    play.ends(IDLE);
    expect(play.said()).toStartWith("status 1, status 0, stopped, starting, status 0, start 0,");
  });

  test("that does not say whether it runs is stopped", () => {
    const play = new Play(UNKNOWN);
    play.answers = { "status 2": LATE };
    expect(play.stop().said()).toStartWith("status 2, stopping, stop 2, stop 1");
  });
});

describe("a start that fails", () => {
  test("is tried again after a pause", () => {
    const play = new Play(STOPPED);
    play.answers = { "start 1": [BAD] };
    expect(play.start().said()).toBe("starting, status 0, start 0, status 1, start 1");
    expect(isSettled(play.state)).toBe(false);
    expect(play.waits().said()).toBe("at 1000, start 1, status 2, start 2, started");
  });

  test("for good gives the group up, itself included, and is tried anew only when asked for", () => {
    const play = new Play(STOPPED);
    play.answers = { "start 1": LATE };
    play.start().waits();
    expect(play.said()).toEndWith("at 1000, start 1, stopping, stop 1, stop 0, failed");
    expect(mayRun(play.state)).toBe(false);
    play.answers = {};
    expect(play.start().said()).toEndWith("started");
  });

  test("is not waited for by a stop", () => {
    const play = new Play(STOPPED);
    play.answers = { "start 1": BAD };
    play.start();
    play.said();
    expect(play.stop().said()).toBe("stopping, stop 1, stop 0, stopped");
  });
});

describe("a group that is to move meanwhile", () => {
  test("waits for the script that runs, then turns back", () => {
    const play = new Play(STOPPED);
    play.hold = "start 1";
    play.start().stop();
    expect(play.said()).toBe("starting, status 0, start 0, status 1, start 1");
    expect(play.ends(GOOD).said()).toBe("stopping, stop 1, stop 0, stopped");
  });

  test("is stopped as a whole before it starts again", () => {
    const play = new Play(STOPPED).start();
    play.said();
    play.hold = "stop 1";
    play.stop().start();
    expect(play.said()).toBe("stopping, stop 2, stop 1");
    expect(play.ends(GOOD).said()).toStartWith("stop 0, stopped, starting, status 0, start 0");
  });

  test("takes no answer to an earlier script for one to the present", () => {
    const play = new Play(STOPPED);
    play.hold = "start 0";
    play.start();
    play.said();
    play.give({ kind: "ran", run: play.state.run - 1, outcome: GOOD });
    expect(play.said()).toBe("");
  });
});

describe("a stop that fails", () => {
  test("is tried again, and counts as done where the resource says that it does not run", () => {
    const play = new Play(STOPPED).start();
    play.said();
    play.answers = { "stop 1": BAD };
    expect(play.stop().said()).toBe("stopping, stop 2, stop 1");
    expect(play.waits().said()).toBe("at 1000, stop 1, status 1, stop 0, stopped");
  });

  test("for good is told once, never given up, and keeps the group from being taken for stopped", () => {
    const play = new Play(STOPPED).start();
    play.said();
    play.answers = { "stop 1": BAD, "status 1": RUNS };
    play.stop().waits();
    expect(play.said()).toBe("stopping, stop 2, stop 1, at 1000, stop 1, status 1, stuck");
    expect(play.waits().said()).toBe("at 31000, stop 1");
    expect(play.waits().said()).toBe("at 32000, stop 1, status 1");
    expect([mayRun(play.state), isSettled(play.state)]).toEqual([true, false]);
    play.answers = {};
    expect(play.waits().said()).toBe("at 62000, stop 1, stop 0, stopped");
  });
});

describe("what a resource says of itself", () => {
  test("is heartbeat's words", () => {
    for (const text of ["running", "is running (pid 3)", "OK", "Running"])
      expect([text, saysRunning(text)]).toEqual([text, true]);
    for (const text of ["", "stopped", "not running", "Not  Running OK", "is not currently running", "ok"]) {
      expect([text, saysRunning(text)]).toEqual([text, false]);
    }
  });
});
