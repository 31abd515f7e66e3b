/** What carries heartbeat between the nodes: datagrams over the segments, a line of their own, each with faults of its own; and the disks. */
import type { Medium, Precedence } from "../../src/agent/cluster/boundary.ts";
import { FENCE_MAX, type FencePlan } from "./cluster-plan.ts";
import type { ClusterEdge } from "./cluster.ts";
import { LineWay } from "./line.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import { INTERFACE_OF, type SegmentName, SEGMENTS } from "./plan.ts";
import type { Prng } from "./prng.ts";
import type { Schedule } from "./schedule.ts";

/** 1 January 2027: what the nodes' clocks of day say when the world begins, milliseconds. */
const WALL_CLOCK = 1_798_761_600_000;
/** What a disk takes to keep something, milliseconds. */
const DISK_MAX = 30;
/** Messages that somebody recorded, to be sent again, at most. */
const RECORDED_MAX = 50;

/** How a link treats messages, beside the weather of its segment. A line knows no duplicates, and noise for loss. */
export interface LinkWeather {
  readonly loss: number;
  readonly duplicate: number;
  /** Milliseconds more, at most. */
  readonly delay: number;
  /** Of messages, so many are followed by one that was recorded before. */
  readonly replay: number;
}

const FINE: LinkWeather = { loss: 0, duplicate: 0, delay: 0, replay: 0 };

export class Cables {
  readonly #schedule: Schedule;
  readonly #chance: Prng;
  readonly #network: Network;
  readonly #ends = new Map<number, ClusterEdge>();
  readonly #resources = new Map<number, string>();
  readonly #disks = new Map<number, { readonly uuid: string; readonly generation: number }>();
  readonly #clocks = new Map<number, number>();
  /** `link 0>1`, counted: cuts overlap. */
  readonly #cuts = new Map<string, number>();
  readonly #weather = new Map<string, LinkWeather>();
  readonly #recorded: { readonly link: string; readonly bytes: Uint8Array }[] = [];
  readonly #lines = new Map<string, LineWay>();
  /** Ports that are broken: `0 serial /dev/ttyS0`. */
  readonly broken = new Set<string>();
  /** Nothing fails any more. */
  peaceful = false;
  /** Nodes that do not reach the gateway, whatever their card says. */
  readonly cutOff = new Set<number>();
  /** The longest that a message can have been under way, beside the segment's own delay. */
  longestDelay = 0;

  constructor(schedule: Schedule, chance: Prng, network: Network) {
    this.#schedule = schedule;
    this.#chance = chance;
    this.#network = network;
  }

  /** The agent of a node that runs now. */
  plug(node: Node, edge: ClusterEdge): void {
    this.#ends.set(node.number, edge);
    for (const [way, line] of this.#lines) if (way.startsWith(`${node.number}>`)) line.reopen();
  }

  recall({ number }: Node): { uuid: string | null; generation: number | null; resources: string | null } {
    const resources = this.#resources.get(number) ?? null;
    return { ...(this.#disks.get(number) ?? { uuid: null, generation: null }), resources };
  }

  keepResources({ number }: Node, text: string): void {
    this.#resources.set(number, text);
  }

  /** A generation never goes back, whatever died in between. */
  keep(node: Node, uuid: string, generation: number): void {
    const before = this.#disks.get(node.number);
    if (before !== undefined && (generation <= before.generation || uuid !== before.uuid)) {
      node.complain(`began life ${generation} after ${before.generation}`);
    }
    this.#disks.set(node.number, { uuid, generation });
  }

  /** What the node's clock of day says, which somebody may set. */
  wallClock({ number }: Node): number {
    return WALL_CLOCK + this.#schedule.now + (this.#clocks.get(number) ?? 0);
  }

  stepClock(number: number, by: number): void {
    this.#clocks.set(number, (this.#clocks.get(number) ?? 0) + by);
  }

  /** How a run of a fence's command goes: whether it fails, how long it takes, and how long the power of the other node is gone. */
  fence(plan: FencePlan): { readonly fails: boolean; readonly takes: number; readonly lasts: number } {
    const fails = this.peaceful ? false : this.#chance.chance(plan.fails);
    const drawn = { takes: this.#chance.between(100, FENCE_MAX), lasts: this.#chance.between(5000, 20_000) };
    return { fails, ...(plan.times ?? drawn) };
  }

  /** The other one of two nodes, which had an agent once. */
  other(number: number): Node | undefined {
    return [...this.#ends].find(([each]) => each !== number)?.[1].node;
  }

  /** A stream of chance beside those of runs without heartbeat. */
  stream(): Prng {
    return this.#chance.fork();
  }

  later(run: () => void): void {
    this.#schedule.after(this.#chance.between(0.1, DISK_MAX), run);
  }

  octets(): string {
    return String.fromCharCode(...Array.from({ length: 16 }, () => this.#chance.integer(1, 255)));
  }

  /** Nothing goes from one to the other over this link any more; as many times as it is cut it must be healed. */
  cut(link: string, from: number, to: number, by: 1 | -1): void {
    const key = `${link} ${from}>${to}`;
    this.#cuts.set(key, Math.max(0, (this.#cuts.get(key) ?? 0) + by));
    const line = this.#lines.get(`${from}>${to} ${link}`);
    if (line !== undefined) line.cuts = this.#cuts.get(key) ?? 0;
  }

  setWeather(link: string, weather: LinkWeather | null): void {
    this.#weather.set(link, weather ?? FINE);
    this.longestDelay = Math.max(this.longestDelay, weather?.delay ?? 0);
    for (const [way, line] of this.#lines)
      if (way.endsWith(` ${link}`)) line.noisy = (weather?.loss ?? 0) > 0;
  }

  /** Peace. */
  calm(): void {
    this.#cuts.clear();
    this.#weather.clear();
    this.broken.clear();
    this.cutOff.clear();
    this.peaceful = true;
    for (const line of this.#lines.values()) {
      line.cuts = 0;
      line.noisy = false;
    }
  }

  /** All that is said over this link by one reaches the other, whole and at once. */
  carries(link: string, from: Node, to: Node): boolean {
    const { loss, delay } = this.#weather.get(link) ?? FINE;
    const is = (node: Node): boolean => !this.broken.has(`${node.number} ${link}`);
    if ((this.#cuts.get(`${link} ${from.number}>${to.number}`) ?? 0) > 0 || loss > 0 || delay > 0)
      return false;
    if (!is(from) || !is(to)) return false;
    const segment = segmentOf(link);
    if (segment === null) return true;
    const weather = this.#network.weather(segment);
    if (weather.loss > 0 || weather.delay[1] > PROMPT) return false;
    if (this.#network.isCut(segment, from.number, to.number)) return false;
    return hasCarrier(from, segment) && hasCarrier(to, segment);
  }

  /** Nothing that is said over this link by one reaches the other. */
  blocks(link: string, from: Node, to: Node): boolean {
    if ((this.#cuts.get(`${link} ${from.number}>${to.number}`) ?? 0) > 0) return true;
    if ([from, to].some(({ number }) => this.broken.has(`${number} ${link}`))) return true;
    const segment = segmentOf(link);
    if (segment === null) return false;
    if (this.#network.isCut(segment, from.number, to.number)) return true;
    return !hasCarrier(from, segment) || !hasCarrier(to, segment);
  }

  /** What was said before, and not heard perhaps, may be heard now, whoever says it again. */
  get replays(): boolean {
    return [...this.#weather.values()].some(({ replay }) => replay > 0);
  }

  /** A port of a node is unplugged. */
  breakPort(number: number, link: string): void {
    this.broken.add(`${number} ${link}`);
    this.#ends.get(number)?.breaks(link);
  }

  /** A request for an echo gets to the gateway on the LAN and back, whatever else may be lost. */
  reachesGateway(node: Node): boolean {
    return this.mayReachGateway(node) && this.#network.weather("lan").loss === 0;
  }

  /** One or another may, in any weather. */
  mayReachGateway(node: Node): boolean {
    return hasCarrier(node, "lan") && !this.cutOff.has(node.number);
  }

  /** Whether the gateway answers all of a node's requests, or none; null: some. */
  answersOf(node: Node): boolean | null {
    if (!hasCarrier(node, "lan") || this.cutOff.has(node.number)) return false;
    const { loss } = this.#network.weather("lan");
    return loss === 0 ? true : loss >= 1 ? false : null;
  }

  /** The gateway on the LAN is asked for an echo. */
  echo(node: Node, answered: () => void): void {
    const { loss, delay } = this.#network.weather("lan");
    if (this.cutOff.has(node.number)) return;
    if (!hasCarrier(node, "lan") || this.#chance.chance(loss)) return;
    this.#schedule.after(this.#chance.between(...delay), answered);
  }

  send(from: Node, medium: Medium, bytes: Uint8Array, precedence: Precedence): number {
    let dropped = 0;
    for (const [number, end] of this.#ends) {
      if (number === from.number) continue;
      if (medium.kind === "serial") dropped += this.#line(from, medium, number).offer(bytes, precedence);
      else if (isFor(medium, end.node)) this.#datagram(from, medium, end, bytes);
    }
    return dropped;
  }

  #line(from: Node, { id, baud }: Extract<Medium, { kind: "serial" }>, to: number): LineWay {
    const key = `${from.number}>${to} ${id}`;
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const made = new LineWay(this.#schedule, this.#chance.fork(), baud, (bytes) =>
      this.#ends.get(to)?.hear(id, bytes),
    );
    made.cuts = this.#cuts.get(`${id} ${from.number}>${to}`) ?? 0;
    made.noisy = (this.#weather.get(id)?.loss ?? 0) > 0;
    this.#lines.set(key, made);
    return made;
  }

  #datagram(from: Node, { id }: Medium, end: ClusterEdge, bytes: Uint8Array): void {
    const weather = this.#weather.get(id) ?? FINE;
    if ((this.#cuts.get(`${id} ${from.number}>${end.node.number}`) ?? 0) > 0) return;
    if (!this.#chance.chance(weather.loss)) this.#carry(from, id, end, bytes, weather);
    if (this.#chance.chance(weather.duplicate)) this.#carry(from, id, end, bytes, weather);
    this.#recorded.push({ link: id, bytes });
    if (this.#recorded.length > RECORDED_MAX) this.#recorded.splice(this.#chance.integer(0, RECORDED_MAX), 1);
    if (weather.replay === 0) return;
    // To everybody, who said it included, and over any link.
    if (this.#chance.chance(weather.replay)) end.hear(id, this.#chance.pick(this.#recorded).bytes);
  }

  #carry(from: Node, id: string, end: ClusterEdge, bytes: Uint8Array, weather: LinkWeather): void {
    const segment = segmentOf(id);
    if (segment === null || !hasCarrier(from, segment)) return;
    if (this.#network.isCut(segment, from.number, end.node.number)) return;
    const { loss, delay } = this.#network.weather(segment);
    if (this.#chance.chance(loss)) return;
    this.#schedule.after(this.#chance.between(...delay) + this.#chance.between(0, weather.delay), () => {
      if (hasCarrier(end.node, segment)) end.hear(id, bytes);
    });
  }
}

/** A delay that counts for none, milliseconds. */
const PROMPT = 2;

/** Where datagrams go; null: a line. */
const segmentOf = (link: string): SegmentName | null =>
  SEGMENTS.find((each) => link.split(" ")[1] === INTERFACE_OF[each]) ?? null;

export const hasCarrier = (node: Node, segment: SegmentName): boolean =>
  node.kernel.links.get(INTERFACE_OF[segment])?.carrier === true;

/** Whether a node's card takes a datagram: one for a group or all, or for an address that it has. */
function isFor(medium: Extract<Medium, { kind: "udp" }>, { plan }: Node): boolean {
  if (!medium.id.startsWith("unicast ")) return true;
  return SEGMENTS.some((segment) =>
    plan.own[segment].some(({ address }) => medium.destinations.includes(address)),
  );
}
