/** One pair of the same daemon on a bridge of its own, the first node the master, and a client that can ping. */
import type { DaemonKind } from "../lab/daemon.ts";
import type { Station } from "../lab/lab.ts";
import { INTERFACE, Lab } from "../lab/lab.ts";
import type { Child } from "../lab/process.ts";
import { now, until } from "../lab/process.ts";
import type { Contender, Fleet } from "./contender.ts";
import { ADDRESSES, addressOf, contender, HIGH, LOW, masters, virtualMacOf } from "./contender.ts";

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
      const first = await contender(kind, lab.node(0), { ...terms, priority: HIGH });
      lab.atClose(() => first.daemon.close());
      const second = await contender(kind, lab.node(1), { ...terms, priority: LOW });
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

  /** Both run and the first one is master of everything. */
  async begin(): Promise<void> {
    await this.start(0);
    await this.settled(0);
    await this.start(1);
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

/** A wait for something that no log tells. */
export async function pass(milliseconds: number): Promise<number> {
  await Bun.sleep(Math.max(0, milliseconds));
  return now();
}
