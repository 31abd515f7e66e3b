/** Plays scripts on the machine of one virtual router and puts what it does into words. */
import type { Ip } from "../../src/base/address.ts";
import type { Instant } from "../../src/base/units.ts";
import { instant, ms, priority } from "../../src/base/units.ts";
import { step } from "../../src/vrrp/machine.ts";
import type { Event, Settings, State, Step } from "../../src/vrrp/state.ts";
import type { Version } from "../../src/vrrp/timing.ts";
import { deadline } from "../../src/vrrp/state.ts";

export const US = "192.0.2.5" as Ip;
export const LOWER = "192.0.2.4" as Ip;
export const HIGHER = "192.0.2.6" as Ip;

export const settings = (change: Partial<Settings> = {}): Settings => ({
  version: 3,
  priority: priority(100),
  interval: ms(1000),
  preempt: true,
  preemptDelay: ms(0),
  listensUntil: instant(0),
  tie: "address",
  source: US,
  grouped: false,
  ...change,
});

export const advert = (own: number, source: Ip = HIGHER, interval = 1000, version: Version = 3): Event => ({
  kind: "advert",
  source,
  priority: priority(own),
  interval: ms(interval),
  version,
});

/** Plays events at their times; gives every step. */
export function play(
  set: Settings,
  from: State,
  script: readonly (readonly [number, Event | Event["kind"]])[],
): Step[] {
  let state = from;
  return script.map(([at, what]) => {
    const taken = step(set, state, typeof what === "string" ? eventOf(what) : what, instant(at));
    ({ state } = taken);
    return taken;
  });
}

function eventOf(kind: Event["kind"]): Event {
  if (kind === "advert" || kind === "released" || kind === "outranked") throw new Error("say which");
  if (kind === "yield") return { kind, reason: "sync group lost" };
  if (kind === "withhold") return { kind, until: instant(0) };
  if (kind === "resume") return { kind, sentAt: instant(0) };
  return kind === "stop" ? { kind, silent: false } : { kind };
}

export function last(steps: readonly Step[]): Step {
  const step = steps.at(-1);
  if (step === undefined) throw new Error("no step");
  return step;
}

/** The actions as words: `advertise 100`, `take`. */
export const said = ({ actions }: Step): string[] =>
  actions.map((action) => (action.kind === "advertise" ? `advertise ${action.priority}` : action.kind));

export const INIT: State = { kind: "init" };
export const backupAt = (set: Settings, at: number): State => last(play(set, INIT, [[at, "start"]])).state;
/** Master since `at`, its first advert sent then. */
export const masterAt = (set: Settings, at: number): State =>
  last(play({ ...set, priority: priority(255), grouped: false }, INIT, [[at, "start"]])).state;

export const due = (state: State): Instant => deadline(state);
