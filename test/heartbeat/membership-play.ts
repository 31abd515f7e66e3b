/** A play of the machine of membership: what is heard of two peers, when, over which link, and what is done. */
import type { Instant } from "../../src/base/units.ts";
import { instant, ms } from "../../src/base/units.ts";
import type { Status } from "../../src/heartbeat/content.ts";
import type { Action, Event, Settings, State } from "../../src/heartbeat/membership.ts";
import { deadline, start, step } from "../../src/heartbeat/membership.ts";

export const SETTINGS = {
  peers: [
    { name: "b", kind: "node", links: ["eth1", "ttyS0"] },
    { name: "10.0.0.1", kind: "ping", links: ["10.0.0.1"] },
  ],
  keepalive: ms(1000),
  warntime: ms(3000),
  deadtime: ms(5000),
  initdead: ms(30_000),
} as const satisfies Settings;
export const ALONE: Settings = { ...SETTINGS, peers: SETTINGS.peers.slice(0, 1) };

export const heard = (status: Status, link = "eth1", deadtime = 5000) => ({
  ...({ kind: "heard", name: "b" } as const),
  link,
  what: { status, deadtime: ms(deadtime) },
});
export const again = (link: string): Event => ({ kind: "heard", name: "b", link, what: "again" });
export const other: Event = { kind: "heard", name: "b", link: "eth1", what: null };
export const ping: Event = { kind: "heard", name: "10.0.0.1", link: "10.0.0.1", what: null };

function word(action: Action): string {
  switch (action.kind) {
    case "say":
      return `say ${action.status} ${action.deadtime}`;
    case "ask-nodes":
      return `ask ${action.to}`;
    case "active":
      return "active";
    case "node":
      return `${action.name} ${action.from} → ${action.to}`;
    case "link":
      return `${action.name}:${action.link} ${action.state}`;
    case "late":
      return `${action.name} late ${action.silence}`;
  }
}

/** Deadlines in one span of a play, at most. */
const TURNS_MAX = 1000;

/** Plays events at their times, and every deadline between them and up to `until`; gives what was done, each with its time. */
export class Play {
  readonly words: string[] = [];
  state: State;
  now = 0;
  readonly settings: Settings;

  constructor(settings: Settings) {
    this.settings = settings;
    const { state, actions } = start(settings, instant(0));
    this.state = state;
    this.tell(actions);
  }

  tell(actions: readonly Action[]): void {
    for (const action of actions) this.words.push(`${this.now} ${word(action)}`);
  }

  at(time: number, event: Event | null = null): this {
    for (let due = this.due(), turns = 0; due <= time; due = this.due(), turns++) {
      if (turns > TURNS_MAX) throw new Error(`time stands still at ${this.now}, ${due} is due`);
      this.turn(due > this.now ? due : instant(this.now), { kind: "deadline" });
    }
    if (event !== null) this.turn(instant(time), event);
    return this;
  }

  due(): Instant {
    return deadline(this.settings, this.state);
  }

  turn(time: Instant, event: Event): void {
    this.now = time;
    const { state, actions } = step(this.settings, this.state, event, time);
    this.state = state;
    this.tell(actions);
  }

  /** The words since the last call, without our own repeated status. */
  news(): string[] {
    return this.words.splice(0).filter((each) => !/ say (up|active) \d+$/.test(each));
  }
}

/** Both are up, and nothing is left to be told. */
export function together(settings = ALONE): Play {
  const play = new Play(settings).at(100, heard("active")).at(110, heard("active", "ttyS0"));
  for (const peer of settings.peers) if (peer.kind === "ping") play.at(120, ping);
  play.at(200, { kind: "nodes-told" });
  play.news();
  return play;
}
