/** Crashes of a node's agent: when it dies, which may be in the middle of a turn, and when it is started again. */
import type { Schedule } from "./schedule.ts";

export class Mortality {
  /** A SIGKILL since the boot. */
  died = false;
  /** Actions that the process still performs before it dies; null: it lives. */
  #actions: number | null = null;
  /** Milliseconds from its death to the next start; null: it stays dead. */
  #respawn: number | null = null;
  readonly #schedule: Schedule;
  readonly #die: () => void;
  readonly #start: () => void;

  constructor(schedule: Schedule, die: () => void, start: () => void) {
    this.#schedule = schedule;
    this.#die = die;
    this.#start = start;
  }

  /** Another agent runs. */
  born(): void {
    this.#actions = null;
    this.#respawn = null;
  }

  /** SIGKILL, at once or after so many more actions; started again `respawn` milliseconds after that, or not. */
  crash(actions: number | null, respawn: number | null): void {
    this.#respawn = respawn;
    this.#actions = actions;
    if (actions === null) this.#kill();
  }

  /** Whether the process dies before the action it is about to perform. */
  strikes(): boolean {
    if (this.#actions === null || this.#actions-- > 0) return false;
    this.#kill();
    return true;
  }

  #kill(): void {
    this.#actions = null;
    this.died = true;
    this.#die();
    if (this.#respawn !== null) this.#schedule.after(this.#respawn, () => this.#return());
  }

  #return(): void {
    if (this.#respawn !== null) this.#start();
  }

  /** Peace: who was to die lives, and who is dead and was to come back does. */
  spare(dead: boolean): void {
    this.#actions = null;
    if (dead) this.#return();
    this.#respawn = null;
  }
}
