/** The checks: when each is probed next, and what its results make of its health. */
import type { Instant } from "../base/units.ts";
import { after, earlier, NEVER } from "../base/units.ts";
import type { Health } from "../check/damping.ts";
import { judge, NEUTRAL } from "../check/damping.ts";
import type { CheckConfig } from "../config/model.ts";
import type { Action } from "./boundary.ts";

interface Check {
  config: CheckConfig;
  health: Health;
  dueAt: Instant;
  /** One probe at a time: a slow one is waited for (its timeout ends it), not doubled. */
  running: boolean;
  detail: string;
}

/** A change of health, to be told. */
export interface Change {
  readonly name: string;
  readonly up: boolean;
  readonly detail: string;
}

export class Checks {
  private readonly checks = new Map<string, Check>();

  /**
   * Takes over a new set; a check whose command did not change keeps its health, a new one or one with another command starts
   * neutral.
   */
  configure(configs: readonly CheckConfig[], now: Instant): Action[] {
    const actions: Action[] = [];
    const wanted = new Map(configs.map((config) => [config.name, config]));
    for (const [name, check] of this.checks) {
      const config = wanted.get(name);
      const same = config !== undefined && config.command.join("\0") === check.config.command.join("\0");
      if (same) {
        check.config = config;
        check.dueAt = earlier(check.dueAt, after(now, config.interval));
      } else {
        this.checks.delete(name);
        actions.push({ kind: "probe-cancel", check: name });
      }
    }
    for (const config of configs) {
      if (this.checks.has(config.name)) continue;
      this.checks.set(config.name, { config, health: NEUTRAL, dueAt: now, running: false, detail: "" });
    }
    return actions;
  }

  health(name: string): boolean | null {
    return this.checks.get(name)?.health.up ?? null;
  }

  weight(name: string): number {
    return this.checks.get(name)?.config.weight ?? 0;
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
      check.dueAt = after(now, check.config.interval);
      const { name, command, timeout } = check.config;
      actions.push({ kind: "probe", check: name, command, timeout, user });
    }
    return actions;
  }

  /** A result; says whether it changed the check's health. */
  result(name: string, healthy: boolean, detail: string): Change | null {
    const check = this.checks.get(name);
    if (check === undefined) return null;
    check.running = false;
    check.detail = detail;
    const before = check.health.up;
    check.health = judge(check.config, check.health, healthy);
    const { up } = check.health;
    return up === null || up === before ? null : { name, up, detail };
  }
}
