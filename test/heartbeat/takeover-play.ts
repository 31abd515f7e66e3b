/** A play of the takeover machine on one node: the other node is the test, scripts are its words. */
import { instant, ms } from "../../src/base/units.ts";
import type { Hold } from "../../src/heartbeat/content.ts";
import { deadline, start, step } from "../../src/heartbeat/takeover.ts";
import type { Action, Event, FenceSettings, Settings, State } from "../../src/heartbeat/takeover-state.ts";

export const plan = (key: string, local: boolean, shared = false): Settings["groups"][number] => ({
  ...{
    key,
    local,
    shared,
    retired: false,
    size: 1,
    startTries: 1,
    stopTries: 2,
    pause: ms(1000),
    stuckPause: ms(30_000),
  },
  timeouts: { status: ms(10_000), start: ms(10_000), stop: ms(10_000) },
});
export const SETTINGS: Settings = {
  peer: "b",
  yields: false,
  groups: [plan("ours", true), plan("theirs", false)],
  failback: true,
  onFailure: "move",
  retryAfter: ms(30_000),
  fence: null,
  keepalive: ms(1000),
  deadtime: ms(10_000),
};
export const FENCE: FenceSettings = {
  delay: ms(5000),
  timeout: ms(20_000),
  pause: ms(5000),
  tries: 2,
  onFailure: "block",
  blind: null,
};
export const fenced = (fence: Partial<FenceSettings> = {}): Settings => ({
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
export class Play {
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
    for (let turns = 0; deadline(this.state) <= until; turns++) {
      if (turns > 1000) throw new Error(`time stands still at ${this.now}`);
      this.now = Math.max(this.now, deadline(this.state));
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
