/** Two daemons of any kind on one bridge, a client that pings their address, and the judgement who is master: from outside. */
import { Capture, SWITCH } from "./capture.ts";
import { Client } from "./client.ts";
import type { Daemon, DaemonKind, RouterSpec } from "./daemon.ts";
import { Haagent } from "./haagent.ts";
import { Keepalived, keepalivedConfig } from "./keepalived.ts";
import type { Station } from "./lab.ts";
import { lateness, unwatchLateness, watchLateness } from "./lateness.ts";
import { Lab } from "./lab.ts";
import { Owners } from "./owner.ts";
import { now, until } from "./process.ts";

/** A daemon that will run one router in a node; not started. */
export async function daemon(kind: DaemonKind, station: Station, router: RouterSpec): Promise<Daemon> {
  return kind === "haagent"
    ? await Haagent.create(station, router)
    : new Keepalived(station, keepalivedConfig(router));
}

/** 0: the first node, 1: the second. */
export type Side = 0 | 1;
export const other = (side: Side): Side => (side === 0 ? 1 : 0);

export interface PairOptions {
  readonly kinds: readonly [DaemonKind, DaemonKind];
  /** Makes the daemons in another way than {@link daemon}. */
  readonly make?: (station: Station, side: Side) => Promise<Daemon>;
  readonly routers: readonly [RouterSpec, RouterSpec];
  /** Nodes beyond the two, for whoever else is on the wire. */
  readonly more?: number;
  /** Milliseconds between the client's pings; 0: none. */
  readonly ping?: number;
  /** The address that the client uses; default: the last one of the first router. */
  readonly address?: string;
}

/** Time that a wait may take beyond what the protocol asks: the machine may be busy. */
const SLACK_MS = 20_000;

export class Pair {
  readonly lab: Lab;
  readonly routers: readonly [RouterSpec, RouterSpec];
  readonly daemons: readonly [Daemon, Daemon];
  readonly client: Client;
  readonly owners: Owners;
  /** Where adverts are seen: at the client, or on the switch where they are unicast. */
  readonly wire: Capture;

  private constructor(
    lab: Lab,
    routers: readonly [RouterSpec, RouterSpec],
    daemons: readonly [Daemon, Daemon],
    client: Client,
    owners: Owners,
    wire: Capture,
  ) {
    this.lab = lab;
    this.routers = routers;
    this.daemons = daemons;
    this.client = client;
    this.owners = owners;
    this.wire = wire;
  }

  /** Everything but the daemons runs when this is done. */
  static async create(options: PairOptions): Promise<Pair> {
    const lab = await Lab.create(2 + (options.more ?? 0));
    try {
      watchLateness();
      lab.atClose(unwatchLateness);
      const [first] = options.routers;
      const address = options.address ?? first.addresses.at(-1)?.replace(/\/.*/, "") ?? "";
      const make =
        options.make ?? ((station, side) => daemon(options.kinds[side], station, options.routers[side]));
      const daemons: [Daemon, Daemon] = [await make(lab.node(0), 0), await make(lab.node(1), 1)];
      for (const one of daemons) lab.atClose(() => one.close());
      const owners = await Owners.watch(lab.nodes, address);
      lab.atClose(() => owners.close());
      const client = await Client.start(lab.client, address, options.ping);
      lab.atClose(() => client.close());
      const unicast = options.routers.some((router) => router.unicast !== undefined);
      const wire = unicast ? await Capture.start(lab.bridge, SWITCH) : client.capture;
      if (unicast) lab.atClose(() => wire.close());
      return new Pair(lab, options.routers, daemons, client, owners, wire);
    } catch (cause) {
      await lab.close();
      throw cause;
    }
  }

  /** Starts both, the first one first. */
  async start(): Promise<void> {
    await this.daemons[0].start();
    await this.daemons[1].start();
  }

  node(side: Side): Station {
    return this.lab.node(side);
  }

  /** The longer advert interval of the two, milliseconds. */
  get interval(): number {
    return Math.max(...this.routers.map((router) => router.interval));
  }

  /** Waits until `side` alone advertises and holds the address, and the client is answered by it. Gives the wait. */
  async settled(side: Side): Promise<number> {
    const quiet = 2.2 * this.interval;
    return await until(
      () => `${this.node(side).name} is the one master: ${this.describe()}`,
      7 * this.interval + SLACK_MS,
      () => {
        const since = now() - quiet;
        const heard = this.wire.adverts(since);
        return (
          heard.length > 1 &&
          heard.every((frame) => frame.source === this.node(side).mac) &&
          this.owners.at(now()).join() === this.node(side).name &&
          this.client.pings.findLast((ping) => ping.answeredAt !== null)?.from === this.node(side).mac
        );
      },
    );
  }

  /** Who advertised in [from, to], by name. */
  advertisers(from: number, to = now()): string[] {
    const heard = this.wire.adverts(from).filter(({ at }) => at <= to);
    return this.lab.nodes
      .filter((node) => heard.some(({ source }) => source === node.mac))
      .map(({ name }) => name);
  }

  /** The last advert of `side` before `time`, and its first at or after it. */
  lastAdvert(side: Side, time = now()): number | undefined {
    return this.wire.adverts(0, this.node(side).mac).findLast(({ at }) => at < time)?.at;
  }

  firstAdvert(side: Side, time: number): number | undefined {
    return this.wire.adverts(time, this.node(side).mac)[0]?.at;
  }

  /** The longest time between adverts of `side` in [from, to], both ends counted. */
  longestGap(side: Side, from: number, to: number): number {
    const mac = this.node(side).mac;
    const times = this.wire.adverts(0, mac).map(({ at }) => at);
    const inside = [
      times.findLast((at) => at <= from) ?? from,
      ...times.filter((at) => at > from && at < to),
      to,
    ];
    return Math.max(...inside.slice(1).map((at, index) => at - (inside[index] ?? at)));
  }

  /** How late the machine was at worst in [from, to], as the client's pinger and the kernel's lock tell it, milliseconds. */
  noise(from: number, to: number): number {
    return Math.max(this.client.noise(from, to), lateness(from, to));
  }

  /** State of everything in a line, for a message of failure. */
  describe(): string {
    const recent = now() - 3 * this.interval;
    const log = this.daemons.map((one) => one.log.slice(-3).join(" | ")).join(" || ");
    return `advertising ${this.advertisers(recent).join("+")}, owners ${this.owners.at(now()).join("+")}; ${log}`;
  }

  async close(): Promise<void> {
    await this.lab.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
