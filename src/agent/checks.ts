/**
 * The checks, of virtual routers and of real servers: when each is probed next, and what its results make of its health. Those that are
 * the same in everything are probed once.
 */
import { Random } from "./random.ts";
import type { Instant } from "../base/units.ts";
import { earlier, NEVER } from "../base/units.ts";
import type { Health } from "../check/damping.ts";
import { judge, NEUTRAL } from "../check/damping.ts";
import { courseIdentity, probeIdentity } from "../check/identity.ts";
import type { CheckConfig } from "../config/model.ts";
import type { Outcome } from "../check/response.ts";
import type { Action } from "./boundary.ts";
import type { Times } from "./check-times.ts";
import { ended, hasten, isSteady, sinceStart, spread, started, timesFrom } from "./check-times.ts";
import type { Failure, Pace, Warning } from "./check-told.ts";
import type { ProbeAction } from "./probe-boundary.ts";

interface Check {
  config: CheckConfig;
  /** What starts its probe, the same each time. */
  action: Extract<ProbeAction, { kind: "probe" }> | null;
  /** The names of all checks that are this one. */
  names: readonly string[];
  /** What probes and their results are called by: one of the names. */
  id: string;
  health: Health;
  times: Times;
  /** One probe at a time: a slow one is waited for (its timeout ends it), not doubled. */
  running: boolean;
  /** A hint came while it ran: what it sees may be out of date. */
  again: boolean;
  /** The next start is to be an interval after the last one: nothing is undecided, and nobody gave a hint. */
  steady: boolean;
  /** From start to start as it was lately; null before two that were to be an interval apart. */
  achieved: number | null;
  detail: string;
  /** Why its last probe was not made; null: it was. */
  missed: string | null;
  /** The number that a file holds or a script says, null where there is none. */
  value: number | null;
  failure: Failure | null;
  /** What the last good probe warned of. */
  warning: string | null;
}

/** Most results change nothing. */
const NOBODY: readonly string[] = [];

/** How much of {@link Pace.achieved} is the last one. */
const NEWEST_SHARE = 1 / 8;

export class Checks {
  /** By identity. */
  private checks = new Map<string, Check>();
  /** The same, to be looked through hundreds of times in a second. */
  private list: readonly Check[] = [];
  private readonly byName = new Map<string, { readonly check: Check; readonly weight: number }>();
  private readonly byId = new Map<string, Check>();
  /** Not after the first of them is due; may be before it. */
  private next: Instant = NEVER;
  private warnings: Warning[] = [];
  private readonly random = new Random(1);

  /**
   * Takes over a new set, names once each; a check whose probe did not change keeps its health, a new one or one with another probe
   * starts neutral.
   */
  configure(configs: readonly CheckConfig[], now: Instant): Action[] {
    this.random.mix(now);
    const before = [...this.checks.values()];
    const known = new Map(this.byName);
    const kept = new Set<Check>();
    const cancelled: string[] = [];
    const fresh: Check[] = [];
    const checks = new Map<string, Check>();
    for (const [identity, alike] of Map.groupBy(configs, courseIdentity)) {
      const [config] = alike;
      if (config === undefined) continue;
      const names = alike.map(({ name }) => name);
      const same = (check: Check | undefined): check is Check =>
        check !== undefined && probeIdentity(check.config.probe) === probeIdentity(config.probe);
      const old = this.checks.get(identity) ?? names.map((name) => known.get(name)?.check).find(same);
      const check: Check =
        old !== undefined && !kept.has(old)
          ? old
          : {
              ...(old ?? { health: NEUTRAL, detail: "", value: null, failure: null, warning: null }),
              ...{
                config,
                action: null,
                names,
                id: "",
                times: timesFrom(now),
                running: false,
                again: false,
                steady: false,
                achieved: null,
                missed: null,
              },
            };
      if (check === old) {
        kept.add(check);
        check.steady = false;
        if (check.config.interval !== config.interval) {
          check.achieved = null;
          fresh.push(check);
        }
        if (!names.includes(check.id)) {
          cancelled.push(check.id);
          check.running = false;
          check.times.dueAt = now;
        }
      } else fresh.push(check);
      check.config = config;
      check.names = names;
      if (!names.includes(check.id)) check.id = names[0] ?? "";
      check.action = null;
      checks.set(identity, check);
    }
    for (const check of before) if (!kept.has(check)) cancelled.push(check.id);
    spread(fresh, now);
    this.adopt(checks, configs);
    return cancelled.map((check) => ({ kind: "probe-cancel", check }));
  }

  private adopt(checks: Map<string, Check>, configs: readonly CheckConfig[]): void {
    this.checks = checks;
    this.byName.clear();
    this.byId.clear();
    const weights = new Map(configs.map(({ name, weight }) => [name, weight]));
    for (const check of checks.values()) {
      this.byId.set(check.id, check);
      for (const name of check.names) this.byName.set(name, { check, weight: weights.get(name) ?? 0 });
    }
    this.list = [...checks.values()];
    this.next = this.list.reduce(
      (next, { running, times }) => (running ? next : earlier(next, times.dueAt)),
      NEVER,
    );
  }

  health(name: string): boolean | null {
    return this.byName.get(name)?.check.health.up ?? null;
  }

  weight(name: string): number {
    return this.byName.get(name)?.weight ?? 0;
  }

  /** The number that a file holds or a script says, as of when its check was good; null: none. */
  value(name: string): number | null {
    return this.byName.get(name)?.check.value ?? null;
  }

  detail(name: string): string {
    return this.byName.get(name)?.check.detail ?? "";
  }

  pace(name: string): Pace | null {
    const check = this.byName.get(name)?.check;
    return check === undefined ? null : { interval: check.config.interval, achieved: check.achieved };
  }

  failure(name: string): Failure | null {
    return this.byName.get(name)?.check.failure ?? null;
  }

  warning(name: string): string | null {
    return this.byName.get(name)?.check.warning ?? null;
  }

  /** What checks warn of since this was last asked. */
  takeWarnings(): readonly Warning[] {
    const taken = this.warnings;
    if (taken.length > 0) this.warnings = [];
    return taken;
  }

  /** How many checks there are, those that are the same counted once. */
  get count(): number {
    return this.list.length;
  }

  /** How many of them were not probed when they were due last, and why one was not; null: none. */
  short(): { readonly count: number; readonly why: string } | null {
    const missed = this.list.flatMap((check) => check.missed ?? []);
    const [why] = missed;
    return why === undefined ? null : { count: missed.length, why };
  }

  deadline(): Instant {
    return this.next;
  }

  /** The probes to start now. */
  due(now: Instant, user: string | null): Action[] {
    if (this.next > now) return [];
    const actions: Action[] = [];
    let next = NEVER;
    for (const check of this.list) {
      if (check.running) continue;
      const { times, config, health } = check;
      if (times.dueAt > now) {
        if (times.dueAt < next) next = times.dueAt;
        continue;
      }
      check.running = true;
      check.again = false;
      if (check.steady) {
        const gap = sinceStart(times, now);
        check.achieved =
          check.achieved === null ? gap : check.achieved + (gap - check.achieved) * NEWEST_SHARE;
      }
      check.steady = isSteady(health);
      started(times, config, health, now, config.jitter > 0 ? this.random.next() : 0);
      actions.push(order(check, user));
    }
    this.next = next;
    return actions;
  }

  /**
   * Something changed: the check is due soon. While results that contradict its health are being counted its own pace stays:
   * `rise` and `fall` are meant in intervals.
   */
  hint(id: string, now: Instant): void {
    const check = this.byId.get(id);
    if (check === undefined || check.health.contrary > 0) return;
    check.again = check.running;
    if (!check.running) this.hasten(check, now);
  }

  private hasten(check: Check, now: Instant): void {
    check.steady = false;
    hasten(check.times, now);
    this.next = earlier(this.next, check.times.dueAt);
  }

  /** A probe that failed says nothing of what it warned of before, unless it does. */
  private warn(check: Check, warning: string | null, healthy: boolean): void {
    if (warning === null && !healthy) return;
    if (warning !== null && warning !== check.warning) {
      for (const name of check.names) this.warnings.push({ name, text: warning });
    }
    check.warning = warning;
  }

  /** A result; gives the names of the checks that mean something else by it to those that track them. */
  result(
    id: string,
    { healthy, detail, value, warning, transcript = [] }: Outcome,
    now: Instant,
  ): readonly string[] {
    const check = this.byId.get(id);
    if (check === undefined) return [];
    check.missed = null;
    check.detail = detail;
    if (!healthy) check.failure = { at: now, detail, transcript };
    this.warn(check, warning ?? null, healthy);
    const before = check.health;
    check.health = judge(check.config, before, healthy);
    const number = healthy && check.health.up === true ? (value ?? null) : check.value;
    const changed = check.health.up !== before.up || number !== check.value;
    check.value = number;
    this.over(check, before, now);
    return changed && check.health.up !== null ? check.names : NOBODY;
  }

  /** It was not probed, for a reason of ours: its health is what it was, and it is due again at its pace. */
  unprobed(id: string, why: string, now: Instant): void {
    const check = this.byId.get(id);
    if (check === undefined) return;
    check.missed = why;
    check.detail = `not probed: ${why}`;
    this.over(check, check.health, now);
  }

  private over(check: Check, before: Health, now: Instant): void {
    check.running = false;
    check.steady &&= isSteady(check.health);
    ended(check.times, check.config, before, check.health, now);
    this.next = earlier(this.next, check.times.dueAt);
    if (check.again && check.health.contrary === 0) this.hasten(check, now);
  }
}

/** The action that starts a probe: there may be thousands a second. */
function order(check: Check, user: string | null): ProbeAction {
  if (check.action?.user === user) return check.action;
  const { probe, timeout } = check.config;
  check.action = { kind: "probe", check: check.id, probe, timeout, user };
  return check.action;
}
