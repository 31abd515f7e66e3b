/**
 * Gratuitous ARP and unsolicited neighbour advertisements: who is told which address when. A new master tells every address once
 * as fast as the kernel takes the frames, in pieces between which adverts find their time; all that follows is paced for each
 * interface by a token bucket, so that switches do not drop it: the repeats, a second burst after `repeat_after`, a single one
 * every `refresh` (RFC 9568 8.1.2, 8.2.2; keepalived.conf(5) garp_master_*), and what a contest makes it tell again.
 */
import type { Instant, Milliseconds } from "../base/units.ts";
import { after, earlier, elapsed, instant, ms, NEVER } from "../base/units.ts";
import type { GarpConfig } from "../config/model.ts";
import type { AddressKey } from "./boundary.ts";
import { keyText } from "./kernel.ts";

/** Frames told again that may leave an interface at once before pacing starts: one each for 255 routers, twice over. */
const BURST = 512;
/** Frames that leave in one turn, on all interfaces together: one system call, and adverts of 10 ms must not wait behind them. */
const PIECE = 64;
/** A contest may make us tell everything again; more than this within {@link BURST_WINDOW} waits, or a peer could make us flood. */
const BURSTS_MAX = 3;
const BURST_WINDOW: Milliseconds = ms(1000);
/** Beyond that limit single announcements are this far apart: the end of a quarrel is told no later. */
const SINGLE: Milliseconds = ms(100);

interface Pending {
  readonly key: AddressKey;
  readonly router: string;
  readonly interval: Milliseconds;
  remaining: number;
}

/** One interface: its queues, served in this order, and its bucket. */
interface Lane {
  /** Not told yet since their router became master. */
  readonly news: Pending[];
  /** The first frame of a later burst. */
  readonly firsts: Pending[];
  readonly repeats: Pending[];
  tokens: number;
  filledAt: Instant;
  /** No repeat before this. */
  nextAt: Instant;
  /** Of the frame that left last. */
  interval: Milliseconds;
}

interface Schedule {
  readonly keys: readonly AddressKey[];
  /** Told at least once since the router became master, by {@link keyText}. */
  readonly known: Set<string>;
  readonly garp: GarpConfig;
  repeatAt: Instant;
  refreshAt: Instant;
  /** When bursts began lately. */
  readonly bursts: readonly Instant[];
  /** One more announcement, put off by {@link SINGLE}. */
  onceAt: Instant;
  /** When a burst or a single announcement began last. */
  begunAt: Instant;
}

export class Announcer {
  private readonly lanes = new Map<number, Lane>();
  private readonly schedules = new Map<string, Schedule>();
  /** Addresses in the queues, by router: most have none, and need not be looked for. */
  private readonly queued = new Map<string, number>();
  private next: Instant = NEVER;

  /** A router's addresses are to be told now, and again as configured; replaces what was still to be told of it. */
  announce(router: string, keys: readonly AddressKey[], garp: GarpConfig, now: Instant): void {
    const before = this.schedules.get(router);
    const recent = (before?.bursts ?? []).filter((at) => elapsed(at, now) < BURST_WINDOW);
    if (before !== undefined && recent.length >= BURSTS_MAX) {
      // A quarrel that goes on: one frame for every address soon, as this may be its end, and the burst a second later.
      const onceAt = instant(Math.min(before.onceAt, Math.max(now, after(before.begunAt, SINGLE))));
      this.schedules.set(router, { ...before, keys, garp, onceAt, repeatAt: after(now, BURST_WINDOW) });
      this.next = earlier(this.next, onceAt);
      return;
    }
    if (keys.length === 0) {
      this.cancel(router);
      return;
    }
    const repeatAt = garp.repeatAfter > 0 ? after(now, garp.repeatAfter) : NEVER;
    const refreshAt = garp.refresh > 0 ? after(now, garp.refresh) : NEVER;
    const bursts = [...recent, now];
    const known = new Set(keys.map(keyText).filter((text) => before?.known.has(text)));
    this.schedules.set(router, {
      keys,
      known,
      garp,
      repeatAt,
      refreshAt,
      bursts,
      onceAt: NEVER,
      begunAt: now,
    });
    this.enqueue(router, keys, garp, garp.count, now);
  }

  /** The router is master no more: not one more frame of it. */
  cancel(router: string): void {
    this.unqueue(router);
    this.schedules.delete(router);
  }

  /** When something is due next. */
  deadline(): Instant {
    return this.next;
  }

  private soonest(): Instant {
    let next: number = NEVER;
    for (const { onceAt, repeatAt, refreshAt } of this.schedules.values()) {
      next = Math.min(next, onceAt, repeatAt, refreshAt);
    }
    for (const lane of this.lanes.values()) {
      const waiting = lane.firsts[0] ?? lane.repeats[0];
      if (waiting !== undefined) next = Math.min(next, lane.nextAt);
    }
    return instant(next);
  }

  /** The addresses to tell now, in order; {@link PIECE} of them at most, and {@link deadline} is now while more could follow. */
  due(now: Instant): AddressKey[] {
    if (now < this.next) return [];
    for (const [router, schedule] of this.schedules) {
      if (schedule.onceAt <= now) {
        schedule.onceAt = NEVER;
        schedule.begunAt = now;
        this.enqueue(router, schedule.keys, schedule.garp, 1, now);
      }
      if (schedule.repeatAt <= now) {
        schedule.repeatAt = NEVER;
        this.enqueue(router, schedule.keys, schedule.garp, schedule.garp.count, now);
      }
      if (schedule.refreshAt <= now) {
        schedule.refreshAt = after(now, schedule.garp.refresh);
        this.enqueue(router, schedule.keys, schedule.garp, 1, now);
      }
    }
    const told: AddressKey[] = [];
    // New addresses on all interfaces come before what is told again on any.
    for (const lane of this.lanes.values()) this.introduce(lane, now, told);
    for (const [index, lane] of this.lanes) {
      this.drain(lane, now, told);
      if (lane.news.length + lane.firsts.length + lane.repeats.length > 0) continue;
      // Its bucket is full: there is nothing to remember, and the interface may be gone for good.
      refill(lane, lane.interval, now);
      if (lane.tokens >= BURST) this.lanes.delete(index);
    }
    this.next = told.length < PIECE ? this.soonest() : now;
    return told;
  }

  /** New addresses wait for no token. They take what there is, so that nothing else joins them. */
  private introduce(lane: Lane, now: Instant, told: AddressKey[]): void {
    while (told.length < PIECE) {
      const next = lane.news.shift();
      if (next === undefined) return;
      this.schedules.get(next.router)?.known.add(keyText(next.key));
      refill(lane, next.interval, now);
      this.tell(lane, next, now, told);
    }
  }

  private tell(lane: Lane, next: Pending, now: Instant, told: AddressKey[]): void {
    lane.tokens = Math.max(0, lane.tokens - 1);
    lane.nextAt = after(now, next.interval);
    lane.interval = next.interval;
    told.push(next.key);
    next.remaining -= 1;
    if (next.remaining > 0) lane.repeats.push(next);
    else this.left(next.router);
  }

  private drain(lane: Lane, now: Instant, told: AddressKey[]): void {
    while (told.length < PIECE) {
      const first = lane.firsts[0];
      const next = first ?? lane.repeats[0];
      if (next === undefined) return;
      refill(lane, next.interval, now);
      // A first frame needs a token only; a repeat also waits its turn behind the frame before it.
      if (lane.tokens < 1 || (first === undefined && now < lane.nextAt)) {
        if (lane.tokens < 1) lane.nextAt = after(now, next.interval);
        return;
      }
      (first === undefined ? lane.repeats : lane.firsts).shift();
      this.tell(lane, next, now, told);
    }
  }

  /** One address of a router has been told as often as it should. */
  private left(router: string): void {
    const others = (this.queued.get(router) ?? 0) - 1;
    if (others > 0) this.queued.set(router, others);
    else this.queued.delete(router);
  }

  /** In place of what still waits of this router: a queue never holds an address twice. */
  private enqueue(
    router: string,
    keys: readonly AddressKey[],
    garp: GarpConfig,
    count: number,
    now: Instant,
  ): void {
    this.unqueue(router);
    if (keys.length > 0) this.queued.set(router, keys.length);
    this.next = earlier(this.next, now);
    const known = this.schedules.get(router)?.known;
    for (const key of keys) {
      const lane = this.lanes.get(key.index) ?? {
        news: [],
        firsts: [],
        repeats: [],
        tokens: BURST,
        filledAt: now,
        nextAt: now,
        interval: garp.interval,
      };
      this.lanes.set(key.index, lane);
      lane.nextAt = instant(Math.min(lane.nextAt, now));
      const queue = known?.has(keyText(key)) === false ? lane.news : lane.firsts;
      queue.push({ key, router, interval: garp.interval, remaining: count });
    }
  }

  private unqueue(router: string): void {
    if (!this.queued.delete(router)) return;
    for (const lane of this.lanes.values()) {
      for (const queue of [lane.news, lane.firsts, lane.repeats]) {
        const kept = queue.filter((pending) => pending.router !== router);
        queue.splice(0, queue.length, ...kept);
      }
    }
  }
}

function refill(lane: Lane, interval: Milliseconds, now: Instant): void {
  const earned = interval > 0 ? elapsed(lane.filledAt, now) / interval : BURST;
  lane.tokens = Math.min(BURST, lane.tokens + Math.max(0, earned));
  lane.filledAt = now;
}
