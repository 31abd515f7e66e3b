/** One pair of the same daemon on a bridge of its own, the first node the master, and a client that can ping. */
import type { DaemonKind } from "../lab/daemon.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { now, until } from "../lab/process.ts";
import { Cable, secondWire } from "../features/cluster-scene.ts";
import type { Besides, Contender, Fleet } from "./contender.ts";
import {
  ADDRESSES,
  addressOf,
  BAUD,
  contender,
  HIGH,
  LOW,
  masters,
  MEMBERS,
  virtualMacOf,
} from "./contender.ts";

const PINGER = new URL("../lab/pinger.ts", import.meta.url).pathname;
/** 255 routers at 100 ms take keepalived 10 s and more. */
const SETTLE_MS = 60_000;
const ANSWER_MS = 5000;

/** What both nodes of a pair have in common. */
export type Terms = Omit<Fleet, "priority">;

/** 0: the first node, of higher priority; 1: its backup. */
export type Side = 0 | 1;

export class Bout {
  readonly kind: DaemonKind;
  readonly terms: Terms;
  readonly lab: Lab;
  readonly sides: readonly [Contender, Contender];
  /** Where each log stood when its daemon was started last. */
  readonly #since: [number, number] = [0, 0];

  private constructor(kind: DaemonKind, terms: Terms, lab: Lab, sides: readonly [Contender, Contender]) {
    this.kind = kind;
    this.terms = terms;
    this.lab = lab;
    this.sides = sides;
  }

  /** Nothing runs yet when this is done. */
  static async create(kind: DaemonKind, terms: Terms): Promise<Bout> {
    const lab = await Lab.create(2);
    try {
      await lab.client.namespace.ip(`route add ${ADDRESSES} dev ${INTERFACE}`);
      const [one, other] = await besides(lab, terms.besides);
      const first = await contender(kind, lab.node(0), { ...terms, ...one, priority: HIGH });
      lab.atClose(() => first.daemon.close());
      const second = await contender(kind, lab.node(1), { ...terms, ...other, priority: LOW });
      lab.atClose(() => second.daemon.close());
      return new Bout(kind, terms, lab, [first, second]);
    } catch (cause) {
      await lab.close();
      throw cause;
    }
  }

  node(side: Side): Station {
    return this.lab.node(side);
  }

  /** Starts one; gives the time just before. */
  async start(side: Side): Promise<number> {
    const { daemon } = this.sides[side];
    this.#since[side] = daemon.log.length;
    return await daemon.start();
  }

  /** How many routers a side is master of, by its own word. */
  masters(side: Side): number {
    return masters(this.sides[side].daemon, this.#since[side]);
  }

  /** Waits until a side is master of everything, and the other one of nothing unless it is cut off. */
  async settled(side: Side, alone = true): Promise<number> {
    const all = this.terms.count;
    return await until(
      `${this.kind} ${side} is master of ${all}: ${this.masters(0)}, ${this.masters(1)}`,
      SETTLE_MS,
      () => this.masters(side) === all && (!alone || this.masters(side === 0 ? 1 : 0) === 0),
    );
  }

  /** Both run and the first one is master of everything; where they have something besides, they know each other. */
  async begin(): Promise<void> {
    await this.start(0);
    await this.settled(0);
    await this.start(1);
    await this.acquainted();
  }

  /** Waits until each node of a cluster has the other one. */
  async acquainted(): Promise<void> {
    if (this.terms.besides === undefined || this.kind !== "haagent") return;
    for (const side of [0, 1] as const) {
      const { daemon } = this.sides[side];
      const news = `heartbeat.node node=${MEMBERS[1 - side]} `;
      const story = (): string => `${news}; it said: ${daemon.log.slice(-8).join(" / ")}`;
      await until(story, SETTLE_MS, () => {
        const last = daemon.log.slice(this.#since[side]).findLast((line) => line.includes(news));
        return last?.includes("state=active") === true;
      });
    }
  }

  /** Pings a router's address every 5 ms until the child is ended, and waits until the first node has answered. */
  async ping(vrid: number): Promise<Child> {
    const { namespace } = this.lab.client;
    await namespace.ip(`neigh flush dev ${INTERFACE}`);
    const pinger = namespace.spawn([process.execPath, PINGER, INTERFACE, addressOf(vrid), "5"]);
    await until(`${this.kind}: the client knows who has ${addressOf(vrid)}`, ANSWER_MS, async () => {
      const known = await namespace.run(["ip", "neigh", "show", addressOf(vrid)]);
      // keepalived's node asks for the client by ARP in the virtual address's name, and there with its own MAC address.
      const virtual = this.terms.virtualMac === true && known.includes(virtualMacOf(vrid));
      return virtual || known.includes(this.node(0).mac);
    });
    return pinger;
  }

  async close(): Promise<void> {
    await this.lab.close();
  }
}

/** Gives the nodes what they have besides their common link. */
async function besides(lab: Lab, what: Besides | undefined): Promise<[Partial<Fleet>, Partial<Fleet>]> {
  const member = (at: 0 | 1, link: string): Partial<Fleet> => ({ member: { name: MEMBERS[at], link } });
  switch (what) {
    case undefined:
      return [{}, {}];
    case "ethernet": {
      // Not the routers' own network.
      await secondWire(lab, "10.79.0");
      const link = '{ type = "broadcast", interface = "eth1" }';
      return [member(0, link), member(1, link)];
    }
    case "serial": {
      const cable = new Cable(lab);
      await cable.plug(BAUD);
      const line = (at: 0 | 1): string =>
        `{ type = "serial", device = "${cable.ports[at]}", baud = ${BAUD} }`;
      return [member(0, line(0)), member(1, line(1))];
    }
  }
}

/** A wait for something that no log tells. */
export async function pass(milliseconds: number): Promise<number> {
  await Bun.sleep(Math.max(0, milliseconds));
  return now();
}
