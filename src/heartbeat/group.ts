/**
 * A group of resources on this node as a pure machine: started from left to right, stopped from right to left, one script at a time.
 *
 *   unknown ── looked at from right to left, and stopped where it runs ─► stopped
 *   stopped ── each looked at, and started unless it runs ─► started ── each stopped ─► stopped
 *   a start that fails for good ── what was started is stopped ─► failed
 *   a stop that fails is repeated for ever: as long as a resource may run here it may run nowhere else
 *
 * Scripts are not trusted to end: whoever runs them answers every {@link Run}, at the latest after its timeout.
 */
import { unreachable } from "../base/assert.ts";
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, NEVER } from "../base/units.ts";

export type Task = "status" | "start" | "stop";

export interface Settings {
  /** Resources of the group, at least 1. */
  readonly size: number;
  /** How long one script may take. */
  readonly timeouts: Readonly<Record<Task, Milliseconds>>;
  /** Starts of one resource until it has failed; at least 1. */
  readonly startTries: number;
  /** Stops of one resource until that is told; at least 1. */
  readonly stopTries: number;
  /** Between two tries. */
  readonly pause: Milliseconds;
  /** Between two tries to stop what was told to be stuck. */
  readonly stuckPause: Milliseconds;
}

/** Where a group is. `starting` and `stopping` are on the way. */
export type Phase = "unknown" | "stopped" | "starting" | "started" | "stopping" | "failed";

export interface State {
  readonly phase: Phase;
  /** What it is to be once the present way is over. */
  readonly wanted: "up" | "down";
  /** The resource that the way has come to, from 0 on the left. */
  readonly at: number;
  readonly task: Task;
  /** Of `task`, this one included. */
  readonly tries: number;
  /** The number of the last {@link Run}; whether it still goes on. */
  readonly run: number;
  readonly running: boolean;
  /** When to try again; {@link NEVER} unless it waits. */
  readonly againAt: Instant;
  /** The way down is that of a start that failed. */
  readonly broken: boolean;
  /** A resource would not stop, and that was told. */
  readonly stuck: boolean;
}

export type Event =
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "ran"; readonly run: number; readonly outcome: Outcome }
  | { readonly kind: "deadline" };

/** How a script ended. */
export interface Outcome {
  /** Null: it could not be run, or took too long. */
  readonly code: number | null;
  /** What it said, as much of it as is kept: only a `status` is read. */
  readonly output: string;
}

/** To be answered by a `ran` event with the same number. */
export interface Run {
  readonly kind: "run";
  readonly run: number;
  readonly at: number;
  readonly task: Task;
  readonly timeout: Milliseconds;
}

export type Action =
  | Run
  /** The group has got somewhere; `why` of `failed` and `stuck`. */
  | { readonly kind: "group"; readonly to: Phase | "stuck"; readonly at: number };

export interface Step {
  readonly state: State;
  readonly actions: readonly Action[];
}

/** What a `status` has to say for a resource that runs: heartbeat reads the words, not the exit code. */
export const saysRunning = (output: string): boolean =>
  !/[Nn][Oo][Tt] [^]*[Rr]unning/.test(output) && /[Rr]unning|OK/.test(output);

/** Nobody knows yet what runs: an agent before us may have left it behind. */
export const UNKNOWN: State = {
  phase: "unknown",
  wanted: "down",
  at: 0,
  task: "status",
  tries: 0,
  run: 0,
  running: false,
  againAt: NEVER,
  broken: false,
  stuck: false,
};

/** Whether anything of it may run. */
export const mayRun = ({ phase }: State): boolean => phase !== "stopped" && phase !== "failed";

/** Whether a script of it was started since nothing of it ran: then its data may have been written. */
export const hasBegun = ({ phase, at, task }: State): boolean =>
  phase === "starting" ? at > 0 || task === "start" : phase === "started" || phase === "stopping";

/** Whether nothing is under way: it has got where it was to go, or will not get there. */
export const isSettled = (state: State): boolean =>
  state.phase === "started" || state.phase === "stopped" || state.phase === "failed";

/** When the machine wants a `deadline` event. */
export const deadline = (state: State): Instant => state.againAt;

/** The transition function. `stop` in the state `unknown` begins to look what runs; `start` from `failed` tries anew. */
export function step(settings: Settings, state: State, event: Event, now: Instant): Step {
  switch (event.kind) {
    case "start":
      return ask(settings, { ...state, wanted: "up" });
    case "stop":
      return ask(settings, { ...state, wanted: "down" });
    case "ran":
      if (!state.running || event.run !== state.run) return same(state);
      return ran(settings, { ...state, running: false }, event.outcome, now);
    case "deadline":
      if (state.againAt > now) return same(state);
      return launch(settings, { ...state, againAt: NEVER }, state.task);
    default:
      return unreachable(event);
  }
}

const same = (state: State): Step => ({ state, actions: [] });

/** Begins the way to what is wanted, where nothing is under way. */
function ask(settings: Settings, state: State): Step {
  switch (state.phase) {
    case "unknown":
      return state.running || state.againAt !== NEVER
        ? same(state)
        : launch(settings, { ...state, at: settings.size - 1, tries: 0 }, "status");
    case "stopped":
    case "failed":
      if (state.wanted === "down")
        return state.phase === "failed" ? settle(settings, state, "stopped") : same(state);
      return told(
        launch(settings, { ...state, phase: "starting", at: 0, tries: 0, broken: false }, "status"),
      );
    case "started":
      return state.wanted === "up" ? same(state) : down(settings, state, settings.size - 1);
    case "starting":
      // Not in the middle of a script; but what waits for its next try need not wait.
      return state.wanted === "up" || state.running ? same(state) : down(settings, state, state.at);
    case "stopping":
      return same(state);
    default:
      return unreachable(state.phase);
  }
}

/** The step, and the phase that it came to told before its other actions. */
const told = ({ state, actions }: Step): Step => ({
  state,
  actions: [{ kind: "group", to: state.phase, at: state.at }, ...actions],
});

const down = (settings: Settings, state: State, at: number): Step =>
  told(launch(settings, { ...state, phase: "stopping", at, tries: 0, againAt: NEVER }, "stop"));

function launch(settings: Settings, state: State, task: Task): Step {
  const tries = task === state.task ? state.tries + 1 : 1;
  const run = state.run + 1;
  return {
    state: { ...state, task, tries, run, running: true },
    actions: [{ kind: "run", run, at: state.at, task, timeout: settings.timeouts[task] }],
  };
}

/** The group is where it was going; if something else is wanted by now, it goes there. */
function settle(settings: Settings, state: State, phase: "started" | "stopped" | "failed"): Step {
  const settled = { ...state, phase, tries: 0, broken: false, stuck: false };
  const news: Action = { kind: "group", to: phase, at: state.at };
  // What has failed is not tried again by itself.
  if (phase === "failed") return { state: settled, actions: [news] };
  const on = ask(settings, settled);
  return { state: on.state, actions: [news, ...on.actions] };
}

function ran(settings: Settings, state: State, outcome: Outcome, now: Instant): Step {
  switch (state.phase) {
    case "starting":
      return ranUp(settings, state, outcome, now);
    case "unknown":
    case "stopping":
      return ranDown(settings, state, outcome, now);
    case "stopped":
    case "started":
    case "failed":
      return same(state);
    default:
      return unreachable(state.phase);
  }
}

function ranUp(settings: Settings, state: State, { code, output }: Outcome, now: Instant): Step {
  const runs = state.task === "status" ? saysRunning(output) : code === 0;
  if (state.wanted === "down") return down(settings, state, state.at);
  if (runs) {
    if (state.at + 1 === settings.size) return settle(settings, state, "started");
    return launch(settings, { ...state, at: state.at + 1, tries: 0 }, "status");
  }
  if (state.task === "status") return launch(settings, { ...state, tries: 0 }, "start");
  if (state.tries < settings.startTries) return same({ ...state, againAt: after(now, settings.pause) });
  return down(settings, { ...state, broken: true }, state.at);
}

function ranDown(settings: Settings, state: State, { code, output }: Outcome, now: Instant): Step {
  // A status that did not end has not said that nothing runs.
  const gone = state.task === "status" ? code !== null && !saysRunning(output) : code === 0;
  if (gone) {
    if (state.at === 0) return settle(settings, state, state.broken ? "failed" : "stopped");
    const next = { ...state, at: state.at - 1, tries: 0, stuck: false };
    return launch(settings, next, state.phase === "unknown" ? "status" : "stop");
  }
  if (state.phase === "unknown") return down(settings, state, state.at);
  if (state.task === "stop" && state.tries < settings.stopTries) {
    return same({ ...state, againAt: after(now, settings.pause) });
  }
  // It may have gone whatever its stop says.
  if (state.task === "stop") return launch(settings, { ...state, tries: 0 }, "status");
  const stuck: State = {
    ...state,
    task: "stop",
    tries: 0,
    stuck: true,
    againAt: after(now, settings.stuckPause),
  };
  return state.stuck
    ? same(stuck)
    : { state: stuck, actions: [{ kind: "group", to: "stuck", at: state.at }] };
}
