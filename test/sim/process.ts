/**
 * One life of an agent: the loop of src/io on the virtual clock. Events wait in queues, one a source, as they would in the kernel; the loop
 * wakes a little late, empties them in an order that is drawn, then lets time have come. A crash may fall between any two actions.
 */
import type { Action, AddressKey, AddressResult, Event } from "../../src/agent/boundary.ts";
import { unreachable } from "../../src/base/assert.ts";
import type { Handler } from "./agent.ts";
import { ClusterEdge } from "./cluster.ts";
import { Devices } from "./devices.ts";
import { Ears } from "./ears.ts";
import { leave, vouchesFor } from "./leave.ts";
import type { Frame } from "./network.ts";
import type { Node } from "./node.ts";
import type { ConfigPlan } from "./plan.ts";
import { sameKey } from "./kernel.ts";
import { Scripts } from "./scripts.ts";

/** Frames that wait on the sockets of a process that does not run; more are lost, as in a socket's buffer. */
const FRAMES_MAX = 200;
/** Messages of the rtnetlink feed that wait; more and the feed is lost (ENOBUFS). */
const FEED_MAX = 300;
/** The loop sleeps until a time that is at most this early, milliseconds: timers fire early (measured). */
const EARLY_MAX = 0.5;
/** How late the loop wakes: nearly always less than the first, rarely up to the second, milliseconds. */
const LATE_USUAL = 0.3;
export const LATE_MAX = 3;
/** Turns at one moment of virtual time, and deadlines in one second of it, that only a loop gone wild takes. */
const TURNS_AT_ONCE_MAX = 2_000;
const DEADLINES_A_SECOND_MAX = 5_000;

const isLoaded = (action: Action): boolean => action.kind === "log" && action.event === "config.loaded";

export class Process {
  alive = true;
  frozen = false;
  /** The `start` event was handled. */
  started = false;
  readonly #control: Event[] = [];
  #feed: Event[] = [];
  #feedLost = false;
  #frames: Event[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  /** The wake-up in the schedule that counts; others are stale. */
  #armedAt = Number.POSITIVE_INFINITY;
  #turnsAt = { moment: -1, turns: 0 };
  #deadlines = { second: -1, count: 0 };
  /** The files that were read and wait to be handled, null for wrong ones. */
  readonly #files: (ConfigPlan | null)[] = [];
  /** The last good one of them that was handled, until it counts. */
  #read: ConfigPlan | null = null;
  /** Added, and the ledger does not confirm it yet. */
  readonly #unheard: AddressKey[] = [];
  readonly #scripts: Scripts;
  readonly #ears: Ears;
  readonly cluster: ClusterEdge;

  readonly node: Node;
  readonly agent: Handler;
  readonly devices: Devices;

  constructor(node: Node, agent: Handler) {
    this.node = node;
    this.agent = agent;
    this.devices = new Devices(node, () => this.alive && !this.frozen);
    this.#ears = new Ears(node);
    this.#scripts = new Scripts(node, (event) => this.alive && this.control(event));
    this.cluster = new ClusterEdge(node, this);
  }

  /** An event from the control socket, a signal, a probe. */
  control(event: Event): void {
    this.#control.push(event);
    this.#wake();
  }

  /** A message of the rtnetlink feed. */
  feed(event: Event): void {
    if (this.#feedLost) return;
    this.#feed.push(event);
    if (this.#feed.length > FEED_MAX) this.loseFeed();
    this.#wake();
  }

  /** Whether the news that this address is gone still waits to be read. */
  isUntold(key: AddressKey): boolean {
    const told = this.#feed.some((each) => each.kind === "address-gone" && sameKey(each.key, key));
    return told || this.#feedLost;
  }

  /** ENOBUFS: what waits is gone, and the edge dumps the table when it runs again, which says nothing of routes. */
  loseFeed(): void {
    this.#feed = [{ kind: "forwarding-hint" }];
    this.#feedLost = true;
    this.#wake();
  }

  /** A frame for this node; taken when a socket listens for it. */
  frame(frame: Frame, index: number): void {
    const heard = this.#frames.length >= FRAMES_MAX ? null : this.#ears.hear(frame, index);
    if (heard === null) return;
    this.#frames.push(heard);
    this.#wake();
  }

  /** Link down or gone. */
  closeListeners(index: number): void {
    for (const event of this.#ears.close(index)) this.control(event);
  }

  freeze(): void {
    this.frozen = true;
  }

  thaw(): void {
    this.frozen = false;
    this.#wake();
  }

  #wake(): void {
    const { schedule, chance } = this.node;
    const late = chance.chance(0.02) ? LATE_MAX : LATE_USUAL;
    this.#arm(schedule.now + chance.between(0.01, late));
  }

  #arm(at: number): void {
    if (at >= this.#armedAt) return;
    this.#armedAt = at;
    this.node.schedule.at(at, () => {
      if (this.#armedAt !== at || !this.alive) return;
      this.#armedAt = Number.POSITIVE_INFINITY;
      if (!this.frozen) this.#run();
    });
  }

  #next(): Event | null {
    // The world as found comes first, whatever else has come in since.
    if (!this.started) return this.#control.shift() ?? null;
    const feed = this.#feedLost ? [this.node.dump()] : this.#feed;
    const waiting = [this.#control, feed, this.#frames].filter((queue) => queue.length > 0);
    if (waiting.length === 0) return null;
    const queue = waiting.length === 1 ? waiting[0] : this.node.chance.pick(waiting);
    if (queue === feed) this.#feedLost = false;
    return queue?.shift() ?? null;
  }

  #run(): void {
    const { node } = this;
    for (let event = this.#next(); event !== null && this.alive; event = this.#next()) this.#turn(event);
    if (this.alive && node.clock() >= this.#wakeAt - EARLY_MAX) this.#deadline();
    if (!this.alive || this.#wakeAt === Number.POSITIVE_INFINITY) return;
    const late = node.chance.chance(0.02) ? LATE_MAX : LATE_USUAL;
    const early = node.chance.chance(0.1) ? EARLY_MAX : 0;
    const due = node.worldTime(this.#wakeAt) + node.chance.between(-early, late);
    this.#arm(Math.max(due, node.schedule.now + 0.02));
  }

  #deadline(): void {
    const second = Math.floor(this.node.schedule.now / 1000);
    if (this.#deadlines.second !== second) this.#deadlines = { second, count: 0 };
    if (++this.#deadlines.count > DEADLINES_A_SECOND_MAX) {
      this.node.complain(`asked to be woken ${this.#deadlines.count} times in a second`);
    }
    this.#turn({ kind: "deadline" });
  }

  /** One event, and everything that performing it gives, before any other. */
  #turn(event: Event): void {
    const { node } = this;
    if (this.#turnsAt.moment !== node.schedule.now) this.#turnsAt = { moment: node.schedule.now, turns: 0 };
    if (++this.#turnsAt.turns > TURNS_AT_ONCE_MAX) node.complain("turns without end at one moment");
    let next: Event | undefined = event;
    const follow: Event[] = [];
    while (next !== undefined && this.alive) {
      node.observer.before(node, next);
      this.#handle(next, follow);
      if (!this.alive) return;
      node.observer.after(node);
      next = follow.shift();
    }
    node.observer.rest(node);
  }

  /** One call of the agent, and its actions as far as the process lives to perform them. */
  #handle(event: Event, follow: Event[]): void {
    const { node } = this;
    const unconfirmed = event.kind === "addresses-changed" ? this.#unheard.splice(0) : [];
    const perform = (actions: readonly Action[]): void => {
      for (const action of actions) {
        if (!this.alive || node.mortality.strikes()) return;
        follow.push(...this.#perform(action));
      }
    };
    node.orders.hears(event);
    const handled = this.agent.handle(event, node.clock(), perform);
    this.#wakeAt = handled.wakeAt;
    this.started ||= event.kind === "start";
    if (event.kind === "start") this.devices.tidy();
    if (event.kind === "config") this.#read = this.#files.shift() ?? this.#read;
    // In a later turn, where before_release is waited for.
    if (this.#read !== null && handled.actions.some(isLoaded)) {
      node.config = this.#read;
      this.#read = null;
      node.orders.keep(node.config.routers);
      node.balance?.configured();
    }
    perform(handled.actions);
    if (this.alive) return;
    for (const key of [...unconfirmed, ...this.#unheard]) if (!vouchesFor(node, key)) node.kernel.orphan(key);
  }

  /** Does one action; gives the events that must be handled before any other. */
  #perform(action: Action): Event[] {
    const { node } = this;
    switch (action.kind) {
      case "frame":
      case "packet": {
        const errno = node.transmit(action);
        return errno === null || action.router === null
          ? []
          : [{ kind: "send-failed", router: action.router, errno }];
      }
      case "addresses": {
        const results: AddressResult[] = action.changes.map((change) => ({
          change,
          errno: node.change(change),
        }));
        this.#unheard.push(...action.changes.filter(({ op }) => op === "add").map(({ key }) => key));
        return [{ kind: "addresses-changed", results }];
      }
      case "resync":
        return [node.dump()];
      case "forwarding": {
        const results = action.changes.map((change) => ({ change, errno: node.forward(change) }));
        return [{ kind: "forwarding-changed", results }];
      }
      case "resync-forwarding":
        return [{ kind: "forwarding-told", entries: node.kernel.forwarding.added() }];
      case "listen":
        return this.#ears.listen(action.listeners);
      case "drop-queued":
        this.#frames = [];
        return [];
      case "promote-secondaries":
      case "ledger":
      case "history":
      case "log":
      case "reply":
        leave(node, action);
        return [];
      case "probe":
        this.#scripts.probe(action);
        return [];
      case "probe-cancel":
        this.#scripts.cancelProbe(action.check);
        return [];
      case "read-config": {
        this.#files.push(node.file);
        this.control({ kind: "config", source: node.configSource(), connection: action.connection });
        return [];
      }
      case "hook":
      case "hook-cancel":
        node.observer.hook(node, action);
        this.#scripts.hook(action);
        return [];
      case "heartbeat":
      case "resource":
        return this.cluster.perform(action);
      case "virtual-macs":
      case "refuse":
        return [this.devices.perform(action)];
      case "services":
        node.balance?.perform(action);
        return [];
      case "realserver":
      case "neighbours":
      case "neighbour-probe":
      case "notify":
      case "log-settings":
        return [];
      case "exit":
        node.exited(action.code);
        this.devices.removeAll();
        return [];
      default:
        return unreachable(action);
    }
  }
}
