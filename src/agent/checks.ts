/** The checks: when each is probed next, and what its results make of its health. */
import type { Instant } from "../base/units.ts";
import { after, earlier, ms, NEVER } from "../base/units.ts";
import type { Health } from "../check/damping.ts";
import { judge, NEUTRAL } from "../check/damping.ts";
import type { CheckConfig } from "../config/model.ts";
import type { Action, Event } from "./boundary.ts";

/** Between two starts of a probe at least, however often what it looks at changes; milliseconds. */
const HINT_GAP = ms(50);
/** From a hint to the look: whoever writes a file in place empties it first. */
const HINT_DELAY = ms(20);

interface Check {
  config: CheckConfig;
  health: Health;
  dueAt: Instant;
  /** One probe at a time: a slow one is waited for (its timeout ends it), not doubled. */
  running: boolean;
  /** A hint came while it ran: what it sees may be out of date. */
  again: boolean;
  startedAt: Instant;
  detail: string;
  /** The number in a file, 0 where there is none. */
  value: number;
}

/** Two checks look at the same thing in the same way. */
const sameProbe = (a: CheckConfig, b: CheckConfig): boolean =>
  JSON.stringify(a.probe) === JSON.stringify(b.probe);

export class Checks {
  private readonly checks = new Map<string, Check>();

  /**
   * Takes over a new set; a check whose probe did not change keeps its health, a new one or one with another probe starts
   * neutral.
   */
  configure(configs: readonly CheckConfig[], now: Instant): Action[] {
    const actions: Action[] = [];
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, check] of this.checks) {
      const config = wanted.get(name);
      if (config !== undefined && sameProbe(config, check.config)) {
        check.config = config;
        check.dueAt = earlier(check.dueAt, after(now, config.interval));
      } else {
        this.checks.delete(name);
        actions.push({ kind: "probe-cancel", check: name });
      }
    }
    for (const config of configs) {
      if (this.checks.has(config.name)) continue;
      this.checks.set(config.name, {
        config,
        health: NEUTRAL,
        dueAt: now,
        running: false,
        again: false,
        startedAt: now,
        detail: "",
        value: 0,
      });
    }
    return actions;
  }

  health(name: string): boolean | null {
    return this.checks.get(name)?.health.up ?? null;
  }

  weight(name: string): number {
    return this.checks.get(name)?.config.weight ?? 0;
  }

  /** The number that a file holds, while its check is good. */
  value(name: string): number {
    return this.checks.get(name)?.value ?? 0;
  }

  detail(name: string): string {
    return this.checks.get(name)?.detail ?? "";
  }

  deadline(): Instant {
    let next = NEVER;
    for (const { running, dueAt } of this.checks.values()) if (!running) next = earlier(next, dueAt);
    return next;
  }

  /** The probes to start now. */
  due(now: Instant, user: string | null): Action[] {
    const actions: Action[] = [];
    for (const check of this.checks.values()) {
      if (check.running || check.dueAt > now) continue;
      check.running = true;
      check.again = false;
      check.startedAt = now;
      check.dueAt = after(now, check.config.interval);
      const { name, probe, timeout } = check.config;
      actions.push({ kind: "probe", check: name, probe, timeout, user });
    }
    return actions;
  }

  /**
   * Something changed: the check is due soon. While results that contradict its health are being counted its own pace stays:
   * `rise` and `fall` are meant in intervals.
   */
  hint(name: string, now: Instant): void {
    const check = this.checks.get(name);
    if (check === undefined || check.health.contrary > 0) return;
    check.again = check.running;
    if (!check.running) hasten(check, now);
  }

  /** A result; says whether it changed what the check means to those that track it. */
  result(
    { check: name, healthy, detail, value = 0 }: Extract<Event, { kind: "probe" }>,
    now: Instant,
  ): boolean {
    const check = this.checks.get(name);
    if (check === undefined) return false;
    check.running = false;
    check.detail = detail;
    const { up } = check.health;
    check.health = judge(check.config, check.health, healthy);
    const number = healthy && check.health.up === true ? value : check.value;
    const changed = check.health.up !== up || number !== check.value;
    check.value = number;
    if (check.again && check.health.contrary === 0) hasten(check, now);
    return changed && check.health.up !== null;
  }
}

function hasten(check: Check, now: Instant): void {
  const gap = after(check.startedAt, HINT_GAP);
  const settled = after(now, HINT_DELAY);
  check.dueAt = earlier(check.dueAt, gap > settled ? gap : settled);
}
