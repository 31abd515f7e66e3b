/** The segments between the nodes: they lose, duplicate, delay, reorder and corrupt, and are cut in two, one way or both. */
import type { Ip, Mac } from "../../src/base/address.ts";
import { corrupt } from "./packets.ts";
import type { SegmentName } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";

/** Packets whose delays differ by less stay in order, as in a switch, milliseconds. */
const IN_ORDER = 1;

/** How a segment treats packets. Delays are milliseconds, drawn for each packet: a range above {@link IN_ORDER} reorders. */
export interface Weather {
  readonly loss: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly delay: readonly [number, number];
}

/** Nothing lost, nothing late: a switch that works. */
export const CALM: Weather = { loss: 0, duplicate: 0, corrupt: 0, delay: [0.03, 0.2] };

/** An Ethernet frame on its way. `source` is a node's number. */
export interface Frame {
  readonly segment: SegmentName;
  readonly source: number;
  readonly destination: Mac;
  readonly ethertype: number;
  readonly bytes: Uint8Array;
}

export class Network {
  readonly #weather: Record<SegmentName, Weather> = { lan: CALM, wan: CALM };
  /** `lan 0>1`: nothing goes from node 0 to node 1 there. Counted, as cuts overlap. */
  readonly #cuts = new Map<string, number>();
  /** When the last packet of each way arrives. */
  readonly #lastAt = new Map<string, number>();
  /** The longest that any packet can be under way, up to now. */
  longestDelay: number = CALM.delay[1];

  readonly #schedule: Schedule;
  readonly #chance: Prng;
  readonly #nodes: number;
  readonly #arrive: (frame: Frame, target: number) => void;
  /** Who has this address on a segment; what ARP and neighbour discovery are for. */
  readonly resolve: (address: Ip, segment: SegmentName) => Mac | null;

  constructor(
    schedule: Schedule,
    chance: Prng,
    nodes: number,
    arrive: (frame: Frame, target: number) => void,
    resolve: (address: Ip, segment: SegmentName) => Mac | null,
  ) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#nodes = nodes;
    this.#arrive = arrive;
    this.resolve = resolve;
  }

  weather(segment: SegmentName): Weather {
    return this.#weather[segment];
  }

  /** Changes how a segment treats the packets sent from now on. */
  setWeather(segment: SegmentName, weather: Weather): void {
    this.#weather[segment] = weather;
    this.longestDelay = Math.max(this.longestDelay, weather.delay[1]);
  }

  /** Stops packets of `from` to `to`; as many times as it is cut it must be healed. */
  cut(segment: SegmentName, from: number, to: number): void {
    const key = `${segment} ${from}>${to}`;
    this.#cuts.set(key, (this.#cuts.get(key) ?? 0) + 1);
  }

  heal(segment: SegmentName, from: number, to: number): void {
    const key = `${segment} ${from}>${to}`;
    const left = (this.#cuts.get(key) ?? 0) - 1;
    if (left > 0) this.#cuts.set(key, left);
    else this.#cuts.delete(key);
  }

  isCut(segment: SegmentName, from: number, to: number): boolean {
    return this.#cuts.has(`${segment} ${from}>${to}`);
  }

  /** Peace: every cut healed, every segment calm. */
  calm(): void {
    this.#cuts.clear();
    this.#weather.lan = CALM;
    this.#weather.wan = CALM;
  }

  /** Puts a frame on its segment; every other node's port is offered a copy, and takes it or not by its address. */
  send(frame: Frame): void {
    const { loss, duplicate } = this.#weather[frame.segment];
    for (let target = 0; target < this.#nodes; target++) {
      if (target === frame.source || this.isCut(frame.segment, frame.source, target)) continue;
      if (!this.#chance.chance(loss)) this.#carry(frame, target);
      if (this.#chance.chance(duplicate)) this.#carry(frame, target);
    }
  }

  #carry(frame: Frame, target: number): void {
    const weather = this.#weather[frame.segment];
    const [shortest, longest] = weather.delay;
    const damaged = this.#chance.chance(weather.corrupt);
    const carried = damaged ? { ...frame, bytes: corrupt(this.#chance, frame.bytes) } : frame;
    const way = `${frame.segment} ${frame.source}>${target}`;
    const drawn = this.#schedule.now + this.#chance.between(shortest, longest);
    const at = longest - shortest < IN_ORDER ? Math.max(drawn, this.#lastAt.get(way) ?? 0) : drawn;
    this.#lastAt.set(way, at);
    this.#schedule.at(at, () => this.#arrive(carried, target));
  }
}
