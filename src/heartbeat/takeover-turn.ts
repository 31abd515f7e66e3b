/** One step of the machine in takeover.ts: the state as it becomes, what is to be done, and what its parts have in common. */
import type { Instant } from "../base/units.ts";
import type { Content, Hold } from "./content.ts";
import type { Event as GroupEvent } from "./group.ts";
import { isSettled, mayRun, step as stepGroup } from "./group.ts";
import type { Holding } from "./holding.ts";
import { isNothing, mirrored, NOTHING, overlap, union, without, wordOf } from "./holding.ts";
import type { Action, GroupPlan, News, Peer, Settings, State } from "./takeover-state.ts";

/** What a report says when groups are about to be started; the daemon's words. */
export const ACQUIRES = "req_our_resources()";
/** And when everything is about to be stopped. */
export const LEAVES = "shutdown";

export class Turn {
  readonly settings: Settings;
  readonly now: Instant;
  readonly actions: Action[] = [];
  state: State;

  constructor(settings: Settings, state: State, now: Instant) {
    this.settings = settings;
    this.state = state;
    this.now = now;
  }

  /** Changes the state; what is so already leaves it the same one. */
  set(change: Partial<State>): void {
    // The keys of a part of a state are keys of a state.
    const keys = Object.keys(change) as (keyof State)[];
    if (keys.some((key) => change[key] !== this.state[key])) this.state = { ...this.state, ...change };
  }

  setPeer(change: Partial<Peer>): void {
    this.set({ peer: { ...this.state.peer, ...change } });
  }

  say(content: Exclude<Content, { readonly kind: "other" }>): void {
    this.actions.push({ kind: "say", content });
  }

  news(what: News, hold: Hold = "none"): void {
    this.actions.push({ kind: "news", what, hold });
  }

  /**
   * Says what we hold, and what we hold no more and have not stopped yet: to the other one it is ours as long as it may run here. `stable` is
   * what it is to be without the latter.
   */
  report(stable: boolean, info: string | null = null): void {
    const { hold, told } = this.state;
    const word = wordOf(union(hold, this.leftover));
    this.say({
      ...{ kind: "resource", hold: word, full: true, stable: stable && !this.isLettingGo, info },
      pings: told ?? 0,
    });
    this.set({ reportedAt: this.now });
  }

  /** Says that so much is given up, which is about to be stopped: a step of a standby or of leaving, which has its own word for the end. */
  reportGiven(info: string): void {
    const { hold, told } = this.state;
    this.say({ kind: "resource", hold: wordOf(hold), full: true, stable: false, info, pings: told ?? 0 });
    this.set({ reportedAt: this.now });
  }

  /** What we do not hold, and what may run here still. */
  get leftover(): Holding {
    const { hold } = this.state;
    return {
      local: !hold.local && !this.stopped({ local: true, foreign: false }),
      foreign: !hold.foreign && !this.stopped({ local: false, foreign: true }),
    };
  }

  get isLettingGo(): boolean {
    return !isNothing(this.leftover);
  }

  drive(plan: GroupPlan, event: GroupEvent): void {
    const before = this.state.groups.get(plan.key);
    if (before === undefined) return;
    const { state, actions } = stepGroup(plan, before, event, this.now);
    this.set({ groups: new Map(this.state.groups).set(plan.key, state) });
    for (const action of actions) this.actions.push({ ...action, group: plan.key });
  }

  plansOf(of: Holding): readonly GroupPlan[] {
    return this.settings.groups.filter(({ local }) => (local ? of.local : of.foreign));
  }

  /** Holds these classes, and starts their groups. */
  start(of: Holding): void {
    this.set({ hold: union(this.state.hold, of) });
    for (const plan of this.plansOf(of)) if (this.mayStart(plan)) this.drive(plan, { kind: "start" });
  }

  /** Whether it may be started here at all. */
  mayStart({ key, retired }: GroupPlan): boolean {
    return !retired && !this.state.barred.has(key);
  }

  /** Holds these classes no more, and stops their groups. */
  stop(of: Holding): void {
    this.set({ hold: without(this.state.hold, of) });
    for (const plan of this.plansOf(of)) this.drive(plan, { kind: "stop" });
  }

  /** Starts what we hold and could not start. */
  retry(): void {
    for (const plan of this.plansOf(this.state.hold)) {
      if (!plan.retired && this.state.groups.get(plan.key)?.phase === "failed")
        this.drive(plan, { kind: "start" });
    }
  }

  /** Whether nothing of these classes can run here. */
  stopped(of: Holding): boolean {
    return this.plansOf(of).every(({ key }) => {
      const group = this.state.groups.get(key);
      return group === undefined || !mayRun(group);
    });
  }

  /** Whether all groups of these classes have got where they were to go. */
  settled(of: Holding): boolean {
    return this.plansOf(of).every(({ key }) => {
      const group = this.state.groups.get(key);
      return group === undefined || isSettled(group);
    });
  }

  /** Whether one of these classes has a group that only an operator may start. */
  bars(of: Holding): boolean {
    return this.plansOf(of).some(({ key }) => this.state.barred.has(key));
  }

  /** What both have, by the other one's last report. */
  get doubled(): Holding {
    const { hold, peer } = this.state;
    return peer.reported ? overlap(hold, mirrored(peer.hold)) : NOTHING;
  }

  /** Both take part, nothing is under way, and the other one has said what it holds, and nothing of ours: what both have moves nowhere. */
  get agreed(): boolean {
    const { phase, peer, standby } = this.state;
    return (
      phase === "stable" &&
      peer.status === "alive" &&
      peer.stable &&
      peer.reported &&
      standby.role === "none" &&
      isNothing(this.doubled) &&
      !this.isLettingGo
    );
  }
}
