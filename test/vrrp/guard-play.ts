/** A guard alone, on a clock that only moves when told. Milliseconds since the last advert. */
import { instant, ms, NEVER } from "../../src/base/units.ts";
import type { Guard, GuardEvent, GuardSettings, GuardStep } from "../../src/vrrp/guard.ts";
import { silence, step } from "../../src/vrrp/guard.ts";

export const INTERVAL = 1000;
export const PING: GuardSettings = { witnesses: true, grouped: false, isolated: false };
export const PLAIN: GuardSettings = { witnesses: false, grouped: false, isolated: false };

/** A guard, and its router's patience, which ends at `timer` unless it is put off. */
export class Play {
  guard: Guard = silence(instant(0), ms(INTERVAL));
  now = 0;
  /** When it was asked, by the numbers of the questions from 1. */
  readonly asked: number[] = [];
  /** When it took over; null: not yet. */
  took: number | null = null;
  /** When it began to listen anew. */
  readonly listened: number[] = [];
  timer: number;
  readonly #settings: GuardSettings;

  constructor(settings: GuardSettings, timer: number) {
    this.#settings = settings;
    this.timer = timer;
  }

  give(event: GuardEvent): GuardStep {
    const given = step(this.#settings, this.guard, event, this.asked.length + 1, instant(this.now));
    this.guard = given.guard;
    if (given.asks) this.asked.push(this.now);
    if (given.verdict?.kind === "take") this.took ??= this.now;
    if (given.verdict?.kind === "stay") this.timer = given.verdict.until;
    if (given.verdict?.kind === "listen") {
      this.listened.push(this.now);
      this.guard = silence(instant(this.now), ms(INTERVAL));
      this.timer = this.now + 3600;
    }
    return given;
  }

  /** Lets time pass until `end`; `answers` hears of each question when it is asked. */
  until(end: number, answers: (question: number) => void = () => {}): this {
    for (;;) {
      const next = Math.min(this.guard.askAt, this.took === null ? this.timer : NEVER);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const before = this.asked.length;
      if (this.guard.askAt <= this.now) this.give({ kind: "deadline" });
      if (this.took === null && this.timer <= this.now) this.give({ kind: "expired" });
      if (this.asked.length > before) answers(this.asked.length);
    }
    this.now = end;
    return this;
  }

  claims(question = this.asked.length, master = true, node = "b"): void {
    this.give({ kind: "claim", node, master, question });
  }
}
