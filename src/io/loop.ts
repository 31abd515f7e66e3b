/**
 * The only loop in the program: one event, one deterministic call, all its actions in order, then what those actions gave, then
 * the next event. It also keeps the time, exactly.
 */
import type { Action, Event, Handled } from "../agent/boundary.ts";
import type { Instant } from "../base/units.ts";
import { NEVER } from "../base/units.ts";
import type { Clock } from "./clock.ts";

/** The deterministic middle: the agent, or a test's script. */
export interface Machine {
  /** `urgent` performs what cannot wait for the rest of the turn to be worked out. */
  handle(event: Event, now: Instant, urgent: (actions: readonly Action[]) => void): Handled;
}

/** The world as the loop needs it. */
export interface Outside {
  /** Performs the actions in order; gives the events that come of it, and the exit code once an action says to leave. */
  perform(actions: readonly Action[]): { readonly events: readonly Event[]; readonly exit: number | null };
  /** Waits at most so many milliseconds (0: only looks) for input on the receiving sockets, and gives those that have some. */
  wait(milliseconds: number): readonly number[];
  /** Delivers what waits on one of them, at most `limit` events; gives how many. */
  drain(fd: number, limit: number, deliver: (event: Event) => void): number;
}

/**
 * A timer of the event loop is up to a millisecond coarse and some 60 microseconds late. It is set this much early, and the rest is
 * waited for in ppoll(2), which is exact and returns at once when a frame comes.
 */
const TIMER_MARGIN = 0.5;
/** Remainders up to this are waited for in ppoll(2): the margin and the whole millisecond that the timer rounds down. */
const WAIT_MAX = 1.6;
/** Frames delivered before a deadline at most, so that a flood cannot put it off. */
const FRAMES_MAX = 1024;
/** The longest timer that the event loop takes, in milliseconds (2^31 - 1); a longer one is set again. */
const TIMER_MAX = 2_000_000_000;

/** Runs a machine against the world until an action says to leave. */
export class Loop {
  readonly #machine: Machine;
  readonly #clock: Clock;
  readonly #outside: Outside;
  readonly #left: (code: number) => void;
  readonly #broken: (error: unknown) => void;
  /** What performing gave: handled before anything of {@link #waiting}. */
  readonly #produced: Event[] = [];
  readonly #waiting: Event[] = [];
  #turning = false;
  #ended = false;
  #wakeAt: Instant = NEVER;
  #timer: Timer | null = null;
  #timerAt = Number.POSITIVE_INFINITY;
  #immediate = false;

  /** `left` is called once with the exit code; `broken` instead of it when the machine or the world throws. */
  constructor(
    machine: Machine,
    clock: Clock,
    outside: Outside,
    left: (code: number) => void,
    broken: (error: unknown) => void,
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#outside = outside;
    this.#left = left;
    this.#broken = broken;
  }

  /** Hands in an event: at once, or after the turn under way. */
  readonly post = (event: Event): void => {
    if (this.#ended) return;
    this.#waiting.push(event);
    if (!this.#turning) this.#guarded(() => this.#turn());
  };

  /** Handles nothing any more. */
  end(): void {
    this.#ended = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #guarded(turn: () => void): void {
    this.#turning = true;
    try {
      turn();
    } catch (error) {
      this.end();
      this.#broken(error);
    } finally {
      this.#turning = false;
    }
    this.#arm();
  }

  /** Everything that waits, what is produced on the way first. */
  #turn(): void {
    while (!this.#ended) {
      const event = this.#produced.shift() ?? this.#waiting.shift();
      if (event === undefined) return;
      this.#step(event);
    }
  }

  #step(event: Event): void {
    const handled = this.#machine.handle(event, this.#clock.now(), this.#perform);
    this.#wakeAt = handled.wakeAt;
    this.#perform(handled.actions);
  }

  readonly #perform = (actions: readonly Action[]): void => {
    const { events, exit } = this.#outside.perform(actions);
    this.#produced.push(...events);
    if (exit === null) return;
    this.end();
    this.#left(exit);
  };

  /** One event with all that it produces; events that came in from elsewhere wait for the end of the turn. */
  readonly #deliver = (event: Event): void => {
    this.#step(event);
    while (!this.#ended) {
      const produced = this.#produced.shift();
      if (produced === undefined) return;
      this.#step(produced);
    }
  };

  #arm(): void {
    if (this.#ended || this.#immediate) return;
    const left = this.#wakeAt - this.#clock.now();
    if (left <= WAIT_MAX) {
      // Not at once: descriptors that are ready come first, and a machine that always wants to be woken must not starve them.
      this.#immediate = true;
      setImmediate(() => {
        this.#immediate = false;
        this.#wake();
      });
      return;
    }
    // An earlier timer than needed only looks at the clock and is set again: cheaper than a new one for each advert heard.
    if (this.#timerAt <= this.#wakeAt || this.#wakeAt === NEVER) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const span = Math.min(TIMER_MAX, Math.floor(left - TIMER_MARGIN));
    this.#timerAt = this.#wakeAt;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#wake();
    }, span);
  }

  /** Time is near: waits for the rest of it, hands over what arrived until then, and delivers the deadline if it still stands. */
  #wake(): void {
    if (this.#ended) return;
    this.#guarded(() => {
      let allowed = FRAMES_MAX;
      while (!this.#ended) {
        const left = this.#wakeAt - this.#clock.now();
        if (left > WAIT_MAX) return;
        const ready = allowed > 0 ? this.#outside.wait(Math.max(0, left)) : [];
        let delivered = 0;
        for (const fd of ready) delivered += this.#outside.drain(fd, allowed - delivered, this.#deliver);
        allowed -= delivered;
        if (delivered > 0 || this.#wakeAt > this.#clock.now()) continue;
        this.#deliver({ kind: "deadline" });
        break;
      }
      this.#turn();
    });
  }
}
