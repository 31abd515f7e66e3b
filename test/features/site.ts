/**
 * A site: boxes on one or more LANs, each box in a network namespace of its own with an interface a LAN. `eth1` of every box is on
 * LAN 1, `eth2` on LAN 2. The bridges are in a namespace of their own, where cables are pulled and ports cut.
 */
import type { Station } from "../lab/lab.ts";
import { Namespace } from "../lab/namespace.ts";
import { now } from "../lab/process.ts";

/** Kernel names of bridge port states, include/uapi/linux/if_bridge.h. */
const BR_STATE_DISABLED = 0;
const BR_STATE_FORWARDING = 3;

/** A box; the addresses are those of its `eth1`. */
export interface Box extends Station {
  /** From 1; the last part of all its addresses. */
  readonly number: number;
}

/** The interface of every box on a LAN, its address there, and the switch's end of the cable. */
export const interfaceOn = (lan: number): string => `eth${lan}`;
export const addressOn = (box: Box, lan: number): string => `10.77.${lan}.${box.number}`;
export const portOn = (box: Box, lan: number): string => `p${box.number}-${lan}`;
const macOn = (number: number, lan: number): string => `02:00:00:00:0${lan}:0${number}`;

/** Commands of ip(8) that give an interface of a box what it has from the start; the kernel drops the IPv6 ones with the link. */
export function addresses(number: number, lan: number): string[] {
  const link = interfaceOn(lan);
  return [
    `link set ${link} addrgenmode none`,
    `addr replace 10.77.${lan}.${number}/24 dev ${link}`,
    `link set ${link} up`,
    `addr replace fe80::${number}/64 dev ${link} nodad`,
    `addr replace fd77:${lan}::${number}/64 dev ${link} nodad`,
  ];
}

export class Site {
  readonly wiring: Namespace;
  readonly boxes: readonly Box[];
  readonly lans: number;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(wiring: Namespace, boxes: readonly Box[], lans: number) {
    this.wiring = wiring;
    this.boxes = boxes;
    this.lans = lans;
  }

  static async create(count: number, lans = 1): Promise<Site> {
    const made = await Promise.all(Array.from({ length: count + 1 }, () => Namespace.create()));
    const [wiring, ...spaces] = made;
    if (wiring === undefined) throw new Error("no namespaces");
    const boxes = spaces.map((namespace, index): Box => {
      const number = index + 1;
      return {
        name: `box${number}`,
        number,
        namespace,
        port: `p${number}-1`,
        mac: macOn(number, 1),
        address4: `10.77.1.${number}`,
        linkLocal: `fe80::${number}`,
        address6: `fd77:1::${number}`,
      };
    });
    const site = new Site(wiring, boxes, lans);
    try {
      await site.#wire();
    } catch (cause) {
      await site.close();
      throw cause;
    }
    return site;
  }

  /** Box `index`, from 0. */
  box(index: number): Box {
    const found = this.boxes[index];
    if (found === undefined) throw new Error(`no box ${index}`);
    return found;
  }

  /** What must end before the namespaces go; the last one added ends first. */
  atClose(closer: () => Promise<unknown>): void {
    this.#closers.push(closer);
  }

  /** Pulls the cable, or puts it in again: the box sees its carrier fall or rise. Gives the time just before. */
  async cable(box: Box, lan: number, plugged: boolean): Promise<number> {
    const before = now();
    await this.wiring.ip(`link set ${portOn(box, lan)} ${plugged ? "up" : "down"}`);
    return before;
  }

  /** Nothing passes the box's port any more, or again; its carrier stays. Gives the time just before. */
  async forward(box: Box, lan: number, forwards: boolean): Promise<number> {
    const before = now();
    const state = forwards ? BR_STATE_FORWARDING : BR_STATE_DISABLED;
    await this.wiring.run(["bridge", "link", "set", "dev", portOn(box, lan), "state", String(state)]);
    return before;
  }

  /** Makes the cable of a box on a LAN, with its interface (and so a new index) and addresses. */
  async plug(box: Box, lan: number): Promise<void> {
    const link = interfaceOn(lan);
    const port = portOn(box, lan);
    await this.wiring.ip(
      `link add ${port} type veth peer name ${link} address ${macOn(box.number, lan)} netns ${box.namespace.pid}`,
      `link set ${port} master lan${lan} addrgenmode none up`,
    );
    await box.namespace.ip(...addresses(box.number, lan));
  }

  async close(): Promise<void> {
    for (const closer of this.#closers.splice(0).reverse()) {
      await closer().catch((cause: unknown) => console.error(`site: ${String(cause)}`));
    }
    await Promise.all([this.wiring, ...this.boxes.map((box) => box.namespace)].map((space) => space.close()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #wire(): Promise<void> {
    const lans = Array.from({ length: this.lans }, (_, index) => index + 1);
    await this.wiring.ip(
      ...lans.flatMap((lan) => [
        `link add lan${lan} type bridge forward_delay 0 mcast_snooping 0`,
        `link set lan${lan} addrgenmode none up`,
      ]),
    );
    await Promise.all(
      this.boxes.map(async (box) => {
        await box.namespace.ip("link set lo up");
        for (const lan of lans) await this.plug(box, lan);
      }),
    );
  }
}
