/** Reasons for an agent to be in fault that no state of the world shows, and until when they hold. */
import type { SegmentName } from "./plan.ts";
import type { Schedule } from "./schedule.ts";

/** How long the agent stays in fault when the kernel refused an address, or one was taken away more than three times in ten seconds. */
export const TROUBLE = 10_100;
/** The agent hears of a failed hook a little later than the world. */
const RETRY_LATE = 100;
const RESTORES_MAX = 3;
const LOSS_WINDOW = 10_500;
/** A socket that the kernel closed with its link is tried again after a second. */
const DEAF = 1_100;

export class Excuses {
  /** Segments on which none of its adverts left at some time: as a backup it does not try again, and cannot know that they would. */
  readonly muted = new Set<SegmentName>();
  readonly #schedule: Schedule;
  /** An excuse has ended: conditions are to be looked at again. */
  readonly #over: () => void;
  /** World times at which addresses were taken away by hand. */
  #losses: number[] = [];
  #until = 0;
  /** World time at which an interface was there again. */
  #backAt = Number.NEGATIVE_INFINITY;
  /** World time at which its adverts found their way again, last. */
  heardAt = Number.NEGATIVE_INFINITY;
  /** World time at which the agent that runs was started: its startup delay is an excuse of its routers. */
  startedAt = 0;

  constructor(schedule: Schedule, over: () => void) {
    this.#schedule = schedule;
    this.#over = over;
  }

  /** One holds now. */
  get holds(): boolean {
    return this.#schedule.now <= this.#until;
  }

  /** A new agent starts without any. */
  none(): void {
    this.#until = 0;
    this.startedAt = this.#schedule.now;
  }

  /** An interface is there again. */
  deaf(): void {
    this.#backAt = this.#schedule.now;
    this.#excuse(DEAF);
  }

  /** The agent slept since `frozenAt`: only now does it read that its sockets were closed. */
  slept(frozenAt: number): void {
    if (this.#backAt >= frozenAt) this.#excuse(DEAF);
  }

  /** Adverts that were refused until now find their way again: what was tried in vain is a fault for a while. */
  heard(): void {
    this.heardAt = this.#schedule.now;
    this.refused();
  }

  /** The kernel refused an address. */
  refused(): void {
    this.#excuse(TROUBLE);
  }

  /** A before_take failed: hooks.retry, and its sync group with it. */
  hookFailed(retry: number): void {
    this.#excuse(retry + RETRY_LATE);
  }

  /** An address was taken away by hand. */
  loss(): void {
    const { now } = this.#schedule;
    this.#losses = [...this.#losses.filter((at) => at > now - LOSS_WINDOW), now];
    if (this.#losses.length > RESTORES_MAX) this.#excuse(TROUBLE);
  }

  #excuse(span: number): void {
    this.#until = Math.max(this.#until, this.#schedule.now + span);
    this.#schedule.after(span + 1, this.#over);
  }
}
