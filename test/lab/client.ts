/**
 * The client of a lab: it pings an address every few milliseconds and a capture beside it says which answers came when, and from
 * whose link-layer address. So an outage is what a user would have seen, and a false owner is named.
 */
import { Capture, STATION } from "./capture.ts";
import type { Frame } from "./frame.ts";
import type { Station } from "./lab.ts";
import { INTERFACE } from "./lab.ts";
import type { Child } from "./process.ts";

/** One echo request and the answer to it. */
export interface Ping {
  readonly sentAt: number;
  /** Null: never, or not yet. */
  answeredAt: number | null;
  /** Link-layer address of who answered. */
  from: string | null;
}

export interface Outage {
  /** The last answer before, and the first after. */
  readonly from: number;
  readonly to: number;
  readonly ms: number;
  /** Requests sent in between that were never answered. */
  readonly lost: number;
}

const PINGER = new URL("pinger.ts", import.meta.url).pathname;

export class Client {
  readonly capture: Capture;
  readonly pings: Ping[] = [];
  readonly address: string;
  readonly interval: number;
  readonly #waiting = new Map<number, Ping>();
  readonly #pinger: Child | null;

  private constructor(capture: Capture, pinger: Child | null, address: string, interval: number) {
    this.capture = capture;
    this.#pinger = pinger;
    this.address = address;
    this.interval = interval;
  }

  /** Starts to ping `address` every `interval` ms (0: not at all), and to capture. */
  static async start(station: Station, address: string, interval = 5): Promise<Client> {
    const early: Frame[] = [];
    let take = (frame: Frame): void => void early.push(frame);
    const capture = await Capture.start(station.namespace, STATION, (frame) => take(frame));
    const pinger =
      interval === 0
        ? null
        : station.namespace.spawn([process.execPath, PINGER, INTERFACE, address, String(interval)]);
    const client = new Client(capture, pinger, address, interval);
    take = (frame) => client.#take(frame);
    early.forEach(take);
    return client;
  }

  /** The longest time without an answer that overlaps [from, to]; `to` also ends it when no answer came any more. */
  outage(from: number, to: number): Outage {
    const times = this.pings
      .map((ping) => ping.answeredAt)
      .filter((at): at is number => at !== null && at <= to)
      .sort((a, b) => a - b);
    let worst = { from, to: from };
    for (const [index, at] of [...times, to].entries()) {
      const before = times[index - 1] ?? from;
      if (at >= from && at - before > worst.to - worst.from) worst = { from: before, to: at };
    }
    const lost = this.pings.filter(
      ({ sentAt, answeredAt }) => answeredAt === null && sentAt >= worst.from && sentAt <= worst.to,
    ).length;
    return { ...worst, ms: worst.to - worst.from, lost };
  }

  /** Requests sent in [from, to] and never answered. */
  lost(from: number, to: number): number {
    return this.pings.filter(
      ({ sentAt, answeredAt }) => answeredAt === null && sentAt >= from && sentAt <= to,
    ).length;
  }

  /** How late the pinger itself was at worst in [from, to]: the machine's noise, which is in every figure of that time. */
  noise(from: number, to: number): number {
    const times = this.pings.map(({ sentAt }) => sentAt).filter((at) => at >= from && at <= to);
    return Math.max(0, ...times.slice(1).map((at, index) => at - (times[index] ?? at) - this.interval));
  }

  async close(): Promise<void> {
    await this.#pinger?.end("SIGKILL");
    await this.capture.close();
  }

  #take(frame: Frame): void {
    const { seen } = frame;
    if (seen.kind !== "echo") return;
    // Sequence numbers wrap after 65,536 pings: by then the old ones are long answered or lost.
    if (!seen.reply && seen.to === this.address) {
      const ping: Ping = { sentAt: frame.at, answeredAt: null, from: null };
      this.pings.push(ping);
      this.#waiting.set(seen.sequence, ping);
    } else if (seen.reply && seen.from === this.address) {
      const ping = this.#waiting.get(seen.sequence);
      if (ping === undefined) return;
      ping.answeredAt = frame.at;
      ping.from = frame.source;
      this.#waiting.delete(seen.sequence);
    }
  }
}
