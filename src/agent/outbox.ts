/**
 * What one event made the agent want to do, collected and put into the order in which it must happen: listen before speaking,
 * the ledger before what it vouches for, adverts before addresses, everything that may wait after everything that may not.
 */
import type { LogLevel } from "../config/model.ts";
import type { Action, AddressChange } from "./boundary.ts";
import type { ForwardingChange } from "../wire/forwarding.ts";

/** Above this many removals the addresses, routes and rules go before the advert that lets the next master in: it takes the kernel a while. */
const REMOVE_FIRST = 64;

type Fields = Readonly<Record<string, string | number | boolean>>;

export class Outbox {
  private first: Action[] = [];
  private adverts: Action[] = [];
  private beforehand: Action[] = [];
  private changes: AddressChange[] = [];
  private withdrawals: ForwardingChange[] = [];
  private forwardings: ForwardingChange[] = [];
  private announcements: Action[] = [];
  private later: Action[] = [];
  private last: Action[] = [];
  private exitCode: number | null = null;
  private dropped = false;
  private asked = false;
  private looked = false;

  /** Throw queued frames away, once a turn. */
  dropQueued(): void {
    if (!this.dropped) this.first.push({ kind: "drop-queued" });
    this.dropped = true;
  }

  /** Have the kernel dumped, once a turn. */
  resync(): void {
    if (!this.asked) this.last.push({ kind: "resync" });
    this.asked = true;
  }

  /** Have the routes and rules of ours told, once a turn. */
  lookForwarding(): void {
    if (!this.looked) this.last.push({ kind: "resync-forwarding" });
    this.looked = true;
  }

  /** Sockets and settings, before anything is sent. */
  prepare(action: Action): void {
    this.first.push(action);
  }

  advert(action: Action): void {
    this.adverts.push(action);
  }

  /** Adverts that wait. */
  get advertCount(): number {
    return this.adverts.length;
  }

  /** Takes out what stands at the head of the turn, the adverts included: it can be performed while the rest is worked out. */
  urgent(): Action[] {
    const actions = [...this.first, ...this.adverts];
    this.first = [];
    this.adverts = [];
    return actions;
  }

  /** What the addresses need first: the ledger that vouches for them, promote_secondaries. */
  beforeAddresses(action: Action): void {
    this.beforehand.push(action);
  }

  change(changes: readonly AddressChange[]): void {
    this.changes.push(...changes);
  }

  /** What had to wait until the addresses are gone. */
  afterAddresses(action: Action): void {
    this.announcements.push(action);
  }

  /** Routes and rules that go, before the addresses that they need do. */
  withdraw(changes: readonly ForwardingChange[]): void {
    this.withdrawals.push(...changes);
  }

  /** Routes and rules that come, after those. */
  forward(changes: readonly ForwardingChange[]): void {
    this.forwardings.push(...changes);
  }

  announce(action: Action): void {
    this.announcements.push(action);
  }

  /** Notify, probes, replies: nothing of the packet path. */
  defer(action: Action): void {
    this.later.push(action);
  }

  log(level: LogLevel, event: string, fields: Fields): void {
    this.later.push({ kind: "log", level, event, fields });
  }

  /** Leave, after everything else. */
  exit(code: number): void {
    this.exitCode = code;
  }

  /** What must follow everything else of the turn. */
  finally(action: Action): void {
    this.last.push(action);
  }

  /** What is ahead of, and behind, what may wait. */
  private get pressing(): number {
    const ahead = this.first.length + this.adverts.length + this.beforehand.length + this.changes.length;
    const routing = this.withdrawals.length + this.forwardings.length;
    const behind = this.last.length + (this.exitCode === null ? 0 : 1);
    return ahead + routing + this.announcements.length + behind;
  }

  /** Takes out all actions, in the order to perform them: it is ready for the next turn. */
  take(): Action[] {
    // Most turns hear an advert and do nothing about it, or say something to a cluster.
    if (this.pressing === 0) {
      const { later } = this;
      if (later.length === 0) return [];
      this.later = [];
      return later;
    }
    const actions = this.actions();
    this.first = [];
    this.adverts = [];
    this.beforehand = [];
    this.changes = [];
    this.withdrawals = [];
    this.forwardings = [];
    this.announcements = [];
    this.later = [];
    this.last = [];
    this.exitCode = null;
    this.dropped = false;
    this.asked = false;
    this.looked = false;
    return actions;
  }

  private actions(): Action[] {
    const removals = this.changes.filter(({ op }) => op === "delete").length + this.withdrawals.length;
    const addresses: Action[] = [
      ...forwarding(this.withdrawals),
      ...(this.changes.length === 0 ? [] : [{ kind: "addresses" as const, changes: this.changes }]),
      ...forwarding(this.forwardings),
    ];
    const exit: Action[] = this.exitCode === null ? [] : [{ kind: "exit", code: this.exitCode }];
    const middle =
      removals > REMOVE_FIRST
        ? [...this.beforehand, ...addresses, ...this.adverts]
        : [...this.adverts, ...this.beforehand, ...addresses];
    return [...this.first, ...middle, ...this.announcements, ...this.later, ...this.last, ...exit];
  }
}

const forwarding = (changes: readonly ForwardingChange[]): Action[] =>
  changes.length === 0 ? [] : [{ kind: "forwarding", changes }];
